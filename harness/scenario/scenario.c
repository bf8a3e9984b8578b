// The loader: one function for each block, and one table that says in which order they stand.
#include "harness/scenario/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/scenario/scenario_check.h"

enum {
    DEFAULT_TIMEOUT_SECONDS = 60,
    MOST_TIMEOUT_SECONDS = 3600,
    MOST_VARIANTS = 1024,
    NAME_SIZE = 64,
};

typedef bool load_function(struct scenario *scenario, const struct block_statement *statement,
                           struct block_fault *out_fault);

struct section {
    const char *keyword;
    bool is_required;
    bool has_block; // must be written with one; must not otherwise
    load_function *load;
};

static bool is_name(const char *word)
{
    size_t size = 0;
    while (word != NULL &&
           ((word[size] >= 'a' && word[size] <= 'z') || word[size] == '-' || word[size] == '.' ||
            word[size] == '_' || word[size] == '$' || (word[size] >= '0' && word[size] <= '9'))) {
        size++;
    }
    return size > 0 && size < NAME_SIZE && word[size] == '\0';
}

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
        if (!is_name(statement->items[i].text)) {
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

static bool add_need(struct scenario *scenario, const struct block_statement *line, size_t item,
                     struct block_fault *out_fault)
{
    const char *side = statement_word(line, 0);
    const char *word = line->items[item].text;
    if (!is_name(word)) {
        return scenario_refuse(out_fault, line, item,
                               "a capability is one word such as auth.psk or op.rekey-child");
    }
    if (scenario->need_count == SCENARIO_MOST_NEEDS) {
        return scenario_refuse(out_fault, line, item, "more than %d capabilities are needed",
                               SCENARIO_MOST_NEEDS);
    }
    scenario->needs[scenario->need_count++] = (struct scenario_need){
        .side = strcmp(side, "west") == 0   ? SIDE_WEST
                : strcmp(side, "east") == 0 ? SIDE_EAST
                                            : SIDE_BOTH,
        .capability = word,
        .line = line->line,
        .statement = line,
    };
    return true;
}

static bool load_needs(struct scenario *scenario, const struct block_statement *statement,
                       struct block_fault *out_fault)
{
    const struct block *block = statement_block(statement);
    for (size_t i = 0; i < block->count; i++) {
        const struct block_statement *line = &block->statements[i];
        const char *side = statement_word(line, 0);
        if (side == NULL || (side[0] != '$' && strcmp(side, "west") != 0 &&
                             strcmp(side, "east") != 0 && strcmp(side, "both") != 0)) {
            return scenario_refuse(out_fault, line, 0,
                                   "a line of needs starts with west, east, both or $axis");
        }
        for (size_t k = 1; k < line->count; k++) {
            const char *word = line->items[k].text;
            if (word != NULL && strcmp(word, "if") == 0) {
                break;
            }
            if (!add_need(scenario, line, k, out_fault)) {
                return false;
            }
        }
    }
    return true;
}

static bool is_axis_name(const char *word)
{
    return word != NULL && word[0] != '\0' && scenario_axis_name_size(word) == strlen(word);
}

static bool load_values(struct scenario_axis *axis, const struct block_statement *line,
                        struct block_fault *out_fault)
{
    for (size_t i = 1; i < line->count; i++) {
        const char *word = line->items[i].text;
        const bool is_bar = word != NULL && strcmp(word, "|") == 0;
        if (is_bar != (i % 2 == 0) || (!is_bar && !is_name(word))) {
            return scenario_refuse(out_fault, line, i,
                                   "an axis is written `name value | value | value`");
        }
        if (is_bar) {
            continue;
        }
        if (axis->count == SCENARIO_MOST_VALUES) {
            return scenario_refuse(out_fault, line, i, "an axis has at most %d values",
                                   SCENARIO_MOST_VALUES);
        }
        if (scenario_axis_value(axis, word, strlen(word)) != SCENARIO_MOST_VALUES) {
            return scenario_refuse(out_fault, line, i, "the value '%s' stands here twice", word);
        }
        axis->values[axis->count++] = word;
    }
    if (line->count % 2 != 0 || axis->count < 2) {
        return scenario_refuse(out_fault, line, line->count - 1,
                               "an axis has at least two values: `name value | value`");
    }
    return true;
}

static bool load_vary(struct scenario *scenario, const struct block_statement *statement,
                      struct block_fault *out_fault)
{
    const struct block *block = statement_block(statement);
    for (size_t i = 0; i < block->count; i++) {
        const struct block_statement *line = &block->statements[i];
        const char *name = statement_word(line, 0);
        if (!is_axis_name(name)) {
            return scenario_refuse(out_fault, line, 0,
                                   "the name of an axis is lower-case letters, digits and '_'");
        }
        if (scenario_axis_named(scenario, name, strlen(name)) != SCENARIO_MOST_AXES) {
            return scenario_refuse(out_fault, line, 0, "the axis '%s' stands here twice", name);
        }
        if (scenario->axis_count == SCENARIO_MOST_AXES) {
            return scenario_refuse(out_fault, line, 0, "there are at most %d axes",
                                   SCENARIO_MOST_AXES);
        }
        struct scenario_axis axis = {.name = name};
        if (!load_values(&axis, line, out_fault)) {
            return false;
        }
        scenario->axes[scenario->axis_count++] = axis;
    }
    if (scenario_variant_count(scenario) > MOST_VARIANTS) {
        return scenario_refuse(out_fault, statement, 0, "vary makes more than %d variants",
                               MOST_VARIANTS);
    }
    return true;
}

// "west-lan -- west -- [west-natgw] -- wan -- [east-natgw] -- east -- east-lan"
static bool load_chain(struct scenario *scenario, const struct block_statement *line,
                       struct block_fault *out_fault)
{
    static const char *const nodes[] = {"west-lan",   "west", "west-natgw", "wan",
                                        "east-natgw", "east", "east-lan"};
    const size_t node_count = sizeof(nodes) / sizeof(nodes[0]);
    size_t node = 0;
    bool is_good = true;
    for (size_t i = 0; is_good && i < line->count; i++) {
        const char *word = line->items[i].text;
        if (i % 2 == 1 && word != NULL && strcmp(word, "--") == 0 && i + 1 < line->count) {
            continue;
        }
        while (i % 2 == 0 && word != NULL && node < node_count && strcmp(word, nodes[node]) != 0 &&
               strstr(nodes[node], "natgw") != NULL) {
            node++;
        }
        if (i % 2 == 1 || word == NULL || node == node_count || strcmp(word, nodes[node]) != 0) {
            is_good = false;
            continue;
        }
        scenario->topology.west_nat = scenario->topology.west_nat || node == 2;
        scenario->topology.east_nat = scenario->topology.east_nat || node == 4;
        node++;
    }
    return (is_good && node == node_count) ||
           scenario_refuse(out_fault, line, 0,
                           "the chain is west-lan -- west -- wan -- east -- east-lan, with "
                           "west-natgw before or east-natgw after wan where wanted");
}

static bool check_wan(const struct block_statement *line, struct block_fault *out_fault)
{
    static const char *const known[] = {"delay", "jitter", "rate", "mtu"};
    for (size_t i = 1; i < line->count; i += 2) {
        const char *word = line->items[i].text;
        bool is_known = false;
        for (size_t k = 0; word != NULL && k < sizeof(known) / sizeof(known[0]); k++) {
            is_known = is_known || strcmp(word, known[k]) == 0;
        }
        if (!is_known || statement_word(line, i + 1) == NULL) {
            return scenario_refuse(out_fault, line, i,
                                   "wan takes pairs: delay 20ms, jitter 5ms, rate 100mbit, "
                                   "mtu 1400");
        }
    }
    return true;
}

static bool load_topology(struct scenario *scenario, const struct block_statement *statement,
                          struct block_fault *out_fault)
{
    const struct block *block = statement_block(statement);
    bool has_chain = false;
    for (size_t i = 0; i < block->count; i++) {
        const struct block_statement *line = &block->statements[i];
        if (statement_is(line, "west-lan") && !has_chain) {
            has_chain = true;
            if (!load_chain(scenario, line, out_fault)) {
                return false;
            }
        } else if (statement_is(line, "wan") && scenario->topology.wan == NULL) {
            scenario->topology.wan = line;
            if (!check_wan(line, out_fault)) {
                return false;
            }
        } else {
            return scenario_refuse(out_fault, line, 0,
                                   "topology has one chain that starts with west-lan, and at "
                                   "most one line `wan ...`");
        }
    }
    return has_chain || scenario_refuse(out_fault, statement, 0,
                                        "topology has no chain `west-lan "
                                        "-- west -- wan -- ...`");
}

// "intent tunnel { ... }", "traffic probe { ... }": a name and a block.
static bool check_named(const struct block_statement *statement, struct block_fault *out_fault)
{
    if (statement_leading_words(statement) != 2 || statement->count != 3 ||
        !is_name(statement->items[1].text) || statement_block(statement)->count == 0) {
        return scenario_refuse(out_fault, statement, 1, "%s takes one name and a block with lines",
                               statement->items[0].text);
    }
    return true;
}

static bool load_intent(struct scenario *scenario, const struct block_statement *statement,
                        struct block_fault *out_fault)
{
    scenario->intent = statement;
    return check_named(statement, out_fault);
}

static bool load_traffic(struct scenario *scenario, const struct block_statement *statement,
                         struct block_fault *out_fault)
{
    scenario->traffic = statement;
    return check_named(statement, out_fault);
}

static bool load_impair(struct scenario *scenario, const struct block_statement *statement,
                        struct block_fault *out_fault)
{
    scenario->impair = statement_block(statement);
    return scenario->impair->count > 0 ||
           scenario_refuse(out_fault, statement, 0, "impair has no line; leave it out then");
}

static bool load_steps(struct scenario *scenario, const struct block_statement *statement,
                       struct block_fault *out_fault)
{
    scenario->steps = statement_block(statement);
    return scenario->steps->count > 0 ||
           scenario_refuse(out_fault, statement, 0, "steps has no step");
}

static bool check_severities(const struct block *block, bool is_wire, struct block_fault *out_fault)
{
    static const char *const words[] = {"must",  "should",    "may",   "info",
                                        "never", "unordered", "either"};
    const size_t known = is_wire ? 7 : 5;
    for (size_t i = 0; i < block->count; i++) {
        const struct block_statement *line = &block->statements[i];
        bool is_known = false;
        for (size_t k = 0; k < known; k++) {
            is_known = is_known || statement_is(line, words[k]);
        }
        if (!is_known) {
            return scenario_refuse(out_fault, line, 0,
                                   "an expectation starts with must, should, may, info or never%s",
                                   is_wire ? "; in wire also with unordered or either" : "");
        }
    }
    return true;
}

static bool load_expectation(struct scenario *scenario, const struct block_statement *part,
                             struct block_fault *out_fault)
{
    static const char *const names[] = {"wire", "esp", "traffic", "state"};
    const struct block **places[] = {&scenario->expect_wire, &scenario->expect_esp,
                                     &scenario->expect_traffic, &scenario->expect_state};
    const size_t words = statement_is(part, "traffic") ? 2 : 1;
    const struct block *block = statement_block(part);
    size_t index = 0;
    while (index < 4 && !statement_is(part, names[index])) {
        index++;
    }
    if (index == 4 || block == NULL || statement_leading_words(part) != words ||
        part->count != words + 1) {
        return scenario_refuse(out_fault, part, 0,
                               "expect has the blocks wire, esp, traffic NAME and state");
    }
    for (size_t later = index; later < 4; later++) {
        if (*places[later] != NULL) {
            return scenario_refuse(out_fault, part, 0,
                                   "'%s' stands after '%s'; the order is wire esp traffic state, "
                                   "each once",
                                   names[index], names[later]);
        }
    }
    *places[index] = block;
    if (index == 2 && (scenario->traffic == NULL ||
                       strcmp(part->items[1].text, scenario->traffic->items[1].text) != 0)) {
        return scenario_refuse(out_fault, part, 1, "there is no traffic of this name");
    }
    return check_severities(block, index == 0, out_fault);
}

static bool load_expect(struct scenario *scenario, const struct block_statement *statement,
                        struct block_fault *out_fault)
{
    const struct block *block = statement_block(statement);
    for (size_t i = 0; i < block->count; i++) {
        if (!load_expectation(scenario, &block->statements[i], out_fault)) {
            return false;
        }
    }
    return block->count > 0 || scenario_refuse(out_fault, statement, 0,
                                               "expect is empty; a scenario that expects nothing "
                                               "cannot fail");
}

static const struct section sections[] = {
    {"ikelab",   true,  false, load_version     },
    {"title",    true,  false, load_title       },
    {"tags",     false, false, load_tags        },
    {"timeout",  false, false, load_timeout     },
    {"req",      false, false, load_requirements},
    {"needs",    false, true,  load_needs       },
    {"vary",     false, true,  load_vary        },
    {"topology", true,  true,  load_topology    },
    {"intent",   true,  true,  load_intent      },
    {"traffic",  false, true,  load_traffic     },
    {"impair",   false, true,  load_impair      },
    {"steps",    true,  true,  load_steps       },
    {"expect",   true,  true,  load_expect      },
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
