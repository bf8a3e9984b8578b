// Half-open SAs, memory, randomness, keys: what an engine holds and lets go.
#include "harness/tap/tap.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/tests/crafted_message.h"

#include <stdlib.h>
#include <string.h>

static void a_half_open_sa_expires(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct wall_node wall = {.sender = EAST, .is_up = true};
    pair->policies[WEST].retransmission.tries = 0;
    pair->policies[EAST].half_open_timeout = duration_seconds(7);
    simulated_network_add_node(&pair->network, wall_node_pass, &wall);
    ike_pair_start(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "an IKE_SA_INIT request and nothing else");
    ike_pair_run(pair, 6);
    ok(ike_pair_count(pair, EAST, "connecting") == 1, "is kept for a while");
    ike_pair_run(pair, 2);
    ok(ike_pair_count(pair, EAST, NULL) == 0 &&
           ike_pair_reports(pair, EAST, IKE_REPORT_IKE_SA_CLOSED, "half-open-timeout") == 1,
       "and no longer");
    ok(pair->network.hosts[EAST].sent == 1, "a responder repeats nothing by itself");
    struct instant when;
    ok(!ike_engine_next_deadline(pair->network.hosts[EAST].engine, &when), "nothing is left to do");
    ike_pair_free(pair);
}

// An IKE_SA_INIT request like one that was sent, with another initiator SPI.
static void inject_request(struct ike_pair *pair, const struct sent_datagram *like, uint8_t number)
{
    const struct network_path path = path_of(pair, EAST);
    struct crafted_message copy = {.size = like->size};
    memcpy(copy.bytes, like->bytes, like->size);
    copy.bytes[7] = number;
    simulated_network_inject(&pair->network, EAST, &path, crafted_view(&copy));
}

static void half_open_sas_are_limited(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct wall_node wall = {.sender = NETWORK_HOSTS, .is_up = true};
    pair->policies[EAST].most_half_open = 5;
    pair->policies[EAST].half_open_timeout = duration_seconds(2);
    simulated_network_add_node(&pair->network, wall_node_pass, &wall);
    ike_pair_start(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up");
    const struct sent_datagram *request = simulated_network_sent(&pair->network, WEST, 0);
    for (uint8_t i = 0; i < 20; i++) {
        inject_request(pair, request, i);
    }
    ok(ike_pair_count(pair, EAST, NULL) == 5 && pair->network.hosts[EAST].sent == 5,
       "five of twenty requests are taken");
    ok(ike_pair_reports(pair, EAST, IKE_REPORT_REJECTED, "half-open-limit") == 15,
       "the others are turned away");
    ike_pair_run(pair, 3);
    wall.is_up = false;
    ike_pair_run(pair, 10);
    ok(ike_pair_is_up(pair), "later there is room again");
    ike_pair_free(pair);
}

static void a_thousand_sas_come_and_go(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct simulated_network *network = &pair->network;
    unsigned good = 0;
    ike_pair_start(pair);
    for (unsigned i = 0; i < 1000; i++) {
        (void)ike_pair_command(pair, i % 2 == 0 ? WEST : EAST, IKE_COMMAND_UP, "");
        simulated_network_run(network, duration_milliseconds(100));
        good += ike_pair_is_up(pair) ? 1 : 0;
        (void)ike_pair_command(pair, i % 3 == 0 ? EAST : WEST, IKE_COMMAND_DOWN, "");
        simulated_network_run(network, duration_milliseconds(100));
        good += ike_pair_is_down(pair) ? 1 : 0;
    }
    ok(good == 2000, "up and down a thousand times (%u of 2000 were right)", good);
    ike_pair_run(pair, 60);
    struct instant when;
    ok(!ike_engine_next_deadline(network->hosts[WEST].engine, &when) &&
           !ike_engine_next_deadline(network->hosts[EAST].engine, &when),
       "nothing is left (and the leak checker agrees)");
    ok(network->hosts[EAST].keys_logged == 1000, "keys were told once for each");
    ike_pair_free(pair);
}

// Randomness that runs dry after some draws.
struct dry_source {
    struct deterministic_random random;
    unsigned left;
};

static bool dry_fill(void *context, uint8_t *bytes, size_t size)
{
    struct dry_source *dry = context;
    if (dry->left == 0) {
        return false;
    }
    dry->left--;
    const struct random_source source = deterministic_random_source(&dry->random);
    return random_fill(&source, bytes, size);
}

static void running_out_of_randomness_stops_cleanly(void)
{
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        unsigned up = 0;
        unsigned torn = 0;
        for (unsigned left = 0; left < 8; left++) {
            struct ike_pair *pair = ike_pair_new();
            struct dry_source dry = {.left = left};
            deterministic_random_init(&dry.random, 7);
            ike_pair_start(pair);
            ike_engine_free(pair->network.hosts[host].engine);
            const struct ike_engine_setup setup = {
                .policy = &pair->policies[host],
                .crypto = openssl_provider(),
                .randomness = {.fill = dry_fill, .context = &dry},
            };
            pair->network.hosts[host].engine = ike_engine_new(&setup);
            ike_pair_bring_up(pair);
            ike_pair_run(pair, 600);
            up += ike_pair_is_up(pair) ? 1 : 0;
            torn += pair->network.hosts[WEST].child_count != pair->network.hosts[EAST].child_count
                        ? 1
                        : 0;
            ike_pair_free(pair);
        }
        ok(up > 0 && up < 8 && torn == 0, "%s runs dry at every draw: up or not, never torn",
           host == WEST ? "west" : "east");
    }
}

static void actions_that_are_not_fetched_are_freed(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    const struct ike_command command = {
        .kind = IKE_COMMAND_UP, .connection = "tunnel", .child = ""};
    char problem[100];
    ok(ike_engine_command(pair->network.hosts[WEST].engine, pair->network.now, &command, problem,
                          sizeof(problem)),
       "up, and nobody looks");
    ike_pair_free(pair);
    ike_engine_free(NULL);
    ok(true, "freeing wipes and leaks nothing");
}

static void keys_are_reported_once_they_exist(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(pair->network.hosts[WEST].keys_logged == 1 && pair->network.hosts[EAST].keys_logged == 1,
       "each end tells the keys of the IKE SA");
    const struct child_sa *child = &pair->network.hosts[WEST].children[0];
    ok(child->inbound_spi > 255 && child->outbound_spi > 255, "SPIs are not reserved ones");
    ok(!secret_equals(secret_view(&child->inbound_encryption_key),
                      secret_view(&child->outbound_encryption_key)),
       "directions have keys of their own");
    ike_pair_free(pair);
}

static void no_iv_is_used_twice(void)
{
    enum { MESSAGES = 20, IV_OFFSET = IKE_HEADER_SIZE + IKE_GENERIC_HEADER_SIZE, IV_SIZE = 8 };
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    for (unsigned i = 0; i < MESSAGES; i++) {
        (void)ike_pair_command(pair, i % 2 == 0 ? WEST : EAST, IKE_COMMAND_LIVENESS, "");
        ike_pair_run(pair, 1);
    }
    unsigned same = 0;
    for (size_t i = 1; i < MESSAGES; i++) {
        const struct sent_datagram *left = simulated_network_sent(&pair->network, WEST, i);
        const struct sent_datagram *right = simulated_network_sent(&pair->network, WEST, i + 1);
        same += memcmp(left->bytes + IV_OFFSET, right->bytes + IV_OFFSET, IV_SIZE) >= 0 ? 1 : 0;
    }
    ok(pair->network.hosts[WEST].sent == MESSAGES + 2 && same == 0,
       "requests and answers of one end count up one counter");
    ike_pair_free(pair);
}

static void junk_makes_no_state(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    const struct network_path path = path_of(pair, EAST);
    struct deterministic_random random;
    deterministic_random_init(&random, 99);
    for (unsigned i = 0; i < 2000; i++) {
        uint8_t junk[64];
        for (size_t j = 0; j < sizeof(junk); j++) {
            junk[j] = (uint8_t)deterministic_random_next(&random);
        }
        // Half of them look like an IKE header at least.
        if (i % 2 == 0) {
            junk[17] = 0x20;
            junk[18] = (uint8_t)(34 + i % 10);
            junk[24] = junk[25] = junk[26] = 0;
            junk[27] = sizeof(junk);
        }
        simulated_network_inject(&pair->network, EAST, &path,
                                 (struct byte_view){.data = junk, .size = i % (sizeof(junk) + 1)});
    }
    ok(ike_pair_count(pair, EAST, NULL) == 0, "two thousand junk datagrams leave nothing behind");
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair), "and disturb nobody");
    ike_pair_free(pair);
}

int main(void)
{
    a_half_open_sa_expires();
    half_open_sas_are_limited();
    a_thousand_sas_come_and_go();
    running_out_of_randomness_stops_cleanly();
    actions_that_are_not_fetched_are_freed();
    keys_are_reported_once_they_exist();
    no_iv_is_used_twice();
    junk_makes_no_state();
    return done_testing();
}
