// certificate_parts.h - X.509 of the OpenSSL provider, for the files of this folder.
#ifndef REFGW_CRYPTO_OPENSSL_CERTIFICATE_PARTS_H
#define REFGW_CRYPTO_OPENSSL_CERTIFICATE_PARTS_H

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "refgw/crypto/certificate.h"

struct trust_store {
    X509_STORE *store;
    STACK_OF(X509) * anchors;  // owned
    STACK_OF(X509_CRL) * crls; // owned
};

extern const struct certificate_provider openssl_certificates;

// DER that holds one certificate and nothing behind it; NULL otherwise.
MUST_USE X509 *certificate_from_der(struct byte_view der);
MUST_USE bool certificate_put_name(const X509_NAME *name, struct byte_writer *out);
// O = "ikelab lab", in subject or issuer.
MUST_USE bool certificate_of_lab(const X509 *certificate);

// certificate_store.c
struct trust_store *trust_store_new(void);
void trust_store_free(struct trust_store *store);
bool trust_store_add_anchors(struct trust_store *store, struct byte_view pem,
                             const char **out_problem);
bool trust_store_add_crls(struct trust_store *store, struct byte_view bytes,
                          const char **out_problem);
bool trust_store_put_hashes(const struct trust_store *store, struct byte_writer *out);
bool trust_store_trusts_lab(const struct trust_store *store);

// certificate_validation.c
struct public_key *certificate_validate(const struct trust_store *store,
                                        const struct certificate_check *wanted,
                                        struct certificate_finding *out_finding);

// certificate_identity.c: whether the certificate carries the identity (RFC 4945, section 3.1).
MUST_USE bool certificate_has_identity(X509 *certificate, uint8_t id_type, struct byte_view id);
bool certificate_name_from_text(const char *text, struct byte_writer *out);
bool certificate_names_equal(struct byte_view left, struct byte_view right);

#endif
