// What Swift's Glibc module cannot reach: Linux calls behind _GNU_SOURCE and CPU instructions.
// Thin wrappers only: each returns -errno on failure, and decides nothing.
#ifndef CPLATFORM_H
#define CPLATFORM_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdint.h>
#include <sys/types.h>
#endif
