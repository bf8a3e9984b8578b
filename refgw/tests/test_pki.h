// test_pki.h - certificates for tests, made on the spot and each wrong in one chosen way.
#ifndef REFGW_TESTS_TEST_PKI_H
#define REFGW_TESTS_TEST_PKI_H

#include "refgw/base/bytes.h"

#include <openssl/x509.h>

enum { TEST_PKI_NOW = 1750000000, TEST_PKI_YEAR = 31536000 }; // seconds since 1970; in 2025

// NULL members are left out or have a harmless value.
struct test_certificate {
    const char *subject;      // CN; O is "Test"
    const char *key;          // "rsa2048" "rsa1024" "p256" "p384" "p521" "ed25519" "ed448"
    const char *alternatives; // "DNS:west.example.test,IP:192.0.2.1"
    const char *constraints;  // basicConstraints; NULL: an end entity without the extension
    const char *key_usage;
    const char *extended_key_usage;
    const char *name_constraints;
    const char *distribution_points;
    const char *unknown_critical; // an extension nobody knows, "1.2.3.4=ASN1:NULL" value
    const char *digest;           // "SHA256" when NULL
    int64_t not_before;           // 0: a year before TEST_PKI_NOW
    int64_t not_after;            // 0: a year after
};

struct test_entity {
    X509 *certificate;
    EVP_PKEY *key;
};

// Issued by `issuer`, or by itself when that is NULL. Whatever fails ends the test program.
struct test_entity test_pki_make(const struct test_certificate *wanted,
                                 const struct test_entity *issuer);
void test_pki_free(struct test_entity *entity);
// The caller frees what these return.
uint8_t *test_pki_der(const struct test_entity *entity, size_t *out_size);
uint8_t *test_pki_pem(const struct test_entity *entity, size_t *out_size);
uint8_t *test_pki_key_pem(const struct test_entity *entity, size_t *out_size);
// A CRL of `issuer` in DER; `revoked` may be NULL. Times as above.
uint8_t *test_pki_crl(const struct test_entity *issuer, const struct test_entity *revoked,
                      int64_t this_update, int64_t next_update, size_t *out_size);

#endif
