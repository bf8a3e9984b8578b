#include "harness/run/steps.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_NUMBER = 9999,
    MOST_HOLD_MILLISECONDS = 120 * 1000,
    MOST_WORDS = 24,
};

static const struct {
    const char *word;
    enum step_action action;
    bool is_peer_operation;
} actions[] = {
    {"start",       STEP_START,       true },
    {"stop",        STEP_STOP,        true },
    {"kill",        STEP_KILL,        true },
    {"up",          STEP_UP,          true },
    {"down",        STEP_DOWN,        true },
    {"dpd",         STEP_DPD,         true },
    {"rekey-child", STEP_REKEY_CHILD, true },
    {"rekey-ike",   STEP_REKEY_IKE,   true },
    {"traffic",     STEP_TRAFFIC_ON,  false},
    {"traffic",     STEP_TRAFFIC_OFF, false},
    {"hold",        STEP_HOLD,        false},
};

enum { ACTION_COUNT = sizeof(actions) / sizeof(actions[0]) };

#define ALLOWED_STEPS                                                                      \
    "start, stop, kill, up, down, dpd, rekey-child, rekey-ike SIDE; traffic NAME on|off; " \
    "hold TIME; mark NAME { }; parallel { }; until"

// One line of the file: its words under the variant, with a cursor.
struct reader {
    const struct scenario *scenario;
    const struct scenario_variant *variant;
    struct block_fault *fault;
    const struct block_statement *line;
    char words[MOST_WORDS][SCENARIO_WORD_SIZE];
    size_t next;
};

__attribute__((format(printf, 3, 4))) static bool refuse(struct reader *in, size_t item,
                                                         const char *format, ...)
{
    va_list arguments;
    const size_t last = in->line->count - 1;
    const struct block_item *place = &in->line->items[item > last ? last : item];
    in->fault->line = place->line;
    in->fault->column = place->column;
    va_start(arguments, format);
    (void)vsnprintf(in->fault->message, sizeof(in->fault->message), format, arguments);
    va_end(arguments);
    return false;
}

static bool read_words(struct reader *in, const struct block_statement *line)
{
    in->line = line;
    in->next = 0;
    if (line->count > MOST_WORDS) {
        return refuse(in, MOST_WORDS, "a step has at most %d words", MOST_WORDS);
    }
    for (size_t i = 0; i < line->count; i++) {
        const char *word = line->items[i].text;
        in->words[i][0] = '\0';
        if (word != NULL && !scenario_word(in->scenario, in->variant, word, in->words[i])) {
            return refuse(in, i, "the word is too long or names an axis that does not exist");
        }
    }
    return true;
}

// The word at the cursor, or "" at the end and where a block stands.
static const char *peek(const struct reader *in)
{
    return in->next < in->line->count ? in->words[in->next] : "";
}

static bool next_is(const struct reader *in, const char *word)
{
    return strcmp(peek(in), word) == 0;
}

static bool take(struct reader *in, const char *word)
{
    const bool is_there = next_is(in, word);
    in->next += is_there ? 1 : 0;
    return is_there;
}

// Joins the words of the line, without its number, as one line of text for the result.
static void put_text(const struct reader *in, size_t first, char *out_text, size_t size)
{
    size_t used = 0;
    out_text[0] = '\0';
    for (size_t i = first; i < in->line->count && used < size; i++) {
        const char *word = in->line->items[i].text == NULL ? "{ ... }" : in->words[i];
        const int added =
            snprintf(out_text + used, size - used, "%s%s", i == first ? "" : " ", word);
        used += added > 0 ? (size_t)added : 0;
    }
}

static bool take_number(const char *text, uint64_t most, uint64_t *out_number)
{
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    const unsigned long long number = strtoull(text, &end, 10);
    if (*end != '\0' || number > most) {
        return false;
    }
    *out_number = number;
    return true;
}

static bool take_side(struct reader *in, bool allows_both, enum scenario_side *out_side)
{
    if (take(in, "west")) {
        *out_side = SIDE_WEST;
    } else if (take(in, "east")) {
        *out_side = SIDE_EAST;
    } else if (allows_both && take(in, "both")) {
        *out_side = SIDE_BOTH;
    } else {
        return false;
    }
    return true;
}

static bool take_traffic(struct reader *in, struct step_operation *operation)
{
    const struct block_statement *traffic = in->scenario->traffic;
    if (traffic == NULL || !next_is(in, traffic->items[1].text)) {
        return refuse(in, in->next, "there is no traffic '%s' in this scenario", peek(in));
    }
    (void)snprintf(operation->argument, sizeof(operation->argument), "%s", traffic->items[1].text);
    in->next++;
    if (take(in, "on")) {
        operation->action = STEP_TRAFFIC_ON;
    } else if (take(in, "off")) {
        operation->action = STEP_TRAFFIC_OFF;
    } else {
        return refuse(in, in->next, "traffic is switched `on` or `off`");
    }
    return true;
}

static bool take_operation(struct reader *in, struct step_operation *out_operation)
{
    struct step_operation operation = {.side = SIDE_BOTH};
    const size_t first = in->next;
    size_t index = 0;
    while (index < ACTION_COUNT && !next_is(in, actions[index].word)) {
        index++;
    }
    if (next_is(in, "sleep")) {
        return refuse(in, first,
                      "there is no sleep: wait with `until CONDITION within TIME`, or "
                      "observe with `hold TIME`");
    }
    if (index == ACTION_COUNT) {
        return refuse(in, first, "'%.30s' is no step; allowed: %s", peek(in), ALLOWED_STEPS);
    }
    in->next++;
    operation.action = actions[index].action;
    if (actions[index].is_peer_operation && !take_side(in, false, &operation.side)) {
        return refuse(in, in->next, "'%s' needs a side: west or east", actions[index].word);
    }
    if (operation.action == STEP_TRAFFIC_ON && !take_traffic(in, &operation)) {
        return false;
    }
    if (operation.action == STEP_HOLD) {
        if (!scenario_duration(peek(in), &operation.hold_milliseconds) ||
            operation.hold_milliseconds > MOST_HOLD_MILLISECONDS) {
            return refuse(in, in->next, "hold takes a duration up to 2m, such as 2s or 500ms");
        }
        in->next++;
    }
    if (operation.action == STEP_DOWN && (next_is(in, "ike") || next_is(in, "child"))) {
        (void)snprintf(operation.argument, sizeof(operation.argument), "%s", peek(in));
        in->next++;
    }
    if (actions[index].is_peer_operation && take(in, "expect-failure")) {
        operation.expects_failure = true;
    }
    *out_operation = operation;
    return true;
}

// "ike=1", "child.generation>=1", or "received" with ">=" and "100" in words of their own.
static bool split_term(const char *word, char subject[STEP_NAME_SIZE], char comparison[3],
                       const char **out_value)
{
    const size_t name = strcspn(word, "=<>");
    const size_t sign = strspn(word + name, "=<>");
    if (name == 0 || name >= STEP_NAME_SIZE || sign == 0 || sign > 2) {
        return false;
    }
    memcpy(subject, word, name);
    subject[name] = '\0';
    memcpy(comparison, word + name, sign);
    comparison[sign] = '\0';
    *out_value = word + name + sign;
    return true;
}

static bool read_comparison(const char *text, enum step_comparison *out_comparison)
{
    if (strcmp(text, "=") == 0 || strcmp(text, "==") == 0) {
        *out_comparison = STEP_EQUAL;
    } else if (strcmp(text, ">=") == 0) {
        *out_comparison = STEP_AT_LEAST;
    } else if (strcmp(text, "<=") == 0) {
        *out_comparison = STEP_AT_MOST;
    } else {
        return false;
    }
    return true;
}

static bool read_subject(const char *text, enum step_subject *out_subject)
{
    static const struct {
        const char *word;
        enum step_subject subject;
    } subjects[] = {
        {"ike",              STEP_IKE_COUNT       },
        {"child",            STEP_CHILD_COUNT     },
        {"ike.generation",   STEP_IKE_GENERATION  },
        {"child.generation", STEP_CHILD_GENERATION},
    };
    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        if (strcmp(text, subjects[i].word) == 0) {
            *out_subject = subjects[i].subject;
            return true;
        }
    }
    return false;
}

static bool take_sa_terms(struct reader *in, struct step_condition *condition)
{
    char subject[STEP_NAME_SIZE];
    char comparison[3];
    const char *value;
    while (strpbrk(peek(in), "=<>") != NULL) {
        struct step_term term = {.value = 0};
        if (condition->term_count == STEP_MOST_TERMS ||
            !split_term(peek(in), subject, comparison, &value) ||
            !read_subject(subject, &term.subject) ||
            !read_comparison(comparison, &term.comparison) ||
            !take_number(value, MOST_NUMBER, &term.value)) {
            break;
        }
        condition->terms[condition->term_count++] = term;
        in->next++;
    }
    if (condition->term_count == 0 || strpbrk(peek(in), "=<>") != NULL) {
        return refuse(in, in->next,
                      "sa takes ike=N child=N ike.generation>=N child.generation>=N with = >= or "
                      "<=, no spaces");
    }
    return true;
}

static bool take_received(struct reader *in, struct step_condition *condition)
{
    struct step_term term = {.subject = STEP_RECEIVED};
    if (!read_comparison(peek(in), &term.comparison)) {
        return refuse(in, in->next, "received is compared as in `received >= 100`");
    }
    in->next++;
    if (!take_number(peek(in), UINT32_MAX, &term.value)) {
        return refuse(in, in->next, "received is compared with a number");
    }
    in->next++;
    condition->terms[condition->term_count++] = term;
    return true;
}

static bool take_until(struct reader *in, struct step *step)
{
    step->until.side = step->operation_count == 1 ? step->operations[0].side : SIDE_BOTH;
    if (take(in, "sa")) {
        if (!take_sa_terms(in, &step->until)) {
            return false;
        }
    } else if (take(in, "received")) {
        step->until.side = SIDE_BOTH;
        if (!take_received(in, &step->until)) {
            return false;
        }
    } else {
        return refuse(in, in->next,
                      "a condition is `sa ike=N child=N SIDE` or `received >= N "
                      "SIDE`");
    }
    enum scenario_side side = step->until.side;
    (void)(take_side(in, true, &side));
    step->until.side = side;
    if (!take(in, "within")) {
        return refuse(in, in->next,
                      "`until CONDITION [west|east|both] within TIME`: `within` is missing");
    }
    if (!scenario_duration(peek(in), &step->within_milliseconds)) {
        return refuse(in, in->next, "within takes a duration such as 10s");
    }
    in->next++;
    return true;
}

static bool take_end(struct reader *in, struct step *step)
{
    if (take(in, "until") && !take_until(in, step)) {
        return false;
    }
    if (step->operation_count == 0 && step->until.term_count == 0) {
        return refuse(in, 0, "the step does nothing");
    }
    if (in->next < in->line->count) {
        return refuse(in, in->next, "'%.60s' is one word too many for this step", peek(in));
    }
    return true;
}

static bool has_block(const struct reader *in)
{
    return in->next < in->line->count && in->line->items[in->next].block != NULL;
}

static bool add_step(struct reader *in, const struct step *step, struct step_list *list)
{
    if (list->count == STEPS_MOST) {
        return refuse(in, 0, "a scenario has at most %d steps", STEPS_MOST);
    }
    list->steps[list->count++] = *step;
    return true;
}

// The operations inside `parallel { a ; b }`; the reader comes back to the outer line.
static bool take_parallel(struct reader *in, struct step *step)
{
    if (!has_block(in)) {
        return refuse(in, in->next, "parallel needs a block: parallel { ... ; ... }");
    }
    const struct block_statement *outer = in->line;
    const size_t outer_next = in->next + 1;
    const struct block *block = in->line->items[in->next].block;
    for (size_t i = 0; i < block->count; i++) {
        if (!read_words(in, &block->statements[i])) {
            return false;
        }
        if (step->operation_count == STEP_MOST_OPERATIONS) {
            return refuse(in, 0, "at most %d operations run side by side", STEP_MOST_OPERATIONS);
        }
        struct step_operation *operation = &step->operations[step->operation_count];
        if (!take_operation(in, operation)) {
            return false;
        }
        if (!step_action_is_peer_operation(operation->action) || operation->action == STEP_START ||
            in->next < in->line->count) {
            return refuse(in, 0, "parallel takes operations of running peers, without until");
        }
        step->operation_count++;
    }
    if (step->operation_count < 2) {
        in->line = outer;
        return refuse(in, 0, "parallel takes at least two operations");
    }
    if (!read_words(in, outer)) {
        return false;
    }
    in->next = outer_next;
    return true;
}

// One line that is not `mark`, from the cursor on.
static bool take_step(struct reader *in, struct step *step, struct step_list *list)
{
    const struct block_statement *line = in->line;
    step->line = line->items[in->next < line->count ? in->next : 0].line;
    put_text(in, in->next, step->text, sizeof(step->text));
    if (take(in, "parallel")) {
        if (!take_parallel(in, step)) {
            return false;
        }
    } else if (!next_is(in, "until")) {
        if (!take_operation(in, &step->operations[0])) {
            return false;
        }
        step->operation_count = 1;
    }
    return take_end(in, step) && add_step(in, step, list);
}

static bool take_mark(struct reader *in, unsigned number, struct step_list *list)
{
    char name[STEP_NAME_SIZE];
    if (peek(in)[0] == '\0' || strlen(peek(in)) >= sizeof(name) ||
        in->next + 2 != in->line->count || in->line->items[in->next + 1].block == NULL) {
        return refuse(in, in->next, "mark takes a name and a block: mark NAME { ... }");
    }
    (void)snprintf(name, sizeof(name), "%s", peek(in));
    const struct block *block = in->line->items[in->next + 1].block;
    for (size_t i = 0; i < block->count; i++) {
        struct step step = {.number = number};
        (void)snprintf(step.mark, sizeof(step.mark), "%s", name);
        if (!read_words(in, &block->statements[i])) {
            return false;
        }
        if (next_is(in, "mark")) {
            return refuse(in, 0, "mark does not stand inside mark");
        }
        if (!take_step(in, &step, list)) {
            return false;
        }
    }
    return true;
}

static bool take_line(struct reader *in, unsigned *number, struct step_list *list)
{
    uint64_t value;
    if (take_number(peek(in), MOST_NUMBER, &value)) {
        if (value <= *number) {
            return refuse(in, 0, "step %s comes after step %u; numbers grow", peek(in), *number);
        }
        *number = (unsigned)value;
        in->next++;
    } else if (*number == 0) {
        return refuse(in, 0, "the first step needs a number: `10 start east`");
    }
    if (take(in, "mark")) {
        return take_mark(in, *number, list);
    }
    struct step step = {.number = *number};
    return take_step(in, &step, list);
}

bool steps_parse(const struct scenario *scenario, const struct scenario_variant *variant,
                 struct step_list *out_list, struct block_fault *out_fault)
{
    struct reader *in = calloc(1, sizeof(*in));
    struct step_list *list = calloc(1, sizeof(*list));
    unsigned number = 0;
    bool is_good = in != NULL && list != NULL;

    if (!is_good) {
        *out_fault = (struct block_fault){.message = "out of memory"};
    }
    for (size_t i = 0; is_good && i < scenario->steps->count; i++) {
        in->scenario = scenario;
        in->variant = variant;
        in->fault = out_fault;
        is_good = read_words(in, &scenario->steps->statements[i]) && take_line(in, &number, list);
    }
    if (is_good) {
        *out_list = *list;
    }
    free(list);
    free(in);
    return is_good;
}

const char *step_action_name(enum step_action action)
{
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        if (actions[i].action == action) {
            return actions[i].word;
        }
    }
    return "?";
}

bool step_action_is_peer_operation(enum step_action action)
{
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        if (actions[i].action == action) {
            return actions[i].is_peer_operation;
        }
    }
    return false;
}
