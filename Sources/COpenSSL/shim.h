// The one library the build needs. Macros of OpenSSL that Swift cannot see become inline functions here.
#ifndef BASALT_COPENSSL_SHIM_H
#define BASALT_COPENSSL_SHIM_H
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

// A key file that asks for a password is refused instead of reading the terminal.
static inline int basalt_no_password(char *into, int size, int writing, void *context) {
    (void)into; (void)size; (void)writing; (void)context;
    return -1;
}

static inline EVP_PKEY *basalt_read_private_key(BIO *from) {
    return PEM_read_bio_PrivateKey(from, NULL, basalt_no_password, NULL);
}

static inline X509 *basalt_read_certificate(BIO *from) {
    return PEM_read_bio_X509(from, NULL, basalt_no_password, NULL);
}

static inline long basalt_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
    return SSL_CTX_add1_chain_cert(context, certificate);
}

static inline int basalt_harden(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    return (int)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

static inline long basalt_set_server_name(SSL *session, const char *name) {
    return SSL_set_tlsext_host_name(session, name);
}

static inline int basalt_expect_address(SSL *session, const char *address) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), address);
}

static inline int basalt_cipher_control(EVP_CIPHER_CTX *context, int command, int length,
                                        void *bytes) {
    return EVP_CIPHER_CTX_ctrl(context, command, length, bytes);
}

static inline EVP_PKEY *basalt_make_key(void) { return EVP_EC_gen("P-256"); }

// The digest of the certificate that SCRAM binds to (RFC 5929): that of its signature, but SHA-256
// in place of MD5 and SHA-1. Returns its length, 0 on failure.
static inline unsigned basalt_end_point(const X509 *certificate, unsigned char *into) {
    int digest = NID_undef, key = NID_undef;
    OBJ_find_sigid_algs(X509_get_signature_nid(certificate), &digest, &key);
    const EVP_MD *kind = EVP_get_digestbynid(digest);
    if (!kind || digest == NID_md5 || digest == NID_sha1) kind = EVP_sha256();
    unsigned length = 0;
    return X509_digest(certificate, kind, into, &length) == 1 ? length : 0;
}

// Writes a certificate signed by its own key: for tests and first trials.
static inline X509 *basalt_self_sign(EVP_PKEY *key, const char *name, const char *alternatives,
                                     long seconds) {
    X509 *made = X509_new();
    if (!made) return NULL;
    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
    X509_gmtime_adj(X509_getm_notBefore(made), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made), seconds);
    X509_set_pubkey(made, key);
    X509_NAME *subject = X509_get_subject_name(made);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(made, subject);
    X509_EXTENSION *extra = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alternatives);
    if (extra) {
        X509_add_ext(made, extra, -1);
        X509_EXTENSION_free(extra);
    }
    if (X509_sign(made, key, EVP_sha256()) > 0) return made;
    X509_free(made);
    return NULL;
}

static inline int basalt_write_private_key(BIO *to, EVP_PKEY *key) {
    return PEM_write_bio_PrivateKey(to, key, NULL, NULL, 0, NULL, NULL);
}
#endif
