// One EVP cipher that encrypts and authenticates. The nonce is salt | IV: the salt is the end
// of the keying material, the IV travels (RFC 4106 section 4, RFC 4309 section 4, RFC 7634
// section 2; the same in IKE by RFC 5282 section 4 and RFC 7634 section 2).
#include <limits.h>
#include <string.h>

#include <openssl/crypto.h>

#include "refgw/crypto/openssl/aead.h"
#include "refgw/crypto/openssl/algorithms.h"

enum { EXPLICIT_IV_SIZE = 8, MOST_SALT_SIZE = 4, MOST_ICV_SIZE = 16 };

struct combined_mode {
    size_t salt_size;
    size_t icv_size;
    bool is_ccm;
};

struct combined_aead {
    struct aead base;
    EVP_CIPHER_CTX *sealer;
    EVP_CIPHER_CTX *opener; // the same context but for CCM, whose key is for one direction
    bool is_ccm;
    size_t salt_size;
    uint8_t nonce[MOST_SALT_SIZE + EXPLICIT_IV_SIZE]; // salt first, then the IV of this packet
};

static bool find_mode(enum encryption_transform encryption, struct combined_mode *out_mode)
{
    switch ((unsigned)encryption) {
    case ENCR_AES_GCM_8:
        *out_mode = (struct combined_mode){.salt_size = 4, .icv_size = 8};
        return true;
    case ENCR_AES_GCM_12:
        *out_mode = (struct combined_mode){.salt_size = 4, .icv_size = 12};
        return true;
    case ENCR_AES_GCM_16:
    case ENCR_CHACHA20_POLY1305:
        *out_mode = (struct combined_mode){.salt_size = 4, .icv_size = 16};
        return true;
    case ENCR_AES_CCM_8:
        *out_mode = (struct combined_mode){.salt_size = 3, .icv_size = 8, .is_ccm = true};
        return true;
    case ENCR_AES_CCM_12:
        *out_mode = (struct combined_mode){.salt_size = 3, .icv_size = 12, .is_ccm = true};
        return true;
    case ENCR_AES_CCM_16:
        *out_mode = (struct combined_mode){.salt_size = 3, .icv_size = 16, .is_ccm = true};
        return true;
    default:
        return false;
    }
}

static EVP_CIPHER *find_cipher(const struct aead_choice *choice, const struct combined_mode *mode)
{
    const struct openssl_algorithms *algorithms = openssl_algorithms();
    if (choice->encryption == ENCR_CHACHA20_POLY1305) {
        // The transform has no Key Length attribute, so 0 says the same as 256.
        const bool fits = choice->key_bits == 256 || choice->key_bits == 0;
        return fits ? algorithms->chacha20_poly1305 : NULL;
    }
    return cipher_by_key_bits(mode->is_ccm ? algorithms->aes_ccm : algorithms->aes_gcm,
                              choice->key_bits);
}

bool aead_combined_sizes(const struct aead_choice *choice, struct aead_sizes *out_sizes)
{
    struct combined_mode mode;
    if (choice->integrity != AUTH_NONE || !find_mode(choice->encryption, &mode)) {
        return false;
    }
    const EVP_CIPHER *cipher = find_cipher(choice, &mode);
    if (cipher == NULL) {
        return false;
    }
    *out_sizes = (struct aead_sizes){
        .encryption_key = (size_t)EVP_CIPHER_get_key_length(cipher) + mode.salt_size,
        .iv = EXPLICIT_IV_SIZE,
        .icv = mode.icv_size,
        .block = 1,
    };
    return true;
}

static void combined_release(struct aead *aead)
{
    struct combined_aead *combined = (struct combined_aead *)aead;
    if (combined->opener != combined->sealer) {
        EVP_CIPHER_CTX_free(combined->opener);
    }
    EVP_CIPHER_CTX_free(combined->sealer);
    OPENSSL_clear_free(combined, sizeof(*combined));
}

static bool combined_make_iv(struct aead *aead, uint64_t counter, uint8_t *out_iv)
{
    (void)aead;
    aead_counter_iv(counter, out_iv);
    return true;
}

// Starts one packet: direction, nonce, for CCM the sizes it must know first, then the
// associated data. `icv` is NULL to seal.
static bool start_packet(struct combined_aead *combined, const struct aead_job *job, uint8_t *icv)
{
    EVP_CIPHER_CTX *context = icv == NULL ? combined->sealer : combined->opener;
    const int icv_size = (int)combined->base.sizes.icv;
    int size;

    if (job->iv.size != EXPLICIT_IV_SIZE || job->trailer.size != 0 || job->text_size > INT_MAX ||
        job->associated.size > INT_MAX) {
        return false;
    }
    memcpy(combined->nonce + combined->salt_size, job->iv.data, EXPLICIT_IV_SIZE);
    if (EVP_CipherInit_ex(context, NULL, NULL, NULL, combined->nonce, icv == NULL) != 1) {
        return false;
    }
    if (icv != NULL && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, icv_size, icv) != 1) {
        return false;
    }
    if (combined->is_ccm &&
        EVP_CipherUpdate(context, NULL, &size, NULL, (int)job->text_size) != 1) {
        return false;
    }
    return job->associated.size == 0 || EVP_CipherUpdate(context, NULL, &size, job->associated.data,
                                                         (int)job->associated.size) == 1;
}

static bool combined_seal(struct aead *aead, const struct aead_job *job)
{
    struct combined_aead *combined = (struct combined_aead *)aead;
    uint8_t nothing[MOST_ICV_SIZE];
    int size;

    // CCM makes its tag in the update, GCM and ChaCha20-Poly1305 in the final call.
    return start_packet(combined, job, NULL) &&
           EVP_CipherUpdate(combined->sealer, job->text, &size, job->text, (int)job->text_size) ==
               1 &&
           EVP_CipherFinal_ex(combined->sealer, nothing, &size) == 1 &&
           EVP_CIPHER_CTX_ctrl(combined->sealer, EVP_CTRL_AEAD_GET_TAG, (int)aead->sizes.icv,
                               job->icv) == 1;
}

// OpenSSL compares the ICV with CRYPTO_memcmp(). CCM compares it in the update.
static bool decrypt(struct combined_aead *combined, const struct aead_job *job)
{
    uint8_t nothing[MOST_ICV_SIZE];
    int size;

    return EVP_CipherUpdate(combined->opener, job->text, &size, job->text, (int)job->text_size) ==
               1 &&
           (combined->is_ccm || EVP_CipherFinal_ex(combined->opener, nothing, &size) == 1);
}

static bool combined_open(struct aead *aead, const struct aead_job *job)
{
    struct combined_aead *combined = (struct combined_aead *)aead;
    if (!start_packet(combined, job, job->icv)) {
        return false;
    }
    if (!decrypt(combined, job)) {
        OPENSSL_cleanse(job->text, job->text_size);
        return false;
    }
    return true;
}

// A context with a key. CCM fixes the sizes of nonce and ICV when the key comes, so they are
// told first.
static EVP_CIPHER_CTX *start_cipher(const struct combined_aead *combined, EVP_CIPHER *cipher,
                                    const uint8_t *key, bool is_sealing)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const int nonce_size = (int)combined->salt_size + EXPLICIT_IV_SIZE;
    const int icv_size = (int)combined->base.sizes.icv;
    if (context != NULL && EVP_CipherInit_ex(context, cipher, NULL, NULL, NULL, is_sealing) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, nonce_size, NULL) == 1 &&
        (!combined->is_ccm ||
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, icv_size, NULL) == 1) &&
        EVP_CipherInit_ex(context, NULL, NULL, key, NULL, is_sealing) == 1) {
        return context;
    }
    EVP_CIPHER_CTX_free(context);
    return NULL;
}

struct aead *aead_combined_new(const struct aead_choice *choice, struct byte_view encryption_key)
{
    static const struct aead_methods methods = {
        .release = combined_release,
        .make_iv = combined_make_iv,
        .seal = combined_seal,
        .open = combined_open,
    };
    struct combined_mode mode;
    struct aead_sizes sizes;
    if (!find_mode(choice->encryption, &mode) || !aead_combined_sizes(choice, &sizes)) {
        return NULL;
    }
    struct combined_aead *combined = OPENSSL_zalloc(sizeof(*combined));
    if (combined == NULL) {
        return NULL;
    }
    const size_t key_size = sizes.encryption_key - mode.salt_size;
    *combined = (struct combined_aead){
        .base = {.methods = &methods, .sizes = sizes},
        .is_ccm = mode.is_ccm,
        .salt_size = mode.salt_size,
    };
    memcpy(combined->nonce, encryption_key.data + key_size, mode.salt_size);
    EVP_CIPHER *cipher = find_cipher(choice, &mode);
    combined->sealer = start_cipher(combined, cipher, encryption_key.data, true);
    combined->opener =
        mode.is_ccm ? start_cipher(combined, cipher, encryption_key.data, false) : combined->sealer;
    if (combined->sealer == NULL || combined->opener == NULL) {
        combined_release(&combined->base);
        return NULL;
    }
    return &combined->base;
}
