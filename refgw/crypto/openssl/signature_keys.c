#include "refgw/crypto/openssl/signature_keys.h"

#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "refgw/crypto/openssl/ecdsa_raw.h"

enum {
    RSA_LEAST_BITS = 2048, // NIST SP 800-131A
    RSA_MOST_BITS = 8192,
    RSA_LEAST_EXPONENT = 65537,
    GROUP_NAME_SIZE = 32,
    SIGNED_MOST_SIZE = 256 * 1024, // two messages of 64 KiB and small things
};

struct openssl_private_key {
    struct private_key key;
    EVP_PKEY *pkey; // wiped by OpenSSL when freed
};

struct openssl_public_key {
    struct public_key key;
    EVP_PKEY *pkey;
};

// --- Which keys are accepted ----------------------------------------------------------------

static bool rsa_is_strong(const EVP_PKEY *pkey)
{
    BIGNUM *exponent = NULL;
    const int bits = EVP_PKEY_get_bits(pkey);
    const bool is_strong = bits >= RSA_LEAST_BITS && bits <= RSA_MOST_BITS &&
                           EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 &&
                           BN_is_odd(exponent) == 1 && BN_get_word(exponent) >= RSA_LEAST_EXPONENT;
    BN_free(exponent);
    return is_strong;
}

// Curves by name only: with explicit parameters anybody could choose the generator.
static bool curve_of(const EVP_PKEY *pkey, enum signature_key_kind *out_kind)
{
    static const char *const names[] = {"prime256v1", "secp384r1", "secp521r1"};
    static const enum signature_key_kind kinds[] = {KEY_P256, KEY_P384, KEY_P521};
    char name[GROUP_NAME_SIZE] = "";
    int is_explicit = 1;
    if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, name, sizeof(name),
                                       NULL) != 1 ||
        EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                               &is_explicit) != 1 ||
        is_explicit != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            *out_kind = kinds[i];
            return true;
        }
    }
    return false;
}

static bool kind_of(const EVP_PKEY *pkey, enum signature_key_kind *out_kind)
{
    switch (EVP_PKEY_get_base_id(pkey)) {
    case EVP_PKEY_RSA:
        *out_kind = KEY_RSA;
        return rsa_is_strong(pkey);
    case EVP_PKEY_EC:
        return curve_of(pkey, out_kind);
    case EVP_PKEY_ED25519:
        *out_kind = KEY_ED25519;
        return true;
    case EVP_PKEY_ED448:
        *out_kind = KEY_ED448;
        return true;
    default:
        return false;
    }
}

// --- Signing and verifying ------------------------------------------------------------------

static const EVP_MD *digest_of(enum signature_scheme scheme)
{
    switch (signature_scheme_hash(scheme)) {
    case SIGNATURE_HASH_SHA2_256:
        return EVP_sha256();
    case SIGNATURE_HASH_SHA2_384:
        return EVP_sha384();
    case SIGNATURE_HASH_SHA2_512:
        return EVP_sha512();
    case SIGNATURE_HASH_IDENTITY:
        break;
    }
    return NULL;
}

static bool is_pss(enum signature_scheme scheme)
{
    return scheme >= SIGNATURE_RSA_PSS_SHA256 && scheme <= SIGNATURE_RSA_PSS_SHA512;
}

static bool is_raw(enum signature_scheme scheme)
{
    return scheme >= SIGNATURE_P256_RAW && scheme <= SIGNATURE_P521_RAW;
}

static bool set_padding(EVP_PKEY_CTX *context, enum signature_scheme scheme)
{
    if (!is_pss(scheme)) {
        return scheme > SIGNATURE_RSA_PKCS1_SHA512 ||
               EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    }
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest_of(scheme)) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

// The Edwards curves sign everything in one go, so all do. The caller frees; NULL without memory.
static uint8_t *join(const struct byte_view *parts, size_t part_count, size_t *out_size)
{
    size_t size = 0;
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].size > SIGNED_MOST_SIZE - size) {
            return NULL;
        }
        size += parts[i].size;
    }
    uint8_t *joined = malloc(size + 1);
    size_t used = 0;
    for (size_t i = 0; joined != NULL && i < part_count; i++) {
        if (parts[i].size > 0) {
            memcpy(joined + used, parts[i].data, parts[i].size);
            used += parts[i].size;
        }
    }
    *out_size = size;
    return joined;
}

static bool put_signature(enum signature_scheme scheme, struct byte_view signature,
                          struct byte_writer *out)
{
    if (is_raw(scheme)) {
        return ecdsa_raw_from_der(scheme, signature, out);
    }
    writer_put_bytes(out, signature);
    return !out->overflowed;
}

static bool key_sign(const struct private_key *base, enum signature_scheme scheme,
                     const struct byte_view *parts, size_t part_count, struct byte_writer *out)
{
    const struct openssl_private_key *key = (const struct openssl_private_key *)base;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey_context = NULL;
    uint8_t bytes[SIGNATURE_MOST_SIZE];
    size_t size = sizeof(bytes);
    size_t joined_size = 0;
    uint8_t *joined = join(parts, part_count, &joined_size);
    const bool is_signed =
        context != NULL && joined != NULL && signature_scheme_fits(scheme, base->kind) &&
        EVP_DigestSignInit(context, &pkey_context, digest_of(scheme), NULL, key->pkey) == 1 &&
        set_padding(pkey_context, scheme) &&
        EVP_DigestSign(context, bytes, &size, joined, joined_size) == 1 &&
        put_signature(scheme, (struct byte_view){.data = bytes, .size = size}, out);
    free(joined);
    EVP_MD_CTX_free(context);
    return is_signed;
}

static bool verify_encoded(const struct openssl_public_key *key, enum signature_scheme scheme,
                           struct byte_view text, struct byte_view signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey_context = NULL;
    // Only 1 is right: 0 is a wrong signature, less is an error.
    const bool is_right =
        context != NULL &&
        EVP_DigestVerifyInit(context, &pkey_context, digest_of(scheme), NULL, key->pkey) == 1 &&
        set_padding(pkey_context, scheme) &&
        EVP_DigestVerify(context, signature.data, signature.size, text.data, text.size) == 1;
    EVP_MD_CTX_free(context);
    return is_right;
}

static bool key_verify(const struct public_key *base, enum signature_scheme scheme,
                       const struct byte_view *parts, size_t part_count, struct byte_view signature)
{
    const struct openssl_public_key *key = (const struct openssl_public_key *)base;
    uint8_t der[SIGNATURE_MOST_SIZE];
    if (!signature_scheme_fits(scheme, base->kind) || signature.size == 0 ||
        signature.size > SIGNATURE_MOST_SIZE) {
        return false;
    }
    if (is_raw(scheme)) {
        struct byte_writer out = writer_into(der, sizeof(der));
        if (!ecdsa_raw_to_der(scheme, signature, &out) || !writer_finish(&out, &signature)) {
            return false;
        }
    }
    size_t size = 0;
    uint8_t *joined = join(parts, part_count, &size);
    const bool is_right =
        joined != NULL &&
        verify_encoded(key, scheme, (struct byte_view){.data = joined, .size = size}, signature);
    free(joined);
    return is_right;
}

// --- Objects --------------------------------------------------------------------------------

static void private_release(struct private_key *base)
{
    struct openssl_private_key *key = (struct openssl_private_key *)base;
    EVP_PKEY_free(key->pkey);
    free(key);
}

static void public_release(struct public_key *base)
{
    struct openssl_public_key *key = (struct openssl_public_key *)base;
    EVP_PKEY_free(key->pkey);
    free(key);
}

static bool public_belongs_to(const struct public_key *base, const struct private_key *other)
{
    const struct openssl_public_key *key = (const struct openssl_public_key *)base;
    const struct openssl_private_key *private_key = (const struct openssl_private_key *)other;
    return base->kind == other->kind && EVP_PKEY_eq(key->pkey, private_key->pkey) == 1;
}

// A key file is a file of the operator's: nobody is there to be asked for a pass phrase.
static int no_pass_phrase(char *text, int size, int is_writing, void *context)
{
    (void)text, (void)size, (void)is_writing, (void)context;
    return -1;
}

static struct private_key *private_key_read(struct byte_view pem)
{
    static const struct private_key_methods methods = {.sign = key_sign,
                                                       .release = private_release};
    enum signature_key_kind kind = KEY_RSA;
    if (pem.size > INT_MAX) {
        return NULL;
    }
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    EVP_PKEY *pkey = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, NULL);
    struct openssl_private_key *key = NULL;
    if (pkey != NULL && kind_of(pkey, &kind)) {
        key = malloc(sizeof(*key));
    }
    if (key == NULL) {
        EVP_PKEY_free(pkey);
    } else {
        *key = (struct openssl_private_key){
            .key = {.methods = &methods, .kind = kind},
              .pkey = pkey
        };
    }
    BIO_free(bio);
    return key == NULL ? NULL : &key->key;
}

struct public_key *openssl_public_key(EVP_PKEY *pkey)
{
    static const struct public_key_methods methods = {
        .verify = key_verify, .belongs_to = public_belongs_to, .release = public_release};
    enum signature_key_kind kind = KEY_RSA;
    struct openssl_public_key *key = NULL;
    if (pkey != NULL && kind_of(pkey, &kind) && EVP_PKEY_up_ref(pkey) == 1) {
        key = malloc(sizeof(*key));
        if (key == NULL) {
            EVP_PKEY_free(pkey);
            return NULL;
        }
        *key = (struct openssl_public_key){
            .key = {.methods = &methods, .kind = kind},
              .pkey = pkey
        };
    }
    return key == NULL ? NULL : &key->key;
}

static struct public_key *public_key_read(struct byte_view der)
{
    const unsigned char *next = der.data;
    if (der.size > LONG_MAX) {
        return NULL;
    }
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &next, (long)der.size);
    struct public_key *key =
        pkey != NULL && next == der.data + der.size ? openssl_public_key(pkey) : NULL;
    EVP_PKEY_free(pkey);
    return key;
}

const struct signature_provider openssl_signatures = {
    .private_key_read = private_key_read,
    .public_key_read = public_key_read,
};
