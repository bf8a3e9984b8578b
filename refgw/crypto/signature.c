#include "refgw/crypto/signature.h"

enum algorithm_family { FAMILY_FIXED, FAMILY_PSS, FAMILY_RAW };

struct scheme_row {
    enum algorithm_family family;
    enum signature_hash hash;
    uint8_t last;     // of the algorithm's object identifier, FAMILY_FIXED
    bool is_elliptic; // ecdsa-with-*, FAMILY_FIXED
};

static const struct scheme_row ROWS[SIGNATURE_SCHEME_COUNT] = {
    [SIGNATURE_RSA_PKCS1_SHA256] = {FAMILY_FIXED, SIGNATURE_HASH_SHA2_256, 11,  false},
    [SIGNATURE_RSA_PKCS1_SHA384] = {FAMILY_FIXED, SIGNATURE_HASH_SHA2_384, 12,  false},
    [SIGNATURE_RSA_PKCS1_SHA512] = {FAMILY_FIXED, SIGNATURE_HASH_SHA2_512, 13,  false},
    [SIGNATURE_RSA_PSS_SHA256] = {FAMILY_PSS,   SIGNATURE_HASH_SHA2_256, 0,   false},
    [SIGNATURE_RSA_PSS_SHA384] = {FAMILY_PSS,   SIGNATURE_HASH_SHA2_384, 0,   false},
    [SIGNATURE_RSA_PSS_SHA512] = {FAMILY_PSS,   SIGNATURE_HASH_SHA2_512, 0,   false},
    [SIGNATURE_ECDSA_SHA256] = {FAMILY_FIXED, SIGNATURE_HASH_SHA2_256, 2,   true },
    [SIGNATURE_ECDSA_SHA384] = {FAMILY_FIXED, SIGNATURE_HASH_SHA2_384, 3,   true },
    [SIGNATURE_ECDSA_SHA512] = {FAMILY_FIXED, SIGNATURE_HASH_SHA2_512, 4,   true },
    [SIGNATURE_P256_RAW] = {FAMILY_RAW,   SIGNATURE_HASH_SHA2_256, 0,   true },
    [SIGNATURE_P384_RAW] = {FAMILY_RAW,   SIGNATURE_HASH_SHA2_384, 0,   true },
    [SIGNATURE_P521_RAW] = {FAMILY_RAW,   SIGNATURE_HASH_SHA2_512, 0,   true },
    [SIGNATURE_ED25519] = {FAMILY_FIXED, SIGNATURE_HASH_IDENTITY, 112, false},
    [SIGNATURE_ED448] = {FAMILY_FIXED, SIGNATURE_HASH_IDENTITY, 113, false},
};

void private_key_free(struct private_key *key)
{
    if (key != NULL) {
        key->methods->release(key);
    }
}

void public_key_free(struct public_key *key)
{
    if (key != NULL) {
        key->methods->release(key);
    }
}

enum signature_hash signature_scheme_hash(enum signature_scheme scheme)
{
    return ROWS[scheme].hash;
}

bool signature_scheme_fits(enum signature_scheme scheme, enum signature_key_kind kind)
{
    const bool is_rsa = scheme >= SIGNATURE_RSA_PKCS1_SHA256 && scheme <= SIGNATURE_RSA_PSS_SHA512;
    const bool is_der = scheme >= SIGNATURE_ECDSA_SHA256 && scheme <= SIGNATURE_ECDSA_SHA512;
    switch (kind) {
    case KEY_RSA:
        return is_rsa;
    case KEY_P256:
        return is_der || scheme == SIGNATURE_P256_RAW;
    case KEY_P384:
        return is_der || scheme == SIGNATURE_P384_RAW;
    case KEY_P521:
        return is_der || scheme == SIGNATURE_P521_RAW;
    case KEY_ED25519:
        return scheme == SIGNATURE_ED25519;
    case KEY_ED448:
        return scheme == SIGNATURE_ED448;
    }
    return false;
}

// In the order of preference.
static const enum signature_scheme *candidates(enum signature_key_kind kind, bool prefers_pkcs1)
{
    static const enum signature_scheme pss[] = {SIGNATURE_RSA_PSS_SHA256, SIGNATURE_RSA_PSS_SHA384,
                                                SIGNATURE_RSA_PSS_SHA512, SIGNATURE_NONE};
    static const enum signature_scheme pkcs1[] = {SIGNATURE_RSA_PKCS1_SHA256,
                                                  SIGNATURE_RSA_PKCS1_SHA384,
                                                  SIGNATURE_RSA_PKCS1_SHA512, SIGNATURE_NONE};
    static const enum signature_scheme p256[] = {SIGNATURE_ECDSA_SHA256, SIGNATURE_ECDSA_SHA384,
                                                 SIGNATURE_ECDSA_SHA512, SIGNATURE_NONE};
    static const enum signature_scheme p384[] = {SIGNATURE_ECDSA_SHA384, SIGNATURE_ECDSA_SHA512,
                                                 SIGNATURE_ECDSA_SHA256, SIGNATURE_NONE};
    static const enum signature_scheme p521[] = {SIGNATURE_ECDSA_SHA512, SIGNATURE_ECDSA_SHA384,
                                                 SIGNATURE_ECDSA_SHA256, SIGNATURE_NONE};
    static const enum signature_scheme ed25519[] = {SIGNATURE_ED25519, SIGNATURE_NONE};
    static const enum signature_scheme ed448[] = {SIGNATURE_ED448, SIGNATURE_NONE};
    switch (kind) {
    case KEY_RSA:
        return prefers_pkcs1 ? pkcs1 : pss;
    case KEY_P256:
        return p256;
    case KEY_P384:
        return p384;
    case KEY_P521:
        return p521;
    case KEY_ED25519:
        return ed25519;
    case KEY_ED448:
        break;
    }
    return ed448;
}

enum signature_scheme signature_scheme_choose(enum signature_key_kind kind, uint32_t peer_hashes,
                                              bool prefers_pkcs1)
{
    const enum signature_scheme *next = candidates(kind, prefers_pkcs1);
    while (*next != SIGNATURE_NONE && (peer_hashes & (1u << (unsigned)ROWS[*next].hash)) == 0) {
        next++;
    }
    return *next;
}

enum signature_scheme signature_scheme_of_method(uint8_t method)
{
    switch (method) {
    case AUTH_METHOD_ECDSA_SHA256_P256:
        return SIGNATURE_P256_RAW;
    case AUTH_METHOD_ECDSA_SHA384_P384:
        return SIGNATURE_P384_RAW;
    case AUTH_METHOD_ECDSA_SHA512_P521:
        return SIGNATURE_P521_RAW;
    default:
        return SIGNATURE_NONE;
    }
}

uint8_t signature_method_of_kind(enum signature_key_kind kind)
{
    return kind == KEY_P256   ? AUTH_METHOD_ECDSA_SHA256_P256
           : kind == KEY_P384 ? AUTH_METHOD_ECDSA_SHA384_P384
           : kind == KEY_P521 ? AUTH_METHOD_ECDSA_SHA512_P521
                              : 0;
}

// --- AlgorithmIdentifier ------------------------------------------------------------------

enum { DER_INTEGER = 2, DER_NULL = 5, DER_OBJECT = 6, DER_SEQUENCE = 0x30, DER_TAGGED = 0xa0 };

// RFC 7427 shows trailerField although DER leaves out a default; hashes come with a NULL or
// without parameters (RFC 4055, section 2.1). All four forms mean the same.
struct pss_form {
    bool has_null;
    bool has_trailer;
};

static void put_object(struct byte_writer *out, struct byte_view prefix, uint8_t last)
{
    writer_put_u8(out, DER_OBJECT);
    writer_put_u8(out, (uint8_t)(prefix.size + 1));
    writer_put_bytes(out, prefix);
    writer_put_u8(out, last);
}

static void put_null(struct byte_writer *out)
{
    writer_put_u8(out, DER_NULL);
    writer_put_u8(out, 0);
}

// Lengths here are all under 128.
static size_t begin(struct byte_writer *out, uint8_t tag)
{
    writer_put_u8(out, tag);
    writer_put_u8(out, 0);
    return out->used;
}

static void end(struct byte_writer *out, size_t start)
{
    if (!out->overflowed) {
        writer_fill_u8(out, start - 1, (uint8_t)(out->used - start));
    }
}

static const uint8_t PKCS1[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01};
static const uint8_t ECDSA_WITH_SHA2[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03};
static const uint8_t EDWARDS[] = {0x2b, 0x65};
static const uint8_t SHA2[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02};

static void put_fixed(const struct scheme_row *row, struct byte_writer *out)
{
    const size_t start = begin(out, DER_SEQUENCE);
    if (row->hash == SIGNATURE_HASH_IDENTITY) {
        put_object(out, VIEW_OF(EDWARDS), row->last);
    } else if (row->is_elliptic) {
        put_object(out, VIEW_OF(ECDSA_WITH_SHA2), row->last);
    } else {
        put_object(out, VIEW_OF(PKCS1), row->last);
        put_null(out);
    }
    end(out, start);
}

static void put_hash(enum signature_hash hash, bool has_null, struct byte_writer *out)
{
    const size_t start = begin(out, DER_SEQUENCE);
    // id-sha256 ends in 1, id-sha384 in 2, id-sha512 in 3.
    put_object(out, VIEW_OF(SHA2), (uint8_t)(hash - SIGNATURE_HASH_SHA2_256 + 1));
    if (has_null) {
        put_null(out);
    }
    end(out, start);
}

static void put_number(uint8_t tag, uint8_t number, struct byte_writer *out)
{
    const size_t start = begin(out, tag);
    writer_put_u8(out, DER_INTEGER);
    writer_put_u8(out, 1);
    writer_put_u8(out, number);
    end(out, start);
}

static void put_pss(enum signature_hash hash, struct pss_form form, struct byte_writer *out)
{
    enum { ID_RSASSA_PSS = 10, ID_MGF1 = 8, HASH_STEP = 16 };
    const size_t outer = begin(out, DER_SEQUENCE);
    put_object(out, VIEW_OF(PKCS1), ID_RSASSA_PSS);
    const size_t parameters = begin(out, DER_SEQUENCE);
    const size_t tag0 = begin(out, DER_TAGGED);
    put_hash(hash, form.has_null, out);
    end(out, tag0);
    const size_t tag1 = begin(out, DER_TAGGED + 1);
    const size_t mask = begin(out, DER_SEQUENCE);
    put_object(out, VIEW_OF(PKCS1), ID_MGF1);
    put_hash(hash, form.has_null, out);
    end(out, mask);
    end(out, tag1);
    put_number(DER_TAGGED + 2, (uint8_t)((unsigned)hash * HASH_STEP), out); // 32, 48, 64
    if (form.has_trailer) {
        put_number(DER_TAGGED + 3, 1, out);
    }
    end(out, parameters);
    end(out, outer);
}

static void put_form(enum signature_scheme scheme, struct pss_form form, struct byte_writer *out)
{
    const struct scheme_row *row = &ROWS[scheme];
    switch (row->family) {
    case FAMILY_FIXED:
        put_fixed(row, out);
        break;
    case FAMILY_PSS:
        put_pss(row->hash, form, out);
        break;
    case FAMILY_RAW:
        break;
    }
}

void signature_algorithm_put(enum signature_scheme scheme, struct byte_writer *out)
{
    if (scheme != SIGNATURE_NONE) {
        put_form(scheme, (struct pss_form){.has_null = true}, out);
    }
}

static bool is_form(enum signature_scheme scheme, unsigned form, struct byte_view algorithm)
{
    uint8_t buffer[SIGNATURE_ALGORITHM_MOST_SIZE];
    struct byte_writer out = writer_into(buffer, sizeof(buffer));
    struct byte_view bytes;
    put_form(scheme, (struct pss_form){.has_null = (form & 1) != 0, .has_trailer = (form & 2) != 0},
             &out);
    return writer_finish(&out, &bytes) && bytes.size > 0 && view_equals(bytes, algorithm);
}

enum signature_scheme signature_algorithm_read(struct byte_view algorithm)
{
    enum { FORMS = 4, FIRST = SIGNATURE_NONE + 1 };
    for (unsigned i = FIRST * FORMS; i < SIGNATURE_SCHEME_COUNT * FORMS; i++) {
        const enum signature_scheme scheme = (enum signature_scheme)(i / FORMS);
        if (is_form(scheme, i % FORMS, algorithm)) {
            return scheme;
        }
    }
    return SIGNATURE_NONE;
}

// --- SIGNATURE_HASH_ALGORITHMS ------------------------------------------------------------

void signature_hashes_put(struct byte_writer *out)
{
    for (unsigned hash = SIGNATURE_HASH_SHA2_256; hash <= SIGNATURE_HASH_IDENTITY; hash++) {
        writer_put_u16(out, (uint16_t)hash);
    }
}

bool signature_hashes_read(struct byte_view data, uint32_t *out_hashes)
{
    struct byte_reader in = reader_over(data);
    uint32_t hashes = 0;
    uint16_t number;
    while (reader_take_u16(&in, &number)) {
        if (number >= SIGNATURE_HASH_SHA2_256 && number <= SIGNATURE_HASH_IDENTITY) {
            hashes |= 1u << number;
        }
    }
    if (in.left != 0) {
        return false;
    }
    *out_hashes = hashes;
    return true;
}
