#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

#include "refgw/crypto/openssl/certificate_parts.h"

enum { NAME_MOST_WORDS = 32, NAME_MOST_TEXT = 512 };

static struct byte_view string_view(const ASN1_STRING *string)
{
    return (struct byte_view){.data = ASN1_STRING_get0_data(string),
                              .size = (size_t)ASN1_STRING_length(string)};
}

static bool has_zero(struct byte_view bytes)
{
    return bytes.size == 0 || memchr(bytes.data, '\0', bytes.size) != NULL;
}

static bool same_ignoring_case(struct byte_view left, struct byte_view right)
{
    return left.size == right.size &&
           strncasecmp((const char *)left.data, (const char *)right.data, left.size) == 0;
}

// The part before the @ is case-sensitive, the host behind it is not (RFC 5280, section 7.5).
static bool same_mailbox(struct byte_view left, struct byte_view right)
{
    const uint8_t *at = memchr(left.data, '@', left.size);
    if (at == NULL || left.size != right.size) {
        return false;
    }
    const size_t local = (size_t)(at - left.data);
    return view_equals((struct byte_view){.data = left.data, .size = local},
                       (struct byte_view){.data = right.data, .size = local}) &&
           strncasecmp((const char *)left.data + local, (const char *)right.data + local,
                       left.size - local) == 0;
}

// Wildcards mean nothing here: the name is compared as it stands.
static bool name_matches(const GENERAL_NAME *name, uint8_t id_type, struct byte_view id)
{
    int type = 0;
    const void *value = GENERAL_NAME_get0_value(name, &type);
    switch (id_type) {
    case ID_IPV4_ADDR:
    case ID_IPV6_ADDR:
        return type == GEN_IPADD && view_equals(string_view(value), id);
    case ID_FQDN:
        return type == GEN_DNS && !has_zero(id) && same_ignoring_case(string_view(value), id);
    case ID_RFC822_ADDR:
        return type == GEN_EMAIL && !has_zero(id) && same_mailbox(string_view(value), id);
    default:
        return false;
    }
}

static bool alternative_name_matches(const X509 *certificate, uint8_t id_type, struct byte_view id)
{
    int critical = 0;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, NULL);
    bool matches = false;
    for (int i = 0; !matches && i < sk_GENERAL_NAME_num(names); i++) {
        matches = name_matches(sk_GENERAL_NAME_value(names, i), id_type, id);
    }
    GENERAL_NAMES_free(names);
    return matches;
}

static X509_NAME *name_from_der(struct byte_view der)
{
    const unsigned char *next = der.data;
    if (der.size == 0 || der.size > CERTIFICATE_MOST_SIZE) {
        return NULL;
    }
    X509_NAME *name = d2i_X509_NAME(NULL, &next, (long)der.size);
    if (name != NULL && (next != der.data + der.size || X509_NAME_entry_count(name) == 0)) {
        X509_NAME_free(name);
        name = NULL;
    }
    return name;
}

bool certificate_names_equal(struct byte_view left, struct byte_view right)
{
    X509_NAME *left_name = name_from_der(left);
    X509_NAME *right_name = name_from_der(right);
    const bool is_equal =
        left_name != NULL && right_name != NULL && X509_NAME_cmp(left_name, right_name) == 0;
    X509_NAME_free(left_name);
    X509_NAME_free(right_name);
    return is_equal;
}

bool certificate_has_identity(X509 *certificate, uint8_t id_type, struct byte_view id)
{
    if (id_type == ID_DER_ASN1_DN) {
        X509_NAME *name = name_from_der(id);
        const bool is_same =
            name != NULL && X509_NAME_cmp(name, X509_get_subject_name(certificate)) == 0;
        X509_NAME_free(name);
        return is_same;
    }
    return alternative_name_matches(certificate, id_type, id);
}

// --- Names in words -------------------------------------------------------------------------

// " CN = west " from `text` up to the next comma that no backslash hides; moves `*text` behind it.
static bool take_attribute(const char **text, char out[NAME_MOST_TEXT])
{
    size_t used = 0;
    const char *next = *text + strspn(*text, " ");
    while (*next != '\0' && *next != ',') {
        next += *next == '\\' && next[1] != '\0' ? 1 : 0;
        if (used == NAME_MOST_TEXT - 1) {
            return false;
        }
        out[used++] = *next++;
    }
    while (used > 0 && out[used - 1] == ' ') {
        used--;
    }
    out[used] = '\0';
    *text = *next == ',' ? next + 1 : NULL;
    return used > 0;
}

static bool add_attribute(X509_NAME *name, char *attribute)
{
    char *equals = strchr(attribute, '=');
    if (equals == NULL || equals == attribute) {
        return false;
    }
    size_t size = (size_t)(equals - attribute);
    while (size > 0 && attribute[size - 1] == ' ') {
        size--;
    }
    const char *value = equals + 1 + strspn(equals + 1, " ");
    attribute[size] = '\0';
    return *value != '\0' &&
           X509_NAME_add_entry_by_txt(name, attribute, MBSTRING_UTF8, (const unsigned char *)value,
                                      -1, -1, 0) == 1;
}

bool certificate_name_from_text(const char *text, struct byte_writer *out)
{
    X509_NAME *name = X509_NAME_new();
    char attribute[NAME_MOST_TEXT];
    bool is_good = name != NULL;
    for (size_t i = 0; is_good && text != NULL; i++) {
        is_good = i < NAME_MOST_WORDS && take_attribute(&text, attribute) &&
                  add_attribute(name, attribute);
    }
    is_good = is_good && certificate_put_name(name, out);
    X509_NAME_free(name);
    return is_good;
}
