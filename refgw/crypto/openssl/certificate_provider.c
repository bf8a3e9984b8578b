#include <limits.h>
#include <openssl/pem.h>

#include "refgw/crypto/openssl/certificate_parts.h"
#include "refgw/crypto/openssl/signature_keys.h"

X509 *certificate_from_der(struct byte_view der)
{
    const unsigned char *next = der.data;
    if (der.size == 0 || der.size > CERTIFICATE_MOST_SIZE) {
        return NULL;
    }
    X509 *certificate = d2i_X509(NULL, &next, (long)der.size);
    if (certificate != NULL && next != der.data + der.size) {
        X509_free(certificate);
        certificate = NULL;
    }
    return certificate;
}

bool certificate_put_name(const X509_NAME *name, struct byte_writer *out)
{
    unsigned char *der = NULL;
    const int size = i2d_X509_NAME(name, &der);
    if (size > 0) {
        writer_put_bytes(out, (struct byte_view){.data = der, .size = (size_t)size});
    }
    OPENSSL_free(der);
    return size > 0 && !out->overflowed;
}

static bool name_is_of_lab(X509_NAME *name)
{
    static const char lab[] = "ikelab lab";
    const struct byte_view wanted = {.data = (const uint8_t *)lab, .size = sizeof(lab) - 1};
    const int index = X509_NAME_get_index_by_NID(name, NID_organizationName, -1);
    if (index < 0) {
        return false;
    }
    const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index));
    return view_equals((struct byte_view){.data = ASN1_STRING_get0_data(value),
                                          .size = (size_t)ASN1_STRING_length(value)},
                       wanted);
}

bool certificate_of_lab(const X509 *certificate)
{
    return name_is_of_lab(X509_get_subject_name(certificate)) ||
           name_is_of_lab(X509_get_issuer_name(certificate));
}

static bool give(X509 *certificate, bool (*take)(void *context, struct byte_view der),
                 void *context)
{
    unsigned char *der = NULL;
    const int size = i2d_X509(certificate, &der);
    const bool is_taken = size > 0 && size <= CERTIFICATE_MOST_SIZE &&
                          take(context, (struct byte_view){.data = der, .size = (size_t)size});
    OPENSSL_free(der);
    return is_taken;
}

static bool each_of_pem(struct byte_view pem, bool (*take)(void *context, struct byte_view der),
                        void *context)
{
    BIO *bio = pem.size > INT_MAX ? NULL : BIO_new_mem_buf(pem.data, (int)pem.size);
    size_t count = 0;
    bool is_good = bio != NULL;
    while (is_good) {
        X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (certificate == NULL) {
            break;
        }
        is_good = count < CERTIFICATE_MOST && give(certificate, take, context);
        X509_free(certificate);
        count++;
    }
    BIO_free(bio);
    return is_good && count > 0;
}

static bool subject(struct byte_view der, struct byte_writer *out)
{
    X509 *certificate = certificate_from_der(der);
    const bool is_put =
        certificate != NULL && certificate_put_name(X509_get_subject_name(certificate), out);
    X509_free(certificate);
    return is_put;
}

static struct public_key *public_key(struct byte_view der)
{
    X509 *certificate = certificate_from_der(der);
    struct public_key *key =
        certificate == NULL ? NULL : openssl_public_key(X509_get0_pubkey(certificate));
    X509_free(certificate);
    return key;
}

static bool is_of_lab(struct byte_view der)
{
    X509 *certificate = certificate_from_der(der);
    const bool is_lab = certificate != NULL && certificate_of_lab(certificate);
    X509_free(certificate);
    return is_lab;
}

const struct certificate_provider openssl_certificates = {
    .trust_store_new = trust_store_new,
    .trust_store_free = trust_store_free,
    .add_anchors = trust_store_add_anchors,
    .add_crls = trust_store_add_crls,
    .put_anchor_hashes = trust_store_put_hashes,
    .validate = certificate_validate,
    .each_of_pem = each_of_pem,
    .subject = subject,
    .public_key = public_key,
    .is_of_lab = is_of_lab,
    .trusts_lab = trust_store_trusts_lab,
    .name_from_text = certificate_name_from_text,
    .names_equal = certificate_names_equal,
};
