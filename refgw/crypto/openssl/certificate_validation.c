#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "refgw/crypto/openssl/certificate_parts.h"
#include "refgw/crypto/openssl/signature_keys.h"

enum { SECURITY_LEVEL = 2, MOST_DEPTH = 8 }; // 112 bits: no SHA-1, no MD5, no RSA under 2048

// --- What went wrong, in our words ----------------------------------------------------------

struct reason_row {
    int error;
    const char *reason;
    const char *section;
};

static const struct reason_row REASONS[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED,                  "certificate-expired",       "rfc5280#section-6.1.3"   },
    {X509_V_ERR_CERT_NOT_YET_VALID,                "certificate-not-yet-valid", "rfc5280#section-6.1.3"   },
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,         "unknown-issuer",            "rfc5280#section-6.1.3"   },
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "unknown-issuer",            "rfc5280#section-6.1.3"   },
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,   "unknown-issuer",            "rfc5280#section-6.1.3"   },
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,       "unknown-issuer",            "rfc5280#section-6.1.3"   },
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,         "unknown-issuer",            "rfc5280#section-6.1.3"   },
    {X509_V_ERR_CERT_SIGNATURE_FAILURE,            "certificate-signature",     "rfc5280#section-6.1.3"   },
    {X509_V_ERR_CERT_REVOKED,                      "certificate-revoked",       "rfc5280#section-6.3.3"   },
    {X509_V_ERR_UNABLE_TO_GET_CRL,                 "crl-missing",               "rfc5280#section-6.3.3"   },
    {X509_V_ERR_CRL_HAS_EXPIRED,                   "crl-stale",                 "rfc5280#section-6.3.3"   },
    {X509_V_ERR_CRL_NOT_YET_VALID,                 "crl-not-yet-valid",         "rfc5280#section-6.3.3"   },
    {X509_V_ERR_CRL_SIGNATURE_FAILURE,             "crl-signature",             "rfc5280#section-6.3.3"   },
    {X509_V_ERR_KEYUSAGE_NO_CRL_SIGN,              "crl-issuer-may-not",        "rfc5280#section-6.3.3"   },
    {X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION,  "crl-critical-extension",    "rfc5280#section-5.2"     },
    {X509_V_ERR_INVALID_CA,                        "issuer-is-no-ca",           "rfc5280#section-6.1.4"   },
    {X509_V_ERR_KEYUSAGE_NO_CERTSIGN,              "issuer-may-not-sign",       "rfc5280#section-6.1.4"   },
    {X509_V_ERR_PATH_LENGTH_EXCEEDED,              "path-too-long",             "rfc5280#section-6.1.4"   },
    {X509_V_ERR_CERT_CHAIN_TOO_LONG,               "path-too-long",             "rfc5280#section-6.1.4"   },
    {X509_V_ERR_PERMITTED_VIOLATION,               "name-constraint",           "rfc5280#section-4.2.1.10"},
    {X509_V_ERR_EXCLUDED_VIOLATION,                "name-constraint",           "rfc5280#section-4.2.1.10"},
    {X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE,       "name-constraint",           "rfc5280#section-4.2.1.10"},
    {X509_V_ERR_UNSUPPORTED_NAME_SYNTAX,           "name-constraint",           "rfc5280#section-4.2.1.10"},
    {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION,      "critical-extension",        "rfc5280#section-4.2"     },
    {X509_V_ERR_EE_KEY_TOO_SMALL,                  "weak-key",                  "rfc8247#section-3.1"     },
    {X509_V_ERR_CA_KEY_TOO_SMALL,                  "weak-key",                  "rfc8247#section-3.1"     },
    {X509_V_ERR_CA_MD_TOO_WEAK,                    "weak-hash",                 "rfc8247#section-3.1"     },
    {X509_V_ERR_EC_KEY_EXPLICIT_PARAMS,            "explicit-curve",            "rfc5480#section-2.1.1"   },
};

// Printable ASCII only: it goes into logs.
static void set_text(char *out, size_t size, const char *text, size_t length)
{
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < size; i++) {
        const char character = text[i];
        out[used] = '?';
        if (character >= ' ' && character <= '~') {
            out[used] = character;
        }
        used++;
    }
    out[used] = '\0';
}

static void describe(struct certificate_finding *finding, const X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());
    BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *serial_text = serial == NULL ? NULL : BN_bn2hex(serial);
    char *text = NULL;
    if (bio != NULL &&
        X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0) {
        const long size = BIO_get_mem_data(bio, &text);
        set_text(finding->subject, sizeof(finding->subject), text, size > 0 ? (size_t)size : 0);
    }
    if (serial_text != NULL) {
        set_text(finding->serial, sizeof(finding->serial), serial_text, strlen(serial_text));
    }
    OPENSSL_free(serial_text);
    BN_free(serial);
    BIO_free(bio);
}

static struct public_key *refuse(struct certificate_finding *finding, const X509 *certificate,
                                 const char *reason, const char *section)
{
    finding->reason = reason;
    finding->section = section;
    if (certificate != NULL) {
        describe(finding, certificate);
    }
    return NULL;
}

static void refuse_for_error(struct certificate_finding *finding, X509_STORE_CTX *context)
{
    const int error = X509_STORE_CTX_get_error(context);
    const X509 *certificate = X509_STORE_CTX_get_current_cert(context);
    const char *text = X509_verify_cert_error_string(error);
    const char *reason = "certificate-invalid";
    const char *section = "rfc5280#section-6.1";
    for (size_t i = 0; i < sizeof(REASONS) / sizeof(REASONS[0]); i++) {
        if (REASONS[i].error == error) {
            reason = REASONS[i].reason;
            section = REASONS[i].section;
            break;
        }
    }
    (void)refuse(finding, certificate != NULL ? certificate : X509_STORE_CTX_get0_cert(context),
                 reason, section);
    set_text(finding->detail, sizeof(finding->detail), text, strlen(text));
}

// --- Revocation -----------------------------------------------------------------------------

static bool names_a_source(const X509 *certificate)
{
    return certificate != NULL &&
           X509_get_ext_by_NID(certificate, NID_crl_distribution_points, -1) >= 0;
}

static bool is_about_availability(int error)
{
    return error == X509_V_ERR_UNABLE_TO_GET_CRL || error == X509_V_ERR_CRL_HAS_EXPIRED;
}

// A missing or stale list is no answer; whether one is needed is the policy's choice. Everything
// else stands.
static int judge_error(int is_good, X509_STORE_CTX *context)
{
    const struct certificate_check *check = X509_STORE_CTX_get_app_data(context);
    if (is_good != 0 || !is_about_availability(X509_STORE_CTX_get_error(context))) {
        return is_good;
    }
    // Nobody is above the anchor who could take it back (RFC 5280, section 6.1.1).
    const bool is_anchor = X509_STORE_CTX_get_error_depth(context) ==
                           sk_X509_num(X509_STORE_CTX_get0_chain(context)) - 1;
    const bool is_tolerated = is_anchor || check->revocation == REVOCATION_RELAXED ||
                              (check->revocation == REVOCATION_IF_URI &&
                               !names_a_source(X509_STORE_CTX_get_current_cert(context)));
    if (is_tolerated) {
        X509_STORE_CTX_set_error(context, X509_V_OK);
    }
    return is_tolerated ? 1 : 0;
}

// --- The profile of RFC 4945 on top of RFC 5280 ---------------------------------------------

static bool key_usage_fits(X509 *certificate)
{
    const uint32_t usage = X509_get_key_usage(certificate); // all ones without the extension
    return (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
}

static bool extended_key_usage_fits(const X509 *certificate)
{
    int critical = 0;
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(certificate, NID_ext_key_usage, &critical, NULL);
    if (usages == NULL) {
        return critical == -1; // there is none, and not: it does not parse, or is there twice
    }
    bool fits = false;
    for (int i = 0; i < sk_ASN1_OBJECT_num(usages); i++) {
        const int usage = OBJ_obj2nid(sk_ASN1_OBJECT_value(usages, i));
        fits = fits || usage == NID_ipsec_IKE || usage == NID_anyExtendedKeyUsage;
    }
    EXTENDED_KEY_USAGE_free(usages);
    return fits;
}

// OpenSSL takes version 1 certificates and others without basicConstraints for issuers.
static X509 *issuer_without_ca(X509_STORE_CTX *context)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
    for (int i = 1; i < sk_X509_num(chain); i++) {
        X509 *issuer = sk_X509_value(chain, i);
        const uint32_t flags = X509_get_extension_flags(issuer);
        if ((flags & EXFLAG_BCONS) == 0 || (flags & EXFLAG_CA) == 0) {
            return issuer;
        }
    }
    return NULL;
}

static struct public_key *judge_leaf(X509_STORE_CTX *context, const struct certificate_check *check,
                                     struct certificate_finding *finding)
{
    X509 *leaf = X509_STORE_CTX_get0_cert(context);
    X509 *issuer = issuer_without_ca(context);
    if (issuer != NULL) {
        return refuse(finding, issuer, "issuer-is-no-ca", "rfc5280#section-6.1.4");
    }
    if (sk_X509_num(X509_STORE_CTX_get0_chain(context)) < 2) {
        return refuse(finding, leaf, "anchor-used-as-end-entity", "rfc5280#section-6.1");
    }
    if (!key_usage_fits(leaf)) {
        return refuse(finding, leaf, "key-usage", "rfc4945#section-5.1.3.2");
    }
    if (!check->ignores_extended_key_usage && !extended_key_usage_fits(leaf)) {
        return refuse(finding, leaf, "extended-key-usage", "rfc4945#section-5.1.3.12");
    }
    if (!certificate_has_identity(leaf, check->id_type, check->id)) {
        return refuse(finding, leaf, "identity-mismatch", "rfc4945#section-3.1");
    }
    struct public_key *key = openssl_public_key(X509_get0_pubkey(leaf));
    if (key == NULL) {
        return refuse(finding, leaf, "weak-key", "rfc8247#section-3.1");
    }
    describe(finding, leaf);
    return key;
}

// --- All of it ------------------------------------------------------------------------------

static bool configure(X509_STORE_CTX *context, const struct trust_store *store,
                      struct certificate_check *check)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_CHECK_SS_SIGNATURE;
    const bool checks_crls =
        check->revocation != REVOCATION_RELAXED || sk_X509_CRL_num(store->crls) > 0;
    if (checks_crls) {
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    }
    X509_VERIFY_PARAM_set_time(param, (time_t)check->now);
    X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
    X509_VERIFY_PARAM_set_depth(param, MOST_DEPTH);
    X509_STORE_CTX_set0_crls(context, store->crls);
    X509_STORE_CTX_set_verify_cb(context, judge_error);
    return X509_VERIFY_PARAM_set_flags(param, flags) == 1 &&
           X509_STORE_CTX_set_app_data(context, check) == 1;
}

static bool read_others(const struct certificate_check *check, STACK_OF(X509) * others)
{
    for (size_t i = 1; i < check->count; i++) {
        X509 *certificate = certificate_from_der(check->certificates[i]);
        if (certificate == NULL || sk_X509_push(others, certificate) <= 0) {
            X509_free(certificate);
            return false;
        }
    }
    return true;
}

static struct public_key *validate_chain(const struct trust_store *store,
                                         struct certificate_check *check, X509 *leaf,
                                         STACK_OF(X509) * others,
                                         struct certificate_finding *finding)
{
    struct public_key *key = NULL;
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    if (context == NULL || X509_STORE_CTX_init(context, store->store, leaf, others) != 1 ||
        !configure(context, store, check)) {
        (void)refuse(finding, leaf, "no-resources", "");
    } else if (X509_verify_cert(context) != 1) {
        refuse_for_error(finding, context);
    } else {
        key = judge_leaf(context, check, finding);
    }
    X509_STORE_CTX_free(context);
    return key;
}

struct public_key *certificate_validate(const struct trust_store *store,
                                        const struct certificate_check *wanted,
                                        struct certificate_finding *out_finding)
{
    struct certificate_check check = *wanted;
    *out_finding = (struct certificate_finding){.reason = "", .section = ""};
    if (check.count == 0 || check.count > CERTIFICATE_MOST) {
        return refuse(out_finding, NULL,
                      check.count == 0 ? "no-certificate" : "too-many-certificates",
                      "rfc7296#section-3.6");
    }
    X509 *leaf = certificate_from_der(check.certificates[0]);
    STACK_OF(X509) *others = sk_X509_new_null();
    struct public_key *key = NULL;
    if (leaf == NULL || others == NULL || !read_others(&check, others)) {
        (void)refuse(out_finding, leaf, "certificate-unreadable", "rfc5280#section-4.1");
    } else {
        key = validate_chain(store, &check, leaf, others, out_finding);
    }
    sk_X509_pop_free(others, X509_free);
    X509_free(leaf);
    ERR_clear_error();
    return key;
}
