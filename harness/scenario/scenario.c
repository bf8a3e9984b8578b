// The loader: one function for each block, and one table that says in which order they stand.
#include "harness/scenario/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/scenario/scenario_blocks.h"
#include "harness/scenario/scenario_check.h"

enum {
    DEFAULT_TIMEOUT_SECONDS = 60,
    MOST_TIMEOUT_SECONDS = 3600,
};

struct section {
    const char *keyword;
    bool is_required;
    bool has_block; // must be written with one; must not otherwise
    scenario_load_function *load;
};

static bool load_version(struct scenario *scenario, const struct block_statement *statement,
                         struct block_fault *out_fault)
{
    const char *version = statement_word(statement, 1);
    (void)scenario;
    if (version == NULL || strcmp(version, "1") != 0 || statement->count != 2) {
        return scenario_refuse(out_fault, statement, 1,
                               "the file starts with `ikelab 1`; other versions are not known");
    }
    return true;
}

static bool load_title(struct scenario *scenario, const struct block_statement *statement,
                       struct block_fault *out_fault)
{
    if (statement->count != 2 || !statement->items[1].is_quoted ||
        statement->items[1].text[0] == '\0') {
        return scenario_refuse(out_fault, statement, 1, "title takes one text in quotes");
    }
    scenario->title = statement->items[1].text;
    return true;
}

static bool load_tags(struct scenario *scenario, const struct block_statement *statement,
                      struct block_fault *out_fault)
{
    for (size_t i = 1; i < statement->count; i++) {
        if (!scenario_is_name(statement->items[i].text)) {
            return scenario_refuse(out_fault, statement, i,
                                   "a tag is lower-case letters, digits and '-'");
        }
    }
    scenario->tags = statement;
    return true;
}

static bool load_timeout(struct scenario *scenario, const struct block_statement *statement,
                         struct block_fault *out_fault)
{
    const char *word = statement_word(statement, 1);
    uint64_t milliseconds = 0;
    if (word == NULL || statement->count != 2 || !scenario_duration(word, &milliseconds) ||
        milliseconds < 1000 || milliseconds > (uint64_t)MOST_TIMEOUT_SECONDS * 1000) {
        return scenario_refuse(out_fault, statement, 1,
                               "timeout takes a duration from 1s to 1h, such as 40s");
    }
    scenario->timeout_seconds = (unsigned)((milliseconds + 999) / 1000);
    return true;
}

// "rfc7296:2.8.1": a document and a section.
static bool is_requirement(const char *word)
{
    static const char digits[] = "0123456789";
    if (word == NULL || strncmp(word, "rfc", 3) != 0) {
        return false;
    }
    const size_t number = strspn(word + 3, digits);
    const char *section = word + 3 + number;
    return number >= 4 && section[0] == ':' && section[1] != '\0' && section[1] != '.' &&
           strspn(section + 1, "0123456789.ABCD") == strlen(section + 1);
}

static bool load_requirements(struct scenario *scenario, const struct block_statement *statement,
                              struct block_fault *out_fault)
{
    for (size_t i = 1; i < statement->count; i++) {
        if (!is_requirement(statement->items[i].text)) {
            return scenario_refuse(out_fault, statement, i,
                                   "a requirement is written rfcNNNN:SECTION, such as "
                                   "rfc7296:2.8.1");
        }
    }
    if (statement->count == 1) {
        return scenario_refuse(out_fault, statement, 0, "req names at least one requirement");
    }
    scenario->requirements = statement;
    return true;
}

static const struct section sections[] = {
    {"ikelab",   true,  false, load_version          },
    {"title",    true,  false, load_title            },
    {"tags",     false, false, load_tags             },
    {"timeout",  false, false, load_timeout          },
    {"req",      false, false, load_requirements     },
    {"needs",    false, true,  scenario_load_needs   },
    {"vary",     false, true,  scenario_load_vary    },
    {"topology", true,  true,  scenario_load_topology},
    {"intent",   true,  true,  scenario_load_intent  },
    {"traffic",  false, true,  scenario_load_traffic },
    {"impair",   false, true,  scenario_load_impair  },
    {"steps",    true,  true,  scenario_load_steps   },
    {"expect",   true,  true,  scenario_load_expect  },
};

enum { SECTION_COUNT = sizeof(sections) / sizeof(sections[0]) };

#define SECTION_ORDER \
    "ikelab title tags timeout req needs vary topology intent traffic impair steps expect"

static size_t section_of(const struct block_statement *statement)
{
    size_t index = 0;
    while (index < SECTION_COUNT && !statement_is(statement, sections[index].keyword)) {
        index++;
    }
    return index;
}

static bool check_section(const struct block_statement *statement, size_t section, size_t next,
                          struct block_fault *out_fault)
{
    if (section == SECTION_COUNT) {
        const char *word = statement_word(statement, 0);
        return scenario_refuse(out_fault, statement, 0, "'%.40s' is not known here; allowed: %s",
                               word != NULL ? word : "{", SECTION_ORDER);
    }
    const char *keyword = sections[section].keyword;
    if (section + 1 == next) {
        return scenario_refuse(out_fault, statement, 0, "'%s' stands here twice", keyword);
    }
    if (section < next) {
        return scenario_refuse(out_fault, statement, 0, "'%s' stands after '%s'; the order is %s",
                               keyword, sections[next - 1].keyword, SECTION_ORDER);
    }
    for (size_t missed = next; missed < section; missed++) {
        if (sections[missed].is_required) {
            return scenario_refuse(out_fault, statement, 0, "'%s' is missing before '%s'",
                                   sections[missed].keyword, keyword);
        }
    }
    if (sections[section].has_block != (statement_block(statement) != NULL)) {
        return scenario_refuse(out_fault, statement, 0,
                               sections[section].has_block ? "'%s' needs a block { }"
                                                           : "'%s' takes words and no block",
                               keyword);
    }
    return true;
}

static bool load_sections(struct scenario *scenario, const struct block *root,
                          struct block_fault *out_fault)
{
    size_t next = 0;
    for (size_t i = 0; i < root->count; i++) {
        const struct block_statement *statement = &root->statements[i];
        const size_t section = section_of(statement);
        if (!check_section(statement, section, next, out_fault) ||
            !sections[section].load(scenario, statement, out_fault)) {
            return false;
        }
        next = section + 1;
    }
    while (next < SECTION_COUNT && !sections[next].is_required) {
        next++;
    }
    if (next < SECTION_COUNT) {
        *out_fault = (struct block_fault){.line = 1, .column = 1};
        (void)snprintf(out_fault->message, sizeof(out_fault->message),
                       "the file ends before '%s'; the order is %s", sections[next].keyword,
                       SECTION_ORDER);
        return false;
    }
    return true;
}

// Names can be checked once `vary` is known, which stands after `needs`.
static bool check_all_names(const struct scenario *scenario, struct block_fault *out_fault)
{
    const struct block *root = block_document_root(scenario->document);
    for (size_t i = 0; i < root->count; i++) {
        const struct block_statement *statement = &root->statements[i];
        const bool is_free_text =
            statement_is(statement, "title") || statement_is(statement, "vary");
        if (is_free_text) {
            continue;
        }
        const struct block *block = statement_block(statement);
        const bool has_bindings = statement_is(statement, "expect");
        if (!scenario_check_line(scenario, statement, has_bindings, out_fault) ||
            !scenario_check_names(scenario, block, has_bindings, out_fault)) {
            return false;
        }
    }
    return true;
}

static bool copy_text(const char *text, char *out_text, size_t size)
{
    const int written = snprintf(out_text, size, "%s", text);
    return written >= 0 && (size_t)written < size;
}

bool scenario_load(const char *path, const char *id, struct scenario *out_scenario,
                   struct block_fault *out_fault)
{
    struct scenario scenario = {.timeout_seconds = DEFAULT_TIMEOUT_SECONDS};
    if (!copy_text(id, scenario.id, sizeof(scenario.id)) ||
        !copy_text(path, scenario.file, sizeof(scenario.file))) {
        *out_fault = (struct block_fault){.message = "the path or the name is too long"};
        return false;
    }
    scenario.document = block_document_load(path, out_fault);
    if (scenario.document == NULL) {
        return false;
    }
    if (!load_sections(&scenario, block_document_root(scenario.document), out_fault) ||
        !check_all_names(&scenario, out_fault)) {
        block_document_free(scenario.document);
        return false;
    }
    *out_scenario = scenario;
    return true;
}

void scenario_clear(struct scenario *scenario)
{
    block_document_free(scenario->document);
    *scenario = (struct scenario){0};
}
