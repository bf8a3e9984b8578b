#include "harness/judge/wire_payload.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pcap/protocol_words.h"

// One word being read.
struct reading {
    const struct block_item *item;
    struct wire_line *line;
    struct block_fault *fault;
};

__attribute__((format(printf, 2, 3))) static bool reject(const struct reading *in,
                                                         const char *format, ...)
{
    va_list arguments;
    in->fault->line = in->item->line;
    in->fault->column = in->item->column;
    va_start(arguments, format);
    (void)vsnprintf(in->fault->message, sizeof(in->fault->message), format, arguments);
    va_end(arguments);
    return false;
}

// What may stand in the parentheses of a payload.
struct payload_grammar {
    const char *name;
    const char *bare; // key of a word that stands alone, after protocols and bindings; or NULL
    bool has_protocol;
    const char *keys; // blank separated
};

static const struct payload_grammar grammars[] = {
    {"SA",   NULL,    true,  "spi encr prf integ dh addke sn n"},
    {"N",    "type",  true,  "spi dh group len"                },
    {"D",    NULL,    true,  "spi n"                           },
    {"KE",   "dh",    false, "group len dh"                    },
    {"TSi",  "range", false, "proto ports n"                   },
    {"TSr",  "range", false, "proto ports n"                   },
    {"IDi",  "type",  false, "value"                           },
    {"IDr",  "type",  false, "value"                           },
    {"AUTH", NULL,    false, "method"                          },
    {"Ni",   NULL,    false, "len"                             },
    {"Nr",   NULL,    false, "len"                             },
    {"V",    NULL,    false, "len"                             },
    {"CP",   "type",  false, ""                                },
    {"EAP",  NULL,    false, "code type"                       },
};

static const struct payload_grammar *grammar_of(const char *name)
{
    for (size_t i = 0; i < sizeof(grammars) / sizeof(grammars[0]); i++) {
        if (strcmp(grammars[i].name, name) == 0) {
            return &grammars[i];
        }
    }
    return NULL;
}

static bool is_listed(const char *keys, const char *word)
{
    const size_t size = strlen(word);
    for (const char *place = keys; *place != '\0';) {
        const size_t length = strcspn(place, " ");
        if (length == size && strncmp(place, word, size) == 0) {
            return true;
        }
        place += length;
        place += strspn(place, " ");
    }
    return false;
}

static bool add_field(const struct reading *in, struct wire_payload *payload, const char *key,
                      const char *value)
{
    if (payload->field_count == WIRE_MOST_FIELDS) {
        return reject(in, "more than %d fields in \"%.40s\"", WIRE_MOST_FIELDS, payload->name);
    }
    struct wire_field *field = &payload->fields[payload->field_count++];
    // Written as people read SPIs in logs; compared as the decoder writes them.
    const char *plain = strncmp(value, "0x", 2) == 0 ? value + 2 : value;
    (void)snprintf(field->key, sizeof(field->key), "%s", key);
    (void)snprintf(field->value, sizeof(field->value), "%s", plain);
    return strlen(plain) < sizeof(field->value) || reject(in, "a field that is too long");
}

static bool check_value(const struct reading *in, const char *key, const char *value)
{
    static const char algorithms[] = "encr prf integ dh addke sn";
    static const char numbers[] = "n group len proto method code";
    uint64_t number = 0;
    if (value[0] == '$') {
        return true;
    }
    if (is_listed(algorithms, key) && !is_algorithm_word(key, value)) {
        return reject(in, "\"%.40s\" is no algorithm for %s", value, key);
    }
    if (is_listed(numbers, key) && !parse_number(value, &number)) {
        return reject(in, "%s takes a number, not \"%.40s\"", key, value);
    }
    if (strcmp(key, "spi") == 0 && strspn(value, "0123456789abcdefx") != strlen(value)) {
        return reject(in, "an SPI is $name or lower-case hexadecimal, not \"%.40s\"", value);
    }
    return true;
}

// A word that stands alone means what it can mean in this payload.
static bool bare_field(const struct reading *in, const struct payload_grammar *grammar,
                       struct wire_payload *payload, const char *word)
{
    if (word[0] == '$' && is_listed(grammar->keys, "spi")) {
        return add_field(in, payload, "spi", word);
    }
    if (grammar->has_protocol && is_protocol_word(word)) {
        return add_field(in, payload, "protocol", word);
    }
    if (strcmp(grammar->name, "N") == 0) {
        if (strcmp(word, "error:any") == 0) {
            return add_field(in, payload, "error", "any");
        }
        return is_notify_word(word) ? add_field(in, payload, "type", word)
                                    : reject(in, "\"%.60s\" is no notify type", word);
    }
    if (strncmp(grammar->name, "ID", 2) == 0 && !is_identity_word(word)) {
        return reject(in, "\"%.60s\" is no identification type", word);
    }
    if (grammar->bare == NULL) {
        return reject(in, "\"%.60s\" in %s; allowed: %s%s", word, grammar->name,
                      grammar->has_protocol ? "IKE AH ESP " : "", grammar->keys);
    }
    return check_value(in, grammar->bare, word) && add_field(in, payload, grammar->bare, word);
}

// "key value" or one word, blanks around it stripped.
static bool read_field(const struct reading *in, const struct payload_grammar *grammar,
                       struct wire_payload *payload, const char *text)
{
    char first[WIRE_VALUE_SIZE] = "";
    char second[WIRE_VALUE_SIZE] = "";
    char third[2] = "";
    const int count = sscanf(text, "%95s %95s %1s", first, second, third);
    if (count == 1) {
        return bare_field(in, grammar, payload, first);
    }
    if (count != 2) {
        return reject(in, "\"%.60s\" is not \"word\" or \"key value\"", text);
    }
    if (!is_listed(grammar->keys, first)) {
        return reject(in, "\"%.40s\" in %s; allowed: %s", first, grammar->name, grammar->keys);
    }
    return check_value(in, first, second) && add_field(in, payload, first, second);
}

// Cuts "a, b, c" at its commas.
static bool read_fields(const struct reading *in, struct wire_payload *payload, const char *text)
{
    const struct payload_grammar *grammar = grammar_of(payload->name);
    char field[SCENARIO_WORD_SIZE];
    if (grammar == NULL) {
        return reject(in, "\"%.40s\" takes no fields", payload->name);
    }
    while (true) {
        const size_t length = strcspn(text, ",");
        (void)snprintf(field, sizeof(field), "%.*s", (int)length, text);
        if (!read_field(in, grammar, payload, field)) {
            return false;
        }
        if (text[length] == '\0') {
            return true;
        }
        text += length + 1;
    }
}

// "NAME" or "NAME(fields)" into name and what is between the parentheses ("" without).
static bool split_payload(const struct reading *in, const char *text, char *out_name,
                          char *out_fields)
{
    const size_t name_length = strcspn(text, "(");
    const size_t length = strlen(text);
    out_fields[0] = '\0';
    if (name_length == 0 || name_length >= WIRE_NAME_SIZE) {
        return reject(in, "\"%.60s\" is no payload", text);
    }
    (void)snprintf(out_name, WIRE_NAME_SIZE, "%.*s", (int)name_length, text);
    if (text[name_length] == '\0') {
        return true;
    }
    if (text[length - 1] != ')') {
        return reject(in, "\"%.60s\" has no closing parenthesis", text);
    }
    (void)snprintf(out_fields, SCENARIO_WORD_SIZE, "%.*s", (int)(length - name_length - 2),
                   text + name_length + 1);
    return true;
}

static bool read_payload(const struct reading *in, const char *text, struct wire_payload *payload)
{
    char fields[SCENARIO_WORD_SIZE];
    *payload = (struct wire_payload){0};
    if (!split_payload(in, text, payload->name, fields)) {
        return false;
    }
    if (!is_payload_word(payload->name)) {
        return reject(in,
                      "\"%.40s\" is no payload; allowed: SA KE Ni Nr IDi IDr AUTH CERT CERTREQ CP "
                      "EAP TSi TSr N D V SK SKF hdr and ...",
                      payload->name);
    }
    return fields[0] == '\0' || read_fields(in, payload, fields);
}

// --- hdr(flags I!R, ver 2.0, mid 0) ---------------------------------------------------------

static bool read_flags(const struct reading *in, const char *flags)
{
    bool is_set = true;
    struct wire_header_match *header = &in->line->header;
    for (const char *flag = flags; *flag != '\0'; flag++) {
        if (*flag == '!') {
            is_set = false;
            continue;
        }
        if (*flag == 'I') {
            header->has_initiator = true;
            header->is_initiator = is_set;
        } else if (*flag == 'R') {
            header->has_response = true;
            header->is_response = is_set;
        } else {
            return reject(in, "flags are I and R, each with ! in front for not set");
        }
        is_set = true;
    }
    return true;
}

static bool read_header_field(const struct reading *in, const char *key, const char *value)
{
    struct wire_header_match *header = &in->line->header;
    uint64_t number = 0;
    if (strcmp(key, "flags") == 0) {
        return read_flags(in, value);
    }
    if (strcmp(key, "ver") == 0 && strlen(value) == 3 && value[1] == '.' &&
        isdigit((unsigned char)value[0]) && isdigit((unsigned char)value[2])) {
        header->has_version = true;
        header->major_version = (unsigned)(value[0] - '0');
        header->minor_version = (unsigned)(value[2] - '0');
        return true;
    }
    if (strcmp(key, "mid") == 0 && parse_number(value, &number) && number <= UINT32_MAX) {
        in->line->has_message_id = true;
        in->line->message_id = (uint32_t)number;
        return true;
    }
    return reject(in, "\"%.30s %.30s\" in hdr; allowed: flags I!R, ver 2.0, mid 0", key, value);
}

static bool read_header(const struct reading *in, const char *text)
{
    char name[WIRE_NAME_SIZE];
    char fields[SCENARIO_WORD_SIZE];
    char key[WIRE_VALUE_SIZE];
    char value[WIRE_VALUE_SIZE];
    if (!split_payload(in, text, name, fields)) {
        return false;
    }
    for (const char *rest = fields; *rest != '\0';) {
        const size_t length = strcspn(rest, ",");
        char field[SCENARIO_WORD_SIZE];
        (void)snprintf(field, sizeof(field), "%.*s", (int)length, rest);
        if (sscanf(field, "%95s %95s", key, value) != 2) {
            return reject(in, "\"%.60s\" in hdr; allowed: flags I!R, ver 2.0, mid 0", field);
        }
        if (!read_header_field(in, key, value)) {
            return false;
        }
        rest += rest[length] == ',' ? length + 1 : length;
    }
    return true;
}

// --- one word -------------------------------------------------------------------------------

// Length of the text up to a '|' outside parentheses.
static size_t alternative_length(const char *text)
{
    size_t depth = 0;
    size_t length = 0;
    while (text[length] != '\0' && (depth > 0 || text[length] != '|')) {
        depth += text[length] == '(' ? 1 : 0;
        depth -= text[length] == ')' && depth > 0 ? 1 : 0;
        length++;
    }
    return length;
}

// Takes '!', '?' and '+' off the word.
static enum wire_multiplicity strip_multiplicity(char *word)
{
    const size_t length = strlen(word);
    if (word[0] == '!') {
        memmove(word, word + 1, length);
        return WIRE_NONE;
    }
    enum wire_multiplicity multiplicity = WIRE_EXACTLY_ONE;
    if (length > 0 && word[length - 1] == '?') {
        multiplicity = WIRE_AT_MOST_ONE;
    } else if (length > 0 && word[length - 1] == '+') {
        multiplicity = WIRE_ONE_OR_MORE;
    }
    if (multiplicity != WIRE_EXACTLY_ONE) {
        word[length - 1] = '\0';
    }
    return multiplicity;
}

static bool read_term(const struct reading *in, char *word, struct wire_term *term)
{
    *term = (struct wire_term){0};
    (void)snprintf(term->text, sizeof(term->text), "%s", word);
    term->multiplicity = strip_multiplicity(word);
    for (const char *rest = word; true;) {
        const size_t length = alternative_length(rest);
        char text[SCENARIO_WORD_SIZE];
        if (term->count == WIRE_MOST_ALTERNATIVES) {
            return reject(in, "more than %d alternatives", WIRE_MOST_ALTERNATIVES);
        }
        (void)snprintf(text, sizeof(text), "%.*s", (int)length, rest);
        if (!read_payload(in, text, &term->alternatives[term->count])) {
            return false;
        }
        term->count++;
        if (rest[length] == '\0') {
            return true;
        }
        rest += length + 1;
    }
}

bool wire_payload_word(const struct judged_scenario *judged, const struct block_item *item,
                       struct wire_line *line, struct block_fault *out_fault)
{
    const struct reading in = {.item = item, .line = line, .fault = out_fault};
    char word[SCENARIO_WORD_SIZE];
    out_fault->message[0] = '\0';
    if (item->text == NULL || !axes_replace(judged, item->text, word)) {
        return reject(&in, "a payload is one word");
    }
    if (strcmp(word, "...") == 0) {
        line->allows_others = true;
        return true;
    }
    if (strncmp(word, "hdr(", 4) == 0) {
        return read_header(&in, word);
    }
    if (line->term_count == WIRE_MOST_TERMS) {
        return reject(&in, "more than %d payloads", WIRE_MOST_TERMS);
    }
    if (!read_term(&in, word, &line->terms[line->term_count])) {
        return false;
    }
    line->term_count++;
    return true;
}
