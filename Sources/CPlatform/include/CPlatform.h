// What Swift's Glibc module cannot reach: Linux calls behind _GNU_SOURCE and CPU instructions.
// Thin wrappers only: each returns -errno on failure, and decides nothing.
#ifndef CPLATFORM_H
#define CPLATFORM_H
// Never define _GNU_SOURCE in a header: fd_set would differ from the one in the modules of Glibc,
// Dispatch and Foundation, and no file could import those beside us. Package.swift defines it for
// the C files.
#include <errno.h>
#include <stdint.h>
#include <sys/types.h>
#include "CNetwork.h"
#endif
