#include "harness/judge/wire_line.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/judge/wire_payload.h"
#include "pcap/protocol_words.h"

enum {
    MICROSECONDS_PER_MILLISECOND = 1000,
    // More patience where a lost message has to be sent again: the longest first wait among
    // the peers we know is four seconds, the second seven.
    RETRANSMISSION_PATIENCE_US = 12 * 1000 * 1000,
    ROUND_TRIP_PATIENCE_US = 200 * 1000,
};

static const struct {
    const char *exchange;
    const char *requirement;
} sections[] = {
    {"IKE_SA_INIT",      "rfc7296:1.2"},
    {"IKE_AUTH",         "rfc7296:1.2"},
    {"CREATE_CHILD_SA",  "rfc7296:1.3"},
    {"INFORMATIONAL",    "rfc7296:1.4"},
    {"IKE_INTERMEDIATE", "rfc9242:3"  },
    {"IKE_FOLLOWUP_KE",  "rfc9370:2"  },
};

// --- when -----------------------------------------------------------------------------------

// A duration at the start of `*text`; steps over it.
static bool take_duration(const char **text, uint64_t *out_microseconds)
{
    char word[32];
    const size_t length = strspn(*text, "0123456789smh");
    uint64_t milliseconds = 0;
    if (length == 0 || length >= sizeof(word)) {
        return false;
    }
    (void)snprintf(word, sizeof(word), "%.*s", (int)length, *text);
    if (!scenario_duration(word, &milliseconds)) {
        return false;
    }
    *out_microseconds = milliseconds * MICROSECONDS_PER_MILLISECOND;
    *text += length;
    return true;
}

// "<2s", "1s~4s", "" behind a '+', then "~retrans" or "~rtt".
static bool take_range(const char *text, struct wire_when *when)
{
    if (*text == '<') {
        text++;
        if (!take_duration(&text, &when->latest_us)) {
            return false;
        }
    } else if (*text >= '0' && *text <= '9') {
        if (!take_duration(&text, &when->earliest_us) || *text++ != '~' ||
            !take_duration(&text, &when->latest_us) || when->latest_us < when->earliest_us) {
            return false;
        }
    }
    if (strcmp(text, "~retrans") == 0) {
        when->latest_us += when->latest_us != 0 ? RETRANSMISSION_PATIENCE_US : 0;
        return true;
    }
    if (strcmp(text, "~rtt") == 0) {
        when->latest_us += when->latest_us != 0 ? ROUND_TRIP_PATIENCE_US : 0;
        return true;
    }
    return *text == '\0';
}

static bool take_when(struct line_words *words, struct wire_when *when)
{
    static const char allowed[] = "*, +<2s, +1s~4s, #40+ or #40+<2s";
    const char *word = line_words_peek(words);
    if (word == NULL || strchr("*+#", word[0]) == NULL) {
        return true;
    }
    if (!line_words_take(words, allowed)) {
        return false;
    }
    when->was_written = true;
    const char *text = words->word;
    if (strcmp(text, "*") == 0) {
        return true;
    }
    when->kind = WHEN_AFTER_PREVIOUS;
    if (*text == '#') {
        char *end = NULL;
        when->kind = WHEN_AFTER_STEP;
        when->step = (unsigned)strtoul(text + 1, &end, 10);
        if (end == text + 1) {
            return line_words_reject(words, "\"%.40s\" is not %s", words->word, allowed);
        }
        text = end;
    }
    if (*text != '+' || !take_range(text + 1, when)) {
        return line_words_reject(words, "\"%.40s\" is not %s", words->word, allowed);
    }
    return true;
}

// --- who ------------------------------------------------------------------------------------

enum named_side { NAMED_WEST, NAMED_EAST, NAMED_ANY, NAMED_PEER };

static bool take_side(struct line_words *words, enum named_side *out_side)
{
    static const char *const names[] = {"west", "east", "any", "peer"};
    static const char allowed[] = "west, east, any, peer or an axis with these values";
    if (!line_words_take(words, allowed)) {
        return false;
    }
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(words->word, names[i]) == 0) {
            *out_side = (enum named_side)i;
            return true;
        }
    }
    return line_words_reject(words, "\"%.40s\" is not %s", words->word, allowed);
}

// "peer" is the other one; on both ends it would name nobody.
static bool take_sides(struct line_words *words, struct wire_line *line)
{
    enum named_side from = NAMED_ANY;
    enum named_side to = NAMED_ANY;
    if (!take_side(words, &from)) {
        return false;
    }
    if (!line_words_accept(words, ">")) {
        return line_words_take(words, "\">\"") &&
               line_words_reject(words, "\">\" is expected here");
    }
    if (!take_side(words, &to)) {
        return false;
    }
    if ((from == NAMED_PEER && to == NAMED_PEER) || (from == to && from != NAMED_ANY)) {
        return line_words_reject(words, "a message goes from one side to the other");
    }
    if (from == NAMED_WEST || to == NAMED_EAST) {
        line->from = CAPTURE_SIDE_WEST;
    } else if (from == NAMED_EAST || to == NAMED_WEST) {
        line->from = CAPTURE_SIDE_EAST;
    } else {
        line->from = CAPTURE_SIDE_UNKNOWN;
    }
    return true;
}

// --- which message --------------------------------------------------------------------------

static bool take_message(struct line_words *words, struct wire_line *line)
{
    static const char *const kinds[] = {"req", "rsp", "any"};
    if (!line_words_take(words, "an exchange or any")) {
        return false;
    }
    if (strcmp(words->word, "any") != 0) {
        if (!is_exchange_word(words->word)) {
            return line_words_reject(words,
                                     "\"%.40s\" is no exchange; allowed: IKE_SA_INIT IKE_AUTH "
                                     "CREATE_CHILD_SA INFORMATIONAL IKE_INTERMEDIATE ... any",
                                     words->word);
        }
        (void)snprintf(line->exchange, sizeof(line->exchange), "%.*s", WIRE_NAME_SIZE - 1,
                       words->word);
    }
    if (!line_words_take(words, "req, rsp or any")) {
        return false;
    }
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(words->word, kinds[i]) == 0) {
            line->message_kind = (enum wire_kind)i;
            return true;
        }
    }
    return line_words_reject(words, "\"%.40s\" is not req, rsp or any", words->word);
}

static bool take_limited(struct line_words *words, uint64_t most, uint64_t *out_number)
{
    return take_number(words, out_number) &&
           (*out_number <= most ||
            line_words_reject(words, "a number of at most %llu", (unsigned long long)most));
}

static bool is_requirement(const char *word)
{
    return strncmp(word, "rfc", 3) == 0 && word[3] >= '0' && word[3] <= '9' &&
           strchr(word, ':') != NULL && strlen(word) < CHECK_WORD_SIZE;
}

// One of $name, dport N, sport N, mid N, rfc7296:2.8.
static bool take_matcher(struct line_words *words, struct wire_line *line)
{
    uint64_t number = 0;
    if (!line_words_take(words, "a matcher")) {
        return false;
    }
    if (words->word[0] == '$' && words->word[1] != '\0') {
        (void)snprintf(line->binding, sizeof(line->binding), "%.*s", WIRE_NAME_SIZE - 1,
                       words->word);
        return true;
    }
    if (is_requirement(words->word)) {
        (void)snprintf(line->requirement, sizeof(line->requirement), "%.*s", CHECK_WORD_SIZE - 1,
                       words->word);
        return true;
    }
    const bool is_destination = strcmp(words->word, "dport") == 0;
    if (is_destination || strcmp(words->word, "sport") == 0) {
        if (!take_limited(words, UINT16_MAX, &number)) {
            return false;
        }
        *(is_destination ? &line->destination_port : &line->source_port) = (uint16_t)number;
        return true;
    }
    if (strcmp(words->word, "mid") == 0) {
        line->has_message_id = take_limited(words, UINT32_MAX, &number);
        line->message_id = (uint32_t)number;
        return line->has_message_id;
    }
    return line_words_reject(words,
                             "\"%.40s\" is not expected here; allowed: $name, dport N, sport N, "
                             "mid N, rfc7296:2.8, { payloads }, if",
                             words->word);
}

static bool take_payloads(struct line_words *words, const struct block_statement *statement,
                          struct wire_line *line)
{
    for (size_t i = 0; i < statement->count; i++) {
        if (!wire_payload_word(&words->judged, &statement->items[i], line, words->fault)) {
            return false;
        }
    }
    return true;
}

static bool take_set(struct line_words *words, struct wire_line *line)
{
    const struct block *block = line_words_block(words);
    line->has_set = block != NULL;
    for (size_t i = 0; block != NULL && i < block->count; i++) {
        if (!take_payloads(words, &block->statements[i], line)) {
            return false;
        }
    }
    return true;
}

// --- the line as text -----------------------------------------------------------------------

__attribute__((format(printf, 2, 3))) static void append(struct wire_line *line, const char *format,
                                                         ...)
{
    va_list arguments;
    const size_t used = strlen(line->text);
    va_start(arguments, format);
    (void)vsnprintf(line->text + used, sizeof(line->text) - used, format, arguments);
    va_end(arguments);
}

static void write_text(struct wire_line *line)
{
    static const char *const kinds[] = {" req", " rsp", ""};
    append(line, "%s > %s %s%s", line->from == CAPTURE_SIDE_UNKNOWN ? "any" : side_name(line->from),
           line->from == CAPTURE_SIDE_UNKNOWN ? "any" : side_name(side_opposite(line->from)),
           line->exchange[0] != '\0' ? line->exchange : "any", kinds[line->message_kind]);
    if (line->source_port != 0) {
        append(line, " sport %u", line->source_port);
    }
    if (line->destination_port != 0) {
        append(line, " dport %u", line->destination_port);
    }
    if (line->has_message_id) {
        append(line, " mid %u", line->message_id);
    }
    if (!line->has_set) {
        return;
    }
    append(line, " {");
    for (size_t i = 0; i < line->term_count; i++) {
        append(line, " %s", line->terms[i].text);
    }
    append(line, "%s }", line->allows_others ? " ..." : "");
}

static void set_requirement(struct wire_line *line)
{
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
        if (line->requirement[0] == '\0' && strcmp(line->exchange, sections[i].exchange) == 0) {
            (void)snprintf(line->requirement, sizeof(line->requirement), "%s",
                           sections[i].requirement);
        }
    }
}

// --- whole lines ----------------------------------------------------------------------------

static bool parse_message(struct line_words *words, struct wire_line *line)
{
    if (!take_when(words, &line->when) || !take_sides(words, line) || !take_message(words, line)) {
        return false;
    }
    while (line_words_peek(words) != NULL) {
        if (!take_matcher(words, line)) {
            return false;
        }
    }
    if (!take_set(words, line)) {
        return false;
    }
    while (line_words_peek(words) != NULL) {
        if (!take_matcher(words, line)) {
            return false;
        }
    }
    set_requirement(line);
    write_text(line);
    return line_words_finish(words, "if");
}

static bool take_binding(struct line_words *words, struct wire_line *line)
{
    if (!line_words_take(words, "$name")) {
        return false;
    }
    if (words->word[0] != '$' || strlen(words->word) >= WIRE_NAME_SIZE) {
        return line_words_reject(words, "\"%.40s\" is not a $name", words->word);
    }
    (void)snprintf(line->binding, sizeof(line->binding), "%.*s", WIRE_NAME_SIZE - 1, words->word);
    return true;
}

// "retransmit $r >= 1", "retransmit-of $r is byte-identical".
static bool parse_retransmit(struct line_words *words, struct wire_line *line)
{
    (void)snprintf(line->requirement, sizeof(line->requirement), "rfc7296:2.1");
    if (line_words_accept(words, "retransmit-of")) {
        line->kind = WIRE_LINE_RETRANSMIT_IDENTICAL;
        if (!take_binding(words, line)) {
            return false;
        }
        append(line, "retransmit-of %s is byte-identical", line->binding);
        return ((line_words_accept(words, "is") && line_words_accept(words, "byte-identical")) ||
                line_words_reject(words, "\"is byte-identical\" is expected here")) &&
               line_words_finish(words, "if");
    }
    line->kind = WIRE_LINE_RETRANSMIT_COUNT;
    if (!line_words_accept(words, "retransmit") || !take_binding(words, line) ||
        !take_comparison(words, &line->comparison) || !take_number(words, &line->number)) {
        return false;
    }
    append(line, "retransmit %s %s %llu", line->binding, comparison_word(line->comparison),
           (unsigned long long)line->number);
    return line_words_finish(words, "if");
}

bool wire_line_parse(const struct judged_scenario *judged, const struct block_statement *statement,
                     struct wire_line *out_line, struct block_fault *out_fault)
{
    struct line_words words = line_words_over(judged, statement, out_fault);
    *out_line = (struct wire_line){.line = statement->line, .message_kind = WIRE_ANY_KIND};
    if (!take_severity(&words, &out_line->severity)) {
        return false;
    }
    const char *next = line_words_peek(&words);
    return next != NULL && strncmp(next, "retransmit", strlen("retransmit")) == 0
               ? parse_retransmit(&words, out_line)
               : parse_message(&words, out_line);
}

// A binding must be made by a line before the one that uses it; SPI bindings may be made by any
// line, as the first use binds.
static bool bindings_are_made(const struct wire_line *lines, size_t count,
                              const struct block_statement *statement,
                              struct block_fault *out_fault)
{
    const struct wire_line *last = &lines[count - 1];
    if (last->binding[0] == '\0' ||
        (last->kind == WIRE_LINE_MESSAGE && last->severity != SEVERITY_NEVER)) {
        return true;
    }
    for (size_t i = 0; i + 1 < count; i++) {
        if (lines[i].kind == WIRE_LINE_MESSAGE && lines[i].severity != SEVERITY_NEVER &&
            strcmp(lines[i].binding, last->binding) == 0) {
            return true;
        }
    }
    block_fault_at(out_fault, statement, "%s is bound by no line before this one", last->binding);
    return false;
}

struct wire_line *wire_lines_parse(const struct judged_scenario *judged, const struct block *block,
                                   size_t *out_count, struct block_fault *out_fault)
{
    struct wire_line *lines = calloc(block->count + 1, sizeof(*lines));
    size_t count = 0;
    *out_fault = (struct block_fault){.message = "out of memory"};
    for (size_t i = 0; lines != NULL && i < block->count; i++) {
        const struct block_statement *statement = &block->statements[i];
        size_t words = 0;
        if (!scenario_line_applies(judged->scenario, judged->variant, statement, &words)) {
            continue;
        }
        bool good = wire_line_parse(judged, statement, &lines[count], out_fault);
        if (good && count == WIRE_MOST_LINES) {
            block_fault_at(out_fault, statement, "more than %d lines", WIRE_MOST_LINES);
            good = false;
        }
        if (!good || !bindings_are_made(lines, ++count, statement, out_fault)) {
            free(lines);
            return NULL;
        }
    }
    *out_count = count;
    return lines;
}
