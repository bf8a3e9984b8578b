// Sealing and opening the SK payload (RFC 7296, section 3.14; RFC 5282).
#include "refgw/ike/message_protection.h"
#include "harness/tap/tap.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/wire/message.h"

#include <string.h>

enum { CAPACITY = 1024, CHAIN_CAPACITY = 256 };

static const struct ike_header HEADER = {
    .initiator_spi = 0x0102030405060708,
    .responder_spi = 0x1112131415161718,
    .major_version = 2,
    .exchange_type = IKE_EXCHANGE_INFORMATIONAL,
    .flags = IKE_FLAG_INITIATOR,
    .message_id = 7,
};

static struct message_cipher cipher_of(const struct aead_choice *choice)
{
    static const uint8_t KEY[128] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    struct message_cipher cipher = {.crypto = openssl_provider()};
    if (cipher.crypto->aead_sizes(choice, &cipher.sizes)) {
        cipher.aead = cipher.crypto->aead_new(
            choice, (struct byte_view){.data = KEY, .size = cipher.sizes.encryption_key},
            (struct byte_view){.data = KEY, .size = cipher.sizes.integrity_key});
    }
    return cipher;
}

// A chain of one Vendor ID payload with `size` bytes.
static struct byte_view make_chain(uint8_t buffer[CHAIN_CAPACITY], size_t size, uint8_t *first_type)
{
    struct byte_writer out = writer_into(buffer, CHAIN_CAPACITY);
    struct message_draft draft;
    struct byte_view chain = {.data = NULL};
    payload_chain_begin(&draft, &out, first_type);
    payload_begin(&draft, IKE_PAYLOAD_VENDOR_ID, false);
    writer_put_zeros(&out, size);
    payload_end(&draft);
    ok(writer_finish(&out, &chain), "chain");
    return chain;
}

static void what_was_sealed_is_opened(const struct aead_choice *choice, const char *name)
{
    const struct message_cipher cipher = cipher_of(choice);
    unsigned good = 0;
    for (size_t size = 0; size < 40; size++) {
        uint8_t chain_buffer[CHAIN_CAPACITY];
        uint8_t sealed[CAPACITY];
        uint8_t opened_buffer[CAPACITY];
        uint8_t first_type;
        struct byte_writer chain_out = writer_into(chain_buffer, sizeof(chain_buffer));
        struct byte_writer out = writer_into(sealed, sizeof(sealed));
        struct message_draft draft;
        struct byte_view chain;
        struct byte_view bytes;
        struct message message;
        struct opened_message opened;
        struct wire_fault fault;

        payload_chain_begin(&draft, &chain_out, &first_type);
        payload_begin(&draft, IKE_PAYLOAD_VENDOR_ID, false);
        writer_put_zeros(&chain_out, size);
        payload_end(&draft);
        good += writer_finish(&chain_out, &chain) &&
                        message_seal(&cipher, &HEADER, first_type, chain, size, &out) &&
                        writer_finish(&out, &bytes) && message_read(bytes, &message, &fault) &&
                        message_open(&cipher, &message, opened_buffer, sizeof(opened_buffer),
                                     &opened, &fault) &&
                        opened.is_authentic && opened.inside.count == 1 &&
                        opened.inside.items[0].body.size == size && view_equals(opened.chain, chain)
                    ? 1
                    : 0;
    }
    ok(good == 40, "%s: chains of 40 sizes come back", name);
    cipher.crypto->aead_free(cipher.aead);
}

static void every_bit_counts(const struct aead_choice *choice, const char *name)
{
    const struct message_cipher cipher = cipher_of(choice);
    uint8_t chain_buffer[CHAIN_CAPACITY];
    uint8_t sealed[CAPACITY];
    uint8_t opened_buffer[CAPACITY];
    uint8_t first_type;
    struct byte_writer out = writer_into(sealed, sizeof(sealed));
    const struct byte_view chain = make_chain(chain_buffer, 20, &first_type);
    struct byte_view bytes = {.size = 0};
    unsigned opened_count = 0;

    ok(message_seal(&cipher, &HEADER, first_type, chain, 1, &out) && writer_finish(&out, &bytes),
       "%s: sealed", name);
    for (size_t bit = 0; bit < bytes.size * 8; bit++) {
        struct message message;
        struct opened_message opened = {.is_authentic = false};
        struct wire_fault fault;
        sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (message_read(bytes, &message, &fault) &&
            (message_open(&cipher, &message, opened_buffer, sizeof(opened_buffer), &opened,
                          &fault) ||
             opened.is_authentic)) {
            opened_count++;
        }
        sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    ok(opened_count == 0, "%s: none of %zu changed bits goes unnoticed", name, bytes.size * 8);
    cipher.crypto->aead_free(cipher.aead);
}

static void an_empty_chain_is_a_message_too(void)
{
    static const struct aead_choice GCM = {.encryption = ENCR_AES_GCM_16, .key_bits = 128};
    const struct message_cipher cipher = cipher_of(&GCM);
    uint8_t sealed[CAPACITY];
    uint8_t buffer[CAPACITY];
    struct byte_writer out = writer_into(sealed, sizeof(sealed));
    struct byte_view bytes = {.size = 0};
    struct message message;
    struct opened_message opened;
    struct wire_fault fault;
    ok(message_seal(&cipher, &HEADER, IKE_PAYLOAD_NONE, (struct byte_view){.size = 0}, 3, &out) &&
           writer_finish(&out, &bytes) && bytes.size == 28 + 4 + 8 + 1 + 16,
       "header, SK, IV, pad length, ICV");
    ok(message_read(bytes, &message, &fault) &&
           message_open(&cipher, &message, buffer, sizeof(buffer), &opened, &fault) &&
           opened.inside.count == 0,
       "opens to nothing");
    cipher.crypto->aead_free(cipher.aead);
}

static void what_does_not_fit_is_not_sealed(void)
{
    static const struct aead_choice GCM = {.encryption = ENCR_AES_GCM_16, .key_bits = 128};
    const struct message_cipher cipher = cipher_of(&GCM);
    uint8_t sealed[CAPACITY];
    uint8_t chain_buffer[CHAIN_CAPACITY];
    uint8_t first_type;
    const struct byte_view chain = make_chain(chain_buffer, 30, &first_type);
    const size_t needed = 28 + 4 + 8 + chain.size + 1 + 16;
    unsigned refused = 0;
    for (size_t capacity = 0; capacity < needed; capacity++) {
        struct byte_writer out = writer_into(sealed, capacity);
        refused += !message_seal(&cipher, &HEADER, first_type, chain, 1, &out) && out.used == 0;
    }
    ok(refused == needed, "every buffer that is too small is refused untouched");
    struct byte_writer out = writer_into(sealed, needed);
    ok(message_seal(&cipher, &HEADER, first_type, chain, 1, &out) && out.used == needed,
       "the one that fits exactly is filled");
    cipher.crypto->aead_free(cipher.aead);
}

// Authentic, but nonsense inside.
static void authentic_nonsense_is_told_apart(void)
{
    static const struct aead_choice GCM = {.encryption = ENCR_AES_GCM_16, .key_bits = 128};
    static const uint8_t NONSENSE[] = {9, 9, 9};
    const struct message_cipher cipher = cipher_of(&GCM);
    uint8_t sealed[CAPACITY];
    uint8_t buffer[CAPACITY];
    struct byte_writer out = writer_into(sealed, sizeof(sealed));
    struct byte_view bytes = {.size = 0};
    struct message message;
    struct opened_message opened;
    struct wire_fault fault;
    ok(message_seal(&cipher, &HEADER, IKE_PAYLOAD_NOTIFY, VIEW_OF(NONSENSE), 3, &out) &&
           writer_finish(&out, &bytes) && message_read(bytes, &message, &fault) &&
           !message_open(&cipher, &message, buffer, sizeof(buffer), &opened, &fault) &&
           opened.is_authentic,
       "is authentic and malformed");
    uint8_t short_buffer[8];
    ok(!message_open(&cipher, &message, short_buffer, 3, &opened, &fault) && !opened.is_authentic,
       "a buffer that is too small is refused");
    cipher.crypto->aead_free(cipher.aead);
}

int main(void)
{
    static const struct {
        struct aead_choice choice;
        const char *name;
    } CASES[] = {
        {{.encryption = ENCR_AES_GCM_16, .key_bits = 128},                                   "aes128gcm16"     },
        {{.encryption = ENCR_AES_GCM_16, .key_bits = 256},                                   "aes256gcm16"     },
        {{.encryption = ENCR_CHACHA20_POLY1305, .key_bits = 256},                            "chacha20poly1305"},
        {{.encryption = ENCR_AES_CBC, .key_bits = 128, .integrity = AUTH_HMAC_SHA2_256_128},
         "aes128-sha256"                                                                                       },
        {{.encryption = ENCR_AES_CBC, .key_bits = 256, .integrity = AUTH_HMAC_SHA2_512_256},
         "aes256-sha512"                                                                                       },
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        what_was_sealed_is_opened(&CASES[i].choice, CASES[i].name);
        every_bit_counts(&CASES[i].choice, CASES[i].name);
    }
    an_empty_chain_is_a_message_too();
    what_does_not_fit_is_not_sealed();
    authentic_nonsense_is_told_apart();
    return done_testing();
}
