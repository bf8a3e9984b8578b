#include "harness/peer/intent.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/peer/capability.h"

enum { MOST_LINE_WORDS = 64 };

// One line of the intent with every $axis replaced. The words stay valid while the line is read.
struct line {
    const struct block_statement *statement;
    size_t count;
    char words[MOST_LINE_WORDS][SCENARIO_WORD_SIZE];
};

struct reading {
    const struct intent_words *words;
    struct intent *intent;
    struct block_fault *fault;
    struct line *line;
};

// The addresses of docs/LAB.md, "Network".
struct place {
    const char *plain[INTENT_SIDES];
    const char *behind_nat[INTENT_SIDES];
};

static const struct place place_ipv4 = {
    .plain = {"192.0.2.1",     "198.51.100.1" },
    .behind_nat = {"203.0.113.129", "203.0.113.193"},
};
static const struct place place_ipv6 = {
    .plain = {"2001:db8:a::1",  "2001:db8:b::1" },
    .behind_nat = {"2001:db8:a1::1", "2001:db8:b1::1"},
};

struct lan {
    const char *word;
    const char *prefix;
};

static const struct lan lans[] = {
    {"west-lan",  "203.0.113.0/26" },
    {"east-lan",  "203.0.113.64/26"},
    {"west-lan6", "2001:db8:1::/64"},
    {"east-lan6", "2001:db8:2::/64"},
};

__attribute__((format(printf, 2, 3))) static bool reject(struct reading *in, const char *format,
                                                         ...)
{
    char message[sizeof(in->fault->message)];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    block_fault_at(in->fault, in->line->statement, "%s", message);
    return false;
}

// Takes a word as it stands in a field of fixed size.
static bool keep(struct reading *in, const char *word, char *out_text, size_t size)
{
    if (strlen(word) >= size) {
        return reject(in, "'%s' is longer than %zu characters", word, size - 1);
    }
    memcpy(out_text, word, strlen(word) + 1);
    return true;
}

// --- Proposals ----------------------------------------------------------------------------

static bool add_algorithm(struct reading *in, const char *word, struct intent_proposal *proposal)
{
    if (algorithm_kind_of(word) == ALGORITHM_UNKNOWN) {
        return reject(in, "unknown algorithm '%s'", word);
    }
    if (proposal->count == INTENT_MOST_WORDS) {
        return reject(in, "more than %d algorithms in one proposal", INTENT_MOST_WORDS);
    }
    return keep(in, word, proposal->words[proposal->count++], INTENT_ALGORITHM_SIZE);
}

static bool read_proposal(struct reading *in, const char *text, struct intent_proposal *out)
{
    const char *start = text;
    while (start != NULL) {
        char word[SCENARIO_WORD_SIZE];
        const size_t size = strcspn(start, "-");
        memcpy(word, start, size);
        word[size] = '\0';
        if (!add_algorithm(in, word, out)) {
            return false;
        }
        start = start[size] == '-' ? start + size + 1 : NULL;
    }
    return true;
}

// "A | B | C" from word `first` on; `count` words of the line belong to it.
static bool read_proposals(struct reading *in, size_t first, size_t count,
                           struct intent_proposals *out)
{
    struct intent_proposals proposals = {0};
    for (size_t i = first; i < count; i++) {
        const char *word = in->line->words[i];
        const bool is_separator = (i - first) % 2 == 1;
        if (is_separator != (strcmp(word, "|") == 0)) {
            return reject(in, "proposals are separated by '|', found '%s'", word);
        }
        if (is_separator) {
            continue;
        }
        if (proposals.count == INTENT_MOST_PROPOSALS) {
            return reject(in, "more than %d proposals", INTENT_MOST_PROPOSALS);
        }
        if (!read_proposal(in, word, &proposals.proposals[proposals.count++])) {
            return false;
        }
    }
    if (count <= first || (count - first) % 2 == 0) {
        return reject(in, "a proposal is missing");
    }
    *out = proposals;
    return true;
}

// "west" or "east", or false with nothing changed.
static bool side_of(const char *word, enum scenario_side *out_side)
{
    if (strcmp(word, "west") == 0) {
        *out_side = SIDE_WEST;
    } else if (strcmp(word, "east") == 0) {
        *out_side = SIDE_EAST;
    } else {
        return false;
    }
    return true;
}

static bool read_ike(struct reading *in)
{
    enum scenario_side side = SIDE_BOTH;
    struct intent_side *sides = in->intent->sides;
    if (in->line->count > 1 && side_of(in->line->words[1], &side)) {
        return read_proposals(in, 2, in->line->count, &sides[side].ike);
    }
    if (!read_proposals(in, 1, in->line->count, &sides[SIDE_WEST].ike)) {
        return false;
    }
    sides[SIDE_EAST].ike = sides[SIDE_WEST].ike;
    return true;
}

// "pfs GROUP", "pfs on:GROUP", "pfs off", "pfs off:GROUP".
static bool read_pfs(struct reading *in, const char *word, char out_group[INTENT_ALGORITHM_SIZE])
{
    if (strcmp(word, "off") == 0 || strncmp(word, "off:", 4) == 0) {
        out_group[0] = '\0';
        return true;
    }
    const char *group = strncmp(word, "on:", 3) == 0 ? word + 3 : word;
    if (algorithm_kind_of(group) != ALGORITHM_GROUP) {
        return reject(in, "pfs takes a group or 'off', not '%s'", word);
    }
    return keep(in, group, out_group, INTENT_ALGORITHM_SIZE);
}

static bool append_group(struct reading *in, const char *group, struct intent_proposals *proposals)
{
    for (size_t i = 0; group[0] != '\0' && i < proposals->count; i++) {
        if (!add_algorithm(in, group, &proposals->proposals[i])) {
            return false;
        }
    }
    return true;
}

static bool read_esp(struct reading *in)
{
    enum scenario_side side = SIDE_BOTH;
    const bool is_one_side = in->line->count > 1 && side_of(in->line->words[1], &side);
    const size_t first = is_one_side ? 2 : 1;
    struct intent_proposals proposals = {0};
    char group[INTENT_ALGORITHM_SIZE] = "";
    size_t count = in->line->count;
    if (count >= 2 && strcmp(in->line->words[count - 2], "pfs") == 0) {
        count -= 2;
        if (!read_pfs(in, in->line->words[count + 1], group)) {
            return false;
        }
    }
    if (!read_proposals(in, first, count, &proposals) || !append_group(in, group, &proposals)) {
        return false;
    }
    if (is_one_side) {
        in->intent->sides[side].esp = proposals;
        return true;
    }
    in->intent->has_pfs = group[0] != '\0';
    in->intent->sides[SIDE_WEST].esp = proposals;
    in->intent->sides[SIDE_EAST].esp = proposals;
    return true;
}

// --- Authentication -----------------------------------------------------------------------

static bool read_auth(struct reading *in)
{
    const struct line *line = in->line;
    if (line->count < 2 || line->count > 3 || strcmp(line->words[1], "psk") != 0) {
        return reject(in, "authentication is 'auth psk' or 'auth psk \"SECRET\"'");
    }
    for (size_t i = 0; line->count == 3 && i < INTENT_SIDES; i++) {
        if (!keep(in, line->words[2], in->intent->sides[i].psk, SCENARIO_WORD_SIZE)) {
            return false;
        }
    }
    return true;
}

static bool read_psk(struct reading *in)
{
    enum scenario_side side = SIDE_BOTH;
    if (in->line->count != 3 || !side_of(in->line->words[1], &side) ||
        in->line->words[2][0] == '\0') {
        return reject(in, "another secret on one side is 'psk west|east \"SECRET\"'");
    }
    return keep(in, in->line->words[2], in->intent->sides[side].psk, SCENARIO_WORD_SIZE);
}

static bool read_id(struct reading *in)
{
    static const char *const names[] = {"address", "fqdn", "email"};
    static const enum intent_identity_kind kinds[] = {INTENT_IDENTITY_ADDRESS, INTENT_IDENTITY_FQDN,
                                                      INTENT_IDENTITY_EMAIL};
    enum scenario_side side = SIDE_BOTH;
    if (in->line->count != 4 || !side_of(in->line->words[1], &side)) {
        return reject(in, "an identity is 'id west|east fqdn|address|email VALUE'");
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(names[i], in->line->words[2]) == 0) {
            in->intent->sides[side].identity_kind = kinds[i];
            return keep(in, in->line->words[3], in->intent->sides[side].identity,
                        SCENARIO_WORD_SIZE);
        }
    }
    return reject(in, "unknown identity '%s'; allowed are fqdn, address, email",
                  in->line->words[2]);
}

// --- Selectors and times ------------------------------------------------------------------

static bool add_selector(struct reading *in, const char *word, struct intent_side *side)
{
    struct ip_address first;
    struct ip_address last;
    for (size_t i = 0; i < sizeof(lans) / sizeof(lans[0]); i++) {
        if (strcmp(lans[i].word, word) == 0) {
            word = lans[i].prefix;
            break;
        }
    }
    if (!prefix_parse(word, &first, &last)) {
        return reject(in, "'%s' is neither west-lan, east-lan, west-lan6, east-lan6 nor a prefix",
                      word);
    }
    if (side->selector_count == INTENT_MOST_SELECTORS) {
        return reject(in, "more than %d selectors on one side", INTENT_MOST_SELECTORS);
    }
    return keep(in, word, side->selectors[side->selector_count++], ADDRESS_TEXT_SIZE);
}

static bool read_selectors(struct reading *in)
{
    enum scenario_side side = SIDE_WEST;
    in->intent->sides[SIDE_WEST].selector_count = 0;
    in->intent->sides[SIDE_EAST].selector_count = 0;
    for (size_t i = 1; i < in->line->count; i++) {
        const char *word = in->line->words[i];
        if (side == SIDE_WEST && strcmp(word, "===") == 0) {
            side = SIDE_EAST;
        } else if (!add_selector(in, word, &in->intent->sides[side])) {
            return false;
        }
    }
    if (in->intent->sides[SIDE_WEST].selector_count == 0 ||
        in->intent->sides[SIDE_EAST].selector_count == 0) {
        return reject(in, "selectors are 'ts WEST... === EAST...'");
    }
    return true;
}

static bool read_life(struct reading *in)
{
    if (in->line->count < 3 || in->line->count % 2 == 0) {
        return reject(in, "lifetimes are 'life child 1h ike 4h'");
    }
    for (size_t i = 1; i < in->line->count; i += 2) {
        const char *word = in->line->words[i];
        uint64_t *life = NULL;
        if (strcmp(word, "child") == 0) {
            life = &in->intent->child_life_ms;
        } else if (strcmp(word, "ike") == 0) {
            life = &in->intent->ike_life_ms;
        } else {
            return reject(in, "unknown lifetime '%s'; allowed are child, ike", word);
        }
        if (!scenario_duration(in->line->words[i + 1], life)) {
            return reject(in, "'%s' is not a duration such as 1h", in->line->words[i + 1]);
        }
    }
    return true;
}

// "off" is an interval of 0.
static bool read_interval(const char *word, uint64_t *out_milliseconds)
{
    if (strcmp(word, "off") == 0) {
        *out_milliseconds = 0;
        return true;
    }
    return scenario_duration(word, out_milliseconds);
}

static bool read_dpd(struct reading *in)
{
    const size_t count = in->line->count;
    enum scenario_side side = SIDE_BOTH;
    uint64_t interval = 0;
    if (count < 2 || count > 3 || (count == 3 && !side_of(in->line->words[1], &side)) ||
        !read_interval(in->line->words[count - 1], &interval)) {
        return reject(in, "liveness checks are 'dpd off', 'dpd 10s' or 'dpd west|east 10s'");
    }
    for (size_t i = 0; i < INTENT_SIDES; i++) {
        if (side == SIDE_BOTH || side == (enum scenario_side)i) {
            in->intent->sides[i].dpd_ms = interval;
        }
    }
    return true;
}

static bool read_over(struct reading *in)
{
    if (in->line->count != 2 ||
        (strcmp(in->line->words[1], "ipv4") != 0 && strcmp(in->line->words[1], "ipv6") != 0)) {
        return reject(in, "the outer family is 'over ipv4' or 'over ipv6'");
    }
    in->intent->is_over_ipv6 = strcmp(in->line->words[1], "ipv6") == 0;
    return true;
}

// --- The whole block ----------------------------------------------------------------------

struct line_keyword {
    const char *word;
    bool (*read)(struct reading *in);
};

static const struct line_keyword line_keywords[] = {
    {"ike",  read_ike      },
    {"esp",  read_esp      },
    {"auth", read_auth     },
    {"psk",  read_psk      },
    {"id",   read_id       },
    {"ts",   read_selectors},
    {"life", read_life     },
    {"dpd",  read_dpd      },
    {"over", read_over     },
};

// One word with every $axis replaced.
static bool take_word(struct reading *in, const char *word, char out_text[SCENARIO_WORD_SIZE])
{
    if (in->words == NULL || in->words->resolve == NULL) {
        return keep(in, word, out_text, SCENARIO_WORD_SIZE);
    }
    return in->words->resolve(in->words->context, word, out_text) ||
           reject(in, "'%s' names no axis of vary, or is too long", word);
}

// Replaces the words of a line. `out_applies` is false when its `if` is.
static bool take_line(struct reading *in, const struct block_statement *statement,
                      bool *out_applies)
{
    size_t count = statement->count;
    in->line->statement = statement;
    *out_applies = in->words == NULL || in->words->applies == NULL ||
                   in->words->applies(in->words->context, statement, &count);
    if (count > MOST_LINE_WORDS || statement_block(statement) != NULL) {
        return reject(in, "a line of the intent has words only, at most %d", MOST_LINE_WORDS);
    }
    in->line->count = count;
    for (size_t i = 0; i < count; i++) {
        if (!take_word(in, statement_word(statement, i), in->line->words[i])) {
            return false;
        }
    }
    return true;
}

static bool read_line(struct reading *in, const struct block_statement *statement)
{
    bool applies = false;
    if (!take_line(in, statement, &applies)) {
        return false;
    }
    if (!applies) {
        return true;
    }
    for (size_t i = 0; i < sizeof(line_keywords) / sizeof(line_keywords[0]); i++) {
        if (strcmp(line_keywords[i].word, in->line->words[0]) == 0) {
            return line_keywords[i].read(in);
        }
    }
    return reject(in, "unknown word '%s'; allowed are ike, esp, auth, psk, id, ts, life, dpd, over",
                  in->line->words[0]);
}

static void place_sides(struct intent *intent, const struct scenario_topology *topology)
{
    const struct place *place = intent->is_over_ipv6 ? &place_ipv6 : &place_ipv4;
    const bool has_nat[INTENT_SIDES] = {topology->west_nat, topology->east_nat};
    for (size_t i = 0; i < INTENT_SIDES; i++) {
        struct intent_side *side = &intent->sides[i];
        (void)snprintf(side->world, sizeof(side->world), "%s", place->plain[i]);
        (void)snprintf(side->address, sizeof(side->address), "%s",
                       has_nat[i] ? place->behind_nat[i] : place->plain[i]);
        if (side->identity[0] == '\0') {
            (void)snprintf(side->identity, sizeof(side->identity), "%s", side->address);
        }
    }
}

static bool is_complete(const struct intent *intent, const struct block_statement *statement,
                        struct block_fault *out_fault)
{
    const char *missing = NULL;
    for (size_t i = 0; i < INTENT_SIDES; i++) {
        const struct intent_side *side = &intent->sides[i];
        missing = side->selector_count == 0 ? "ts" : missing;
        missing = side->esp.count == 0 ? "esp" : missing;
        missing = side->ike.count == 0 ? "ike" : missing;
    }
    if (missing != NULL) {
        block_fault_at(out_fault, statement, "the intent has no line '%s'", missing);
    }
    return missing == NULL;
}

static bool read_lines(struct reading *in, const struct block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        if (!read_line(in, &block->statements[i])) {
            return false;
        }
    }
    return true;
}

bool intent_read(const struct block_statement *statement, const struct scenario_topology *topology,
                 const struct intent_words *words, const char *psk, struct intent *out_intent,
                 struct block_fault *out_fault)
{
    const struct block *block = statement_block(statement);
    const char *name = statement_word(statement, 1);
    struct intent *intent = calloc(1, sizeof(*intent));
    struct line *line = calloc(1, sizeof(*line));
    bool is_read = false;
    if (intent == NULL || line == NULL) {
        block_fault_at(out_fault, statement, "out of memory");
        goto out;
    }
    line->statement = statement;
    struct reading in = {.words = words, .intent = intent, .fault = out_fault, .line = line};
    if (block == NULL || name == NULL || statement->count != 3) {
        is_read = reject(&in, "an intent is 'intent NAME { ... }'");
        goto out;
    }
    if (!keep(&in, name, intent->connection, sizeof(intent->connection))) {
        goto out;
    }
    (void)snprintf(intent->child, sizeof(intent->child), "net");
    for (size_t i = 0; i < INTENT_SIDES; i++) {
        (void)snprintf(intent->sides[i].psk, sizeof(intent->sides[i].psk), "%s", psk);
    }
    is_read = read_lines(&in, block) && is_complete(intent, statement, out_fault);
    if (is_read) {
        place_sides(intent, topology);
        *out_intent = *intent;
    }
out:
    free(line);
    free(intent);
    return is_read;
}

void intent_cell_psk(const char *cell, char out_psk[INTENT_PSK_SIZE])
{
    // FNV-1a: it shall differ between cells, it need not be secret.
    uint64_t hash = 0xcbf29ce484222325u;
    for (const char *next = cell; *next != '\0'; next++) {
        hash = (hash ^ (uint8_t)*next) * 0x100000001b3u;
    }
    (void)snprintf(out_psk, INTENT_PSK_SIZE, "ikelab-%016" PRIx64, hash);
}
