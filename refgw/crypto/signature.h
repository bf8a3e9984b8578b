// signature.h - digital signatures of IKEv2: RFC 7427 (method 14), RFC 4754 (9 to 11), RFC 8420.
//
// Keys are objects that know how to sign or verify; where they come from is the provider's
// matter. SHA-1 and MD5 have no scheme here and so cannot be used or accepted.
#ifndef REFGW_CRYPTO_SIGNATURE_H
#define REFGW_CRYPTO_SIGNATURE_H

#include "refgw/base/bytes.h"
#include "refgw/iana/ikev2_numbers.h"

// IANA's "IKEv2 Hash Algorithms", as in SIGNATURE_HASH_ALGORITHMS.
enum signature_hash {
    SIGNATURE_HASH_SHA2_256 = 2,
    SIGNATURE_HASH_SHA2_384 = 3,
    SIGNATURE_HASH_SHA2_512 = 4,
    SIGNATURE_HASH_IDENTITY = 5, // Ed25519, Ed448 (RFC 8420)
};

// A set of hashes: bit number is the hash's number.
enum { SIGNATURE_HASHES_STRONG = 0x3c };

enum signature_key_kind { KEY_RSA, KEY_P256, KEY_P384, KEY_P521, KEY_ED25519, KEY_ED448 };

enum signature_scheme {
    SIGNATURE_NONE,
    SIGNATURE_RSA_PKCS1_SHA256,
    SIGNATURE_RSA_PKCS1_SHA384,
    SIGNATURE_RSA_PKCS1_SHA512,
    SIGNATURE_RSA_PSS_SHA256, // MGF1 with the same hash, salt as long as the hash
    SIGNATURE_RSA_PSS_SHA384,
    SIGNATURE_RSA_PSS_SHA512,
    SIGNATURE_ECDSA_SHA256, // DER, any of the curves
    SIGNATURE_ECDSA_SHA384,
    SIGNATURE_ECDSA_SHA512,
    SIGNATURE_P256_RAW, // r | s with leading zeros (RFC 4754)
    SIGNATURE_P384_RAW,
    SIGNATURE_P521_RAW,
    SIGNATURE_ED25519,
    SIGNATURE_ED448,
    SIGNATURE_SCHEME_COUNT,
};

enum {
    SIGNATURE_MOST_SIZE = 1024,         // RSA with 8192 bits
    SIGNATURE_ALGORITHM_MOST_SIZE = 96, // an AlgorithmIdentifier of ours
};

struct private_key;
struct private_key_methods {
    // Signs part | part | ...; puts the signature. False when the key cannot do the scheme.
    bool (*sign)(const struct private_key *key, enum signature_scheme scheme,
                 const struct byte_view *parts, size_t part_count, struct byte_writer *out);
    void (*release)(struct private_key *key); // wipes it
};
struct private_key {
    const struct private_key_methods *methods;
    enum signature_key_kind kind;
};
void private_key_free(struct private_key *key); // accepts NULL

struct public_key;
struct public_key_methods {
    bool (*verify)(const struct public_key *key, enum signature_scheme scheme,
                   const struct byte_view *parts, size_t part_count, struct byte_view signature);
    // Whether it is the other half of a private key of the same provider.
    bool (*belongs_to)(const struct public_key *key, const struct private_key *other);
    void (*release)(struct public_key *key);
};
struct public_key {
    const struct public_key_methods *methods;
    enum signature_key_kind kind;
};
void public_key_free(struct public_key *key); // accepts NULL

// The provider's part.
struct signature_provider {
    // An unencrypted PEM private key (PKCS#8 or traditional). NULL when it is none, or not of a
    // kind named above, or RSA under 2048 bits.
    struct private_key *(*private_key_read)(struct byte_view pem);
    // A DER SubjectPublicKeyInfo that fills `der`; the same limits.
    struct public_key *(*public_key_read)(struct byte_view der);
};

// The hash that must have been announced for a scheme.
MUST_USE enum signature_hash signature_scheme_hash(enum signature_scheme scheme);
MUST_USE bool signature_scheme_fits(enum signature_scheme scheme, enum signature_key_kind kind);
// Which scheme to sign with under method 14, given the peer's hashes; SIGNATURE_NONE without one
// in common. Elliptic keys prefer the hash of their strength; RSA signs with PSS unless told.
MUST_USE enum signature_scheme signature_scheme_choose(enum signature_key_kind kind,
                                                       uint32_t peer_hashes, bool prefers_pkcs1);
// The scheme of the fixed methods 9, 10, 11 and of a key for them; SIGNATURE_NONE for all others.
MUST_USE enum signature_scheme signature_scheme_of_method(uint8_t method);
MUST_USE uint8_t signature_method_of_kind(enum signature_key_kind kind); // 9, 10, 11 or 0

// The DER AlgorithmIdentifier of a scheme (RFC 7427, appendix A). Puts nothing for raw schemes.
void signature_algorithm_put(enum signature_scheme scheme, struct byte_writer *out);
// Which scheme an AlgorithmIdentifier stands for: an exact match with an encoding that
// RFC 7427 shows or that DER demands; SIGNATURE_NONE for everything else.
MUST_USE enum signature_scheme signature_algorithm_read(struct byte_view algorithm);

// SIGNATURE_HASH_ALGORITHMS data: puts ours, reads a peer's. Unknown numbers are skipped.
void signature_hashes_put(struct byte_writer *out);
// False when the size is odd.
MUST_USE bool signature_hashes_read(struct byte_view data, uint32_t *out_hashes);

#endif
