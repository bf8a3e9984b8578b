#include "harness/scenario/scenario_blocks.h"

#include <string.h>

#include "harness/scenario/scenario_check.h"

enum { MOST_VARIANTS = 1024, NAME_SIZE = 64 };

bool scenario_is_name(const char *word)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-._$";
    if (word == NULL) {
        return false;
    }
    const size_t size = strlen(word);
    return size > 0 && size < NAME_SIZE && strspn(word, allowed) == size;
}

static bool add_need(struct scenario *scenario, const struct block_statement *line, size_t item,
                     struct block_fault *out_fault)
{
    const char *side = statement_word(line, 0);
    const char *word = line->items[item].text;
    if (word == NULL || !scenario_is_name(word)) {
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

static bool load_need_line(struct scenario *scenario, const struct block_statement *line,
                           struct block_fault *out_fault)
{
    const char *side = statement_word(line, 0);
    if (side == NULL || (side[0] != '$' && strcmp(side, "west") != 0 && strcmp(side, "east") != 0 &&
                         strcmp(side, "both") != 0)) {
        return scenario_refuse(out_fault, line, 0,
                               "a line of needs starts with west, east, both or $axis");
    }
    for (size_t i = 1; i < line->count; i++) {
        const char *word = line->items[i].text;
        if (word != NULL && strcmp(word, "if") == 0) {
            return true;
        }
        if (!add_need(scenario, line, i, out_fault)) {
            return false;
        }
    }
    return true;
}

bool scenario_load_needs(struct scenario *scenario, const struct block_statement *statement,
                         struct block_fault *out_fault)
{
    const struct block *block = statement_block(statement);
    for (size_t i = 0; i < block->count; i++) {
        if (!load_need_line(scenario, &block->statements[i], out_fault)) {
            return false;
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
        if (word == NULL || is_bar != (i % 2 == 0) || (!is_bar && !scenario_is_name(word))) {
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

bool scenario_load_vary(struct scenario *scenario, const struct block_statement *statement,
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
    static const char *const known[] = {"delay", "jitter"};
    for (size_t i = 1; i < line->count; i += 2) {
        const char *word = line->items[i].text;
        bool is_known = false;
        for (size_t k = 0; word != NULL && k < sizeof(known) / sizeof(known[0]); k++) {
            is_known = is_known || strcmp(word, known[k]) == 0;
        }
        if (!is_known || statement_word(line, i + 1) == NULL) {
            return scenario_refuse(out_fault, line, i, "wan takes pairs: delay 20ms, jitter 5ms");
        }
    }
    return true;
}

static bool load_topology_line(struct scenario *scenario, const struct block_statement *line,
                               bool *has_chain, struct block_fault *out_fault)
{
    if (statement_is(line, "west-lan") && !*has_chain) {
        *has_chain = true;
        return load_chain(scenario, line, out_fault);
    }
    if (statement_is(line, "wan") && scenario->topology.wan == NULL) {
        scenario->topology.wan = line;
        return check_wan(line, out_fault);
    }
    return scenario_refuse(out_fault, line, 0,
                           "topology has one chain that starts with west-lan, and at most one "
                           "line `wan ...`");
}

bool scenario_load_topology(struct scenario *scenario, const struct block_statement *statement,
                            struct block_fault *out_fault)
{
    const struct block *block = statement_block(statement);
    bool has_chain = false;
    for (size_t i = 0; i < block->count; i++) {
        if (!load_topology_line(scenario, &block->statements[i], &has_chain, out_fault)) {
            return false;
        }
    }
    return has_chain || scenario_refuse(out_fault, statement, 0,
                                        "topology has no chain `west-lan -- west -- wan -- ...`");
}

// "intent tunnel { ... }", "traffic probe { ... }": a name and a block.
static bool check_named(const struct block_statement *statement, struct block_fault *out_fault)
{
    if (statement_leading_words(statement) != 2 || statement->count != 3 ||
        !scenario_is_name(statement->items[1].text) || statement_block(statement)->count == 0) {
        return scenario_refuse(out_fault, statement, 1, "%s takes one name and a block with lines",
                               statement->items[0].text);
    }
    return true;
}

bool scenario_load_intent(struct scenario *scenario, const struct block_statement *statement,
                          struct block_fault *out_fault)
{
    scenario->intent = statement;
    return check_named(statement, out_fault);
}

bool scenario_load_traffic(struct scenario *scenario, const struct block_statement *statement,
                           struct block_fault *out_fault)
{
    scenario->traffic = statement;
    return check_named(statement, out_fault);
}

bool scenario_load_impair(struct scenario *scenario, const struct block_statement *statement,
                          struct block_fault *out_fault)
{
    scenario->impair = statement_block(statement);
    return scenario->impair->count > 0 ||
           scenario_refuse(out_fault, statement, 0, "impair has no line; leave it out then");
}

bool scenario_load_steps(struct scenario *scenario, const struct block_statement *statement,
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

bool scenario_load_expect(struct scenario *scenario, const struct block_statement *statement,
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
