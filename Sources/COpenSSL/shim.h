// The one library the build needs. Macros of OpenSSL that Swift cannot see become inline functions here.
#ifndef BASALT_COPENSSL_SHIM_H
#define BASALT_COPENSSL_SHIM_H
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#endif
