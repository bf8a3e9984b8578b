// How SAs end: by command, by the peer, by silence (RFC 7296, sections 1.4.1 and 2.25).
#include "harness/tap/tap.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/tests/chain_hook.h"
#include "refgw/tests/crafted_message.h"

#include <string.h>

static struct ike_pair *pair_that_is_up(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    return pair;
}

static void either_end_deletes_the_ike_sa(void)
{
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        const unsigned other = host == WEST ? EAST : WEST;
        const char *name = host == WEST ? "west" : "east";
        struct ike_pair *pair = pair_that_is_up();
        ok(ike_pair_command(pair, host, IKE_COMMAND_DOWN, ""), "%s goes down", name);
        ok(ike_pair_count(pair, host, "deleting") == 1, "%s is deleting", name);
        ike_pair_run(pair, 1);
        ok(ike_pair_is_down(pair), "nothing is left on either end");
        ok(ike_pair_reports(pair, host, IKE_REPORT_IKE_SA_CLOSED, "local-command") == 1 &&
               ike_pair_reports(pair, other, IKE_REPORT_IKE_SA_CLOSED, "peer-deleted") == 1,
           "both know why");
        ok(ike_pair_reports(pair, host, IKE_REPORT_CHILD_SA_CLOSED, NULL) == 1 &&
               ike_pair_reports(pair, other, IKE_REPORT_CHILD_SA_CLOSED, NULL) == 1,
           "and that the CHILD_SA went with it");
        ike_pair_free(pair);
    }
}

static void either_end_deletes_the_child_sa(void)
{
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        struct ike_pair *pair = pair_that_is_up();
        ok(ike_pair_command(pair, host, IKE_COMMAND_DOWN, "net"), "%s takes the child down",
           host == WEST ? "west" : "east");
        ike_pair_run(pair, 1);
        for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
            ok(ike_pair_count(pair, i, "established") == 1 && pair->network.hosts[i].removed == 1 &&
                   pair->network.hosts[i].child_count == 0 && pair->network.hosts[i].faults == 0,
               "the IKE SA stays without it");
        }
        ok(!ike_pair_command(pair, host, IKE_COMMAND_DOWN, "net"), "a second time is refused");
        ike_pair_free(pair);
    }
}

static struct ike_pair *hooked_pair_that_is_up(struct chain_hook hooks[NETWORK_HOSTS])
{
    struct ike_pair *pair = ike_pair_new();
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        chain_hook_init(&hooks[host]);
        pair->hooks[host] = &hooks[host].hook;
    }
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    return pair;
}

static void a_deletion_is_answered_with_the_paired_spi(void)
{
    struct chain_hook hooks[NETWORK_HOSTS];
    struct ike_pair *pair = hooked_pair_that_is_up(hooks);
    const uint32_t west_spi = pair->network.hosts[WEST].children[0].inbound_spi;
    const uint32_t east_spi = pair->network.hosts[EAST].children[0].inbound_spi;
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_DOWN, "net"), "west deletes the child");
    ike_pair_run(pair, 1);
    ok(hooks[EAST].last_received_deleted_spi == west_spi, "by the SPI it receives on");
    ok(hooks[WEST].last_received_deleted_spi == east_spi, "and is answered with the other one");
    ike_pair_free(pair);

    pair = hooked_pair_that_is_up(hooks);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_DOWN, "net") &&
           ike_pair_command(pair, EAST, IKE_COMMAND_DOWN, "net"),
       "both delete it at once");
    ike_pair_run(pair, 1);
    ok(hooks[WEST].last_received_deleted_spi == 0 && hooks[EAST].last_received_deleted_spi == 0,
       "then neither answer lists it (section 2.25.1)");
    ike_pair_free(pair);
}

static void both_ends_delete_the_ike_sa_at_once(void)
{
    struct ike_pair *pair = pair_that_is_up();
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_DOWN, "") &&
           ike_pair_command(pair, EAST, IKE_COMMAND_DOWN, ""),
       "down on both ends");
    ike_pair_run(pair, 2);
    ok(ike_pair_is_down(pair), "nothing is left");
    ok(pair->network.hosts[WEST].sent == 4 && pair->network.hosts[EAST].sent == 4,
       "nothing was repeated");
    ike_pair_free(pair);
}

static void both_ends_delete_the_child_at_once(void)
{
    struct ike_pair *pair = pair_that_is_up();
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_DOWN, "net") &&
           ike_pair_command(pair, EAST, IKE_COMMAND_DOWN, "net"),
       "down on both ends");
    ike_pair_run(pair, 2);
    for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
        ok(ike_pair_count(pair, i, "established") == 1 && pair->network.hosts[i].removed == 1 &&
               pair->network.hosts[i].faults == 0,
           "the child is gone, once; the IKE SA stays");
    }
    ike_pair_free(pair);
}

static void a_lost_answer_to_a_deletion_is_repeated_by_a_closed_sa(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct dropping_node drop = {.sender = EAST, .number = 3};
    simulated_network_add_node(&pair->network, dropping_node_pass, &drop);
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_DOWN, ""), "down");
    simulated_network_run(&pair->network, duration_milliseconds(100));
    ok(ike_pair_count(pair, EAST, NULL) == 0 && ike_pair_count(pair, WEST, "deleting") == 1,
       "the answer got lost");
    ike_pair_run(pair, 1);
    ok(ike_pair_is_down(pair) && ike_pair_reports(pair, EAST, IKE_REPORT_ANSWERED_AGAIN, NULL) == 1,
       "the repeated request got it again");
    ike_pair_run(pair, 60);
    struct instant when;
    ok(!ike_engine_next_deadline(pair->network.hosts[EAST].engine, &when),
       "after a while the closed SA is forgotten");
    ike_pair_free(pair);
}

static void going_down_while_connecting_ends_it(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, "") &&
           ike_pair_command(pair, WEST, IKE_COMMAND_DOWN, ""),
       "up and down before anything was answered");
    ike_pair_run(pair, 40);
    ok(ike_pair_is_down(pair), "nothing comes up");
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up");
    simulated_network_run(&pair->network, duration_milliseconds(25));
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_DOWN, ""), "down while IKE_AUTH is out");
    ike_pair_run(pair, 5);
    ok(ike_pair_is_down(pair) && pair->network.hosts[EAST].removed == 1,
       "it is deleted as soon as it is there");
    ike_pair_free(pair);
}

static void silence_is_probed(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct wall_node wall = {.sender = NETWORK_HOSTS};
    ike_pair_connection(pair, WEST)->liveness_delay = duration_seconds(10);
    simulated_network_add_node(&pair->network, wall_node_pass, &wall);
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ike_pair_run(pair, 4);
    ok(pair->network.hosts[WEST].sent == 2, "no probe within the delay");
    ike_pair_run(pair, 4);
    ok(pair->network.hosts[WEST].sent == 3, "one after it");
    const struct message probe = read_sent(simulated_network_sent(&pair->network, WEST, 2));
    ok(probe.header.exchange_type == IKE_EXCHANGE_INFORMATIONAL && probe.payloads.count == 1 &&
           probe.payloads.first_inside == IKE_PAYLOAD_NONE,
       "an empty INFORMATIONAL");
    for (unsigned i = 0; i < 4; i++) {
        ike_engine_note_traffic(pair->network.hosts[WEST].engine, pair->network.now,
                                pair->network.hosts[WEST].children[0].id);
        ike_pair_run(pair, 9);
    }
    ok(pair->network.hosts[WEST].sent == 3, "traffic counts as a sign of life");
    ike_pair_run(pair, 30);
    ok(pair->network.hosts[WEST].sent > 4 && ike_pair_is_up(pair), "probes go on while answered");
    wall.is_up = true;
    ike_pair_run(pair, 600);
    ok(ike_pair_count(pair, WEST, NULL) == 0 &&
           ike_pair_reports(pair, WEST, IKE_REPORT_PEER_SILENT, NULL) == 1,
       "and end it when not");
    ike_pair_free(pair);
}

static void initial_contact_replaces_what_was_there(void)
{
    struct ike_pair *pair = pair_that_is_up();
    // West forgets everything, as after a crash.
    struct simulated_host *west = &pair->network.hosts[WEST];
    ike_engine_free(west->engine);
    for (size_t i = 0; i < west->child_count; i++) {
        child_sa_clear(&west->children[i]);
    }
    memset(west, 0, sizeof(*west));
    const struct ike_engine_setup setup = {
        .policy = &pair->policies[WEST],
        .crypto = openssl_provider(),
        .randomness = deterministic_random_source(&pair->random[WEST]),
    };
    west->engine = ike_engine_new(&setup);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair), "the new SA is the only one");
    ok(ike_pair_reports(pair, EAST, IKE_REPORT_IKE_SA_CLOSED, "initial-contact") == 1 &&
           pair->network.hosts[EAST].removed == 1,
       "the old one was closed with its child");
    ike_pair_free(pair);
}

static void without_initial_contact_nothing_is_replaced(void)
{
    struct ike_pair *pair = pair_that_is_up();
    ok(ike_pair_command(pair, EAST, IKE_COMMAND_UP, "") == false, "up twice is refused");
    ok(!ike_pair_command(pair, WEST, IKE_COMMAND_UP, "net"), "for the child as well");
    ok(ike_pair_is_up(pair), "what is up stays up");
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_LIVENESS, ""), "liveness by command");
    ike_pair_run(pair, 1);
    ok(pair->network.hosts[EAST].sent == 3, "is answered");
    ok(ike_pair_command(pair, EAST, IKE_COMMAND_LIVENESS, ""), "from the responder too");
    ike_pair_run(pair, 1);
    const struct message request = read_sent(simulated_network_sent(&pair->network, EAST, 3));
    ok(request.header.message_id == 0 && request.header.flags == 0,
       "whose requests count from 0 without the Initiator flag");
    ike_pair_free(pair);
}

static void commands_that_make_no_sense_are_refused(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    ok(!ike_pair_command(pair, WEST, IKE_COMMAND_DOWN, ""), "down while nothing is up");
    ok(!ike_pair_command(pair, WEST, IKE_COMMAND_DOWN, "net"), "nor a child");
    ok(!ike_pair_command(pair, WEST, IKE_COMMAND_LIVENESS, ""), "liveness while nothing is up");
    ok(!ike_pair_command(pair, WEST, IKE_COMMAND_UP, "nobody"), "a child that does not exist");
    ok(!ike_pair_command(pair, WEST, IKE_COMMAND_REKEY_IKE, ""), "rekeying is still to come");
    ok(!ike_pair_command(pair, WEST, IKE_COMMAND_REKEY_CHILD, "net"), "for children too");
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, "net"), "up by child name");
    ok(!ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up while connecting");
    ike_pair_run(pair, 3);
    ok(ike_pair_is_up(pair), "is up");

    char problem[100] = "";
    const struct ike_command unknown = {
        .kind = IKE_COMMAND_UP, .connection = "nowhere", .child = ""};
    ok(!ike_engine_command(pair->network.hosts[WEST].engine, pair->network.now, &unknown, problem,
                           sizeof(problem)) &&
           strcmp(problem, "there is no connection nowhere") == 0,
       "an unknown connection, and the operator is told");
    ike_pair_free(pair);

    pair = ike_pair_new();
    ike_pair_connection(pair, WEST)->remote_address.family = ADDRESS_NONE;
    ike_pair_start(pair);
    ok(!ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up without an address to go to");
    ike_pair_free(pair);
}

int main(void)
{
    either_end_deletes_the_ike_sa();
    either_end_deletes_the_child_sa();
    a_deletion_is_answered_with_the_paired_spi();
    both_ends_delete_the_ike_sa_at_once();
    both_ends_delete_the_child_at_once();
    a_lost_answer_to_a_deletion_is_repeated_by_a_closed_sa();
    going_down_while_connecting_ends_it();
    silence_is_probed();
    initial_contact_replaces_what_was_there();
    without_initial_contact_nothing_is_replaced();
    commands_that_make_no_sense_are_refused();
    return done_testing();
}
