#include "refgw/tests/test_pki.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static void need(bool is_done)
{
    if (!is_done) {
        abort();
    }
}

static EVP_PKEY *make_key(const char *kind)
{
    EVP_PKEY *key = NULL;
    if (strncmp(kind, "rsa", 3) == 0) {
        key = EVP_RSA_gen((unsigned)strtoul(kind + 3, NULL, 10));
    } else if (strcmp(kind, "ed25519") == 0) {
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    } else if (strcmp(kind, "ed448") == 0) {
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    } else {
        key = EVP_EC_gen(strcmp(kind, "p256") == 0   ? "P-256"
                         : strcmp(kind, "p384") == 0 ? "P-384"
                                                     : "P-521");
    }
    need(key != NULL);
    return key;
}

static void add_extension(X509 *certificate, X509V3_CTX *context, const char *name,
                          const char *value)
{
    if (value == NULL) {
        return;
    }
    char copy[256];
    need(strlen(value) < sizeof(copy));
    memcpy(copy, value, strlen(value) + 1);
    X509_EXTENSION *extension = X509V3_EXT_nconf(NULL, context, name, copy);
    need(extension != NULL && X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void set_time(ASN1_TIME *time, int64_t when)
{
    need(ASN1_TIME_set(time, (time_t)when) != NULL);
}

static void set_subject(X509 *certificate, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    need(X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, (const unsigned char *)"Test", -1,
                                    -1, 0) == 1 &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                    -1, 0) == 1);
}

static void sign(X509 *certificate, EVP_PKEY *key, const char *digest)
{
    const int kind = EVP_PKEY_get_base_id(key);
    const bool is_edwards = kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448;
    const EVP_MD *md = is_edwards ? NULL : EVP_get_digestbyname(digest == NULL ? "SHA256" : digest);
    need(X509_sign(certificate, key, md) > 0);
}

struct test_entity test_pki_make(const struct test_certificate *wanted,
                                 const struct test_entity *issuer)
{
    static long serial = 0x1000;
    struct test_entity entity = {.certificate = X509_new(), .key = make_key(wanted->key)};
    X509 *certificate = entity.certificate;
    X509V3_CTX context;
    need(certificate != NULL && X509_set_version(certificate, X509_VERSION_3) == 1);
    need(ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++) == 1);
    set_subject(certificate, wanted->subject);
    const X509 *parent = issuer == NULL ? certificate : issuer->certificate;
    need(X509_set_issuer_name(certificate, X509_get_subject_name(parent)) == 1);
    set_time(X509_getm_notBefore(certificate),
             wanted->not_before != 0 ? wanted->not_before : TEST_PKI_NOW - TEST_PKI_YEAR);
    set_time(X509_getm_notAfter(certificate),
             wanted->not_after != 0 ? wanted->not_after : TEST_PKI_NOW + TEST_PKI_YEAR);
    need(X509_set_pubkey(certificate, entity.key) == 1);
    X509V3_set_ctx(&context, issuer == NULL ? certificate : issuer->certificate, certificate, NULL,
                   NULL, 0);
    add_extension(certificate, &context, "basicConstraints", wanted->constraints);
    add_extension(certificate, &context, "keyUsage", wanted->key_usage);
    add_extension(certificate, &context, "extendedKeyUsage", wanted->extended_key_usage);
    add_extension(certificate, &context, "subjectAltName", wanted->alternatives);
    add_extension(certificate, &context, "nameConstraints", wanted->name_constraints);
    add_extension(certificate, &context, "crlDistributionPoints", wanted->distribution_points);
    add_extension(certificate, &context, "1.2.3.4", wanted->unknown_critical);
    sign(certificate, issuer == NULL ? entity.key : issuer->key, wanted->digest);
    return entity;
}

void test_pki_free(struct test_entity *entity)
{
    X509_free(entity->certificate);
    EVP_PKEY_free(entity->key);
    *entity = (struct test_entity){.key = NULL};
}

static uint8_t *copy_of(const void *data, size_t size, size_t *out_size)
{
    uint8_t *copy = malloc(size);
    need(copy != NULL);
    memcpy(copy, data, size);
    *out_size = size;
    return copy;
}

uint8_t *test_pki_der(const struct test_entity *entity, size_t *out_size)
{
    unsigned char *der = NULL;
    const int size = i2d_X509(entity->certificate, &der);
    need(size > 0);
    uint8_t *copy = copy_of(der, (size_t)size, out_size);
    OPENSSL_free(der);
    return copy;
}

static uint8_t *take_bio(BIO *bio, size_t *out_size)
{
    char *data = NULL;
    const long size = BIO_get_mem_data(bio, &data);
    need(size > 0);
    uint8_t *copy = copy_of(data, (size_t)size, out_size);
    BIO_free(bio);
    return copy;
}

uint8_t *test_pki_pem(const struct test_entity *entity, size_t *out_size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    need(bio != NULL && PEM_write_bio_X509(bio, entity->certificate) == 1);
    return take_bio(bio, out_size);
}

uint8_t *test_pki_key_pem(const struct test_entity *entity, size_t *out_size)
{
    BIO *bio = BIO_new(BIO_s_mem());
    need(bio != NULL && PEM_write_bio_PrivateKey(bio, entity->key, NULL, NULL, 0, NULL, NULL) == 1);
    return take_bio(bio, out_size);
}

static void revoke(X509_CRL *crl, const X509 *certificate, int64_t when)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)when);
    ASN1_INTEGER *serial = ASN1_INTEGER_dup(X509_get0_serialNumber(certificate));
    need(entry != NULL && time != NULL && X509_REVOKED_set_serialNumber(entry, serial) == 1 &&
         X509_REVOKED_set_revocationDate(entry, time) == 1 && X509_CRL_add0_revoked(crl, entry));
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(time);
}

uint8_t *test_pki_crl(const struct test_entity *issuer, const struct test_entity *revoked,
                      int64_t this_update, int64_t next_update, size_t *out_size)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)this_update);
    unsigned char *der = NULL;
    need(crl != NULL && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
         X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->certificate)) == 1 &&
         X509_CRL_set1_lastUpdate(crl, time) == 1);
    set_time(time, next_update);
    need(X509_CRL_set1_nextUpdate(crl, time) == 1);
    if (revoked != NULL) {
        revoke(crl, revoked->certificate, this_update);
    }
    need(X509_CRL_sign(crl, issuer->key, EVP_sha256()) > 0);
    const int size = i2d_X509_CRL(crl, &der);
    need(size > 0);
    uint8_t *copy = copy_of(der, (size_t)size, out_size);
    OPENSSL_free(der);
    ASN1_TIME_free(time);
    X509_CRL_free(crl);
    return copy;
}
