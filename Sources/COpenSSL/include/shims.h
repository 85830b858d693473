#ifndef GATEHOUSE_COPENSSL_SHIMS_H
#define GATEHOUSE_COPENSSL_SHIMS_H

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/*
 * What Swift cannot reach: OpenSSL's function-like macros, and OSSL_PARAM arrays, whose names must outlive the call that
 * builds them. Each wrapper does nothing else.
 */

/* MAC and key derivation */

static inline int gh_hmac_init(EVP_MAC_CTX *context, const char *digest, const unsigned char *key, size_t count) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_init(context, key, count, parameters);
}

static inline int gh_hkdf_sha256(EVP_KDF_CTX *context, const unsigned char *key, size_t key_count, const unsigned char *salt,
                                 size_t salt_count, const unsigned char *info, size_t info_count, unsigned char *out, size_t count) {
    OSSL_PARAM parameters[5];
    size_t used = 0;
    parameters[used++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0);
    parameters[used++] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)key, key_count);
    if (salt_count != 0)
        parameters[used++] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_count);
    if (info_count != 0)
        parameters[used++] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, info_count);
    parameters[used] = OSSL_PARAM_construct_end();
    return EVP_KDF_derive(context, out, count, parameters);
}

static inline void gh_free(void *memory) { OPENSSL_free(memory); }

/* Keys */

static inline EVP_PKEY *gh_generate_p256(void) { return EVP_EC_gen("P-256"); }
static inline EVP_PKEY *gh_generate_ed25519(void) { return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"); }
static inline EVP_PKEY *gh_generate_rsa(size_t bits) { return EVP_RSA_gen((unsigned int)bits); }

static inline int gh_pkey_rsa_exponent(const EVP_PKEY *key, BIGNUM **exponent) {
    return EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, exponent);
}

/* EVP_CIPHER_CTX_ctrl's GCM commands */

static inline int gh_gcm_get_tag(EVP_CIPHER_CTX *context, unsigned char *tag, int count) {
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, count, tag);
}

static inline int gh_gcm_set_tag(EVP_CIPHER_CTX *context, const unsigned char *tag, int count) {
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, count, (void *)tag);
}

/* Memory BIOs (files and PEM text only, never traffic) */

static inline long gh_bio_contents(BIO *bio, char **contents) { return BIO_get_mem_data(bio, contents); }

/* Certificates */

static inline void gh_x509v3_context(X509V3_CTX *context, X509 *issuer, X509 *subject) {
    X509V3_set_ctx_nodb(context);
    X509V3_set_ctx(context, issuer, subject, NULL, NULL, 0);
}

static inline int gh_x509_count(const STACK_OF(X509) *certificates) { return sk_X509_num(certificates); }
static inline X509 *gh_x509(const STACK_OF(X509) *certificates, int index) { return sk_X509_value(certificates, index); }
static inline STACK_OF(X509) *gh_x509_stack(void) { return sk_X509_new_null(); }
/* The stack owns the certificate from then on. */
static inline int gh_x509_push(STACK_OF(X509) *certificates, X509 *certificate) { return sk_X509_push(certificates, certificate) > 0; }
static inline void gh_x509_stack_free(STACK_OF(X509) *certificates) { sk_X509_pop_free(certificates, X509_free); }

static inline int gh_name_count(const STACK_OF(X509_NAME) *names) { return sk_X509_NAME_num(names); }

static inline int gh_general_name_count(const GENERAL_NAMES *names) { return sk_GENERAL_NAME_num(names); }
static inline GENERAL_NAME *gh_general_name(const GENERAL_NAMES *names, int index) { return sk_GENERAL_NAME_value(names, index); }
static inline void gh_general_names_free(GENERAL_NAMES *names) { sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free); }

/* The string of a general name of the given type; NULL where it is of another. Owned by the name. */
static inline const ASN1_STRING *gh_general_name_string(const GENERAL_NAME *name, int type) {
    int found = -1;
    void *value = GENERAL_NAME_get0_value(name, &found);
    return found == type ? (const ASN1_STRING *)value : NULL;
}

/* DER of a string with its own tag. */
static inline int gh_string_der(const ASN1_STRING *string, unsigned char **der) {
    ASN1_TYPE any;
    any.type = ASN1_STRING_type(string);
    any.value.asn1_string = (ASN1_STRING *)string;
    return i2d_ASN1_TYPE(&any, der);
}

/* The string inside an ANY, NULL where it holds another type. Owned by the value. */
static inline const ASN1_STRING *gh_any_string(const ASN1_TYPE *any) {
    switch (ASN1_TYPE_get(any)) {
    case V_ASN1_UTF8STRING:
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_T61STRING:
    case V_ASN1_NUMERICSTRING:
    case V_ASN1_VISIBLESTRING:
    case V_ASN1_BMPSTRING:
    case V_ASN1_UNIVERSALSTRING:
        return any->value.asn1_string;
    default:
        return NULL;
    }
}

/* SSL_CTX and SSL */

static inline int gh_ssl_ctx_set_min_version(SSL_CTX *context, int version) { return SSL_CTX_set_min_proto_version(context, version); }
static inline int gh_ssl_ctx_set_groups(SSL_CTX *context, const char *groups) { return SSL_CTX_set1_groups_list(context, groups); }
static inline int gh_ssl_ctx_set_sigalgs(SSL_CTX *context, const char *names) { return SSL_CTX_set1_sigalgs_list(context, names); }
static inline int gh_ssl_ctx_set_client_sigalgs(SSL_CTX *context, const char *names) { return SSL_CTX_set1_client_sigalgs_list(context, names); }
static inline int gh_ssl_ctx_add_chain(SSL_CTX *context, X509 *certificate) { return SSL_CTX_add1_chain_cert(context, certificate); }
static inline void gh_ssl_ctx_set_safe_options(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
}
static inline void gh_ssl_ctx_set_mode(SSL_CTX *context, long mode) { SSL_CTX_set_mode(context, mode); }
static inline void gh_ssl_ctx_cache_off(SSL_CTX *context) { SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); }
static inline int gh_ssl_set_server_name(SSL *ssl, const char *name) { return SSL_set_tlsext_host_name(ssl, name); }

/* BIO methods */

static inline void gh_bio_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }
static inline void gh_bio_retry_read(BIO *bio) { BIO_set_retry_read(bio); }

/* The last PEM block was followed by none: not a mistake, the end. */
static inline int gh_pem_at_end(void) {
    unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

#endif
