// What gets lost, doubled, late or repeated (RFC 7296, sections 2.1 to 2.4).
#include "harness/tap/tap.h"
#include "refgw/tests/crafted_message.h"

static void any_single_message_may_get_lost(void)
{
    for (unsigned sender = 0; sender < NETWORK_HOSTS; sender++) {
        for (unsigned number = 1; number <= 3; number++) {
            struct ike_pair *pair = ike_pair_new();
            struct dropping_node drop = {.sender = sender, .number = number};
            simulated_network_add_node(&pair->network, dropping_node_pass, &drop);
            ike_pair_start(pair);
            ike_pair_bring_up(pair);
            const bool is_up = ike_pair_is_up(pair);
            const bool is_taken = ike_pair_command(pair, WEST, IKE_COMMAND_DOWN, "");
            ike_pair_run(pair, 5);
            ok(is_up && is_taken && ike_pair_is_down(pair) && drop.hits == 1,
               "message %u from %s lost: up and down all the same", number,
               sender == WEST ? "west" : "east");
            ike_pair_free(pair);
        }
    }
}

static void requests_are_repeated_unchanged_and_less_and_less_often(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct wall_node wall = {.sender = WEST, .is_up = true};
    pair->policies[WEST].retransmission = (struct policy_retransmission){
        .first_timeout = duration_seconds(1), .factor_percent = 150, .tries = 3};
    simulated_network_add_node(&pair->network, wall_node_pass, &wall);
    ike_pair_start(pair);
    const struct instant start = pair->network.now;
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up, into the void");
    ike_pair_run(pair, 20);
    static const uint64_t TIMES[] = {0, 1000, 2500, 4750};
    ok(pair->network.hosts[WEST].sent == 4, "one request, three repetitions");
    const struct sent_datagram *first = simulated_network_sent(&pair->network, WEST, 0);
    for (size_t i = 0; i < 4; i++) {
        const struct sent_datagram *sent = simulated_network_sent(&pair->network, WEST, i);
        ok(sent->when.nanoseconds ==
               instant_after(start, duration_milliseconds(TIMES[i])).nanoseconds,
           "transmission %zu after %u ms", i, (unsigned)TIMES[i]);
        is_bytes(sent->bytes, sent->size, first->bytes, first->size, "bytes are the same");
    }
    ok(ike_pair_count(pair, WEST, NULL) == 0, "then it gives up");
    const struct simulated_host *west = &pair->network.hosts[WEST];
    ok(simulated_host_reports(west, IKE_REPORT_PEER_SILENT, NULL) == 1 &&
           simulated_host_reports(west, IKE_REPORT_IKE_SA_CLOSED, "retransmit-timeout") == 1,
       "and says why");
    ok(west->reports[west->report_count - 1].when.nanoseconds ==
           instant_after(start, duration_milliseconds(4750 + 3375)).nanoseconds,
       "after one more wait");
    ike_pair_free(pair);
}

static void a_protected_request_is_repeated_unchanged(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct wall_node wall = {.sender = WEST};
    simulated_network_add_node(&pair->network, wall_node_pass, &wall);
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    wall.is_up = true;
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_LIVENESS, ""), "a liveness check gets lost");
    ike_pair_run(pair, 2);
    const struct sent_datagram *first = simulated_network_sent(&pair->network, WEST, 2);
    const struct sent_datagram *second = simulated_network_sent(&pair->network, WEST, 3);
    is_bytes(first->bytes, first->size, second->bytes, second->size,
             "repeated bit by bit, IV included");
    wall.is_up = false;
    ike_pair_run(pair, 10);
    ok(ike_pair_is_up(pair), "and answered in the end");
    ike_pair_free(pair);
}

static void a_silent_peer_is_given_up_with_its_children(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct wall_node wall = {.sender = EAST};
    simulated_network_add_node(&pair->network, wall_node_pass, &wall);
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    wall.is_up = true;
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_LIVENESS, ""), "a liveness check");
    ike_pair_run(pair, 600);
    ok(ike_pair_count(pair, WEST, NULL) == 0 && pair->network.hosts[WEST].child_count == 0,
       "nothing is left");
    ok(ike_pair_count(pair, EAST, "established") == 1, "the peer knows nothing about it");
    ike_pair_free(pair);
}

static void a_repeated_request_gets_the_same_answer(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up");
    const struct network_path path = path_of(pair, EAST);
    const struct sent_datagram *request = simulated_network_sent(&pair->network, WEST, 0);
    const struct byte_view bytes = {.data = request->bytes, .size = request->size};
    simulated_network_inject(&pair->network, EAST, &path, bytes);
    simulated_network_inject(&pair->network, EAST, &path, bytes);
    ok(ike_pair_count(pair, EAST, NULL) == 1, "the same IKE_SA_INIT twice makes one SA");
    const struct sent_datagram *first = simulated_network_sent(&pair->network, EAST, 0);
    const struct sent_datagram *second = simulated_network_sent(&pair->network, EAST, 1);
    is_bytes(first->bytes, first->size, second->bytes, second->size, "and one answer, twice");
    ike_pair_run(pair, 5);
    ok(ike_pair_is_up(pair), "comes up");
    simulated_network_inject(&pair->network, EAST, &path, bytes);
    ok(ike_pair_count(pair, EAST, NULL) == 1, "later it makes no second SA either");

    const size_t before = pair->network.hosts[EAST].sent;
    const struct sent_datagram *auth = simulated_network_sent(&pair->network, WEST, 1);
    struct network_path elsewhere = path;
    elsewhere.remote.port = 1234;
    simulated_network_inject(&pair->network, EAST, &elsewhere,
                             (struct byte_view){.data = auth->bytes, .size = auth->size});
    const struct sent_datagram *again = simulated_network_sent(&pair->network, EAST, before);
    ok(again != NULL && again->path.remote.port == 1234,
       "a repeated IKE_AUTH is answered to where it came from");
    const struct message answer = read_sent(again);
    ok(answer.header.exchange_type == IKE_EXCHANGE_AUTH && answer.header.message_id == 1,
       "with the remembered IKE_AUTH answer");
    struct ike_sa_status status;
    ok(ike_pair_status(pair, EAST, &status) && status.path.remote.port == IKE_PORT &&
           ike_pair_is_up(pair),
       "and moves nothing");
    ike_pair_free(pair);
}

static void an_old_request_is_not_acted_on(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    const struct network_path path = path_of(pair, EAST);
    const struct sent_datagram *auth = simulated_network_sent(&pair->network, WEST, 1);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_LIVENESS, ""), "a newer request follows");
    ike_pair_run(pair, 1);
    const unsigned before = pair->network.hosts[EAST].sent;
    simulated_network_inject(&pair->network, EAST, &path,
                             (struct byte_view){.data = auth->bytes, .size = auth->size});
    ok(pair->network.hosts[EAST].sent == before, "the old IKE_AUTH gets no answer");
    ok(ike_pair_is_up(pair) && pair->network.hosts[EAST].installed == 1, "and changes nothing");
    ok(ike_pair_reports(pair, EAST, IKE_REPORT_REJECTED, "old-message-id") == 1, "it is reported");

    const struct sent_datagram *answer = simulated_network_sent(&pair->network, EAST, 1);
    const struct network_path back = path_of(pair, WEST);
    simulated_network_inject(&pair->network, WEST, &back,
                             (struct byte_view){.data = answer->bytes, .size = answer->size});
    ok(ike_pair_is_up(pair) && pair->network.hosts[WEST].installed == 1,
       "an old answer changes nothing either");
    ike_pair_free(pair);
}

static void doubled_messages_do_no_harm(void)
{
    struct ike_pair *pair = ike_pair_new();
    simulated_network_add_node(&pair->network, doubling_node_pass, NULL);
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair) && pair->network.hosts[EAST].installed == 1, "up, once");
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_DOWN, ""), "down");
    ike_pair_run(pair, 5);
    ok(ike_pair_is_down(pair), "is down");
    ike_pair_free(pair);
}

static void a_rough_network_only_takes_longer(void)
{
    unsigned good = 0;
    for (unsigned seed = 1; seed <= 60; seed++) {
        struct ike_pair *pair = ike_pair_new();
        struct rough_node rough = {
            .state = seed, .lost_percent = 25, .doubled_percent = 15, .most_delay_ms = 1500};
        simulated_network_add_node(&pair->network, rough_node_pass, &rough);
        ike_pair_start(pair);
        (void)ike_pair_command(pair, WEST, IKE_COMMAND_UP, "");
        ike_pair_run(pair, 120);
        const bool is_up = ike_pair_is_up(pair);
        (void)ike_pair_command(pair, seed % 2 == 0 ? WEST : EAST, IKE_COMMAND_DOWN, "");
        ike_pair_run(pair, 240);
        good += is_up && ike_pair_is_down(pair) ? 1 : 0;
        ike_pair_free(pair);
    }
    ok(good == 60, "25%% loss, doubling and reordering: %u of 60 went up and down", good);
}

int main(void)
{
    any_single_message_may_get_lost();
    requests_are_repeated_unchanged_and_less_and_less_often();
    a_protected_request_is_repeated_unchanged();
    a_silent_peer_is_given_up_with_its_children();
    a_repeated_request_gets_the_same_answer();
    an_old_request_is_not_acted_on();
    doubled_messages_do_no_harm();
    a_rough_network_only_takes_longer();
    return done_testing();
}
