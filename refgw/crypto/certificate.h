// certificate.h - X.509 certificates: trust anchors, revocation lists, validation of a chain and
// of the identity it is shown for (RFC 5280, RFC 4945).
//
// The moment of validation is an argument; nothing here fetches anything.
#ifndef REFGW_CRYPTO_CERTIFICATE_H
#define REFGW_CRYPTO_CERTIFICATE_H

#include "refgw/crypto/signature.h"

enum {
    CERTIFICATE_MOST = 16,             // in one chain as a peer sends it
    CERTIFICATE_MOST_SIZE = 32 * 1024, // bytes of one in DER
    CERTIFICATE_KEY_HASH_SIZE = 20,    // SHA-1 of SubjectPublicKeyInfo (RFC 7296, section 3.7)
    CERTIFICATE_SUBJECT_SIZE = 160,
    CERTIFICATE_SERIAL_SIZE = 44, // 20 octets in hexadecimal
    CERTIFICATE_DETAIL_SIZE = 80,
};

enum certificate_revocation {
    REVOCATION_RELAXED, // only a certificate that is known to be revoked is refused
    REVOCATION_IF_URI,  // a good answer is needed where the certificate names a source
    REVOCATION_STRICT,  // a good answer is needed for every certificate
};

// Trust anchors and revocation lists of one purpose.
struct trust_store;

// What a peer shows, and for what.
struct certificate_check {
    const struct byte_view *certificates; // DER; the first one signs
    size_t count;
    int64_t now; // seconds since 1970 UTC
    enum certificate_revocation revocation;
    bool ignores_extended_key_usage; // RFC 4945, section 5.1.3.12: "if told to ignore"
    uint8_t id_type;                 // enum identification_type
    struct byte_view id;
};

struct certificate_finding {
    const char *reason;  // a short fixed word: "certificate-expired"; "" when all is well
    const char *section; // "rfc5280#section-6.1.3"
    // Of the certificate that is at fault; of the first one when all is well. Printable ASCII.
    char subject[CERTIFICATE_SUBJECT_SIZE];
    char serial[CERTIFICATE_SERIAL_SIZE];
    char detail[CERTIFICATE_DETAIL_SIZE];
};

// The provider's part.
struct certificate_provider {
    struct trust_store *(*trust_store_new)(void);        // NULL when memory runs out
    void (*trust_store_free)(struct trust_store *store); // accepts NULL
    // All certificates of a PEM text become anchors. False, with a reason in words, when there is
    // none or one of them may issue nothing.
    bool (*add_anchors)(struct trust_store *store, struct byte_view pem, const char **out_problem);
    // A CRL in PEM (several) or DER (one).
    bool (*add_crls)(struct trust_store *store, struct byte_view bytes, const char **out_problem);
    // Puts the key hashes of all anchors, for CERTREQ.
    bool (*put_anchor_hashes)(const struct trust_store *store, struct byte_writer *out);
    // Validates. The finding is always filled in; the result is the key of the first certificate
    // (the caller frees it), or NULL when it must not be believed.
    struct public_key *(*validate)(const struct trust_store *store,
                                   const struct certificate_check *check,
                                   struct certificate_finding *out_finding);
    // Calls `take` with each certificate of a PEM text in DER. False when there is none, one does
    // not parse, or `take` says so.
    bool (*each_of_pem)(struct byte_view pem, bool (*take)(void *context, struct byte_view der),
                        void *context);
    // The subject's DER, and the public key (the caller frees it). False when it does not parse.
    bool (*subject)(struct byte_view der, struct byte_writer *out);
    struct public_key *(*public_key)(struct byte_view der);
    // Whether a certificate of the project's own lab made it; its keys are no secret.
    bool (*is_of_lab)(struct byte_view der);
    bool (*trusts_lab)(const struct trust_store *store);
    // "C=CH, O=Example, CN=west" as DER. False when it is no distinguished name.
    bool (*name_from_text)(const char *text, struct byte_writer *out);
    // Whether two DER names mean the same (RFC 5280, section 7.1).
    bool (*names_equal)(struct byte_view left, struct byte_view right);
};

#endif
