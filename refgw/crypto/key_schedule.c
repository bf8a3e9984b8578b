#include "refgw/crypto/key_schedule.h"

#include <string.h>

enum { MOST_PRF_SIZE = 64, MOST_SEED_PARTS = 4, MOST_ITERATIONS = 255 };

// What prf+ expands: part | part | ...
struct seed {
    struct byte_view parts[MOST_SEED_PARTS];
    size_t count;
};

static void seed_add(struct seed *seed, struct byte_view part)
{
    seed->parts[seed->count] = part;
    seed->count++;
}

struct keyed_prf {
    const struct crypto_provider *crypto;
    enum prf_transform prf;
    struct byte_view key;
};

// T(i) = prf(key, T(i - 1) | seed | i), with T(0) empty.
static bool iterate(const struct keyed_prf *prf, struct byte_view previous, const struct seed *seed,
                    uint8_t iteration, uint8_t *out)
{
    struct byte_view parts[MOST_SEED_PARTS + 2] = {previous};
    size_t count = 1;
    for (size_t i = 0; i < seed->count; i++) {
        parts[count] = seed->parts[i];
        count++;
    }
    parts[count] = (struct byte_view){.data = &iteration, .size = 1};
    return prf->crypto->prf(prf->prf, prf->key, parts, count + 1, out);
}

static bool expand(const struct keyed_prf *prf, const struct seed *seed, struct secret *out)
{
    const size_t block_size = prf->crypto->prf_size(prf->prf);
    uint8_t blocks[2][MOST_PRF_SIZE];
    struct byte_view previous = {0};
    size_t used = 0;
    bool done =
        block_size > 0 && block_size <= MOST_PRF_SIZE && out->size <= MOST_ITERATIONS * block_size;

    for (unsigned i = 1; done && used < out->size; i++) {
        uint8_t *block = blocks[i % 2];
        done = iterate(prf, previous, seed, (uint8_t)i, block);
        const size_t left = out->size - used;
        const size_t step = left < block_size ? left : block_size;
        if (done) {
            memcpy(out->data + used, block, step);
        }
        previous = (struct byte_view){.data = block, .size = block_size};
        used += step;
    }
    secret_wipe(blocks, sizeof(blocks));
    return done;
}

bool prf_plus(const struct crypto_provider *crypto, enum prf_transform prf, struct byte_view key,
              struct byte_view seed, uint8_t *out, size_t out_size)
{
    const struct keyed_prf keyed = {.crypto = crypto, .prf = prf, .key = key};
    const struct seed parts = {.parts = {seed}, .count = 1};
    struct secret result = {0};
    const bool done = secret_allocate(&result, out_size) && expand(&keyed, &parts, &result);
    if (done && out_size > 0) {
        memcpy(out, result.data, out_size);
    }
    secret_clear(&result);
    return done;
}

void ike_keys_clear(struct ike_keys *keys)
{
    secret_clear(&keys->sk_d);
    secret_clear(&keys->sk_ai);
    secret_clear(&keys->sk_ar);
    secret_clear(&keys->sk_ei);
    secret_clear(&keys->sk_er);
    secret_clear(&keys->sk_pi);
    secret_clear(&keys->sk_pr);
}

// Takes the next `size` bytes of the key material into a secret of their own.
static bool take_key(struct byte_reader *material, size_t size, struct secret *out)
{
    struct byte_view bytes;
    return reader_take_bytes(material, size, &bytes) && secret_set(out, bytes);
}

static bool split_ike_keys(const struct secret *material, const struct aead_sizes *sizes,
                           size_t prf_size, struct ike_keys *out_keys)
{
    struct byte_reader in = reader_over(secret_view(material));
    struct ike_keys keys = {0};

    if (!take_key(&in, prf_size, &keys.sk_d) || !take_key(&in, sizes->integrity_key, &keys.sk_ai) ||
        !take_key(&in, sizes->integrity_key, &keys.sk_ar) ||
        !take_key(&in, sizes->encryption_key, &keys.sk_ei) ||
        !take_key(&in, sizes->encryption_key, &keys.sk_er) ||
        !take_key(&in, prf_size, &keys.sk_pi) || !take_key(&in, prf_size, &keys.sk_pr)) {
        ike_keys_clear(&keys);
        return false;
    }
    ike_keys_clear(out_keys);
    *out_keys = keys;
    return true;
}

// {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} =
//     prf+(SKEYSEED, Ni | Nr | SPIi | SPIr)
static bool expand_skeyseed(const struct crypto_provider *crypto, const struct ike_suite *suite,
                            struct byte_view skeyseed, const struct ike_key_inputs *inputs,
                            struct ike_keys *out_keys)
{
    const size_t prf_size = crypto->prf_size(suite->prf);
    const struct keyed_prf keyed = {.crypto = crypto, .prf = suite->prf, .key = skeyseed};
    struct aead_sizes sizes;
    uint8_t spis[16];
    struct byte_writer writer = writer_into(spis, sizeof(spis));
    writer_put_u64(&writer, inputs->initiator_spi);
    writer_put_u64(&writer, inputs->responder_spi);
    const struct seed seed = {
        .parts = {inputs->initiator_nonce, inputs->responder_nonce, VIEW_OF(spis)},
        .count = 3,
    };
    struct secret material = {0};

    if (prf_size == 0 || !crypto->aead_sizes(&suite->aead, &sizes)) {
        return false;
    }
    const size_t size = 3 * prf_size + 2 * sizes.integrity_key + 2 * sizes.encryption_key;
    const bool done = secret_allocate(&material, size) && expand(&keyed, &seed, &material) &&
                      split_ike_keys(&material, &sizes, prf_size, out_keys);
    secret_clear(&material);
    return done;
}

static bool prf_fits(const struct crypto_provider *crypto, enum prf_transform prf)
{
    const size_t size = crypto->prf_size(prf);
    return size > 0 && size <= MOST_PRF_SIZE;
}

// Ni | Nr as a key. The two PRFs with a key of 128 bits take the first 64 bits of each nonce
// here, and only here (RFC 7296, section 2.14).
static bool nonces_as_key(enum prf_transform prf, const struct ike_key_inputs *inputs,
                          struct secret *out_key)
{
    struct byte_view initiator = inputs->initiator_nonce;
    struct byte_view responder = inputs->responder_nonce;
    if (prf == PRF_AES128_XCBC || prf == PRF_AES128_CMAC) {
        initiator.size = initiator.size < 8 ? initiator.size : 8;
        responder.size = responder.size < 8 ? responder.size : 8;
    }
    if (!secret_allocate(out_key, initiator.size + responder.size)) {
        return false;
    }
    struct byte_writer writer = writer_into(out_key->data, out_key->size);
    writer_put_bytes(&writer, initiator);
    writer_put_bytes(&writer, responder);
    return true;
}

bool ike_keys_derive(const struct crypto_provider *crypto, const struct ike_suite *suite,
                     const struct ike_key_inputs *inputs, struct ike_keys *out_keys)
{
    uint8_t skeyseed[MOST_PRF_SIZE];
    struct secret key = {0};
    const bool done =
        prf_fits(crypto, suite->prf) && nonces_as_key(suite->prf, inputs, &key) &&
        crypto->prf(suite->prf, secret_view(&key), &inputs->shared, 1, skeyseed) &&
        expand_skeyseed(crypto, suite, (struct byte_view){skeyseed, crypto->prf_size(suite->prf)},
                        inputs, out_keys);
    secret_clear(&key);
    secret_wipe(skeyseed, sizeof(skeyseed));
    return done;
}

bool ike_keys_derive_rekeyed(const struct crypto_provider *crypto, const struct ike_suite *suite,
                             enum prf_transform old_prf, struct byte_view old_sk_d,
                             const struct ike_key_inputs *inputs, struct ike_keys *out_keys)
{
    // The old SA's prf makes SKEYSEED, the new SA's prf expands it (RFC 7296, section 2.18).
    uint8_t skeyseed[MOST_PRF_SIZE];
    const struct byte_view parts[] = {inputs->shared, inputs->initiator_nonce,
                                      inputs->responder_nonce};
    const bool done =
        prf_fits(crypto, old_prf) && crypto->prf(old_prf, old_sk_d, parts, 3, skeyseed) &&
        expand_skeyseed(crypto, suite, (struct byte_view){skeyseed, crypto->prf_size(old_prf)},
                        inputs, out_keys);
    secret_wipe(skeyseed, sizeof(skeyseed));
    return done;
}

void child_keys_clear(struct child_keys *keys)
{
    secret_clear(&keys->encryption_i);
    secret_clear(&keys->encryption_r);
    secret_clear(&keys->integrity_i);
    secret_clear(&keys->integrity_r);
}

// All keys of the initiator's direction come first, in each direction encryption before
// integrity (RFC 7296, section 2.17).
static bool split_child_keys(const struct secret *material, const struct aead_sizes *sizes,
                             struct child_keys *out_keys)
{
    struct byte_reader in = reader_over(secret_view(material));
    struct child_keys keys = {0};

    if (!take_key(&in, sizes->encryption_key, &keys.encryption_i) ||
        !take_key(&in, sizes->integrity_key, &keys.integrity_i) ||
        !take_key(&in, sizes->encryption_key, &keys.encryption_r) ||
        !take_key(&in, sizes->integrity_key, &keys.integrity_r)) {
        child_keys_clear(&keys);
        return false;
    }
    child_keys_clear(out_keys);
    *out_keys = keys;
    return true;
}

bool child_keys_derive(const struct crypto_provider *crypto, const struct aead_choice *aead,
                       const struct child_key_inputs *inputs, struct child_keys *out_keys)
{
    const struct keyed_prf keyed = {.crypto = crypto, .prf = inputs->prf, .key = inputs->sk_d};
    struct aead_sizes sizes;
    struct seed seed = {0};
    struct secret material = {0};

    if (!crypto->aead_sizes(aead, &sizes)) {
        return false;
    }
    seed_add(&seed, inputs->shared);
    seed_add(&seed, inputs->initiator_nonce);
    seed_add(&seed, inputs->responder_nonce);
    const bool done =
        secret_allocate(&material, 2 * (sizes.encryption_key + sizes.integrity_key)) &&
        expand(&keyed, &seed, &material) && split_child_keys(&material, &sizes, out_keys);
    secret_clear(&material);
    return done;
}

bool psk_auth_data(const struct crypto_provider *crypto, enum prf_transform prf,
                   struct byte_view psk, const struct auth_octets *octets, uint8_t *out)
{
    static const uint8_t key_pad[] = "Key Pad for IKEv2";
    const struct byte_view key_pad_view = {.data = key_pad, .size = sizeof(key_pad) - 1};
    const size_t size = crypto->prf_size(prf);
    uint8_t key[MOST_PRF_SIZE];
    uint8_t maced_id[MOST_PRF_SIZE];
    const struct byte_view parts[] = {
        octets->message, octets->nonce, {maced_id, size}
    };

    const bool done = prf_fits(crypto, prf) && crypto->prf(prf, psk, &key_pad_view, 1, key) &&
                      crypto->prf(prf, octets->sk_p, &octets->id_body, 1, maced_id) &&
                      crypto->prf(prf, (struct byte_view){key, size}, parts, 3, out);
    secret_wipe(key, sizeof(key));
    secret_wipe(maced_id, sizeof(maced_id));
    return done;
}
