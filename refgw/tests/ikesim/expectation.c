#include "refgw/tests/ikesim/expectation.h"

#include <string.h>

#include "refgw/tests/ikesim/invariants.h"
#include "refgw/tests/ikesim/step_words.h"

struct judgement {
    struct simulation *simulation;
    const struct block_statement *statement;
    struct block_fault *fault;
    unsigned host;
    size_t next; // word to look at, behind `expect HOST`
};

static const char *word_at(const struct judgement *judgement, size_t index)
{
    const char *word = statement_word(judgement->statement, index);
    return word == NULL ? "" : word;
}

static bool word_is(const struct judgement *judgement, size_t index, const char *wanted)
{
    return strcmp(word_at(judgement, index), wanted) == 0;
}

// --- Messages ---------------------------------------------------------------------------------

static bool nothing_waits(struct judgement *judgement)
{
    for (unsigned sender = 0; sender < NETWORK_HOSTS; sender++) {
        const size_t number = simulation_oldest_waiting(judgement->simulation, sender);
        if (number != 0) {
            block_fault_at(judgement->fault, judgement->statement, "%s sent #%zu: %s",
                           host_name(sender), number,
                           judgement->simulation->gateways[sender].datagrams[number - 1].summary);
            return false;
        }
    }
    return true;
}

// Whole words only: "KE" is not part of "N(INVALID_KE_PAYLOAD)".
static bool has_words(const char *text, const char *words)
{
    const size_t size = strlen(words);
    for (const char *place = strstr(text, words); place != NULL; place = strstr(place + 1, words)) {
        const bool begins = place == text || place[-1] == ' ';
        if (begins && (place[size] == '\0' || place[size] == ' ')) {
            return true;
        }
    }
    return false;
}

// `sent EXCHANGE.req "WORD"... without "WORD"...`: about the newest datagram of the host.
static bool sent_last(struct judgement *judgement)
{
    const struct simulated_gateway *gateway = &judgement->simulation->gateways[judgement->host];
    const char *summary = gateway->datagram_count == 0
                              ? "nothing"
                              : gateway->datagrams[gateway->datagram_count - 1].summary;
    const char *exchange = word_at(judgement, judgement->next);
    bool is_wanted = true;
    bool holds = strncmp(summary, exchange, strlen(exchange)) == 0;
    for (size_t i = judgement->next + 1; i < judgement->statement->count; i++) {
        is_wanted = is_wanted && !word_is(judgement, i, "without");
        if (!word_is(judgement, i, "without")) {
            holds = holds && has_words(summary, word_at(judgement, i)) == is_wanted;
        }
    }
    if (!holds) {
        block_fault_at(judgement->fault, judgement->statement, "%s sent last: %s",
                       host_name(judgement->host), summary);
    }
    return holds;
}

static bool sent_count(struct judgement *judgement)
{
    const size_t count = judgement->simulation->gateways[judgement->host].datagram_count;
    uint64_t wanted = 0;
    if (number_from_word(word_at(judgement, judgement->next), &wanted) && wanted == count) {
        return true;
    }
    block_fault_at(judgement->fault, judgement->statement, "%s sent %zu datagrams so far",
                   host_name(judgement->host), count);
    return false;
}

// --- State ------------------------------------------------------------------------------------

static bool count_from_word(const char *word, uint64_t *out_count)
{
    if (strcmp(word, "no") == 0 || strcmp(word, "one") == 0) {
        *out_count = strcmp(word, "one") == 0 ? 1 : 0;
        return true;
    }
    return number_from_word(word, out_count);
}

// `one child`, `no ike`, `2 children`.
static bool has_count(struct judgement *judgement)
{
    const bool is_ike = word_is(judgement, judgement->next + 1, "ike");
    struct seen_sas seen;
    uint64_t wanted = 0;
    simulation_see(judgement->simulation, judgement->host, &seen);
    const size_t count =
        is_ike ? seen.count
               : judgement->simulation->pair->network.hosts[judgement->host].child_count;
    if (count_from_word(word_at(judgement, judgement->next), &wanted) && wanted == count) {
        return true;
    }
    block_fault_at(judgement->fault, judgement->statement, "%s has %zu %s",
                   host_name(judgement->host), count, is_ike ? "IKE SAs" : "CHILD_SAs");
    return false;
}

static bool has_state(struct judgement *judgement)
{
    struct seen_sas seen;
    const char *wanted = word_at(judgement, judgement->next);
    simulation_see(judgement->simulation, judgement->host, &seen);
    for (size_t i = 0; i < seen.count; i++) {
        if (strcmp(seen.items[i].state, wanted) == 0) {
            return true;
        }
    }
    block_fault_at(judgement->fault, judgement->statement, "%s has %zu IKE SAs, the first is %s",
                   host_name(judgement->host), seen.count,
                   seen.count == 0 ? "missing" : seen.items[0].state);
    return false;
}

// `reported KIND [REASON]`.
static bool has_reported(struct judgement *judgement)
{
    const struct simulated_host *host =
        &judgement->simulation->pair->network.hosts[judgement->host];
    const char *kind = word_at(judgement, judgement->next);
    const char *reason = word_at(judgement, judgement->next + 1);
    for (size_t i = 0; i < host->report_count; i++) {
        if (strcmp(ike_report_name(host->reports[i].kind), kind) == 0 &&
            (reason[0] == '\0' || strcmp(host->reports[i].reason, reason) == 0)) {
            return true;
        }
    }
    block_fault_at(judgement->fault, judgement->statement, "%s did not report this",
                   host_name(judgement->host));
    return false;
}

// --- One statement ----------------------------------------------------------------------------

static const struct {
    const char *word;
    bool (*holds)(struct judgement *judgement);
} ABOUT_HOST[] = {
    {"sent",      sent_last   },
    {"datagrams", sent_count  },
    {"state",     has_state   },
    {"reported",  has_reported},
};

static bool holds_for_host(struct judgement *judgement, unsigned host)
{
    judgement->host = host;
    for (size_t i = 0; i < sizeof(ABOUT_HOST) / sizeof(ABOUT_HOST[0]); i++) {
        if (word_is(judgement, 2, ABOUT_HOST[i].word)) {
            judgement->next = 3;
            return ABOUT_HOST[i].holds(judgement);
        }
    }
    judgement->next = 2;
    if (word_is(judgement, 3, "ike") || word_is(judgement, 3, "child") ||
        word_is(judgement, 3, "children")) {
        return has_count(judgement);
    }
    block_fault_at(judgement->fault, judgement->statement,
                   "a host can be expected to have: no|one|NUMBER ike|child|children, "
                   "sent EXCHANGE.req, datagrams NUMBER, state WORD, reported KIND [REASON]");
    return false;
}

static bool holds_for_both(struct judgement *judgement)
{
    return holds_for_host(judgement, WEST) && holds_for_host(judgement, EAST);
}

static bool is_agreed(struct judgement *judgement)
{
    if (simulation_is_calm(judgement->simulation)) {
        return true;
    }
    block_fault_at(judgement->fault, judgement->statement,
                   "both ends do not have one IKE SA with CHILD_SAs that pair up");
    return false;
}

bool expectation_holds(struct simulation *simulation, const struct block_statement *statement,
                       struct block_fault *out_fault)
{
    struct judgement judgement = {
        .simulation = simulation, .statement = statement, .fault = out_fault};
    unsigned host = 0;
    if (word_is(&judgement, 1, "nothing") && word_is(&judgement, 2, "sent")) {
        return nothing_waits(&judgement);
    }
    if (word_is(&judgement, 1, "agreement")) {
        return is_agreed(&judgement);
    }
    if (word_is(&judgement, 1, "quiet")) {
        invariants_once_quiet(simulation); // the violation is the fault
        return true;
    }
    if (word_is(&judgement, 1, "down")) {
        invariants_once_down(simulation);
        return true;
    }
    if (word_is(&judgement, 1, "both")) {
        return holds_for_both(&judgement);
    }
    if (host_from_word(word_at(&judgement, 1), &host)) {
        return holds_for_host(&judgement, host);
    }
    block_fault_at(out_fault, statement,
                   "expect nothing sent, agreement, quiet, down, west, east or both");
    return false;
}
