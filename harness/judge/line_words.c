#include "harness/judge/line_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line_words line_words_over(const struct judged_scenario *judged,
                                  const struct block_statement *statement,
                                  struct block_fault *fault)
{
    struct line_words words = {
        .judged = *judged, .statement = statement, .count = statement->count, .fault = fault};
    for (size_t i = 0; i < statement->count; i++) {
        const struct block_item *item = &statement->items[i];
        if (item->text != NULL && !item->is_quoted && strcmp(item->text, "if") == 0) {
            words.count = i;
            break;
        }
    }
    return words;
}

// The next piece of a word with its value: one character, or a `$name` (replaced when it is an
// axis, itself when it is a binding). Gives how long it is in `word`.
static size_t take_piece(const struct judged_scenario *judged, const char *word,
                         char out_piece[SCENARIO_WORD_SIZE])
{
    char name[SCENARIO_WORD_SIZE];
    (void)snprintf(out_piece, SCENARIO_WORD_SIZE, "%.1s", word);
    if (*word != '$') {
        return 1;
    }
    const size_t length = 1 + strspn(word + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
    (void)snprintf(name, sizeof(name), "%.*s", (int)length, word);
    if (!scenario_word(judged->scenario, judged->variant, name, out_piece)) {
        (void)snprintf(out_piece, SCENARIO_WORD_SIZE, "%s", name);
    }
    return length;
}

bool axes_replace(const struct judged_scenario *judged, const char *word,
                  char out_text[SCENARIO_WORD_SIZE])
{
    size_t used = 0;
    while (*word != '\0') {
        char piece[SCENARIO_WORD_SIZE];
        const size_t length = take_piece(judged, word, piece);
        const size_t size = strlen(piece);
        if (used + size >= SCENARIO_WORD_SIZE) {
            return false;
        }
        memcpy(out_text + used, piece, size);
        used += size;
        word += length;
    }
    out_text[used] = '\0';
    return true;
}

static const struct block_item *next_item(const struct line_words *words)
{
    return words->next < words->count ? &words->statement->items[words->next] : NULL;
}

const char *line_words_peek(struct line_words *words)
{
    const struct block_item *item = next_item(words);
    if (item == NULL || item->text == NULL ||
        !axes_replace(&words->judged, item->text, words->word)) {
        return NULL;
    }
    return words->word;
}

bool line_words_reject(struct line_words *words, const char *format, ...)
{
    const size_t last = words->next > 0 ? words->next - 1 : 0;
    const struct block_item *item = &words->statement->items[last];
    va_list arguments;
    words->fault->line = item->line;
    words->fault->column = item->column;
    va_start(arguments, format);
    (void)vsnprintf(words->fault->message, sizeof(words->fault->message), format, arguments);
    va_end(arguments);
    return false;
}

bool line_words_take(struct line_words *words, const char *expected)
{
    const struct block_item *item = next_item(words);
    if (item == NULL) {
        return line_words_reject(words, "the line ends where %s is expected", expected);
    }
    words->next++;
    if (item->text == NULL) {
        return line_words_reject(words, "a block where %s is expected", expected);
    }
    if (!axes_replace(&words->judged, item->text, words->word)) {
        return line_words_reject(words, "a word that is too long");
    }
    return true;
}

bool line_words_accept(struct line_words *words, const char *word)
{
    const char *next = line_words_peek(words);
    if (next == NULL || strcmp(next, word) != 0) {
        return false;
    }
    words->next++;
    return true;
}

const struct block *line_words_block(struct line_words *words)
{
    const struct block_item *item = next_item(words);
    if (item == NULL || item->block == NULL) {
        return NULL;
    }
    words->next++;
    return item->block;
}

bool line_words_at_end(const struct line_words *words)
{
    return words->next >= words->count;
}

bool line_words_finish(struct line_words *words, const char *allowed)
{
    if (line_words_at_end(words)) {
        return true;
    }
    const struct block_item *item = next_item(words);
    words->next++;
    return line_words_reject(words, "\"%.60s\" is not expected here; allowed: %s",
                             item->text != NULL ? item->text : "{", allowed);
}

bool take_severity(struct line_words *words, enum check_severity *out_severity)
{
    static const char allowed[] = "must, should, may, info or never";
    if (!line_words_take(words, allowed)) {
        return false;
    }
    return check_severity_from_name(words->word, out_severity) ||
           line_words_reject(words, "\"%.60s\" is not %s", words->word, allowed);
}

static const char *const comparison_words[] = {
    [COMPARE_EQUAL] = "==",      [COMPARE_UNEQUAL] = "!=", [COMPARE_LESS] = "<",
    [COMPARE_LESS_EQUAL] = "<=", [COMPARE_MORE] = ">",     [COMPARE_MORE_EQUAL] = ">=",
};

bool comparison_from_word(const char *word, enum comparison *out_comparison)
{
    for (unsigned i = 0; i < sizeof(comparison_words) / sizeof(comparison_words[0]); i++) {
        if (strcmp(comparison_words[i], word) == 0) {
            *out_comparison = (enum comparison)i;
            return true;
        }
    }
    return false;
}

const char *comparison_word(enum comparison comparison)
{
    return comparison_words[comparison];
}

bool comparison_holds(enum comparison comparison, uint64_t left, uint64_t right)
{
    switch (comparison) {
    case COMPARE_EQUAL:
        return left == right;
    case COMPARE_UNEQUAL:
        return left != right;
    case COMPARE_LESS:
        return left < right;
    case COMPARE_LESS_EQUAL:
        return left <= right;
    case COMPARE_MORE:
        return left > right;
    case COMPARE_MORE_EQUAL:
        return left >= right;
    }
    return false;
}

bool take_comparison(struct line_words *words, enum comparison *out_comparison)
{
    static const char allowed[] = "== != < <= > or >=";
    return line_words_take(words, allowed) &&
           (comparison_from_word(words->word, out_comparison) ||
            line_words_reject(words, "\"%.60s\" is not %s", words->word, allowed));
}

bool parse_number(const char *word, uint64_t *out_number)
{
    char *end = NULL;
    if (word[0] < '0' || word[0] > '9' || strlen(word) > 18) {
        return false;
    }
    const unsigned long long value = strtoull(word, &end, 10);
    if (*end != '\0') {
        return false;
    }
    *out_number = value;
    return true;
}

bool take_number(struct line_words *words, uint64_t *out_number)
{
    return line_words_take(words, "a number") &&
           (parse_number(words->word, out_number) ||
            line_words_reject(words, "\"%.60s\" is not a number", words->word));
}
