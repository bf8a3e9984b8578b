#include <limits.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "refgw/crypto/openssl/certificate_parts.h"
#include "refgw/crypto/openssl/primitives.h"

struct trust_store *trust_store_new(void)
{
    struct trust_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return NULL;
    }
    store->store = X509_STORE_new();
    store->anchors = sk_X509_new_null();
    store->crls = sk_X509_CRL_new_null();
    if (store->store == NULL || store->anchors == NULL || store->crls == NULL) {
        trust_store_free(store);
        return NULL;
    }
    return store;
}

void trust_store_free(struct trust_store *store)
{
    if (store != NULL) {
        X509_STORE_free(store->store);
        sk_X509_pop_free(store->anchors, X509_free);
        sk_X509_CRL_pop_free(store->crls, X509_CRL_free);
        free(store);
    }
}

// An anchor issues; a certificate of somebody who may not issue would only vouch for itself.
static bool may_issue(X509 *certificate)
{
    return (X509_get_extension_flags(certificate) & EXFLAG_CA) != 0 &&
           (X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN) != 0;
}

static BIO *open_text(struct byte_view bytes)
{
    return bytes.size > INT_MAX ? NULL : BIO_new_mem_buf(bytes.data, (int)bytes.size);
}

// Takes the certificate over in any case.
static bool add_anchor(struct trust_store *store, X509 *certificate, const char **out_problem)
{
    if (!may_issue(certificate)) {
        *out_problem = "holds a certificate that may issue no others (no CA)";
        X509_free(certificate);
        return false;
    }
    if (X509_STORE_add_cert(store->store, certificate) != 1 ||
        sk_X509_push(store->anchors, certificate) <= 0) {
        *out_problem = "cannot be kept: out of memory";
        X509_free(certificate);
        return false;
    }
    return true;
}

bool trust_store_add_anchors(struct trust_store *store, struct byte_view pem,
                             const char **out_problem)
{
    BIO *bio = open_text(pem);
    const int before = sk_X509_num(store->anchors);
    bool is_good = bio != NULL;
    X509 *certificate = is_good ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    while (is_good && certificate != NULL) {
        is_good = add_anchor(store, certificate, out_problem);
        certificate = is_good ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    }
    if (is_good && sk_X509_num(store->anchors) == before) {
        *out_problem = "holds no certificate in PEM";
        is_good = false;
    }
    BIO_free(bio);
    return is_good;
}

static X509_CRL *crl_from_der(struct byte_view bytes)
{
    const unsigned char *next = bytes.data;
    X509_CRL *crl = bytes.size > LONG_MAX ? NULL : d2i_X509_CRL(NULL, &next, (long)bytes.size);
    if (crl != NULL && next != bytes.data + bytes.size) {
        X509_CRL_free(crl);
        crl = NULL;
    }
    return crl;
}

bool trust_store_add_crls(struct trust_store *store, struct byte_view bytes,
                          const char **out_problem)
{
    BIO *bio = open_text(bytes);
    size_t count = 0;
    X509_CRL *crl = bio == NULL ? NULL : PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
    if (crl == NULL) {
        crl = crl_from_der(bytes);
    }
    while (crl != NULL) {
        if (sk_X509_CRL_push(store->crls, crl) <= 0) {
            X509_CRL_free(crl);
            *out_problem = "cannot be kept: out of memory";
            BIO_free(bio);
            return false;
        }
        count++;
        crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
    }
    BIO_free(bio);
    if (count == 0) {
        *out_problem = "holds no certificate revocation list";
    }
    return count > 0;
}

bool trust_store_put_hashes(const struct trust_store *store, struct byte_writer *out)
{
    for (int i = 0; i < sk_X509_num(store->anchors); i++) {
        unsigned char *der = NULL;
        uint8_t hash[CERTIFICATE_KEY_HASH_SIZE];
        const int size =
            i2d_X509_PUBKEY(X509_get_X509_PUBKEY(sk_X509_value(store->anchors, i)), &der);
        const struct byte_view view = {.data = der, .size = size > 0 ? (size_t)size : 0};
        const bool is_done = size > 0 && openssl_sha1(&view, 1, hash);
        OPENSSL_free(der);
        if (!is_done) {
            return false;
        }
        writer_put_bytes(out, VIEW_OF(hash));
    }
    return !out->overflowed;
}

bool trust_store_trusts_lab(const struct trust_store *store)
{
    for (int i = 0; i < sk_X509_num(store->anchors); i++) {
        if (certificate_of_lab(sk_X509_value(store->anchors, i))) {
            return true;
        }
    }
    return false;
}
