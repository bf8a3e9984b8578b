#include "pcap/reading_provider.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/iana/ikev2_names.h"

// --- words --------------------------------------------------------------------------------

static const struct transform_keyword old_words[] = {
    {"3des",     IKE_TRANSFORM_ENCR,  ENCR_3DES,         0},
    {"md5",      IKE_TRANSFORM_INTEG, AUTH_HMAC_MD5_96,  0},
    {"sha1",     IKE_TRANSFORM_INTEG, AUTH_HMAC_SHA1_96, 0},
    {"prfmd5",   IKE_TRANSFORM_PRF,   PRF_HMAC_MD5,      0},
    {"prfsha1",  IKE_TRANSFORM_PRF,   PRF_HMAC_SHA1,     0},
    {"modp1024", IKE_TRANSFORM_KE,    KE_MODP_1024,      0},
    {"modp1536", IKE_TRANSFORM_KE,    KE_MODP_1536,      0},
};

enum { OLD_WORD_COUNT = sizeof(old_words) / sizeof(old_words[0]) };

const char *reading_word(unsigned type, unsigned number, unsigned key_bits)
{
    for (size_t i = 0; i < OLD_WORD_COUNT; i++) {
        if (old_words[i].type == type && old_words[i].number == number) {
            return old_words[i].word;
        }
    }
    return transform_keyword_name(type, number, key_bits);
}

bool reading_is_weak(unsigned type, unsigned number)
{
    for (size_t i = 0; i < OLD_WORD_COUNT; i++) {
        if (old_words[i].type == type && old_words[i].number == number) {
            // SHA-1 as PRF and integrity is discouraged, not broken, as HMAC (RFC 8247).
            return true;
        }
    }
    return type == IKE_TRANSFORM_ENCR && (number == 1 || number == 2 || number == 9);
}

static const struct transform_keyword *find_word(const char *word)
{
    for (size_t i = 0; i < OLD_WORD_COUNT; i++) {
        if (strcmp(old_words[i].word, word) == 0) {
            return &old_words[i];
        }
    }
    return transform_keyword_find(word);
}

static bool unchecked_size(const char *word, unsigned *out_size)
{
    static const char prefix[] = "unchecked";
    char *end = NULL;
    if (strncmp(word, prefix, sizeof(prefix) - 1) != 0) {
        return false;
    }
    const unsigned long size = strtoul(word + sizeof(prefix) - 1, &end, 10);
    if (*end != '\0' || size > INTEGRITY_UNCHECKED_MOST) {
        return false;
    }
    *out_size = (unsigned)size;
    return true;
}

bool reading_choice(const char *encryption, const char *integrity, struct aead_choice *out_choice)
{
    const struct transform_keyword *cipher = find_word(encryption);
    const struct transform_keyword *mac = find_word(integrity);
    unsigned size = 0;
    struct aead_choice choice = {.integrity = AUTH_NONE};
    if (cipher == NULL || cipher->type != IKE_TRANSFORM_ENCR) {
        return false;
    }
    if (mac != NULL && mac->type == IKE_TRANSFORM_INTEG) {
        choice.integrity = (enum integrity_transform)mac->number;
    } else if (unchecked_size(integrity, &size)) {
        choice.integrity = (enum integrity_transform)(INTEGRITY_UNCHECKED + size);
    } else if (strcmp(integrity, "-") != 0) {
        return false;
    }
    choice.encryption = (enum encryption_transform)cipher->number;
    choice.key_bits = (uint16_t)cipher->key_bits;
    if (cipher->number == ENCR_CHACHA20_POLY1305) {
        choice.key_bits = 256;
    }
    *out_choice = choice;
    return true;
}

// --- algorithms ---------------------------------------------------------------------------

// Either a key of OpenSSL's provider, or a cipher in CBC mode with an HMAC behind it.
struct aead {
    struct aead *modern;      // NULL for the others
    const EVP_CIPHER *cipher; // NULL: no encryption
    EVP_CIPHER_CTX *context;
    const EVP_MD *digest; // NULL: the ICV is not checked
    struct aead_sizes sizes;
    size_t salt_size; // of counter mode, behind the key
    uint8_t key[64];
    uint8_t integrity_key[64];
};

static bool is_unchecked(const struct aead_choice *choice)
{
    const unsigned number = (unsigned)choice->integrity;
    return number >= INTEGRITY_UNCHECKED &&
           number <= INTEGRITY_UNCHECKED + INTEGRITY_UNCHECKED_MOST;
}

static const EVP_CIPHER *find_cipher(const struct aead_choice *choice)
{
    if (choice->encryption == ENCR_3DES) {
        return EVP_des_ede3_cbc();
    }
    const bool is_counter = choice->encryption == ENCR_AES_CTR;
    if (choice->encryption != ENCR_AES_CBC && !is_counter) {
        return NULL;
    }
    switch (choice->key_bits) {
    case 128:
        return is_counter ? EVP_aes_128_ctr() : EVP_aes_128_cbc();
    case 192:
        return is_counter ? EVP_aes_192_ctr() : EVP_aes_192_cbc();
    case 256:
        return is_counter ? EVP_aes_256_ctr() : EVP_aes_256_cbc();
    default:
        return NULL;
    }
}

struct mac {
    unsigned number;
    const EVP_MD *(*digest)(void);
    size_t icv;
};

static const struct mac macs[] = {
    {AUTH_HMAC_MD5_96,       EVP_md5,    12},
    {AUTH_HMAC_SHA1_96,      EVP_sha1,   12},
    {AUTH_HMAC_SHA2_256_128, EVP_sha256, 16},
    {AUTH_HMAC_SHA2_384_192, EVP_sha384, 24},
    {AUTH_HMAC_SHA2_512_256, EVP_sha512, 32},
};

static bool find_mac(const struct aead_choice *choice, const EVP_MD **out_digest, size_t *out_icv,
                     size_t *out_key)
{
    *out_digest = NULL;
    *out_key = 0;
    if (is_unchecked(choice)) {
        *out_icv = (unsigned)choice->integrity - INTEGRITY_UNCHECKED;
        return true;
    }
    for (size_t i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
        if (macs[i].number == (unsigned)choice->integrity) {
            *out_digest = macs[i].digest();
            *out_icv = macs[i].icv;
            *out_key = (size_t)EVP_MD_get_size(*out_digest);
            return true;
        }
    }
    return false;
}

static bool pair_sizes(const struct aead_choice *choice, struct aead_sizes *out_sizes)
{
    const EVP_CIPHER *cipher = find_cipher(choice);
    const EVP_MD *digest = NULL;
    if ((cipher == NULL && choice->encryption != ENCR_NULL) ||
        !find_mac(choice, &digest, &out_sizes->icv, &out_sizes->integrity_key)) {
        return false;
    }
    out_sizes->encryption_key = 0;
    out_sizes->iv = 0;
    out_sizes->block = 1;
    if (cipher != NULL) {
        const bool is_counter = choice->encryption == ENCR_AES_CTR;
        out_sizes->encryption_key =
            (size_t)EVP_CIPHER_get_key_length(cipher) + (is_counter ? 4U : 0U);
        out_sizes->iv = is_counter ? 8 : (size_t)EVP_CIPHER_get_iv_length(cipher);
        out_sizes->block = (size_t)EVP_CIPHER_get_block_size(cipher);
    }
    return true;
}

static bool is_combined_without_check(const struct aead_choice *choice)
{
    return is_unchecked(choice) && find_cipher(choice) == NULL && choice->encryption != ENCR_NULL;
}

static bool reading_sizes(const struct aead_choice *choice, struct aead_sizes *out_sizes)
{
    struct aead_sizes sizes = {0};
    if (is_combined_without_check(choice)) {
        return false;
    }
    if (openssl_provider()->aead_sizes(choice, out_sizes)) {
        return true;
    }
    if (!pair_sizes(choice, &sizes)) {
        return false;
    }
    *out_sizes = sizes;
    return true;
}

static void reading_free(struct aead *aead)
{
    if (aead == NULL) {
        return;
    }
    openssl_provider()->aead_free(aead->modern);
    EVP_CIPHER_CTX_free(aead->context);
    secret_wipe(aead, sizeof(*aead));
    free(aead);
}

static bool set_pair(struct aead *aead, const struct aead_choice *choice,
                     struct byte_view encryption_key, struct byte_view integrity_key)
{
    size_t icv = 0;
    size_t key_size = 0;
    if (!pair_sizes(choice, &aead->sizes) || !find_mac(choice, &aead->digest, &icv, &key_size) ||
        encryption_key.size != aead->sizes.encryption_key ||
        integrity_key.size != aead->sizes.integrity_key ||
        encryption_key.size > sizeof(aead->key) ||
        integrity_key.size > sizeof(aead->integrity_key)) {
        return false;
    }
    aead->cipher = find_cipher(choice);
    aead->salt_size = choice->encryption == ENCR_AES_CTR ? 4 : 0;
    if (encryption_key.size > 0) {
        memcpy(aead->key, encryption_key.data, encryption_key.size);
    }
    if (integrity_key.size > 0) {
        memcpy(aead->integrity_key, integrity_key.data, integrity_key.size);
    }
    aead->context = EVP_CIPHER_CTX_new();
    return aead->context != NULL;
}

static struct aead *reading_new(const struct aead_choice *choice, struct byte_view encryption_key,
                                struct byte_view integrity_key)
{
    struct aead_sizes sizes;
    struct aead *aead = calloc(1, sizeof(*aead));
    if (aead == NULL) {
        return NULL;
    }
    bool good = false;
    if (openssl_provider()->aead_sizes(choice, &sizes)) {
        aead->modern = openssl_provider()->aead_new(choice, encryption_key, integrity_key);
        good = aead->modern != NULL;
    } else {
        good = set_pair(aead, choice, encryption_key, integrity_key);
    }
    if (!good) {
        reading_free(aead);
        return NULL;
    }
    return aead;
}

static bool check_icv(const struct aead *aead, const struct aead_job *job)
{
    uint8_t whole[EVP_MAX_MD_SIZE];
    if (aead->digest == NULL) {
        return true;
    }
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, NULL, aead->integrity_key,
                                                 aead->sizes.integrity_key);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t written = sizeof(whole);
    const bool good =
        key != NULL && context != NULL &&
        EVP_DigestSignInit(context, NULL, aead->digest, NULL, key) == 1 &&
        EVP_DigestSignUpdate(context, job->associated.data, job->associated.size) == 1 &&
        EVP_DigestSignUpdate(context, job->iv.data, job->iv.size) == 1 &&
        EVP_DigestSignUpdate(context, job->text, job->text_size) == 1 &&
        EVP_DigestSignUpdate(context, job->trailer.data, job->trailer.size) == 1 &&
        EVP_DigestSignFinal(context, whole, &written) == 1 && written >= aead->sizes.icv &&
        secret_equals((struct byte_view){.data = whole, .size = aead->sizes.icv},
                      (struct byte_view){.data = job->icv, .size = aead->sizes.icv});
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return good;
}

static bool decrypt(const struct aead *aead, const struct aead_job *job)
{
    uint8_t iv[16] = {0};
    int size = 0;
    if (aead->cipher == NULL) {
        return true;
    }
    if (job->text_size > INT32_MAX || job->iv.size + aead->salt_size > sizeof(iv)) {
        return false;
    }
    // RFC 3686, section 4: nonce, IV, then a block counter that starts with one.
    memcpy(iv, aead->key + aead->sizes.encryption_key - aead->salt_size, aead->salt_size);
    memcpy(iv + aead->salt_size, job->iv.data, job->iv.size);
    if (aead->salt_size > 0) {
        iv[15] = 1;
    }
    return EVP_DecryptInit_ex(aead->context, aead->cipher, NULL, aead->key, iv) == 1 &&
           EVP_CIPHER_CTX_set_padding(aead->context, 0) == 1 &&
           EVP_DecryptUpdate(aead->context, job->text, &size, job->text, (int)job->text_size) ==
               1 &&
           (size_t)size == job->text_size;
}

static bool reading_open(struct aead *aead, const struct aead_job *job)
{
    if (aead->modern != NULL) {
        return openssl_provider()->aead_open(aead->modern, job);
    }
    return check_icv(aead, job) && decrypt(aead, job);
}

static bool reading_make_iv(struct aead *aead, uint64_t counter, uint8_t *out_iv)
{
    return aead->modern != NULL && openssl_provider()->aead_make_iv(aead->modern, counter, out_iv);
}

static bool reading_seal(struct aead *aead, const struct aead_job *job)
{
    return aead->modern != NULL && openssl_provider()->aead_seal(aead->modern, job);
}

const struct crypto_provider *reading_provider(void)
{
    static struct crypto_provider provider; // filled once; the same values on every call
    if (provider.name == NULL) {
        provider = *openssl_provider();
        provider.name = "reading";
        provider.aead_sizes = reading_sizes;
        provider.aead_new = reading_new;
        provider.aead_free = reading_free;
        provider.aead_open = reading_open;
        provider.aead_make_iv = reading_make_iv;
        provider.aead_seal = reading_seal;
    }
    return &provider;
}
