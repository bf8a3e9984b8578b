// provider.h - the algorithms an IKE or ESP implementation needs, behind constant tables.
// A provider is a choice of pointers; nothing here names a library.
#ifndef REFGW_CRYPTO_PROVIDER_H
#define REFGW_CRYPTO_PROVIDER_H

#include "refgw/base/random.h"
#include "refgw/base/secret.h"
#include "refgw/iana/ikev2_numbers.h"

// --- Authenticated encryption -------------------------------------------------------------
// Combined-mode ciphers (RFC 5282, RFC 4106) and encrypt-then-MAC pairs (AES-CBC or AES-CTR
// with an HMAC) look the same from outside, so IKE's SK payload and ESP have one code path.

struct aead_choice {
    enum encryption_transform encryption;
    uint16_t key_bits;                  // 128, 192, 256; 256 for ChaCha20-Poly1305; 0 for NULL
    enum integrity_transform integrity; // AUTH_NONE with a combined-mode cipher
};

struct aead_sizes {
    size_t encryption_key; // salt included (RFC 5282: GCM 4, CCM 3 octets after the key)
    size_t integrity_key;  // 0 for a combined mode
    size_t iv;             // on the wire
    size_t icv;            // on the wire
    size_t block;          // what padding must align the text to (1 for GCM, 16 for CBC)
};

struct aead; // keyed, both directions possible; one owner; not for two threads at once

// One packet. Text is sealed or opened in place. `trailer` is authenticated after the
// ciphertext by encrypt-then-MAC pairs and must be empty for combined modes (ESN: its high
// half stands in `associated` for combined modes, in `trailer` for pairs; RFC 4303 2.2.1).
struct aead_job {
    struct byte_view associated;
    struct byte_view trailer;
    struct byte_view iv;
    uint8_t *text;
    size_t text_size; // a multiple of the block size
    uint8_t *icv;     // sealed: written; opened: compared in constant time before text is used
};

// --- Key agreement -----------------------------------------------------------------------
struct key_agreement; // one private key, used once (RFC 7296, section 2.12: never reused)

struct signature_provider;
struct certificate_provider;

struct crypto_provider {
    const char *name; // "openssl", "software", "ipsec-mb", "scripted"

    // False when the combination is not offered by this provider.
    bool (*aead_sizes)(const struct aead_choice *choice, struct aead_sizes *out_sizes);
    // Key sizes must be what aead_sizes() said. NULL when unsupported or out of memory.
    struct aead *(*aead_new)(const struct aead_choice *choice, struct byte_view encryption_key,
                             struct byte_view integrity_key);
    void (*aead_free)(struct aead *aead); // accepts NULL, wipes keys
    // An IV that is right for the mode: for counter modes the counter itself (never repeat
    // one); for CBC unpredictable: the counter block encrypted under the SA's key
    // (NIST SP 800-38A, appendix C). `out_iv` has aead_sizes.iv bytes.
    bool (*aead_make_iv)(struct aead *aead, uint64_t counter, uint8_t *out_iv);
    bool (*aead_seal)(struct aead *aead, const struct aead_job *job);
    // False when the ICV is wrong; the text is then wiped or untouched, never plaintext.
    bool (*aead_open)(struct aead *aead, const struct aead_job *job);

    size_t (*prf_size)(enum prf_transform prf); // output and preferred key size; 0: unsupported
    // prf(key, part | part | ...). `out` has prf_size() bytes.
    bool (*prf)(enum prf_transform prf, struct byte_view key, const struct byte_view *parts,
                size_t part_count, uint8_t *out);

    // Size of a public value on the wire, 0 when unsupported.
    size_t (*key_agreement_size)(enum key_exchange_method method);
    struct key_agreement *(*key_agreement_new)(enum key_exchange_method method,
                                               const struct random_source *randomness);
    // Valid as long as the agreement.
    struct byte_view (*key_agreement_public)(const struct key_agreement *agreement);
    // Checks the peer's value as RFC 6989 section 2 and RFC 8031 demand (size, range, on
    // curve, not all zero) and computes g^ir: fixed length, leading zeros kept.
    bool (*key_agreement_derive)(struct key_agreement *agreement, struct byte_view peer_public,
                                 struct secret *out_shared);
    void (*key_agreement_free)(struct key_agreement *agreement); // accepts NULL

    // SHA-1, for NAT_DETECTION hashes and CERTREQ only (RFC 7296, sections 2.23 and 3.7).
    bool (*sha1)(const struct byte_view *parts, size_t part_count, uint8_t out[20]);
    bool (*sha256)(const struct byte_view *parts, size_t part_count, uint8_t out[32]);

    // Signature keys (signature.h) and X.509 (certificate.h); NULL when it has none.
    const struct signature_provider *signatures;
    const struct certificate_provider *certificates;
};

#endif
