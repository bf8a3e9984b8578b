#include "refgw/crypto/openssl/cbc_mac.h"

#include <string.h>

#include <openssl/crypto.h>

#include "refgw/crypto/openssl/algorithms.h"

enum { CHUNK_SIZE = 16 * CBC_MAC_SIZE };

static const uint8_t no_iv[CBC_MAC_SIZE];

static bool set_chain_key(struct cbc_mac *mac, const uint8_t *key)
{
    return EVP_EncryptInit_ex(mac->context, openssl_algorithms()->aes_cbc[0], NULL, key, no_iv) ==
               1 &&
           EVP_CIPHER_CTX_set_padding(mac->context, 0) == 1;
}

// AES of one block: the first block of CBC with a zero IV.
static bool encrypt_block(struct cbc_mac *mac, const uint8_t *in, uint8_t *out)
{
    int size;
    return EVP_EncryptInit_ex(mac->context, NULL, NULL, NULL, no_iv) == 1 &&
           EVP_EncryptUpdate(mac->context, out, &size, in, CBC_MAC_SIZE) == 1;
}

static bool open_context(struct cbc_mac *mac, const uint8_t *key)
{
    *mac = (struct cbc_mac){.context = EVP_CIPHER_CTX_new()};
    return mac->context != NULL && openssl_algorithms()->aes_cbc[0] != NULL &&
           set_chain_key(mac, key);
}

bool cbc_mac_init_xcbc(struct cbc_mac *mac, const uint8_t key[CBC_MAC_SIZE])
{
    uint8_t constant[CBC_MAC_SIZE];
    uint8_t chain_key[CBC_MAC_SIZE];

    // RFC 3566, section 4: K1, K2, K3 are the encryptions of 0x01..., 0x02..., 0x03...
    bool done = open_context(mac, key);
    memset(constant, 1, sizeof(constant));
    done = done && encrypt_block(mac, constant, chain_key);
    memset(constant, 2, sizeof(constant));
    done = done && encrypt_block(mac, constant, mac->whole_mask);
    memset(constant, 3, sizeof(constant));
    done = done && encrypt_block(mac, constant, mac->partial_mask);
    done = done && set_chain_key(mac, chain_key);
    OPENSSL_cleanse(chain_key, sizeof(chain_key));
    if (!done) {
        cbc_mac_clear(mac);
    }
    return done;
}

// Multiplication by x in GF(2^128), without a branch on the secret bit that falls out.
static void double_block(const uint8_t *in, uint8_t *out)
{
    const uint8_t carry = (uint8_t)(in[0] >> 7);
    for (size_t i = 0; i < CBC_MAC_SIZE; i++) {
        const unsigned next = i + 1 < CBC_MAC_SIZE ? in[i + 1] : 0;
        out[i] = (uint8_t)((unsigned)in[i] << 1 | next >> 7);
    }
    out[CBC_MAC_SIZE - 1] = (uint8_t)(out[CBC_MAC_SIZE - 1] ^ (0x87U & (0U - carry)));
}

bool cbc_mac_init_cmac(struct cbc_mac *mac, const uint8_t key[CBC_MAC_SIZE])
{
    uint8_t encrypted_zero[CBC_MAC_SIZE];

    // RFC 4493, section 2.3: K1 = 2 L, K2 = 4 L with L the encryption of the zero block.
    const bool done = open_context(mac, key) && encrypt_block(mac, no_iv, encrypted_zero);
    if (done) {
        double_block(encrypted_zero, mac->whole_mask);
        double_block(mac->whole_mask, mac->partial_mask);
    }
    OPENSSL_cleanse(encrypted_zero, sizeof(encrypted_zero));
    if (!done) {
        cbc_mac_clear(mac);
    }
    return done;
}

void cbc_mac_clear(struct cbc_mac *mac)
{
    EVP_CIPHER_CTX_free(mac->context);
    OPENSSL_cleanse(mac, sizeof(*mac));
}

// Runs whole blocks through the chain; only its inner state matters.
static bool chain(struct cbc_mac *mac, const uint8_t *blocks, size_t size)
{
    uint8_t output[CHUNK_SIZE];
    bool done = true;
    while (done && size > 0) {
        const size_t step = size < CHUNK_SIZE ? size : (size_t)CHUNK_SIZE;
        int written;
        done = EVP_EncryptUpdate(mac->context, output, &written, blocks, (int)step) == 1;
        blocks += step;
        size -= step;
    }
    OPENSSL_cleanse(output, sizeof(output));
    return done;
}

// Encrypts the block that waits, once it is complete and something follows it.
static bool flush(struct cbc_mac *mac)
{
    if (mac->pending_size < CBC_MAC_SIZE) {
        return true;
    }
    mac->pending_size = 0;
    return chain(mac, mac->pending, CBC_MAC_SIZE);
}

// Encrypts all whole blocks but the last one: what comes last is masked.
static bool add(struct cbc_mac *mac, struct byte_view part)
{
    struct byte_reader in = reader_over(part);
    bool done = true;
    while (done && in.left > 0) {
        done = flush(mac);
        if (done && mac->pending_size == 0 && in.left > CBC_MAC_SIZE) {
            struct byte_view whole;
            done = reader_take_bytes(&in, (in.left - 1) / CBC_MAC_SIZE * CBC_MAC_SIZE, &whole) &&
                   chain(mac, whole.data, whole.size);
        }
        const size_t room = CBC_MAC_SIZE - mac->pending_size;
        struct byte_view rest;
        if (done && reader_take_bytes(&in, in.left < room ? in.left : room, &rest)) {
            memcpy(mac->pending + mac->pending_size, rest.data, rest.size);
            mac->pending_size += rest.size;
        }
    }
    return done;
}

static bool finish(struct cbc_mac *mac, uint8_t *out)
{
    const uint8_t *mask = mac->whole_mask;
    int size;
    if (mac->pending_size < CBC_MAC_SIZE) {
        mac->pending[mac->pending_size] = 0x80;
        memset(mac->pending + mac->pending_size + 1, 0, CBC_MAC_SIZE - mac->pending_size - 1);
        mask = mac->partial_mask;
    }
    for (size_t i = 0; i < CBC_MAC_SIZE; i++) {
        mac->pending[i] = (uint8_t)(mac->pending[i] ^ mask[i]);
    }
    return EVP_EncryptUpdate(mac->context, out, &size, mac->pending, CBC_MAC_SIZE) == 1;
}

bool cbc_mac_compute(struct cbc_mac *mac, const struct byte_view *parts, size_t part_count,
                     uint8_t out[CBC_MAC_SIZE])
{
    bool done = EVP_EncryptInit_ex(mac->context, NULL, NULL, NULL, no_iv) == 1;
    mac->pending_size = 0;
    for (size_t i = 0; done && i < part_count; i++) {
        done = add(mac, parts[i]);
    }
    done = done && finish(mac, out);
    OPENSSL_cleanse(mac->pending, sizeof(mac->pending));
    return done;
}
