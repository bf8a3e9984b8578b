// key_schedule.h - from shared secrets to keys (RFC 7296, sections 2.13 to 2.18).
#ifndef REFGW_CRYPTO_KEY_SCHEDULE_H
#define REFGW_CRYPTO_KEY_SCHEDULE_H

#include "refgw/crypto/provider.h"

// The algorithms of one IKE SA.
struct ike_suite {
    struct aead_choice aead;
    enum prf_transform prf;
    enum key_exchange_method key_exchange;
};

struct ike_keys {
    struct secret sk_d;
    struct secret sk_ai, sk_ar; // empty with a combined-mode cipher
    struct secret sk_ei, sk_er; // salt included
    struct secret sk_pi, sk_pr;
};

void ike_keys_clear(struct ike_keys *keys);

struct ike_key_inputs {
    struct byte_view initiator_nonce;
    struct byte_view responder_nonce;
    uint64_t initiator_spi;
    uint64_t responder_spi;
    struct byte_view shared; // g^ir
};

// prf+(key, seed) of section 2.13, `out_size` bytes into `out`. At most 255 times prf size.
MUST_USE bool prf_plus(const struct crypto_provider *crypto, enum prf_transform prf,
                       struct byte_view key, struct byte_view seed, uint8_t *out, size_t out_size);
// SKEYSEED = prf(Ni | Nr, g^ir) and the seven keys, section 2.14. False when an algorithm is
// not supported or memory runs out; out_keys is unchanged then.
MUST_USE bool ike_keys_derive(const struct crypto_provider *crypto, const struct ike_suite *suite,
                              const struct ike_key_inputs *inputs, struct ike_keys *out_keys);
// The same after a rekey, section 2.18: SKEYSEED = prf_old(SK_d old, g^ir | Ni | Nr).
MUST_USE bool ike_keys_derive_rekeyed(const struct crypto_provider *crypto,
                                      const struct ike_suite *suite, enum prf_transform old_prf,
                                      struct byte_view old_sk_d,
                                      const struct ike_key_inputs *inputs,
                                      struct ike_keys *out_keys);

struct child_keys {
    struct secret encryption_i, encryption_r; // initiator's and responder's outbound direction
    struct secret integrity_i, integrity_r;
};

void child_keys_clear(struct child_keys *keys);
// KEYMAT = prf+(SK_d, [g^ir |] Ni | Nr), section 2.17. `shared` is empty without PFS.
struct child_key_inputs {
    enum prf_transform prf;
    struct byte_view sk_d;
    struct byte_view shared;
    struct byte_view initiator_nonce; // of the exchange that makes the CHILD_SA
    struct byte_view responder_nonce;
};
MUST_USE bool child_keys_derive(const struct crypto_provider *crypto,
                                const struct aead_choice *aead,
                                const struct child_key_inputs *inputs, struct child_keys *out_keys);

// AUTH data for a pre-shared key, section 2.15:
//   prf(prf(Shared Secret, "Key Pad for IKEv2"), message | nonce | prf(SK_p, id_body))
// `message` is the signer's IKE_SA_INIT message as it travelled, `nonce` the other side's.
struct auth_octets {
    struct byte_view message;
    struct byte_view nonce;
    struct byte_view sk_p;
    struct byte_view id_body;
};
// `out` has prf size bytes.
MUST_USE bool psk_auth_data(const struct crypto_provider *crypto, enum prf_transform prf,
                            struct byte_view psk, const struct auth_octets *octets, uint8_t *out);

#endif
