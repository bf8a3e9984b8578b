#include "harness/scenario/scenario_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool scenario_refuse(struct block_fault *out_fault, const struct block_statement *statement,
                     size_t item, const char *format, ...)
{
    va_list arguments;
    if (item >= statement->count) {
        item = statement->count - 1;
    }
    out_fault->line = statement->items[item].line;
    out_fault->column = statement->items[item].column;
    va_start(arguments, format);
    (void)vsnprintf(out_fault->message, sizeof(out_fault->message), format, arguments);
    va_end(arguments);
    return false;
}

// Writes what `vary` has, for a message: "$rekeyer, $pfs" or "none, there is no vary".
static void list_axes(const struct scenario *scenario, char *out_text, size_t size)
{
    size_t used = 0;
    (void)snprintf(out_text, size, "none, there is no vary");
    for (size_t i = 0; i < scenario->axis_count && used < size; i++) {
        const int added = snprintf(out_text + used, size - used, "%s$%s", i == 0 ? "" : ", ",
                                   scenario->axes[i].name);
        used += added > 0 ? (size_t)added : 0;
    }
}

static bool check_word(const struct scenario *scenario, const struct block_statement *line,
                       size_t item, struct block_fault *out_fault)
{
    const char *word = line->items[item].text;
    for (const char *at = strchr(word, '$'); at != NULL; at = strchr(at + 1, '$')) {
        const size_t size = scenario_axis_name_size(at + 1);
        if (scenario_axis_named(scenario, at + 1, size) == SCENARIO_MOST_AXES) {
            char known[80];
            list_axes(scenario, known, sizeof(known));
            return scenario_refuse(out_fault, line, item, "'$%.*s' is no axis of vary; allowed: %s",
                                   (int)size, at + 1, known);
        }
    }
    return true;
}

// The values in one word of a condition, "a|b" or "a" or "|". Counts them.
static bool check_value_word(const struct scenario_axis *axis, const struct block_statement *line,
                             size_t item, size_t *count, struct block_fault *out_fault)
{
    const char *word = line->items[item].text;
    while (*word != '\0') {
        const size_t size = strcspn(word, "|");
        if (size > 0 && scenario_axis_value(axis, word, size) == SCENARIO_MOST_VALUES) {
            return scenario_refuse(out_fault, line, item, "'%.*s' is no value of $%s", (int)size,
                                   word, axis->name);
        }
        *count += size > 0 ? 1 : 0;
        word += size + (word[size] == '|' ? 1 : 0);
    }
    return true;
}

static bool check_values(const struct scenario_axis *axis, const struct block_statement *line,
                         size_t first, struct block_fault *out_fault)
{
    size_t count = 0;
    for (size_t i = first; i < line->count; i++) {
        if (line->items[i].text == NULL) {
            return scenario_refuse(out_fault, line, i, "a block after `if`; it ends the line");
        }
        if (!check_value_word(axis, line, i, &count, out_fault)) {
            return false;
        }
    }
    return count > 0 || scenario_refuse(out_fault, line, line->count - 1,
                                        "a value is missing after `if $%s`", axis->name);
}

static bool check_condition(const struct scenario *scenario, const struct block_statement *line,
                            size_t position, struct block_fault *out_fault)
{
    const char *name = statement_word(line, position + 1);
    const char *comparison = statement_word(line, position + 2);
    if (name == NULL || name[0] != '$' || comparison == NULL ||
        (strcmp(comparison, "==") != 0 && strcmp(comparison, "!=") != 0)) {
        return scenario_refuse(out_fault, line, position,
                               "a condition is written `if $axis == value | value` or with !=");
    }
    const size_t axis = scenario_axis_named(scenario, name + 1, strlen(name + 1));
    if (axis == SCENARIO_MOST_AXES) {
        return check_word(scenario, line, position + 1, out_fault) &&
               scenario_refuse(out_fault, line, position + 1, "'%s' is no axis of vary", name);
    }
    return check_values(&scenario->axes[axis], line, position + 3, out_fault);
}

// One line; its blocks are left to the caller, so that no function calls itself here.
bool scenario_check_line(const struct scenario *scenario, const struct block_statement *line,
                         bool has_bindings, struct block_fault *out_fault)
{
    for (size_t i = 0; i < line->count; i++) {
        const struct block_item *item = &line->items[i];
        if (item->text == NULL) {
            continue;
        }
        if (i > 0 && !item->is_quoted && strcmp(item->text, "if") == 0) {
            return check_condition(scenario, line, i, out_fault);
        }
        if (!has_bindings && !check_word(scenario, line, i, out_fault)) {
            return false;
        }
    }
    return true;
}

// The blocks of one line. Blocks nest at most as deep as the grammar allows (32).
// NOLINTNEXTLINE(misc-no-recursion)
static bool check_blocks(const struct scenario *scenario, const struct block_statement *line,
                         bool has_bindings, struct block_fault *out_fault)
{
    for (size_t i = 0; i < line->count; i++) {
        const struct block *inner = line->items[i].block;
        if (inner != NULL && !scenario_check_names(scenario, inner, has_bindings, out_fault)) {
            return false;
        }
    }
    return true;
}

// NOLINTNEXTLINE(misc-no-recursion)
bool scenario_check_names(const struct scenario *scenario, const struct block *block,
                          bool has_bindings, struct block_fault *out_fault)
{
    for (size_t i = 0; block != NULL && i < block->count; i++) {
        const struct block_statement *line = &block->statements[i];
        if (!scenario_check_line(scenario, line, has_bindings, out_fault) ||
            !check_blocks(scenario, line, has_bindings, out_fault)) {
            return false;
        }
    }
    return true;
}
