// Every byte of every message of a handshake changed, every message cut at every length: never
// an SA that one end believes in with a peer that is not there, never a crash.
#include "harness/tap/tap.h"
#include "refgw/tests/crafted_message.h"

#include <string.h>

enum { MOST_SIZE = 700 };

// What the two ends hold after a handshake in which one datagram was changed.
struct aftermath {
    bool was_hit;
    bool is_up;       // both ends, matching
    bool is_one_eyed; // only one end has an established SA
    bool recovers;    // a new attempt comes up
};

static struct aftermath try(const struct tampering_node *how)
{
    struct tampering_node node = *how;
    struct ike_pair *pair = ike_pair_new();
    simulated_network_add_node(&pair->network, tampering_node_pass, &node);
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    // Long enough for every timer to give up.
    ike_pair_run(pair, 300);
    struct aftermath aftermath = {
        .was_hit = node.hits > 0,
        .is_up = ike_pair_is_up(pair),
        .is_one_eyed =
            ike_pair_count(pair, WEST, NULL) != ike_pair_count(pair, EAST, NULL) ||
            ike_pair_count(pair, WEST, NULL) > 1 ||
            pair->network.hosts[WEST].child_count != pair->network.hosts[EAST].child_count ||
            pair->network.hosts[WEST].faults + pair->network.hosts[EAST].faults > 0,
    };
    if (!aftermath.is_up) {
        ike_pair_bring_up(pair);
    }
    aftermath.recovers = ike_pair_is_up(pair);
    ike_pair_free(pair);
    return aftermath;
}

struct tally {
    unsigned hits;
    unsigned up;
    unsigned one_eyed;
    unsigned recovered;
};

static void count(struct tally *tally, const struct aftermath *aftermath)
{
    tally->hits += aftermath->was_hit ? 1 : 0;
    tally->up += aftermath->is_up ? 1 : 0;
    tally->one_eyed += aftermath->is_one_eyed ? 1 : 0;
    tally->recovered += aftermath->recovers ? 1 : 0;
}

static const char *name_of(unsigned sender, unsigned number)
{
    return number == 1 ? (sender == WEST ? "IKE_SA_INIT request" : "IKE_SA_INIT answer")
                       : (sender == WEST ? "IKE_AUTH request" : "IKE_AUTH answer");
}

static void changed_bytes_never_establish_a_lie(unsigned sender, unsigned number)
{
    struct tally tally = {0};
    for (size_t position = 0; position < MOST_SIZE; position++) {
        const struct tampering_node node = {.sender = sender,
                                            .number = number,
                                            .position = position,
                                            .change = (uint8_t)(1U << position % 8)};
        const struct aftermath aftermath = try(&node);
        if (!aftermath.was_hit) {
            break;
        }
        count(&tally, &aftermath);
        if (aftermath.is_one_eyed || !aftermath.recovers) {
            note("byte %zu", position);
        }
    }
    ok(tally.hits > 100, "%s: %u bytes changed, one at a time", name_of(sender, number),
       tally.hits);
    ok(tally.one_eyed == 0, "both ends agree on what is up");
    ok(tally.recovered == tally.hits, "and come up now or with the next attempt");
    if (number == 2) {
        ok(tally.up == tally.hits, "a changed IKE_AUTH is only a lost one: it came up each time");
    }
}

static void cut_messages_are_only_lost_ones(unsigned sender, unsigned number)
{
    struct tally tally = {0};
    for (size_t size = 1; size < MOST_SIZE; size++) {
        struct ike_pair *pair = ike_pair_new();
        ike_pair_start(pair);
        ike_pair_bring_up(pair);
        const size_t whole = simulated_network_sent(&pair->network, sender, number - 1)->size;
        ike_pair_free(pair);
        if (size >= whole) {
            break;
        }
        const struct tampering_node node = {.sender = sender, .number = number, .cut_to = size};
        const struct aftermath aftermath = try(&node);
        count(&tally, &aftermath);
    }
    ok(tally.hits > 100 && tally.up == tally.hits, "%s: cut at %u lengths, came up each time",
       name_of(sender, number), tally.hits);
}

static void inject_with_bit_changed(struct ike_pair *pair, const struct sent_datagram *datagram,
                                    size_t bit)
{
    const struct network_path path = path_of(pair, EAST);
    struct crafted_message copy = {.size = datagram->size};
    memcpy(copy.bytes, datagram->bytes, datagram->size);
    copy.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    simulated_network_inject(&pair->network, EAST, &path, crafted_view(&copy));
}

static void everything_is_ignored_that_is_not_authentic(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_DOWN, ""), "west sends a Delete");
    const struct sent_datagram *request = simulated_network_sent(&pair->network, WEST, 2);
    const struct network_path path = path_of(pair, EAST);
    const unsigned before = pair->network.hosts[EAST].sent;
    for (size_t bit = 0; bit < request->size * 8; bit++) {
        inject_with_bit_changed(pair, request, bit);
    }
    ok(ike_pair_count(pair, EAST, "established") == 1 && pair->network.hosts[EAST].removed == 0,
       "none of its %zu changed bits deletes anything", request->size * 8);
    // A higher major version is answered without looking further; that is no SA's doing.
    ok(pair->network.hosts[EAST].sent - before <= 4, "only other versions were answered");
    simulated_network_inject(&pair->network, EAST, &path,
                             (struct byte_view){.data = request->bytes, .size = request->size});
    ok(ike_pair_count(pair, EAST, NULL) == 0, "the message as it was does");
    ike_pair_free(pair);
}

int main(void)
{
    for (unsigned number = 1; number <= 2; number++) {
        for (unsigned sender = 0; sender < NETWORK_HOSTS; sender++) {
            changed_bytes_never_establish_a_lie(sender, number);
            cut_messages_are_only_lost_ones(sender, number);
        }
    }
    everything_is_ignored_that_is_not_authentic();
    return done_testing();
}
