#include "refgw/tests/ikesim/step_script.h"

#include <inttypes.h>
#include <string.h>

#include "refgw/tests/ikesim/expectation.h"
#include "refgw/tests/ikesim/invariants.h"
#include "refgw/tests/ikesim/step_words.h"

enum { MOST_DELIVERIES = 1000 };

struct step_run {
    struct simulation *simulation; // NULL before the first step
    struct simulation_setup setup;
    FILE *trace;
    struct block_fault *fault;
};

static const char *word_at(const struct block_statement *statement, size_t index)
{
    const char *word = statement_word(statement, index);
    return word == NULL ? "" : word;
}

static bool word_is(const struct block_statement *statement, size_t index, const char *wanted)
{
    return strcmp(word_at(statement, index), wanted) == 0;
}

static bool bad(struct step_run *run, const struct block_statement *statement, const char *allowed)
{
    block_fault_at(run->fault, statement, "cannot read this step; allowed is: %s", allowed);
    return false;
}

// --- setup ------------------------------------------------------------------------------------

static bool copy_text(const char *text, char out_text[SIMULATION_TEXT_SIZE])
{
    const size_t size = strlen(text) + 1;
    if (size == 1 || size > SIMULATION_TEXT_SIZE) {
        return false;
    }
    memcpy(out_text, text, size);
    return true;
}

static bool read_fragment_size(const char *word, uint16_t *out_size)
{
    uint64_t size = 0;
    if (!number_from_word(word, &size) || size > UINT16_MAX) {
        return false;
    }
    *out_size = (uint16_t)size;
    return true;
}

// Lines about one host.
static bool read_host_line(struct simulation_setup *setup, const struct block_statement *line)
{
    unsigned host = 0;
    if (!host_from_word(word_at(line, 1), &host)) {
        return false;
    }
    if (statement_is(line, "nat")) {
        setup->has_nat = host == WEST;
        return setup->has_nat;
    }
    if (statement_is(line, "cookies")) {
        setup->wants_cookies[host] = true;
        return true;
    }
    if (statement_is(line, "liveness")) {
        return duration_parse(word_at(line, 2), &setup->liveness[host]);
    }
    if (statement_is(line, "life")) {
        const bool is_ike = word_is(line, 2, "ike");
        return (is_ike || word_is(line, 2, "child")) &&
               duration_parse(word_at(line, 3),
                              is_ike ? &setup->ike_lifetime[host] : &setup->child_lifetime[host]);
    }
    if (statement_is(line, "fragments")) {
        return read_fragment_size(word_at(line, 2), &setup->fragment_size[host]);
    }
    return (statement_is(line, "ike") && copy_text(word_at(line, 2), setup->ike[host])) ||
           (statement_is(line, "esp") && copy_text(word_at(line, 2), setup->esp[host]));
}

static bool read_setup_line(struct step_run *run, const struct block_statement *line)
{
    const bool is_seed = statement_is(line, "seed");
    if (is_seed ? number_from_word(word_at(line, 1), &run->setup.seed)
                : read_host_line(&run->setup, line)) {
        return true;
    }
    return bad(run, line,
               "seed NUMBER, nat west, liveness HOST TIME, life HOST ike|child TIME, "
               "cookies HOST, fragments HOST SIZE, "
               "ike HOST \"PROPOSALS\", esp HOST \"PROPOSALS\"");
}

static bool do_setup(struct step_run *run, const struct block_statement *statement)
{
    const struct block *block = statement_block(statement);
    if (block == NULL || run->simulation != NULL) {
        return bad(run, statement, "setup { ... } before the first step");
    }
    for (size_t i = 0; i < block->count; i++) {
        if (!read_setup_line(run, &block->statements[i])) {
            return false;
        }
    }
    return true;
}

// --- Steps ------------------------------------------------------------------------------------

static bool do_nothing(struct step_run *run, const struct block_statement *statement)
{
    (void)run;
    (void)statement;
    return true;
}

static bool do_hold(struct step_run *run, const struct block_statement *statement)
{
    (void)statement;
    simulation_hold(run->simulation);
    return true;
}

static bool do_release(struct step_run *run, const struct block_statement *statement)
{
    (void)statement;
    simulation_release(run->simulation);
    return true;
}

static bool do_time(struct step_run *run, const struct block_statement *statement)
{
    struct duration length;
    if (!word_is(statement, 1, "passes") || !duration_parse(word_at(statement, 2), &length)) {
        return bad(run, statement, "time passes 30s");
    }
    simulation_pass_time(run->simulation, length);
    return true;
}

static bool do_lifetimes(struct step_run *run, const struct block_statement *statement)
{
    if (!word_is(statement, 1, "hold")) {
        return bad(run, statement, "lifetimes hold");
    }
    simulation_keep_lifetimes(run->simulation);
    return true;
}

static bool do_nat(struct step_run *run, const struct block_statement *statement)
{
    if (!word_is(statement, 1, "rebinds") || !run->setup.has_nat) {
        return bad(run, statement, "nat rebinds, after a setup with nat west");
    }
    simulation_rebind(run->simulation);
    return true;
}

static bool do_command(struct step_run *run, const struct block_statement *statement, unsigned host)
{
    enum ike_command_kind kind;
    if (!command_from_word(word_at(statement, 1), &kind)) {
        return bad(run, statement,
                   "HOST up, down, liveness, rekey-ike, rekey-child [CHILD] [refused], restarts");
    }
    const bool has_child = statement->count > 2 && !word_is(statement, 2, "refused");
    const bool is_refusal_wanted = word_is(statement, has_child ? 3 : 2, "refused");
    const bool is_taken =
        simulation_command(run->simulation, host, kind, has_child ? word_at(statement, 2) : "");
    if (is_taken == is_refusal_wanted) {
        block_fault_at(run->fault, statement, "the command was %s",
                       is_taken ? "accepted" : "refused");
        return false;
    }
    return true;
}

static bool do_host(struct step_run *run, const struct block_statement *statement)
{
    unsigned host = 0;
    if (!host_from_word(word_at(statement, 0), &host)) {
        return bad(run, statement, "west or east");
    }
    if (word_is(statement, 1, "restarts")) {
        simulation_restart(run->simulation, host);
        return true;
    }
    return do_command(run, statement, host);
}

static bool do_packet(struct step_run *run, const struct block_statement *statement)
{
    unsigned host = 0;
    uint64_t number = 0;
    if (host_from_word(word_at(statement, 1), &host)) {
        (void)simulation_send_packet(run->simulation, host);
        return true;
    }
    if (direction_from_word(word_at(statement, 1), &host) &&
        number_from_word(word_at(statement, 2), &number)) {
        simulation_deliver_packet(run->simulation, host, number);
        return true;
    }
    return bad(run, statement, "packet west, packet west->east NUMBER");
}

// Until nothing waits, answers to answers included.
static bool deliver_all(struct step_run *run, bool from_west, bool from_east)
{
    const bool wanted[NETWORK_HOSTS] = {[WEST] = from_west, [EAST] = from_east};
    bool is_any = true;
    for (unsigned count = 0; is_any && count < MOST_DELIVERIES; count++) {
        is_any = false;
        for (unsigned sender = 0; sender < NETWORK_HOSTS; sender++) {
            const size_t number = simulation_oldest_waiting(run->simulation, sender);
            if (wanted[sender] && number != 0) {
                is_any = simulation_deliver(run->simulation, sender, number);
            }
        }
    }
    return !is_any;
}

// The datagram a step is about: by number, or the oldest that waits.
static bool find_datagram(const struct step_run *run, const struct block_statement *statement,
                          unsigned *out_sender, size_t *out_number)
{
    uint64_t number = 0;
    if (!direction_from_word(word_at(statement, 1), out_sender)) {
        return false;
    }
    if (statement->count == 2) {
        *out_number = simulation_oldest_waiting(run->simulation, *out_sender);
        return *out_number != 0;
    }
    if (!number_from_word(word_at(statement, 2), &number)) {
        return false;
    }
    *out_number = number;
    return true;
}

static bool do_deliver(struct step_run *run, const struct block_statement *statement)
{
    unsigned sender = 0;
    size_t number = 0;
    if (word_is(statement, 1, "all")) {
        return deliver_all(run, true, true) || bad(run, statement, "an end of the messages");
    }
    if (word_is(statement, 2, "all") && direction_from_word(word_at(statement, 1), &sender)) {
        return deliver_all(run, sender == WEST, sender == EAST);
    }
    if (find_datagram(run, statement, &sender, &number) &&
        simulation_deliver(run->simulation, sender, number)) {
        return true;
    }
    return bad(run, statement,
               "deliver all, deliver west->east all, deliver west->east [NUMBER] of a datagram "
               "that was sent");
}

static bool do_drop(struct step_run *run, const struct block_statement *statement)
{
    unsigned sender = 0;
    size_t number = 0;
    if (find_datagram(run, statement, &sender, &number) &&
        simulation_drop(run->simulation, sender, number)) {
        return true;
    }
    return bad(run, statement, "drop west->east [NUMBER] of a datagram that was sent");
}

static bool do_forge(struct step_run *run, const struct block_statement *statement)
{
    unsigned sender = 0;
    size_t number = 0;
    if (statement->count == 3 && find_datagram(run, statement, &sender, &number) &&
        simulation_forge(run->simulation, sender, number, statement_is(statement, "forge"))) {
        return true;
    }
    return bad(run, statement,
               "forge west->east NUMBER, replay west->east NUMBER of a protected message that has "
               "arrived");
}

static bool do_expect(struct step_run *run, const struct block_statement *statement)
{
    return expectation_holds(run->simulation, statement, run->fault);
}

// --- A whole script ---------------------------------------------------------------------------

struct step_word {
    const char *word;
    bool (*run)(struct step_run *run, const struct block_statement *statement);
    bool is_step; // the simulation must be there
};

static const struct step_word WORDS[] = {
    {"title",     do_nothing,   false},
    {"label",     do_nothing,   false},
    {"req",       do_nothing,   false},
    {"setup",     do_setup,     false},
    {"west",      do_host,      true },
    {"east",      do_host,      true },
    {"hold",      do_hold,      true },
    {"release",   do_release,   true },
    {"deliver",   do_deliver,   true },
    {"drop",      do_drop,      true },
    {"forge",     do_forge,     true },
    {"replay",    do_forge,     true },
    {"packet",    do_packet,    true },
    {"time",      do_time,      true },
    {"nat",       do_nat,       true },
    {"lifetimes", do_lifetimes, true },
    {"expect",    do_expect,    true },
};

static bool run_statement(struct step_run *run, const struct block_statement *statement)
{
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
        if (!statement_is(statement, WORDS[i].word)) {
            continue;
        }
        if (WORDS[i].is_step && run->simulation == NULL) {
            run->simulation = simulation_new(&run->setup, run->trace, NULL);
        }
        return WORDS[i].run(run, statement);
    }
    return bad(run, statement,
               "title, label, req, setup, west, east, hold, release, deliver, drop, forge, "
               "replay, packet, time, nat, lifetimes, expect");
}

static bool run_block(struct step_run *run, const struct block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        const struct block_statement *statement = &block->statements[i];
        if (!run_statement(run, statement)) {
            return false;
        }
        if (run->simulation != NULL && run->simulation->violation.invariant != NULL) {
            block_fault_at(run->fault, statement, "violates %s: %s",
                           run->simulation->violation.invariant, run->simulation->violation.text);
            return false;
        }
    }
    return true;
}

bool step_script_run(const char *path, FILE *trace, struct block_fault *out_fault)
{
    struct step_run run = {.setup = {.seed = 1}, .trace = trace, .fault = out_fault};
    struct block_document *document = block_document_load(path, out_fault);
    if (document == NULL) {
        return false;
    }
    const bool is_good = run_block(&run, block_document_root(document));
    if (run.simulation != NULL) {
        simulation_free(run.simulation);
    }
    block_document_free(document);
    return is_good;
}
