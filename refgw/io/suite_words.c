#include "refgw/io/suite_words.h"

#include "refgw/iana/ikev2_names.h"

#include <stdio.h>

static const char *word_or_dash(const char *word)
{
    return word == NULL ? "-" : word;
}

const char *suite_encryption_word(const struct aead_choice *aead)
{
    const char *word = transform_keyword_name(IKE_TRANSFORM_ENCR, aead->encryption, aead->key_bits);
    if (word == NULL) {
        // A cipher with one key length has no Key Length attribute (RFC 7634, section 4).
        word = transform_keyword_name(IKE_TRANSFORM_ENCR, aead->encryption, 0);
    }
    return word_or_dash(word);
}

const char *suite_integrity_word(const struct aead_choice *aead)
{
    return aead->integrity == AUTH_NONE
               ? "-"
               : word_or_dash(transform_keyword_name(IKE_TRANSFORM_INTEG, aead->integrity, 0));
}

// "aes128gcm16" or "aes128-sha256"
static void format_aead(const struct aead_choice *aead, char out_text[SUITE_TEXT_SIZE])
{
    const bool has_integrity = aead->integrity != AUTH_NONE;
    (void)snprintf(out_text, SUITE_TEXT_SIZE, "%s%s%s", suite_encryption_word(aead),
                   has_integrity ? "-" : "", has_integrity ? suite_integrity_word(aead) : "");
}

void suite_format_ike(const struct ike_suite *suite, char out_text[SUITE_TEXT_SIZE])
{
    char aead[SUITE_TEXT_SIZE];
    format_aead(&suite->aead, aead);
    (void)snprintf(out_text, SUITE_TEXT_SIZE, "%.64s-%.20s-%.20s", aead,
                   word_or_dash(transform_keyword_name(IKE_TRANSFORM_PRF, suite->prf, 0)),
                   word_or_dash(transform_keyword_name(IKE_TRANSFORM_KE, suite->key_exchange, 0)));
}

void suite_format_child(const struct child_sa *sa, char out_text[SUITE_TEXT_SIZE])
{
    char aead[SUITE_TEXT_SIZE];
    const bool has_exchange = sa->key_exchange != KE_NONE;
    format_aead(&sa->aead, aead);
    (void)snprintf(out_text, SUITE_TEXT_SIZE, "%.64s%s%.20s", aead, has_exchange ? "-" : "",
                   has_exchange
                       ? word_or_dash(transform_keyword_name(IKE_TRANSFORM_KE, sa->key_exchange, 0))
                       : "");
}
