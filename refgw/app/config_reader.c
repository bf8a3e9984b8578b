#include "refgw/app/config_reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST_WORDS = 32, LIST_SIZE = 400 };

void config_fault(struct config_reader *reader, const struct block_statement *statement,
                  const char *format, ...)
{
    struct config_faults *faults = reader->faults;
    va_list arguments;
    if (faults->count == CONFIG_MOST_FAULTS) {
        return;
    }
    struct config_fault *fault = &faults->items[faults->count];
    faults->count++;
    fault->line = statement == NULL ? 0 : statement->line;
    va_start(arguments, format);
    (void)vsnprintf(fault->message, sizeof(fault->message), format, arguments);
    va_end(arguments);
}

static void list_words(const struct config_block *block, char out[LIST_SIZE])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < block->word_count && used < LIST_SIZE; i++) {
        const int size = snprintf(out + used, LIST_SIZE - used, "%s%s", i == 0 ? "" : ", ",
                                  block->words[i].word);
        used += size > 0 ? (size_t)size : 0;
    }
}

static const struct config_word *find_word(const struct config_block *block, const char *word,
                                           size_t *out_index)
{
    for (size_t i = 0; word != NULL && i < block->word_count; i++) {
        if (strcmp(block->words[i].word, word) == 0) {
            *out_index = i;
            return &block->words[i];
        }
    }
    return NULL;
}

static void fault_unknown(struct config_reader *reader, const struct block_statement *statement,
                          const struct config_block *block)
{
    char allowed[LIST_SIZE];
    const char *word = statement_word(statement, 0);
    list_words(block, allowed);
    if (word == NULL) {
        config_fault(reader, statement, "a block without a word before it in %s; allowed here: %s",
                     block->what, allowed);
    } else {
        config_fault(reader, statement, "unknown word \"%s\" in %s; allowed here: %s", word,
                     block->what, allowed);
    }
}

static void read_statement(struct config_reader *reader, const struct block_statement *statement,
                           const struct config_block *block, unsigned first_lines[MOST_WORDS])
{
    size_t index = 0;
    void *target = reader->target;
    const struct config_word *word = find_word(block, statement_word(statement, 0), &index);
    if (word == NULL) {
        fault_unknown(reader, statement, block);
        return;
    }
    if (first_lines[index] != 0 && word->repetition == WORD_ONCE) {
        config_fault(reader, statement, "`%s` stands in %s twice, first in line %u; keep one",
                     word->word, block->what, first_lines[index]);
        return;
    }
    first_lines[index] = first_lines[index] == 0 ? statement->line : first_lines[index];
    word->read(reader, statement, word);
    reader->target = target;
}

void config_read_block(struct config_reader *reader, const struct config_block *block)
{
    unsigned first_lines[MOST_WORDS] = {0};
    for (size_t i = 0; i < block->block->count; i++) {
        read_statement(reader, &block->block->statements[i], block, first_lines);
    }
    for (size_t i = 0; i < block->word_count; i++) {
        if (block->words[i].need == WORD_REQUIRED && first_lines[i] == 0) {
            config_fault(reader, block->owner, "%s has no `%s`; add: %s", block->what,
                         block->words[i].word, block->words[i].usage);
        }
    }
}

void config_fault_usage(struct config_reader *reader, const struct block_statement *statement,
                        const struct config_word *self)
{
    config_fault(reader, statement, "`%s` is not written like this; write: %s", self->word,
                 self->usage);
}

bool config_has_words(struct config_reader *reader, const struct block_statement *statement,
                      const struct config_word *self, size_t count)
{
    if (statement->count == count && statement_leading_words(statement) == count) {
        return true;
    }
    config_fault_usage(reader, statement, self);
    return false;
}

static bool is_name(const char *text)
{
    const size_t size = strlen(text);
    return size > 0 && size < SA_NAME_SIZE &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               size;
}

const char *config_block_name(struct config_reader *reader, const struct block_statement *statement,
                              const struct config_word *self)
{
    if (statement->count != 3 || statement_leading_words(statement) != 2 ||
        statement_block(statement) == NULL) {
        config_fault_usage(reader, statement, self);
        return NULL;
    }
    const char *name = statement_word(statement, 1);
    if (!is_name(name)) {
        config_fault(reader, statement,
                     "\"%s\" is no name for a %s; allowed are 1 to %d letters, digits, '.', '_' "
                     "and '-'",
                     name, self->word, SA_NAME_SIZE - 1);
        return NULL;
    }
    return name;
}

// Decimal digits up to the first other character, which `out_end` points to. False without a
// digit or when the number exceeds 32 bits.
static bool take_digits(const char *text, uint64_t *out_value, const char **out_end)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; text[i] >= '0' && text[i] <= '9'; i++) {
        value = value * 10 + (uint64_t)(text[i] - '0');
        if (value > UINT32_MAX) {
            return false;
        }
    }
    *out_value = value;
    *out_end = text + i;
    return i > 0;
}

bool config_read_number(struct config_reader *reader, const struct block_statement *statement,
                        size_t index, const struct config_number *number, uint32_t *out_value)
{
    const char *word = statement_word(statement, index);
    const char *end = "";
    uint64_t value = 0;
    if (word == NULL || !take_digits(word, &value, &end) || *end != '\0' || value < number->least ||
        value > number->most) {
        config_fault(reader, statement,
                     "\"%s\" is no %s; allowed are whole numbers from %" PRIu32 " to %" PRIu32,
                     word == NULL ? "" : word, number->name, number->least, number->most);
        return false;
    }
    *out_value = (uint32_t)value;
    return true;
}

struct duration_unit {
    const char *name;
    uint64_t milliseconds;
};

bool config_read_duration(struct config_reader *reader, const struct block_statement *statement,
                          size_t index, struct duration *out_duration)
{
    static const struct duration_unit units[] = {
        {"ms", 1      },
        {"s",  1000   },
        {"m",  60000  },
        {"h",  3600000}
    };
    const char *word = statement_word(statement, index);
    const char *end = "";
    uint64_t value = 0;
    const bool has_digits = word != NULL && take_digits(word, &value, &end);
    for (size_t i = 0; has_digits && i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(end, units[i].name) == 0) {
            *out_duration = duration_milliseconds(value * units[i].milliseconds);
            return true;
        }
    }
    if (has_digits && value == 0 && *end == '\0') {
        *out_duration = duration_seconds(0);
        return true;
    }
    config_fault(reader, statement, "\"%s\" is no duration; write a number with ms, s, m or h: 30s",
                 word == NULL ? "" : word);
    return false;
}

bool config_read_text(struct config_reader *reader, const struct block_statement *statement,
                      size_t index, char *out, size_t size)
{
    const char *word = statement_word(statement, index);
    const size_t length = word == NULL ? 0 : strlen(word);
    if (length == 0 || length >= size) {
        config_fault(reader, statement, "`%s` takes 1 to %zu characters",
                     statement_word(statement, 0), size - 1);
        return false;
    }
    memcpy(out, word, length + 1);
    return true;
}
