#include "refgw/app/config_reader.h"

#include "refgw/iana/ikev2_names.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WORD_SIZE = 32, REASON_SIZE = 600 };

// Alternatives of one transform type, in the order of the text.
struct number_list {
    unsigned numbers[POLICY_MOST_ALTERNATIVES];
    size_t count;
};

// One proposal being read. `reason` says why when a function here returns false.
struct proposal_reader {
    bool is_ike;
    struct policy_proposal proposal; // ciphers; the rest is in the lists until the end
    struct number_list integrity;
    struct number_list prf;
    struct number_list key_exchange;
    struct number_list sequence;
    char reason[REASON_SIZE];
};

// RFC 5282, section 8 and RFC 4106: these bring their own integrity.
static bool is_combined_mode(unsigned encryption)
{
    switch (encryption) {
    case ENCR_AES_CCM_8:
    case ENCR_AES_CCM_12:
    case ENCR_AES_CCM_16:
    case ENCR_AES_GCM_8:
    case ENCR_AES_GCM_12:
    case ENCR_AES_GCM_16:
    case ENCR_NULL_AUTH_AES_GMAC:
    case ENCR_CHACHA20_POLY1305:
        return true;
    default:
        return false;
    }
}

static bool type_is_allowed(bool is_ike, const struct transform_keyword *keyword)
{
    switch (keyword->type) {
    case IKE_TRANSFORM_ENCR:
        // An IKE SA must encrypt: RFC 7296, section 3.3.2 lists ENCR_NULL for ESP only.
        return !is_ike ||
               (keyword->number != ENCR_NULL && keyword->number != ENCR_NULL_AUTH_AES_GMAC);
    case IKE_TRANSFORM_INTEG:
    case IKE_TRANSFORM_KE:
        return true;
    case IKE_TRANSFORM_PRF:
        return is_ike;
    case IKE_TRANSFORM_SN:
        return !is_ike;
    default:
        return false;
    }
}

static void list_allowed(bool is_ike, char *out, size_t size)
{
    size_t used = 0;
    const struct transform_keyword *keyword = transform_keyword_at(0);
    for (size_t i = 0; keyword != NULL && used < size; i++, keyword = transform_keyword_at(i)) {
        if (type_is_allowed(is_ike, keyword)) {
            const int length = snprintf(out + used, size - used, " %s", keyword->word);
            used += length > 0 ? (size_t)length : 0;
        }
    }
}

__attribute__((format(printf, 2, 3))) static bool fail(struct proposal_reader *in,
                                                       const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(in->reason, sizeof(in->reason), format, arguments);
    va_end(arguments);
    return false;
}

static bool fail_unknown(struct proposal_reader *in, const char *word)
{
    char allowed[REASON_SIZE - 64];
    list_allowed(in->is_ike, allowed, sizeof(allowed));
    return fail(in, "unknown algorithm \"%s\"; allowed:%s", word, allowed);
}

static bool fail_misplaced(struct proposal_reader *in, const struct transform_keyword *keyword)
{
    if (keyword->type == IKE_TRANSFORM_PRF) {
        return fail(in, "%s does not belong into an ESP proposal; leave it out", keyword->word);
    }
    if (keyword->type == IKE_TRANSFORM_SN) {
        return fail(in, "%s does not belong into an IKE proposal; leave it out", keyword->word);
    }
    return fail(in, "%s does not encrypt, and IKE must; allowed for ESP only", keyword->word);
}

static bool add_encryption(struct proposal_reader *in, const struct transform_keyword *keyword)
{
    struct policy_proposal *proposal = &in->proposal;
    for (size_t i = 0; i < proposal->encryption_count; i++) {
        if (proposal->encryption[i].encryption == keyword->number &&
            proposal->encryption[i].key_bits == keyword->key_bits) {
            return fail(in, "%s stands there twice; keep one", keyword->word);
        }
    }
    if (proposal->encryption_count == POLICY_MOST_ALTERNATIVES) {
        return fail(in, "more than %d ciphers; write two proposals", POLICY_MOST_ALTERNATIVES);
    }
    proposal->encryption[proposal->encryption_count] = (struct encryption_alternative){
        .encryption = (enum encryption_transform)keyword->number,
        .key_bits = (uint16_t)keyword->key_bits,
    };
    proposal->encryption_count++;
    return true;
}

static bool add_number(struct proposal_reader *in, struct number_list *list, unsigned number,
                       const char *word)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->numbers[i] == number) {
            return fail(in, "%s stands there twice; keep one", word);
        }
    }
    if (list->count == POLICY_MOST_ALTERNATIVES) {
        return fail(in, "more than %d algorithms like %s; write two proposals",
                    POLICY_MOST_ALTERNATIVES, word);
    }
    list->numbers[list->count] = number;
    list->count++;
    return true;
}

static bool add_keyword(struct proposal_reader *in, const struct transform_keyword *keyword)
{
    switch (keyword->type) {
    case IKE_TRANSFORM_ENCR:
        return add_encryption(in, keyword);
    case IKE_TRANSFORM_INTEG:
        return add_number(in, &in->integrity, keyword->number, keyword->word);
    case IKE_TRANSFORM_PRF:
        return add_number(in, &in->prf, keyword->number, keyword->word);
    case IKE_TRANSFORM_KE:
        return add_number(in, &in->key_exchange, keyword->number, keyword->word);
    default:
        return add_number(in, &in->sequence, keyword->number, keyword->word);
    }
}

static bool add_word(struct proposal_reader *in, const char *word)
{
    // "none" beside groups: perfect forward secrecy is offered but not demanded.
    if (!in->is_ike && strcmp(word, "none") == 0) {
        return add_number(in, &in->key_exchange, KE_NONE, word);
    }
    const struct transform_keyword *keyword = transform_keyword_find(word);
    if (keyword == NULL) {
        return fail_unknown(in, word);
    }
    return type_is_allowed(in->is_ike, keyword) ? add_keyword(in, keyword)
                                                : fail_misplaced(in, keyword);
}

static bool add_words(struct proposal_reader *in, const char *text)
{
    const char *rest = text;
    while (rest != NULL) {
        const char *dash = strchr(rest, '-');
        const size_t size = dash == NULL ? strlen(rest) : (size_t)(dash - rest);
        char word[WORD_SIZE];
        (void)snprintf(word, sizeof(word), "%.*s", (int)(size < WORD_SIZE ? size : WORD_SIZE),
                       rest);
        if (!add_word(in, word)) {
            return false;
        }
        rest = dash == NULL ? NULL : dash + 1;
    }
    return true;
}

static bool check_integrity(struct proposal_reader *in)
{
    size_t combined = 0;
    const struct policy_proposal *proposal = &in->proposal;
    for (size_t i = 0; i < proposal->encryption_count; i++) {
        combined += is_combined_mode(proposal->encryption[i].encryption);
    }
    if (proposal->encryption_count == 0) {
        return fail(in, "no cipher; add one, aes256gcm16 for instance");
    }
    if (combined != 0 && combined != proposal->encryption_count) {
        return fail(in, "ciphers with and without integrity of their own are mixed; write two "
                        "proposals (RFC 5282, section 8)");
    }
    if (combined != 0 && in->integrity.count > 0) {
        return fail(in, "a combined-mode cipher (gcm, ccm, chacha20poly1305) has its own "
                        "integrity; leave the integrity algorithm out (RFC 5282, section 8)");
    }
    if (combined == 0 && in->integrity.count == 0) {
        return fail(in, "no integrity algorithm for this cipher; add one, sha256 for instance");
    }
    return true;
}

static bool check_completeness(struct proposal_reader *in)
{
    if (!check_integrity(in)) {
        return false;
    }
    if (in->is_ike && in->prf.count == 0) {
        return fail(in, "no pseudorandom function; add one, prfsha256 for instance");
    }
    if (in->is_ike && in->key_exchange.count == 0) {
        return fail(in, "no key exchange method; add one, x25519 for instance");
    }
    if (!in->is_ike && in->sequence.count == 0) {
        in->sequence.numbers[0] = SN_32_BIT_SEQUENTIAL;
        in->sequence.count = 1;
    }
    return true;
}

static void copy_lists(const struct proposal_reader *in, struct policy_proposal *out)
{
    *out = in->proposal;
    out->integrity_count = in->integrity.count;
    out->prf_count = in->prf.count;
    out->key_exchange_count = in->key_exchange.count;
    out->sequence_count = in->sequence.count;
    for (size_t i = 0; i < POLICY_MOST_ALTERNATIVES; i++) {
        out->integrity[i] = (enum integrity_transform)in->integrity.numbers[i];
        out->prf[i] = (enum prf_transform)in->prf.numbers[i];
        out->key_exchange[i] = (enum key_exchange_method)in->key_exchange.numbers[i];
    }
    for (size_t i = 0; i < sizeof(out->sequence) / sizeof(out->sequence[0]); i++) {
        out->sequence[i] = (enum sequence_number_transform)in->sequence.numbers[i];
    }
}

static bool read_proposal(struct proposal_reader *in, const char *text, struct policy_proposal *out)
{
    if (!add_words(in, text) || !check_completeness(in)) {
        return false;
    }
    copy_lists(in, out);
    return true;
}

void config_read_proposals(struct config_reader *reader, const struct block_statement *statement,
                           const struct config_proposals *out)
{
    const char *keyword = out->is_ike ? "ike" : "esp";
    if (statement->count < 2 || statement_leading_words(statement) != statement->count) {
        config_fault(reader, statement, "`%s` takes proposals, one per word: %s PROPOSAL...",
                     keyword, keyword);
        return;
    }
    for (size_t i = 1; i < statement->count; i++) {
        struct proposal_reader in = {.is_ike = out->is_ike};
        if (*out->count == POLICY_MOST_PROPOSALS) {
            config_fault(reader, statement, "`%s` has more than %d proposals", keyword,
                         POLICY_MOST_PROPOSALS);
            return;
        }
        if (!read_proposal(&in, statement->items[i].text, &out->items[*out->count])) {
            config_fault(reader, statement, "%s proposal \"%.64s\": %s", keyword,
                         statement->items[i].text, in.reason);
        } else {
            (*out->count)++;
        }
    }
}

void config_default_proposal(const char *text, bool is_ike, struct policy_proposal *out)
{
    struct proposal_reader in = {.is_ike = is_ike};
    const bool read = read_proposal(&in, text, out);
    assert(read);
    (void)read;
}
