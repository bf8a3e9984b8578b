// Published ESP packets in both directions, then properties of every cipher.
#include "harness/tap/tap.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/esp/open.h"
#include "refgw/esp/seal.h"
#include "refgw/tests/crypto/hex.h"
#include "refgw/wire/esp_packet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 4096, WINDOW = 64 };

// --- A provider with an IV of the test's choice --------------------------------------------

static uint8_t next_iv[16];
static size_t next_iv_size;

static bool give_next_iv(struct aead *aead, uint64_t counter, uint8_t *out_iv)
{
    (void)aead;
    (void)counter;
    memcpy(out_iv, next_iv, next_iv_size);
    return true;
}

// --- Published packets ---------------------------------------------------------------------

struct vector {
    const char *name;
    struct aead_choice choice;
    const char *key;
    uint32_t spi;
    uint64_t sequence;
    bool has_esn;
    uint8_t next_header;
    const char *iv;
    const char *payload;
    const char *sealed; // ciphertext and, with a combined mode, ICV
};

#define INTEGRITY_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define CBC                                       \
    {                                             \
        ENCR_AES_CBC, 128, AUTH_HMAC_SHA2_256_128 \
    }
#define GCM(bits)                        \
    {                                    \
        ENCR_AES_GCM_16, bits, AUTH_NONE \
    }

static const struct vector vectors[] = {
    {"RFC 3602, case 5",                                          CBC,      "90d382b410eeba7ad938c46cec1a82bf",         0x4321,     1,                  false, 1,
     "e96e8c08ab465763fd098d45dd3ff893",                                                                                                                                              "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f1011121314151617"
     "18191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637",                                                                                                                                  "f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856"
     "a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874a"
     "a269add047ad2d5913ac19b7cfbad4a6"        },
    {"RFC 3602, case 6",                                          CBC,      "90d382b410eeba7ad938c46cec1a82bf",         0x4321,     8,                  false, 1,
     "69d08df7d203329db093fc4924e5bd80",                                                                                                                                              "0800b5e8a80a0500a69c083d0b660e00777777777777777777777777",
     "f51995881ec4e0c4488987ce742e8109689bb379d2d750c0d915dca346a89f75"                                                                                        },
    {"RFC 3602, case 7",                                          CBC,      "0123456789abcdef0123456789abcdef",         0x8765,     2,                  false, 4,
     "f4e765244f6407adf13dc1380f673f37",                                                                                                                                              "45000054090400004001f988c0a87b03c0a87bc808009f76a90a0100b49c083d"
     "02a2040008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
     "2425262728292a2b2c2d2e2f3031323334353637",                                                                                                                                                          "773b5241a4c449225e4f3ce5ed611b0c237ca96cf74a93013c1b0ea1a0cf70f8"
     "e4ecaec78ac53aad7a0f022b859243c647752e94a859352b8a4d4d2decd136e5"
     "c177f132ad3fbfb2201ac9904c74ee0a109e0ca1e4dfe9d5a100b842f1c22f0d"},
    {"RFC 3602, case 8",                                          CBC,      "0123456789abcdef0123456789abcdef",         0x8765,     5,                  false, 4,
     "85d47224b5f3dd5d2101d4ea8dffab22",                                                                                                                                              "45000044090c00004001f990c0a87b03c0a87bc80800d63caa0a0200c69c083d"
     "a3de0300ffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
     "ffffffff",                                                                                                                                                                                          "15b92683819596a8047232cc00f7048fe45318e11f8a0f62ede3c3fc61203bb5"
     "0f980a08c9843fd3a1b06d5c07ff9639b7eb7dfb3512e5de435e7207ed971ef3"
     "d2726d9b5ef6affc6d17a0decbb13892"                                                                },
    {"RFC 7634, appendix A",
     {ENCR_CHACHA20_POLY1305, 256, AUTH_NONE},
     "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3",                                        0x01020304,
     5,                                                                                                                                                 false,
     4,                                                                                                                                                           "1011121314151617",
     "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec10"
     "0007362708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223"
     "2425262728292a2b2c2d2e2f3031323334353637",                                                                                                                                                                                                  "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c6"
     "14ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9befe2facc638e8f3"
     "cbec163fac469b502773f6fb94e664da9165b82829f641e0"
     "76aaa8266b7fb0f7b11b369907e1ad43"                                                                        },
    {"draft-mcgrew-gcm-test, 128 bits, extended numbers",         GCM(128),
     "4c80cdefbb5d10da906ac73c3613a6342e443b68",                                                                        0x4321,     0x8765432100000000, true,  1,
     "4956ed7e3b244cfe",                                                                                                                                                              "45000048699a000080114db7c0a80102c0a801010a9bf15638d3010000010000"
     "00000000045f736970045f756470037369700963796265726369747902646b00"
     "00210001",                                                                                                                                                                                                          "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34"
     "cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce"
     "61bc17d768fd9732459018148f6cbe722fd04796562dfdb4"                                                                },
    {"draft-mcgrew-gcm-test, 128 bits",                           GCM(128), "feffe9928665731c6d6a8f9467308308cafebabe",
     0xa5f8,                                                                                                                        10,                 false, 1, "facedbaddecaf888",
     "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d00100"
     "0001000000000000037369700963796265726369747902646b0000010001",                                                                                                                                                                              "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c"
     "3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1"
     "83b70d3aa8bc6ee4c309e9d85a41ad4a"                                                    },
    {"draft-mcgrew-gcm-test, 192 bits",                           GCM(192),
     "feffe9928665731c6d6a8f9467308308feffe9928665731ccafebabe",                                                        0xa5f8,     10,                 false, 1,
     "facedbaddecaf888",                                                                                                                                                              "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e"
     "501016d07568",                                                                                                                                                                                                      "a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0"
     "315b27452144cc7795457b9652037f5318027b5b4cd7a636"                                                            },
    {"draft-mcgrew-gcm-test, 256 bits",                           GCM(256),
     "abbccddef00112233445566778899aababbccddef00112233445566778899aab11223344",                                        0x4a2cbfe3, 2,
     false,                                                                                                                                                    1, "0102030405060708",
     "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee000000000"
     "7002400020bf0000020405b401010402",                                                                                                                                                                                                          "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763"
     "748a637985771d347f0545659f14e99def842d8e"
     "b335f4eecfdbf831824b4c4915956c96"                                                                                },
    {"draft-mcgrew-gcm-test, 256 bits, the last extended number", GCM(256),
     "6c6567616c697a656d6172696a75616e61616e64646f69746265666f726569617475726e",                                        0x796b6963,
     UINT64_MAX,                                                                                                                                        true,  1, "333021696765746d",
     "45000030da3a00008001df3bc0a80005c0a800010800c6cd0200070061626364"
     "65666768696a6b6c6d6e6f7071727374",                                                                                                                                                                                                          "f97ab2aa356d8edce17644ac8c78e25dd24dedbb29ebf1b64a274b39b49c3a86"
     "4cd3d78ca4ae68a32b42458fb57dbe821dcc63b9"
     "d0937ba2945f669368661a329fb4c053"                                                                                },
};

static void put_in_the_middle(struct packet *packet, uint8_t *buffer, size_t capacity,
                              struct byte_view bytes)
{
    *packet = (struct packet){.buffer = buffer,
                              .capacity = capacity,
                              .data = buffer + PACKET_HEADROOM,
                              .size = bytes.size};
    if (bytes.size > 0) {
        memcpy(packet->data, bytes.data, bytes.size);
    }
}

// The whole packet as it stands on the wire. RFC 3602 has no ICV: then the test makes it.
static struct hex_bytes whole_packet(const struct vector *vector)
{
    struct hex_bytes packet = {.size = 8};
    const struct hex_bytes iv = hex(vector->iv);
    const struct hex_bytes sealed = hex(vector->sealed);
    struct byte_writer front = writer_into(packet.bytes, 8);
    writer_put_u32(&front, vector->spi);
    writer_put_u32(&front, (uint32_t)vector->sequence);
    memcpy(packet.bytes + packet.size, iv.bytes, iv.size);
    packet.size += iv.size;
    memcpy(packet.bytes + packet.size, sealed.bytes, sealed.size);
    packet.size += sealed.size;
    if (vector->choice.integrity != AUTH_NONE) {
        const struct hex_bytes key = hex(INTEGRITY_KEY);
        const struct byte_view part = hex_view(&packet);
        if (!openssl_provider()->prf(PRF_HMAC_SHA2_256, hex_view(&key), &part, 1,
                                     packet.bytes + packet.size)) {
            abort();
        }
        packet.size += 16;
    }
    return packet;
}

static struct hex_bytes integrity_key_of(const struct vector *vector)
{
    return hex(vector->choice.integrity == AUTH_NONE ? "" : INTEGRITY_KEY);
}

static void seals_as_published(const struct vector *vector)
{
    struct crypto_provider crypto = *openssl_provider();
    crypto.aead_make_iv = give_next_iv;
    const struct hex_bytes key = hex(vector->key);
    const struct hex_bytes integrity_key = integrity_key_of(vector);
    const struct hex_bytes iv = hex(vector->iv);
    const struct hex_bytes payload = hex(vector->payload);
    const struct hex_bytes wanted = whole_packet(vector);
    struct outbound_sa sa;
    struct packet packet;
    uint8_t buffer[ROOM];

    memcpy(next_iv, iv.bytes, iv.size);
    next_iv_size = iv.size;
    put_in_the_middle(&packet, buffer, sizeof(buffer), hex_view(&payload));
    if (!ok(outbound_sa_init(&sa, &crypto, &vector->choice, hex_view(&key),
                             hex_view(&integrity_key)),
            "%s: an SA to send with", vector->name)) {
        return;
    }
    sa.spi = vector->spi;
    outbound_sequence_init(&sa.sequence, vector->has_esn);
    sa.sequence.last = vector->sequence - 1;
    ok(esp_seal(&sa, vector->next_header, &packet) == PACKET_PASSED, "%s: is sealed", vector->name);
    is_bytes(packet.data, packet.size, wanted.bytes, wanted.size, "%s: every byte", vector->name);
    outbound_sa_clear(&sa);
}

static void opens_as_published(const struct vector *vector)
{
    const struct hex_bytes key = hex(vector->key);
    const struct hex_bytes integrity_key = integrity_key_of(vector);
    const struct hex_bytes payload = hex(vector->payload);
    const struct hex_bytes sealed = whole_packet(vector);
    const struct inbound_parameters parameters = {WINDOW, vector->has_esn};
    struct inbound_sa sa;
    struct packet packet;
    uint8_t buffer[ROOM];
    uint8_t next_header = 0;

    put_in_the_middle(&packet, buffer, sizeof(buffer), hex_view(&sealed));
    if (!ok(inbound_sa_init(&sa, openssl_provider(), &vector->choice, hex_view(&key),
                            hex_view(&integrity_key), &parameters),
            "%s: an SA to receive with", vector->name)) {
        return;
    }
    sa.window.top = vector->has_esn ? vector->sequence - 3 : 0;
    ok(esp_open(&sa, &packet, &next_header) == PACKET_PASSED, "%s: is opened", vector->name);
    is_bytes(packet.data, packet.size, payload.bytes, payload.size, "%s: the payload",
             vector->name);
    ok(next_header == vector->next_header && sa.window.top == vector->sequence,
       "%s: next header and number", vector->name);
    inbound_sa_clear(&sa);
}

// --- Every cipher --------------------------------------------------------------------------

static const struct aead_choice choices[] = {
    {ENCR_AES_GCM_8,         128, AUTH_NONE             },
    {ENCR_AES_GCM_12,        192, AUTH_NONE             },
    {ENCR_AES_GCM_16,        128, AUTH_NONE             },
    {ENCR_AES_GCM_16,        256, AUTH_NONE             },
    {ENCR_AES_CCM_8,         128, AUTH_NONE             },
    {ENCR_AES_CCM_12,        128, AUTH_NONE             },
    {ENCR_AES_CCM_16,        256, AUTH_NONE             },
    {ENCR_CHACHA20_POLY1305, 256, AUTH_NONE             },
    {ENCR_AES_CBC,           128, AUTH_HMAC_SHA2_256_128},
    {ENCR_AES_CBC,           256, AUTH_HMAC_SHA2_512_256},
    {ENCR_AES_CBC,           192, AUTH_AES_XCBC_96      },
    {ENCR_AES_CTR,           128, AUTH_HMAC_SHA2_384_192},
    {ENCR_AES_CTR,           256, AUTH_AES_CMAC_96      },
    {ENCR_NULL,              0,   AUTH_HMAC_SHA2_256_128},
    {ENCR_NULL,              0,   AUTH_AES_XCBC_96      },
};
enum { CHOICE_COUNT = sizeof(choices) / sizeof(choices[0]) };

// Both ends of one SA.
struct ends {
    struct outbound_sa out;
    struct inbound_sa in;
    uint8_t buffer[ROOM];
    struct packet packet;
};

static void open_ends(struct ends *ends, const struct aead_choice *choice, bool has_esn)
{
    static const uint8_t key[80] = {1, 2, 3, 4, 5};
    const struct inbound_parameters parameters = {WINDOW, has_esn};
    struct aead_sizes sizes;
    memset(ends, 0, sizeof(*ends));
    if (!openssl_provider()->aead_sizes(choice, &sizes) ||
        !outbound_sa_init(&ends->out, openssl_provider(), choice,
                          (struct byte_view){key, sizes.encryption_key},
                          (struct byte_view){key, sizes.integrity_key}) ||
        !inbound_sa_init(&ends->in, openssl_provider(), choice,
                         (struct byte_view){key, sizes.encryption_key},
                         (struct byte_view){key, sizes.integrity_key}, &parameters)) {
        abort();
    }
    ends->out.spi = 0x11223344;
    ends->in.spi = 0x11223344;
    outbound_sequence_init(&ends->out.sequence, has_esn);
}

static void close_ends(struct ends *ends)
{
    outbound_sa_clear(&ends->out);
    inbound_sa_clear(&ends->in);
}

static uint8_t payload_byte(size_t i)
{
    return (uint8_t)(7 * i + i / 251 + 1);
}

static void put_payload(struct ends *ends, size_t size)
{
    uint8_t payload[ROOM];
    for (size_t i = 0; i < size; i++) {
        payload[i] = payload_byte(i);
    }
    put_in_the_middle(&ends->packet, ends->buffer, sizeof(ends->buffer),
                      (struct byte_view){payload, size});
}

static bool has_payload(const struct packet *packet, size_t size)
{
    bool same = packet->size == size;
    for (size_t i = 0; same && i < size; i++) {
        same = packet->data[i] == payload_byte(i);
    }
    return same;
}

static bool carries(struct ends *ends, size_t size)
{
    uint8_t next_header = 0;
    put_payload(ends, size);
    const size_t block = ends->out.sizes.block > 4 ? ends->out.sizes.block : 4;
    const enum packet_verdict sealed = esp_seal(&ends->out, 41, &ends->packet);
    const size_t text = ends->packet.size - 8 - ends->out.sizes.iv - ends->out.sizes.icv;
    return sealed == PACKET_PASSED && text % block == 0 && text >= size + 2 &&
           text < size + 2 + block &&
           esp_open(&ends->in, &ends->packet, &next_header) == PACKET_PASSED && next_header == 41 &&
           has_payload(&ends->packet, size);
}

static bool carries_all_sizes(const struct aead_choice *choice, bool has_esn)
{
    struct ends ends;
    bool all = true;
    open_ends(&ends, choice, has_esn);
    for (size_t size = 0; size <= 1500; size += size < 100 ? 1 : 61) {
        all = all && carries(&ends, size);
    }
    close_ends(&ends);
    return all;
}

static void carries_payloads_of_all_sizes(void)
{
    for (size_t i = 0; i < CHOICE_COUNT; i++) {
        ok(carries_all_sizes(&choices[i], false) && carries_all_sizes(&choices[i], true),
           "cipher %d/%u/%d carries payloads of all sizes", (int)choices[i].encryption,
           choices[i].key_bits, (int)choices[i].integrity);
    }
}

static void goes_over_the_edge_of_32_bits(void)
{
    for (size_t i = 0; i < CHOICE_COUNT; i++) {
        struct ends ends;
        bool all = true;
        open_ends(&ends, &choices[i], true);
        ends.out.sequence.last = 0xfffffff0;
        ends.in.window.top = 0xfffffff0;
        for (unsigned k = 0; k < 40; k++) {
            all = all && carries(&ends, 64);
        }
        ok(all && ends.in.window.top == 0x100000018, "cipher %d/%u/%d goes on after 2^32 packets",
           (int)choices[i].encryption, choices[i].key_bits, (int)choices[i].integrity);
        // The high half is authenticated: a receiver that is 2^32 behind cannot open.
        uint8_t next_header = 0;
        ends.in.window.top = 0;
        put_payload(&ends, 64);
        ok(esp_seal(&ends.out, 4, &ends.packet) == PACKET_PASSED &&
               esp_open(&ends.in, &ends.packet, &next_header) == PACKET_NOT_AUTHENTIC,
           "and authenticates the half that is not sent");
        close_ends(&ends);
    }
}

// Whether a stretch of the payload can be read in what is left of the packet.
static bool shows_payload(const struct packet *packet)
{
    uint8_t start[16];
    for (size_t i = 0; i < sizeof(start); i++) {
        start[i] = payload_byte(40 + i);
    }
    return memmem(packet->buffer, packet->capacity, start, sizeof(start)) != NULL;
}

static bool notices_every_change(const struct aead_choice *choice, bool has_esn)
{
    uint8_t kept[ROOM];
    uint8_t next_header = 99;
    struct ends ends;
    open_ends(&ends, choice, has_esn);
    ends.out.sequence.last = 4;
    put_payload(&ends, 120);
    bool passed = esp_seal(&ends.out, 4, &ends.packet) == PACKET_PASSED;
    const struct packet sealed = ends.packet;
    memcpy(kept, ends.buffer, sizeof(kept));

    for (size_t i = 0; passed && i < 8 * sealed.size; i++) {
        ends.packet = sealed;
        memcpy(ends.buffer, kept, sizeof(kept));
        ends.packet.data[i / 8] ^= (uint8_t)(1U << (i % 8));
        const enum packet_verdict verdict = esp_open(&ends.in, &ends.packet, &next_header);
        passed = verdict == PACKET_NOT_AUTHENTIC && ends.packet.data == sealed.data &&
                 ends.packet.size == sealed.size && next_header == 99 && ends.in.window.top == 0 &&
                 (choice->encryption == ENCR_NULL || !shows_payload(&ends.packet));
    }
    ends.packet = sealed;
    memcpy(ends.buffer, kept, sizeof(kept));
    passed = passed && esp_open(&ends.in, &ends.packet, &next_header) == PACKET_PASSED &&
             has_payload(&ends.packet, 120);
    ends.packet = sealed;
    memcpy(ends.buffer, kept, sizeof(kept));
    passed = passed && esp_open(&ends.in, &ends.packet, &next_header) == PACKET_REPLAYED &&
             memcmp(ends.buffer, kept, sizeof(kept)) == 0;
    close_ends(&ends);
    return passed;
}

static void opens_nothing_that_was_changed(void)
{
    for (size_t i = 0; i < CHOICE_COUNT; i++) {
        ok(notices_every_change(&choices[i], false) && notices_every_change(&choices[i], true),
           "cipher %d/%u/%d notices every bit, shows no plaintext, opens the original once",
           (int)choices[i].encryption, choices[i].key_bits, (int)choices[i].integrity);
    }
}

// Offers the first bytes of a sealed packet, in a buffer that ends where they end.
static bool rejects_start(struct ends *ends, size_t size)
{
    uint8_t next_header = 99;
    uint8_t *buffer = malloc(size > 0 ? size : 1);
    if (buffer == NULL) {
        abort();
    }
    memcpy(buffer, ends->packet.data, size);
    struct packet packet = {.buffer = buffer, .capacity = size, .data = buffer, .size = size};
    const enum packet_verdict verdict = esp_open(&ends->in, &packet, &next_header);
    free(buffer);
    return (verdict == PACKET_MALFORMED || verdict == PACKET_NOT_AUTHENTIC) &&
           packet.size == size && next_header == 99;
}

static void opens_nothing_that_was_cut_short(void)
{
    for (size_t i = 0; i < CHOICE_COUNT; i++) {
        struct ends ends;
        open_ends(&ends, &choices[i], false);
        put_payload(&ends, 60);
        bool all = esp_seal(&ends.out, 4, &ends.packet) == PACKET_PASSED;
        for (size_t size = 0; size < ends.packet.size; size++) {
            all = all && rejects_start(&ends, size);
        }
        ok(all && ends.in.window.top == 0, "cipher %d/%u/%d opens no shortened packet",
           (int)choices[i].encryption, choices[i].key_bits, (int)choices[i].integrity);
        close_ends(&ends);
    }
}

// --- What a sender who knows the keys can still get wrong ----------------------------------

// Seals a text with a trailer of the test's own making.
static void seal_text(struct ends *ends, const char *text_hex)
{
    const struct hex_bytes text = hex(text_hex);
    uint64_t sequence;
    struct esp_authenticated fields;
    if (!outbound_sequence_next(&ends->out.sequence, &sequence)) {
        abort();
    }
    put_in_the_middle(&ends->packet, ends->buffer, sizeof(ends->buffer), hex_view(&text));
    ends->packet.data -= 16;
    ends->packet.size += 32;
    struct byte_writer front = writer_into(ends->packet.data, 8);
    writer_put_u32(&front, ends->out.spi);
    writer_put_u32(&front, (uint32_t)sequence);
    esp_authenticated_fields(ends->out.spi, sequence, false, false, &fields);
    const struct aead_job job = {
        .associated = {fields.associated,     fields.associated_size},
        .iv = {ends->packet.data + 8, 8                     },
        .text = ends->packet.data + 16,
        .text_size = text.size,
        .icv = ends->packet.data + 16 + text.size,
    };
    if (!openssl_provider()->aead_make_iv(ends->out.aead, sequence, ends->packet.data + 8) ||
        !openssl_provider()->aead_seal(ends->out.aead, &job)) {
        abort();
    }
}

static void judges_texts_after_authenticating_them(void)
{
    struct text_row {
        const char *what;
        const char *text;
        enum packet_verdict verdict;
    };
    static const struct text_row rows[] = {
        {"padding 1, 2",               "aabbccdd 01020204", PACKET_PASSED   },
        {"no padding",                 "aabbccddeeff 0004", PACKET_PASSED   },
        {"nothing but a trailer",      "01020204",          PACKET_PASSED   },
        {"padding 0, 0",               "aabbccdd 00000204", PACKET_MALFORMED},
        {"padding 2, 1",               "aabbccdd 02010204", PACKET_MALFORMED},
        {"more padding than text",     "aabbccdd 01020704", PACKET_MALFORMED},
        {"as much padding as text",    "010203040506 0604", PACKET_PASSED   },
        {"255 of padding",             "aabbccdd 0102ff04", PACKET_MALFORMED},
        {"a dummy",                    "aabbccdd 0102023b", PACKET_DUMMY    },
        {"a dummy without content",    "0102023b",          PACKET_DUMMY    },
        {"a dummy with wrong padding", "aabbccdd 0909023b", PACKET_MALFORMED},
    };
    const struct aead_choice gcm = {ENCR_AES_GCM_16, 128, AUTH_NONE};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ends ends;
        uint8_t next_header = 99;
        open_ends(&ends, &gcm, false);
        seal_text(&ends, rows[i].text);
        const struct packet sealed = ends.packet;
        const enum packet_verdict verdict = esp_open(&ends.in, &ends.packet, &next_header);
        ok(verdict == rows[i].verdict, "%s: %s", rows[i].what, packet_verdict_name(verdict));
        ok(verdict == PACKET_PASSED ? next_header == 4
                                    : next_header == 99 && ends.packet.data == sealed.data &&
                                          ends.packet.size == sealed.size,
           "%s: changes the packet only when it passes", rows[i].what);
        ok(ends.in.window.top == 1, "%s: counts as received", rows[i].what);
        close_ends(&ends);
    }
}

static void rejects_texts_that_do_not_end_on_a_word(void)
{
    const struct aead_choice gcm = {ENCR_AES_GCM_16, 128, AUTH_NONE};
    struct ends ends;
    uint8_t next_header = 99;
    open_ends(&ends, &gcm, false);
    seal_text(&ends, "aabbcc 01020204");
    ok(esp_open(&ends.in, &ends.packet, &next_header) == PACKET_MALFORMED,
       "7 bytes of text are malformed, though authentic");
    close_ends(&ends);
}

// --- Limits --------------------------------------------------------------------------------

// Seals 100 bytes with this much room around them.
static bool seals_in_room(struct ends *ends, size_t front, size_t behind, bool has_room)
{
    const size_t capacity = front + 100 + behind;
    const uint64_t last = ends->out.sequence.last;
    uint8_t *buffer = calloc(1, capacity);
    if (buffer == NULL) {
        abort();
    }
    struct packet packet = {
        .buffer = buffer, .capacity = capacity, .data = buffer + front, .size = 100};
    const enum packet_verdict verdict = esp_seal(&ends->out, 4, &packet);
    const bool is_sealed = verdict == PACKET_PASSED && packet.data == buffer &&
                           packet.size == capacity && ends->out.sequence.last == last + 1;
    const bool is_untouched = verdict == PACKET_MALFORMED && packet.data == buffer + front &&
                              packet.size == 100 && ends->out.sequence.last == last;
    free(buffer);
    return has_room ? is_sealed : is_untouched;
}

static void seals_only_what_has_room(void)
{
    for (size_t i = 0; i < CHOICE_COUNT; i++) {
        struct ends ends;
        open_ends(&ends, &choices[i], false);
        const size_t front = 8 + ends.out.sizes.iv;
        const size_t block = ends.out.sizes.block > 4 ? ends.out.sizes.block : 4;
        const size_t behind = esp_padding_size(100, block) + 2 + ends.out.sizes.icv;
        ok(seals_in_room(&ends, front - 1, behind, false) &&
               seals_in_room(&ends, front, behind - 1, false) &&
               seals_in_room(&ends, front, behind, true),
           "cipher %d/%u/%d seals only what has room", (int)choices[i].encryption,
           choices[i].key_bits, (int)choices[i].integrity);
        ok(front <= PACKET_HEADROOM && 255 + 2 + ends.out.sizes.icv <= PACKET_TAILROOM,
           "and fits into the room that packets promise");
        close_ends(&ends);
    }
}

static void stops_when_the_numbers_are_used_up(void)
{
    const struct aead_choice gcm = {ENCR_AES_GCM_16, 128, AUTH_NONE};
    struct ends ends;
    open_ends(&ends, &gcm, false);
    ends.out.sequence.last = UINT32_MAX - 1;
    put_payload(&ends, 20);
    ok(esp_seal(&ends.out, 4, &ends.packet) == PACKET_PASSED, "2^32 - 1 is sent");
    put_payload(&ends, 20);
    const struct packet before = ends.packet;
    ok(esp_seal(&ends.out, 4, &ends.packet) == PACKET_SEQUENCE_EXHAUSTED &&
           ends.packet.data == before.data && ends.packet.size == before.size &&
           has_payload(&ends.packet, 20),
       "nothing is sent after it, and the packet is untouched");
    close_ends(&ends);
}

enum { IV_COUNT = 500 };

static bool is_new(uint8_t ivs[IV_COUNT][16], size_t index, size_t size)
{
    bool is_unique = true;
    for (size_t earlier = 0; size > 0 && earlier < index; earlier++) {
        is_unique = is_unique && memcmp(ivs[index], ivs[earlier], size) != 0;
    }
    return is_unique;
}

static void never_repeats_an_iv(void)
{
    for (size_t i = 0; i < CHOICE_COUNT; i++) {
        static uint8_t ivs[IV_COUNT][16];
        struct ends ends;
        bool is_unique = true;
        open_ends(&ends, &choices[i], false);
        for (size_t k = 0; k < IV_COUNT; k++) {
            put_payload(&ends, 16);
            is_unique = is_unique && esp_seal(&ends.out, 4, &ends.packet) == PACKET_PASSED;
            memcpy(ivs[k], ends.packet.data + 8, ends.out.sizes.iv);
            is_unique = is_unique && is_new(ivs, k, ends.out.sizes.iv);
        }
        ok(is_unique, "cipher %d/%u/%d never repeats an IV", (int)choices[i].encryption,
           choices[i].key_bits, (int)choices[i].integrity);
        close_ends(&ends);
    }
}

static void refuses_keys_that_do_not_fit(void)
{
    static const uint8_t key[64];
    const struct aead_choice gcm = {ENCR_AES_GCM_16, 128, AUTH_NONE};
    const struct aead_choice none = {ENCR_NULL, 0, AUTH_NONE};
    const struct inbound_parameters fine = {WINDOW, false};
    const struct inbound_parameters large = {REPLAY_WINDOW_MOST + 1, false};
    const struct byte_view empty = {NULL, 0};
    struct outbound_sa out = {.spi = 5};
    struct inbound_sa in = {.spi = 5};
    ok(!outbound_sa_init(&out, openssl_provider(), &gcm, (struct byte_view){key, 16}, empty) &&
           !outbound_sa_init(&out, openssl_provider(), &none, empty, empty) && out.spi == 5,
       "no SA to send with comes from wrong keys or no protection");
    ok(!inbound_sa_init(&in, openssl_provider(), &gcm, (struct byte_view){key, 16}, empty, &fine) &&
           !inbound_sa_init(&in, openssl_provider(), &none, empty, empty, &fine) &&
           !inbound_sa_init(&in, openssl_provider(), &gcm, (struct byte_view){key, 20}, empty,
                            &large) &&
           in.spi == 5,
       "no SA to receive with comes from wrong keys, no protection or a huge window");
}

int main(void)
{
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        seals_as_published(&vectors[i]);
        opens_as_published(&vectors[i]);
    }
    carries_payloads_of_all_sizes();
    goes_over_the_edge_of_32_bits();
    opens_nothing_that_was_changed();
    opens_nothing_that_was_cut_short();
    judges_texts_after_authenticating_them();
    rejects_texts_that_do_not_end_on_a_word();
    seals_only_what_has_room();
    stops_when_the_numbers_are_used_up();
    never_repeats_an_iv();
    refuses_keys_that_do_not_fit();
    return done_testing();
}
