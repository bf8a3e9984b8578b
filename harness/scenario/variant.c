// Values of `vary`: which variants there are, what a word and a line mean under one.
#include <stdio.h>
#include <string.h>

#include "harness/scenario/scenario_check.h"

enum { MOST_HOURS = 1000, MILLISECONDS_PER_SECOND = 1000 };

size_t scenario_axis_name_size(const char *text)
{
    size_t size = 0;
    while ((text[size] >= 'a' && text[size] <= 'z') || (size > 0 && text[size] == '_') ||
           (size > 0 && text[size] >= '0' && text[size] <= '9')) {
        size++;
    }
    return size;
}

size_t scenario_axis_named(const struct scenario *scenario, const char *name, size_t size)
{
    for (size_t i = 0; i < scenario->axis_count; i++) {
        const char *candidate = scenario->axes[i].name;
        if (strlen(candidate) == size && strncmp(candidate, name, size) == 0) {
            return i;
        }
    }
    return SCENARIO_MOST_AXES;
}

size_t scenario_axis_value(const struct scenario_axis *axis, const char *value, size_t size)
{
    for (size_t i = 0; i < axis->count; i++) {
        if (strlen(axis->values[i]) == size && strncmp(axis->values[i], value, size) == 0) {
            return i;
        }
    }
    return SCENARIO_MOST_VALUES;
}

size_t scenario_variant_count(const struct scenario *scenario)
{
    size_t count = 1;
    for (size_t i = 0; i < scenario->axis_count; i++) {
        count *= scenario->axes[i].count;
    }
    return count;
}

struct scenario_variant scenario_variant_at(const struct scenario *scenario, size_t index)
{
    struct scenario_variant variant = {0};
    for (size_t i = scenario->axis_count; i > 0; i--) {
        const struct scenario_axis *axis = &scenario->axes[i - 1];
        variant.chosen[i - 1] = index % axis->count;
        index /= axis->count;
    }
    return variant;
}

void scenario_variant_format(const struct scenario *scenario,
                             const struct scenario_variant *variant, char *out_text, size_t size)
{
    size_t used = 0;
    if (size > 0) {
        out_text[0] = '\0';
    }
    for (size_t i = 0; i < scenario->axis_count && used < size; i++) {
        const struct scenario_axis *axis = &scenario->axes[i];
        const int added =
            snprintf(out_text + used, size - used, "%s%s=%s%s", i == 0 ? "[" : ",", axis->name,
                     axis->values[variant->chosen[i]], i + 1 == scenario->axis_count ? "]" : "");
        used += added > 0 ? (size_t)added : 0;
    }
}

// The next piece of a word: one character, or the value of the axis that is named there. Moves
// `word` behind it. False when the axis does not exist.
static bool take_piece(const struct scenario *scenario, const struct scenario_variant *variant,
                       const char **word, struct byte_view *out_piece)
{
    const char *start = *word;
    if (*start != '$') {
        *out_piece = (struct byte_view){.data = (const uint8_t *)start, .size = 1};
        *word = start + 1;
        return true;
    }
    const size_t name_size = scenario_axis_name_size(start + 1);
    const size_t axis = scenario_axis_named(scenario, start + 1, name_size);
    if (axis == SCENARIO_MOST_AXES) {
        return false;
    }
    const char *value = scenario->axes[axis].values[variant->chosen[axis]];
    *out_piece = (struct byte_view){.data = (const uint8_t *)value, .size = strlen(value)};
    *word = start + 1 + name_size;
    return true;
}

bool scenario_word(const struct scenario *scenario, const struct scenario_variant *variant,
                   const char *word, char out_text[SCENARIO_WORD_SIZE])
{
    char text[SCENARIO_WORD_SIZE];
    size_t used = 0;
    while (*word != '\0') {
        struct byte_view piece;
        if (!take_piece(scenario, variant, &word, &piece) || piece.size >= sizeof(text) - used) {
            return false;
        }
        memcpy(text + used, piece.data, piece.size);
        used += piece.size;
    }
    text[used] = '\0';
    memcpy(out_text, text, used + 1);
    return true;
}

bool scenario_duration(const char *word, uint64_t *out_milliseconds)
{
    static const struct {
        const char *unit;
        uint64_t milliseconds;
    } units[] = {
        {"ms", 1                                       },
        {"s",  MILLISECONDS_PER_SECOND                 },
        {"m",  UINT64_C(60) * MILLISECONDS_PER_SECOND  },
        {"h",  UINT64_C(3600) * MILLISECONDS_PER_SECOND},
    };
    const uint64_t most = (uint64_t)MOST_HOURS * 3600 * MILLISECONDS_PER_SECOND;
    uint64_t number = 0;
    size_t digits = 0;
    while (word[digits] >= '0' && word[digits] <= '9' && number <= most) {
        number = number * 10 + (uint64_t)(word[digits] - '0');
        digits++;
    }
    for (size_t i = 0; digits > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(word + digits, units[i].unit) == 0 && number <= most / units[i].milliseconds) {
            *out_milliseconds = number * units[i].milliseconds;
            return true;
        }
    }
    return false;
}

// Position of the word `if`, or the number of items without one.
static size_t position_of_if(const struct block_statement *line)
{
    for (size_t i = 1; i < line->count; i++) {
        const struct block_item *item = &line->items[i];
        if (item->text != NULL && !item->is_quoted && strcmp(item->text, "if") == 0) {
            return i;
        }
    }
    return line->count;
}

// Whether one of the values in a word ("a|b") is this one.
static bool word_lists(const char *word, const char *value)
{
    const size_t size = strlen(value);
    while (*word != '\0') {
        const size_t part = strcspn(word, "|");
        if (part == size && strncmp(word, value, size) == 0) {
            return true;
        }
        word += part + (word[part] == '|' ? 1 : 0);
    }
    return false;
}

// Whether the words from `first` on ("a | b", "a|b") name the value.
static bool lists_value(const struct block_statement *line, size_t first, const char *value)
{
    for (size_t i = first; i < line->count; i++) {
        const char *word = line->items[i].text;
        if (word != NULL && word_lists(word, value)) {
            return true;
        }
    }
    return false;
}

bool scenario_line_applies(const struct scenario *scenario, const struct scenario_variant *variant,
                           const struct block_statement *line, size_t *out_words)
{
    const size_t position = position_of_if(line);
    *out_words = position;
    if (position == line->count) {
        return true;
    }
    const char *name = statement_word(line, position + 1);
    const char *comparison = statement_word(line, position + 2);
    if (name == NULL || comparison == NULL || name[0] != '$') {
        return false;
    }
    const size_t axis = scenario_axis_named(scenario, name + 1, strlen(name + 1));
    if (axis == SCENARIO_MOST_AXES) {
        return false;
    }
    const char *chosen = scenario->axes[axis].values[variant->chosen[axis]];
    const bool wants_equal = strcmp(comparison, "==") == 0;
    return lists_value(line, position + 3, chosen) == wants_equal;
}

bool scenario_need_side(const struct scenario *scenario, const struct scenario_variant *variant,
                        const struct scenario_need *need, enum scenario_side *out_side)
{
    char side[SCENARIO_WORD_SIZE];
    size_t words;
    const char *word = statement_word(need->statement, 0);
    if (word == NULL || !scenario_line_applies(scenario, variant, need->statement, &words) ||
        !scenario_word(scenario, variant, word, side)) {
        return false;
    }
    *out_side = strcmp(side, "west") == 0   ? SIDE_WEST
                : strcmp(side, "east") == 0 ? SIDE_EAST
                                            : SIDE_BOTH;
    return true;
}
