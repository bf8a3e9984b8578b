// policy_certificates.h - the certificates of one connection, in either direction or both.
#ifndef REFGW_IKE_POLICY_CERTIFICATES_H
#define REFGW_IKE_POLICY_CERTIFICATES_H

#include "refgw/crypto/certificate.h"
#include "refgw/ike/octets.h"

// All members are owned. A zeroed struct: no certificates.
struct policy_certificates {
    // How we prove who we are.
    struct private_key *key; // NULL: with the pre-shared key
    size_t chain_count;
    struct octets chain[CERTIFICATE_MOST]; // DER; the first one belongs to the key
    bool prefers_pkcs1;                    // sign with RSASSA-PKCS1-v1_5 instead of PSS

    // How the peer does.
    const struct certificate_provider *provider; // of `trust`
    struct trust_store *trust;                   // NULL: with the pre-shared key
    enum certificate_revocation revocation;
    bool ignores_extended_key_usage;
    bool accepts_method_1; // RSA signatures of RFC 7296 itself, with SHA-2 only

    bool is_of_lab; // some of it comes from a lab, whose keys are no secret
};

void policy_certificates_clear(struct policy_certificates *certificates);
// Whether a signature is made or checked.
MUST_USE bool policy_certificates_in_use(const struct policy_certificates *certificates);

#endif
