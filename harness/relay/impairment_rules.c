#include "harness/relay/impairment_rules.h"

#include "harness/relay/packet_sight.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_NUMBER = 1000000000,
    MICROSECONDS_IN_MILLISECOND = 1000,
    MICROSECONDS_IN_SECOND = 1000000
};

struct named_number {
    const char *name;
    uint8_t number;
};

static const struct named_number exchanges[] = {
    {"IKE_SA_INIT",        IKE_SA_INIT_NUMBER       },
    {"IKE_AUTH",           IKE_AUTH_NUMBER          },
    {"CREATE_CHILD_SA",    CREATE_CHILD_SA_NUMBER   },
    {"INFORMATIONAL",      INFORMATIONAL_NUMBER     },
    {"IKE_SESSION_RESUME", IKE_SESSION_RESUME_NUMBER},
    {"IKE_INTERMEDIATE",   IKE_INTERMEDIATE_NUMBER  },
    {"IKE_FOLLOWUP_KE",    IKE_FOLLOWUP_KE_NUMBER   },
    {"any",                0                        },
};

enum { EXCHANGE_COUNT = sizeof(exchanges) / sizeof(exchanges[0]) };

// The words of a line, one after the other.
struct word_reader {
    const struct block_statement *statement;
    struct block_fault *fault;
    size_t next;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct word_reader *in, const char *format,
                                                       ...)
{
    const struct block_statement *statement = in->statement;
    va_list arguments;
    // At the word that is wrong, or behind the last one when something is missing.
    const size_t place = in->next < statement->count ? in->next : statement->count - 1;
    in->fault->line = statement->items[place].line;
    in->fault->column = statement->items[place].column;
    va_start(arguments, format);
    (void)vsnprintf(in->fault->message, sizeof(in->fault->message), format, arguments);
    va_end(arguments);
    return false;
}

static const char *peek(const struct word_reader *in)
{
    return statement_word(in->statement, in->next);
}

// The word at the cursor for a message, also when there is none.
static const char *found(const struct word_reader *in)
{
    if (in->next >= in->statement->count) {
        return "the end of the line";
    }
    const char *word = peek(in);
    return word != NULL ? word : "a block";
}

static bool take(struct word_reader *in, const char *word)
{
    const char *next = peek(in);
    if (next == NULL || strcmp(next, word) != 0) {
        return false;
    }
    in->next++;
    return true;
}

// Digits at the start of `text`, at most MOST_NUMBER; `out_rest` is what follows them.
static bool parse_number(const char *text, uint64_t *out_number, const char **out_rest)
{
    uint64_t number = 0;
    const char *next = text;
    while (isdigit((unsigned char)*next) && number <= MOST_NUMBER) {
        number = number * 10 + (uint64_t)(*next - '0');
        next++;
    }
    if (next == text || number > MOST_NUMBER) {
        return false;
    }
    *out_number = number;
    *out_rest = next;
    return true;
}

static bool take_number(struct word_reader *in, uint64_t *out_number)
{
    const char *word = peek(in);
    const char *rest = NULL;
    if (word == NULL || !parse_number(word, out_number, &rest) || *rest != '\0') {
        return fail(in, "found '%s'; a number up to %d belongs here", found(in), MOST_NUMBER);
    }
    in->next++;
    return true;
}

// Any 64-bit number: seeds are not counted in anything.
static bool take_seed(struct word_reader *in, struct impairment_rule *rule)
{
    const char *word = peek(in);
    char *end = NULL;
    errno = 0;
    if (word != NULL && isdigit((unsigned char)word[0])) {
        rule->seed = strtoull(word, &end, 0);
    }
    if (end == NULL || *end != '\0' || errno != 0) {
        return fail(in, "found '%s'; a number belongs after seed", found(in));
    }
    rule->has_seed = true;
    in->next++;
    return true;
}

// Microseconds in "us", "ms" or "s"; 0 for anything else.
static uint64_t unit_size(const char *unit)
{
    if (strcmp(unit, "us") == 0) {
        return 1;
    }
    if (strcmp(unit, "ms") == 0) {
        return MICROSECONDS_IN_MILLISECOND;
    }
    return strcmp(unit, "s") == 0 ? MICROSECONDS_IN_SECOND : 0;
}

static bool take_duration(struct word_reader *in, uint64_t *out_us)
{
    const char *word = peek(in);
    const char *unit = NULL;
    uint64_t number = 0;
    if (word == NULL || !parse_number(word, &number, &unit) || unit_size(unit) == 0) {
        return fail(in, "found '%s'; a time such as 500us, 50ms or 2s belongs here", found(in));
    }
    *out_us = number * unit_size(unit);
    in->next++;
    return true;
}

// "5%", "0.25%"
static bool take_percent(struct word_reader *in, uint32_t *out_millionths)
{
    const char *word = peek(in);
    char *end = NULL;
    if (word != NULL && isdigit((unsigned char)word[0])) {
        const double percent = strtod(word, &end);
        if (strcmp(end, "%") == 0 && percent <= 100.0) {
            *out_millionths = (uint32_t)(percent * (IMPAIRMENT_ALWAYS / 100.0) + 0.5);
            in->next++;
            return true;
        }
    }
    return fail(in, "found '%s'; a share from 0%% to 100%% belongs after loss", found(in));
}

static bool take_delay(struct word_reader *in, struct impairment_rule *rule)
{
    rule->action = IMPAIR_DELAY;
    if (!take_duration(in, &rule->delay_us)) {
        return false;
    }
    return !take(in, "jitter") || take_duration(in, &rule->jitter_us);
}

static bool take_loss(struct word_reader *in, struct impairment_rule *rule)
{
    if (rule->traffic != IMPAIR_ESP) {
        in->next--;
        return fail(in, "random loss is for esp only; name the message: drop 1st IKE_AUTH.req");
    }
    rule->action = IMPAIR_DROP;
    return take_percent(in, &rule->probability);
}

static bool take_action(struct word_reader *in, struct impairment_rule *rule)
{
    if (take(in, "drop")) {
        rule->action = IMPAIR_DROP;
        return true;
    }
    if (take(in, "duplicate")) {
        rule->action = IMPAIR_DUPLICATE;
        return true;
    }
    if (take(in, "corrupt")) {
        rule->action = IMPAIR_CORRUPT;
        return true;
    }
    if (take(in, "delay")) {
        return take_delay(in, rule);
    }
    if (take(in, "loss")) {
        return take_loss(in, rule);
    }
    return fail(in, "found '%s'; allowed are %sdrop duplicate corrupt delay loss", found(in),
                in->next == 1 ? "ike esp " : "");
}

// "1st" "2nd" "3rd" "11th"; English is checked, so that a typing error is not taken for a number.
static bool parse_ordinal(const char *word, unsigned *out_ordinal)
{
    static const char *const endings[] = {"th", "st", "nd", "rd"};
    const char *rest = NULL;
    uint64_t number = 0;
    if (!parse_number(word, &number, &rest) || number == 0) {
        return false;
    }
    const bool is_teen = number % 100 >= 11 && number % 100 <= 13;
    const char *ending = number % 10 <= 3 && !is_teen ? endings[number % 10] : "th";
    *out_ordinal = (unsigned)number;
    return strcmp(rest, ending) == 0;
}

static bool take_which(struct word_reader *in, struct impairment_rule *rule)
{
    const char *word = peek(in);
    if (take(in, "every")) {
        return true;
    }
    if (word == NULL || !parse_ordinal(word, &rule->ordinal)) {
        return fail(in, "found '%s'; which one? every, 1st, 2nd, 3rd, 4th ...", found(in));
    }
    rule->times = 1;
    in->next++;
    return true;
}

static bool parse_kind(const char *suffix, enum impairment_message_kind *out_kind)
{
    if (suffix == NULL) {
        *out_kind = IMPAIR_ANY_MESSAGE;
    } else if (strcmp(suffix, ".req") == 0) {
        *out_kind = IMPAIR_REQUEST;
    } else if (strcmp(suffix, ".rsp") == 0) {
        *out_kind = IMPAIR_RESPONSE;
    } else {
        return false;
    }
    return true;
}

// The name in front of the suffix.
static bool parse_exchange(const char *name, size_t size, uint8_t *out_exchange)
{
    for (size_t i = 0; i < EXCHANGE_COUNT; i++) {
        if (strlen(exchanges[i].name) == size && memcmp(exchanges[i].name, name, size) == 0) {
            *out_exchange = exchanges[i].number;
            return true;
        }
    }
    return false;
}

static bool take_message(struct word_reader *in, struct impairment_rule *rule)
{
    const char *word = peek(in);
    const char *suffix = word != NULL ? strchr(word, '.') : NULL;
    const size_t size = suffix != NULL ? (size_t)(suffix - word) : strlen(word != NULL ? word : "");
    if (word == NULL || !parse_kind(suffix, &rule->kind) ||
        !parse_exchange(word, size, &rule->exchange)) {
        return fail(in,
                    "found '%s'; allowed are IKE_SA_INIT IKE_AUTH CREATE_CHILD_SA INFORMATIONAL "
                    "IKE_INTERMEDIATE IKE_FOLLOWUP_KE IKE_SESSION_RESUME any, with .req or .rsp",
                    found(in));
    }
    in->next++;
    return true;
}

static bool take_side(struct word_reader *in, enum impairment_direction if_west,
                      enum impairment_direction if_east, enum impairment_direction *out_direction)
{
    if (take(in, "west")) {
        *out_direction = if_west;
        return true;
    }
    if (take(in, "east")) {
        *out_direction = if_east;
        return true;
    }
    return fail(in, "found '%s'; allowed are west east", found(in));
}

static bool take_phase(struct word_reader *in, struct impairment_rule *rule)
{
    const char *word = peek(in);
    if (word == NULL || strlen(word) >= sizeof(rule->phase)) {
        return fail(in, "found '%s'; the name of a marked step belongs after during", found(in));
    }
    (void)snprintf(rule->phase, sizeof(rule->phase), "%s", word);
    in->next++;
    return true;
}

static bool take_must_hit(struct word_reader *in, struct impairment_rule *rule)
{
    uint64_t number = 0;
    (void)take(in, ">=");
    if (!take_number(in, &number)) {
        return false;
    }
    rule->must_hit = (unsigned)number;
    return true;
}

static bool take_times(struct word_reader *in, struct impairment_rule *rule)
{
    uint64_t number = 0;
    if (rule->ordinal == 0) {
        in->next--;
        return fail(in, "times belongs to 1st, 2nd ...; every means all of them");
    }
    if (take(in, "all")) {
        rule->times = 0;
        return true;
    }
    if (!take_number(in, &number)) {
        return false;
    }
    rule->times = (unsigned)number;
    return number > 0 || fail(in, "times 0 would never hit");
}

static bool take_option(struct word_reader *in, struct impairment_rule *rule)
{
    if (take(in, "both-ways")) {
        rule->direction = IMPAIR_BOTH_WAYS;
        return true;
    }
    if (take(in, "from")) {
        return take_side(in, IMPAIR_FROM_WEST, IMPAIR_FROM_EAST, &rule->direction);
    }
    if (take(in, "to")) {
        return take_side(in, IMPAIR_FROM_EAST, IMPAIR_FROM_WEST, &rule->direction);
    }
    if (take(in, "times")) {
        return take_times(in, rule);
    }
    if (take(in, "seed")) {
        return take_seed(in, rule);
    }
    if (take(in, "during")) {
        return take_phase(in, rule);
    }
    if (take(in, "must-hit")) {
        return take_must_hit(in, rule);
    }
    if (in->next < in->statement->count && peek(in) == NULL) {
        return fail(in, "the relay has no keys and cannot look at payloads; name the exchange");
    }
    return fail(in,
                "found '%s'; allowed are from to both-ways times seed during must-hit; `if` and "
                "$names are settled before",
                found(in));
}

static void add_text(struct impairment_rule *rule, const char *word)
{
    const size_t used = strlen(rule->text);
    (void)snprintf(rule->text + used, sizeof(rule->text) - used, "%s%s", used > 0 ? " " : "", word);
}

// The line for people. What must-hit demands stands in a field of its own.
static void describe(struct impairment_rule *rule, const struct block_statement *statement)
{
    for (size_t i = rule->traffic == IMPAIR_IKE ? 2 : 1; i < statement->count; i++) {
        const char *word = statement_word(statement, i);
        if (word == NULL || strcmp(word, "must-hit") == 0) {
            return;
        }
        add_text(rule, word);
    }
}

static bool take_rule(struct word_reader *in, struct impairment_rule *rule)
{
    if (!take(in, "wan")) {
        return fail(in, "found '%s'; allowed is wan", found(in));
    }
    if (take(in, "ike")) {
        rule->traffic = IMPAIR_IKE;
    } else if (take(in, "esp")) {
        rule->traffic = IMPAIR_ESP;
    }
    if (!take_action(in, rule)) {
        return false;
    }
    const char *next = peek(in);
    const bool names_which =
        next != NULL && (strcmp(next, "every") == 0 || isdigit((unsigned char)next[0]));
    if ((rule->traffic == IMPAIR_IKE || names_which) && !take_which(in, rule)) {
        return false;
    }
    if (rule->traffic == IMPAIR_IKE && !take_message(in, rule)) {
        return false;
    }
    while (in->next < in->statement->count) {
        if (!take_option(in, rule)) {
            return false;
        }
    }
    return true;
}

bool impairment_rule_parse(const struct block_statement *statement,
                           struct impairment_rule *out_rule, struct block_fault *out_fault)
{
    struct impairment_rule rule = {.line = statement->line, .probability = IMPAIRMENT_ALWAYS};
    struct word_reader in = {.statement = statement, .fault = out_fault};
    if (!take_rule(&in, &rule)) {
        return false;
    }
    describe(&rule, statement);
    *out_rule = rule;
    return true;
}

// "rule 22 { wan ... }"
static bool parse_wrapped(const struct block_statement *statement, struct impairment_rule *out_rule,
                          struct block_fault *out_fault)
{
    struct word_reader in = {.statement = statement, .fault = out_fault};
    const struct block *body = statement_block(statement);
    uint64_t line = 0;
    if (!take(&in, "rule")) {
        return fail(&in, "found '%s'; allowed is rule LINE { wan ... }", found(&in));
    }
    if (!take_number(&in, &line)) {
        return false;
    }
    if (body == NULL || body->count != 1) {
        return fail(&in, "one line belongs between the braces of a rule");
    }
    const bool parsed = impairment_rule_parse(&body->statements[0], out_rule, out_fault);
    if (parsed) {
        out_rule->line = (unsigned)line;
    } else {
        out_fault->line = (unsigned)line;
    }
    return parsed;
}

static bool parse_all(const struct block_document *document, struct impairment_rules *out_rules,
                      struct block_fault *out_fault)
{
    const struct block *root = block_document_root(document);
    struct impairment_rules *rules = calloc(1, sizeof(*rules));
    bool parsed = rules != NULL;
    for (size_t i = 0; parsed && i < root->count; i++) {
        if (i >= IMPAIRMENT_MOST_RULES) {
            block_fault_at(out_fault, &root->statements[i], "more than %d rules",
                           IMPAIRMENT_MOST_RULES);
            parsed = false;
        } else {
            parsed = parse_wrapped(&root->statements[i], &rules->rules[i], out_fault);
            rules->count = i + 1;
        }
    }
    if (parsed) {
        *out_rules = *rules;
    } else if (rules == NULL) {
        *out_fault = (struct block_fault){.message = "out of memory"};
    }
    free(rules);
    return parsed;
}

static bool parse_document(struct block_document *document, struct impairment_rules *out_rules,
                           struct block_fault *out_fault)
{
    const bool parsed = document != NULL && parse_all(document, out_rules, out_fault);
    block_document_free(document);
    return parsed;
}

bool impairment_rules_load(const char *path, struct impairment_rules *out_rules,
                           struct block_fault *out_fault)
{
    return parse_document(block_document_load(path, out_fault), out_rules, out_fault);
}

bool impairment_rules_parse(struct byte_view text, struct impairment_rules *out_rules,
                            struct block_fault *out_fault)
{
    return parse_document(block_document_parse(text, out_fault), out_rules, out_fault);
}
