// Encrypt, then authenticate associated | IV | ciphertext | trailer (RFC 4303, section 3.3.2.1;
// RFC 7296, section 3.14). AES-CBC by RFC 3602, AES-CTR by RFC 3686, NULL by RFC 2410.
#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>

#include "refgw/crypto/openssl/aead.h"
#include "refgw/crypto/openssl/algorithms.h"
#include "refgw/crypto/openssl/mac.h"

enum { AES_BLOCK_SIZE = 16, CTR_NONCE_SIZE = 4, CTR_IV_SIZE = 8 };

struct integrity_row {
    enum integrity_transform integrity;
    enum mac_kind mac;
    size_t key_size;
    size_t icv_size;
};

struct pair_aead {
    struct aead base;
    enum encryption_transform encryption;
    EVP_CIPHER_CTX *encryptor; // NULL for ENCR_NULL
    EVP_CIPHER_CTX *decryptor; // of CBC only: counter mode has one direction
    uint8_t ctr_nonce[CTR_NONCE_SIZE];
    struct mac *mac;
};

static const struct integrity_row *find_integrity(enum integrity_transform integrity)
{
    // Key sizes: RFC 4868 section 2.1.1, RFC 3566 and RFC 4494.
    static const struct integrity_row rows[] = {
        {AUTH_HMAC_SHA2_256_128, MAC_HMAC_SHA2_256, 32, 16},
        {AUTH_HMAC_SHA2_384_192, MAC_HMAC_SHA2_384, 48, 24},
        {AUTH_HMAC_SHA2_512_256, MAC_HMAC_SHA2_512, 64, 32},
        {AUTH_AES_XCBC_96,       MAC_AES_XCBC,      16, 12},
        {AUTH_AES_CMAC_96,       MAC_AES_CMAC,      16, 12},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].integrity == integrity) {
            return &rows[i];
        }
    }
    return NULL;
}

static EVP_CIPHER *find_cipher(const struct aead_choice *choice)
{
    const struct openssl_algorithms *algorithms = openssl_algorithms();
    return cipher_by_key_bits(choice->encryption == ENCR_AES_CBC ? algorithms->aes_cbc
                                                                 : algorithms->aes_ctr,
                              choice->key_bits);
}

// The encryption half of the sizes.
static bool encryption_sizes(const struct aead_choice *choice, struct aead_sizes *out_sizes)
{
    if (choice->encryption == ENCR_NULL) {
        *out_sizes = (struct aead_sizes){.block = 1};
        return choice->key_bits == 0;
    }
    if ((choice->encryption != ENCR_AES_CBC && choice->encryption != ENCR_AES_CTR) ||
        find_cipher(choice) == NULL) {
        return false;
    }
    const size_t key_size = choice->key_bits / 8U;
    if (choice->encryption == ENCR_AES_CBC) {
        *out_sizes = (struct aead_sizes){
            .encryption_key = key_size, .iv = AES_BLOCK_SIZE, .block = AES_BLOCK_SIZE};
    } else {
        *out_sizes = (struct aead_sizes){
            .encryption_key = key_size + CTR_NONCE_SIZE, .iv = CTR_IV_SIZE, .block = 1};
    }
    return true;
}

bool aead_pair_sizes(const struct aead_choice *choice, struct aead_sizes *out_sizes)
{
    const struct integrity_row *row = find_integrity(choice->integrity);
    struct aead_sizes sizes;
    if (row == NULL || !encryption_sizes(choice, &sizes)) {
        return false;
    }
    sizes.integrity_key = row->key_size;
    sizes.icv = row->icv_size;
    *out_sizes = sizes;
    return true;
}

static void pair_release(struct aead *aead)
{
    struct pair_aead *pair = (struct pair_aead *)aead;
    EVP_CIPHER_CTX_free(pair->encryptor);
    EVP_CIPHER_CTX_free(pair->decryptor);
    mac_free(pair->mac);
    OPENSSL_clear_free(pair, sizeof(*pair));
}

static bool pair_make_iv(struct aead *aead, uint64_t counter, uint8_t *out_iv)
{
    static const uint8_t no_iv[AES_BLOCK_SIZE];
    struct pair_aead *pair = (struct pair_aead *)aead;
    uint8_t block[AES_BLOCK_SIZE] = {0};
    int size;

    if (pair->encryption == ENCR_AES_CTR) {
        aead_counter_iv(counter, out_iv);
    }
    if (pair->encryption != ENCR_AES_CBC) {
        return true;
    }
    // The first block of CBC with a zero IV is the bare block cipher.
    aead_counter_iv(counter, block + 8);
    return EVP_EncryptInit_ex(pair->encryptor, NULL, NULL, NULL, no_iv) == 1 &&
           EVP_EncryptUpdate(pair->encryptor, out_iv, &size, block, sizeof(block)) == 1;
}

// Encrypts or decrypts the text in place.
static bool transform(struct pair_aead *pair, const struct aead_job *job, bool is_sealing)
{
    uint8_t counter_block[AES_BLOCK_SIZE] = {0};
    const uint8_t *iv = job->iv.data;
    EVP_CIPHER_CTX *context = pair->encryptor;
    int size;

    if (pair->encryption == ENCR_NULL) {
        return true;
    }
    if (pair->encryption == ENCR_AES_CTR) {
        // RFC 3686, section 4: nonce | IV | block counter, which starts with one.
        memcpy(counter_block, pair->ctr_nonce, CTR_NONCE_SIZE);
        memcpy(counter_block + CTR_NONCE_SIZE, iv, CTR_IV_SIZE);
        counter_block[AES_BLOCK_SIZE - 1] = 1;
        iv = counter_block;
    } else if (!is_sealing) {
        context = pair->decryptor;
    }
    return EVP_CipherInit_ex(context, NULL, NULL, NULL, iv, -1) == 1 &&
           EVP_CipherUpdate(context, job->text, &size, job->text, (int)job->text_size) == 1;
}

static bool job_fits(const struct pair_aead *pair, const struct aead_job *job)
{
    return job->iv.size == pair->base.sizes.iv && job->text_size <= INT_MAX &&
           job->text_size % pair->base.sizes.block == 0;
}

static bool authenticate(struct pair_aead *pair, const struct aead_job *job, uint8_t *out_code)
{
    const struct byte_view parts[] = {
        job->associated,
        job->iv,
        {.data = job->text, .size = job->text_size},
        job->trailer,
    };
    return mac_compute(pair->mac, parts, sizeof(parts) / sizeof(parts[0]), out_code);
}

static bool pair_seal(struct aead *aead, const struct aead_job *job)
{
    struct pair_aead *pair = (struct pair_aead *)aead;
    uint8_t code[MAC_MOST_SIZE];
    if (!job_fits(pair, job) || !transform(pair, job, true) || !authenticate(pair, job, code)) {
        return false;
    }
    memcpy(job->icv, code, aead->sizes.icv);
    OPENSSL_cleanse(code, sizeof(code)); // what was truncated away stays secret
    return true;
}

static bool pair_open(struct aead *aead, const struct aead_job *job)
{
    struct pair_aead *pair = (struct pair_aead *)aead;
    uint8_t code[MAC_MOST_SIZE];
    if (!job_fits(pair, job) || !authenticate(pair, job, code)) {
        return false;
    }
    const bool same = CRYPTO_memcmp(code, job->icv, aead->sizes.icv) == 0;
    OPENSSL_cleanse(code, sizeof(code));
    return same && transform(pair, job, false);
}

static EVP_CIPHER_CTX *start_cipher(EVP_CIPHER *cipher, const uint8_t *key, bool is_encrypting)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    if (context != NULL &&
        EVP_CipherInit_ex(context, cipher, NULL, key, NULL, is_encrypting) == 1 &&
        EVP_CIPHER_CTX_set_padding(context, 0) == 1) {
        return context;
    }
    EVP_CIPHER_CTX_free(context);
    return NULL;
}

static bool set_encryption_key(struct pair_aead *pair, const struct aead_choice *choice,
                               struct byte_view key)
{
    if (choice->encryption == ENCR_NULL) {
        return true;
    }
    pair->encryptor = start_cipher(find_cipher(choice), key.data, true);
    if (choice->encryption == ENCR_AES_CTR) {
        memcpy(pair->ctr_nonce, key.data + key.size - CTR_NONCE_SIZE, CTR_NONCE_SIZE);
        return pair->encryptor != NULL;
    }
    pair->decryptor = start_cipher(find_cipher(choice), key.data, false);
    return pair->encryptor != NULL && pair->decryptor != NULL;
}

struct aead *aead_pair_new(const struct aead_choice *choice, struct byte_view encryption_key,
                           struct byte_view integrity_key)
{
    static const struct aead_methods methods = {
        .release = pair_release,
        .make_iv = pair_make_iv,
        .seal = pair_seal,
        .open = pair_open,
    };
    const struct integrity_row *row = find_integrity(choice->integrity);
    struct aead_sizes sizes;
    if (row == NULL || !aead_pair_sizes(choice, &sizes)) {
        return NULL;
    }
    struct pair_aead *pair = OPENSSL_zalloc(sizeof(*pair));
    if (pair == NULL) {
        return NULL;
    }
    pair->base = (struct aead){.methods = &methods, .sizes = sizes};
    pair->encryption = choice->encryption;
    pair->mac = mac_new(row->mac, integrity_key);
    if (pair->mac == NULL || !set_encryption_key(pair, choice, encryption_key)) {
        pair_release(&pair->base);
        return NULL;
    }
    return &pair->base;
}
