// What happens when both ends act at once: the fifteen collisions of the IPv6 Ready list, by
// holding messages (RFC 7296, sections 2.8.1, 2.8.2 and 2.25).
#include "harness/tap/tap.h"
#include "refgw/tests/chain_hook.h"
#include "refgw/tests/rekey_world.h"

#include <stdlib.h>

// Nonces are drawn from each host's own sequence, so both outcomes have to be met somewhere.
enum { ROUNDS = 6 };

struct witness {
    struct rekey_world *world;
    struct chain_hook hooks[NETWORK_HOSTS];
};

static struct witness *witness_new(void)
{
    struct witness *witness = calloc(1, sizeof(*witness));
    if (witness == NULL) {
        abort();
    }
    witness->world = rekey_world_new();
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        chain_hook_init(&witness->hooks[host]);
        witness->world->pair->hooks[host] = &witness->hooks[host].hook;
    }
    rekey_world_start(witness->world);
    return witness;
}

static void witness_free(struct witness *witness)
{
    rekey_world_free(witness->world);
    free(witness);
}

static void hold_both(struct rekey_world *world)
{
    world->holds[WEST] = true;
    world->holds[EAST] = true;
}

static bool nothing_was_lost(const struct rekey_world *world)
{
    if (world->lost + world->unsent > 0) {
        note("%u of %u packets were lost, %u not sent", world->lost, world->sent, world->unsent);
    }
    return world->sent > 0 && world->lost == 0 && world->unsent == 0;
}

// --- N-RK-01 and 02: both close ---------------------------------------------------------------

static void both_close_the_same_child(void)
{
    struct witness *witness = witness_new();
    struct rekey_world *world = witness->world;
    hold_both(world);
    rekey_world_down(world, WEST, "net");
    rekey_world_down(world, EAST, "net");
    rekey_world_run(world, 20);
    rekey_world_release(world, WEST);
    rekey_world_release(world, EAST);
    rekey_world_run(world, 500);
    ok(rekey_world_is_settled(world, 0, 0), "N-RK-01: the child is gone, the IKE SA stays");
    ok(witness->hooks[WEST].last_received_deleted_spi == 0 &&
           witness->hooks[EAST].last_received_deleted_spi == 0,
       "neither answer has a Delete payload");
    witness_free(witness);
}

static void both_close_the_ike_sa(void)
{
    struct witness *witness = witness_new();
    struct rekey_world *world = witness->world;
    hold_both(world);
    rekey_world_down(world, WEST, "");
    rekey_world_down(world, EAST, "");
    rekey_world_run(world, 20);
    rekey_world_release(world, WEST);
    rekey_world_release(world, EAST);
    rekey_world_run(world, 500);
    ok(ike_pair_is_down(world->pair), "N-RK-02: nothing is left");
    witness_free(witness);
}

// --- N-RK-03 and 04: both rekey the same child ------------------------------------------------

static void both_rekey_the_same_child(void)
{
    struct witness *witness = witness_new();
    struct rekey_world *world = witness->world;
    for (unsigned round = 0; round < ROUNDS; round++) {
        hold_both(world);
        rekey_world_rekey_child(world, WEST);
        rekey_world_rekey_child(world, EAST);
        rekey_world_run(world, 20);
        rekey_world_release(world, WEST);
        rekey_world_release(world, EAST);
        rekey_world_run(world, 4000);
        ok(rekey_world_is_settled(world, 0, 1), "N-RK-03: one child is left, round %u", round);
        ok(rekey_world_closed(world, WEST, "rekeyed") == round + 1 &&
               rekey_world_closed(world, EAST, "rekeyed") == round + 1,
           "the old one went once on each end");
    }
    ok(rekey_world_closed(world, WEST, "redundant") == ROUNDS &&
           rekey_world_closed(world, EAST, "redundant") == ROUNDS,
       "of the two new ones the same went on both ends");
    ok(nothing_was_lost(world), "no packet was lost");
    witness_free(witness);
}

// West's request is lost, or late; east does not notice.
static void one_end_does_not_notice_that_both_rekey_a_child(bool is_lost)
{
    struct witness *witness = witness_new();
    struct rekey_world *world = witness->world;
    world->holds[WEST] = true;
    rekey_world_rekey_child(world, WEST);
    rekey_world_run(world, 5);
    rekey_world_rekey_child(world, EAST);
    rekey_world_run(world, 30);
    ok(rekey_world_held(world, WEST) == 2, "west has answered east's, its own is still held");
    // East's is answered before west's arrives.
    struct flight late = world->held[0];
    world->held[0] = world->held[1];
    world->held[1] = late;
    rekey_world_release_one(world, WEST);
    rekey_world_run(world, 15);
    if (is_lost) {
        rekey_world_lose_held(world, WEST);
    } else {
        rekey_world_release_one(world, WEST);
        world->holds[WEST] = false;
    }
    rekey_world_run(world, 4000);
    ok(rekey_world_is_settled(world, 0, 1), "N-RK-04: one child is left");
    ok(world->pair->network.hosts[WEST].installed == 2 &&
           world->pair->network.hosts[EAST].installed == 2,
       "there was never a second new one");
    const uint16_t answer = witness->hooks[WEST].last_received_notify;
    ok(answer == NOTIFY_TEMPORARY_FAILURE || answer == NOTIFY_CHILD_SA_NOT_FOUND,
       "west's attempt was refused with %u", answer);
    ok(nothing_was_lost(world), "no packet was lost");
    witness_free(witness);
}

// --- N-RK-05 and 06: both rekey the IKE SA ----------------------------------------------------

static void both_rekey_the_ike_sa(void)
{
    struct witness *witness = witness_new();
    struct rekey_world *world = witness->world;
    const uint32_t child = rekey_world_inbound_spi(world, WEST);
    for (unsigned round = 1; round <= ROUNDS; round++) {
        hold_both(world);
        rekey_world_rekey_ike(world, WEST);
        rekey_world_rekey_ike(world, EAST);
        rekey_world_run(world, 20);
        rekey_world_release(world, WEST);
        rekey_world_release(world, EAST);
        rekey_world_run(world, 2000);
        ok(rekey_world_is_settled(world, round, 1), "N-RK-05: one IKE SA is left, round %u", round);
    }
    const size_t west_lost =
        ike_pair_reports(world->pair, WEST, IKE_REPORT_IKE_SA_CLOSED, "redundant");
    const size_t east_lost =
        ike_pair_reports(world->pair, EAST, IKE_REPORT_IKE_SA_CLOSED, "redundant");
    note("west's was redundant %zu times, east's %zu times", west_lost, east_lost);
    ok(west_lost > 0 && east_lost > 0, "the end with the lowest nonce deletes its own");
    ok(rekey_world_inbound_spi(world, WEST) == child, "the child moved along each time");
    ok(nothing_was_lost(world), "no packet was lost");
    ok(ike_pair_command(world->pair, WEST, IKE_COMMAND_LIVENESS, "") &&
           ike_pair_command(world->pair, EAST, IKE_COMMAND_LIVENESS, ""),
       "both ends ask for a sign of life");
    rekey_world_run(world, 500);
    ok(rekey_world_is_settled(world, ROUNDS, 1), "and get one");
    witness_free(witness);
}

static void one_end_does_not_notice_that_both_rekey_the_ike_sa(bool is_lost)
{
    struct witness *witness = witness_new();
    struct rekey_world *world = witness->world;
    world->holds[WEST] = true;
    rekey_world_rekey_ike(world, WEST);
    rekey_world_run(world, 5);
    rekey_world_rekey_ike(world, EAST);
    rekey_world_run(world, 30);
    struct flight late = world->held[0];
    world->held[0] = world->held[1];
    world->held[1] = late;
    rekey_world_release_one(world, WEST);
    // East's Delete is held, so that its old SA is still there.
    world->holds[EAST] = !is_lost;
    rekey_world_run(world, 15);
    if (is_lost) {
        rekey_world_lose_held(world, WEST);
    } else {
        rekey_world_release_one(world, WEST);
        world->holds[WEST] = false;
        rekey_world_run(world, 30);
        rekey_world_release(world, EAST);
    }
    rekey_world_run(world, 3000);
    ok(rekey_world_is_settled(world, 1, 1), "N-RK-06: one IKE SA is left, %s",
       is_lost ? "the request of the other end was lost" : "it was late");
    ok(world->pair->network.hosts[WEST].keys_logged == 2 &&
           world->pair->network.hosts[EAST].keys_logged == 2,
       "there was never a second new one");
    if (!is_lost) {
        ok(witness->hooks[EAST].last_sent_notify == NOTIFY_TEMPORARY_FAILURE,
           "the end that noticed nothing answers with TEMPORARY_FAILURE");
    }
    ok(nothing_was_lost(world), "no packet was lost");
    witness_free(witness);
}

// The answer of one end to the rekey is lost for a while, the other one goes on already.
static void one_answer_is_late_when_both_rekey_the_ike_sa(unsigned late)
{
    struct witness *witness = witness_new();
    struct rekey_world *world = witness->world;
    hold_both(world);
    rekey_world_rekey_ike(world, WEST);
    rekey_world_rekey_ike(world, EAST);
    rekey_world_run(world, 20);
    rekey_world_release(world, WEST);
    rekey_world_release(world, EAST);
    world->loses[late] = false;
    rekey_world_run(world, 5);
    world->holds[late] = true; // its answer, and what follows
    rekey_world_run(world, 200);
    rekey_world_release(world, late);
    rekey_world_run(world, 5000);
    ok(rekey_world_is_settled(world, 1, 1), "N-RK-05: one IKE SA is left, %s's answer was late",
       late == WEST ? "west" : "east");
    ok(nothing_was_lost(world), "no packet was lost");
    witness_free(witness);
}

// --- N-RK-07 to 09: a child that is gone, or not there yet ------------------------------------

static void a_child_is_rekeyed_while_the_peer_closes_it(void)
{
    struct witness *witness = witness_new();
    struct rekey_world *world = witness->world;
    hold_both(world);
    world->has_traffic = false;
    rekey_world_rekey_child(world, WEST);
    rekey_world_down(world, EAST, "net");
    rekey_world_run(world, 20);
    rekey_world_release(world, WEST);
    rekey_world_run(world, 15);
    ok(witness->hooks[EAST].last_sent_notify == NOTIFY_TEMPORARY_FAILURE,
       "N-RK-07: the rekey is refused with TEMPORARY_FAILURE");
    rekey_world_release(world, EAST);
    rekey_world_run(world, 15);
    rekey_world_run(world, 4000);
    ok(witness->hooks[EAST].last_received_deleted_spi != 0,
       "the deletion is answered with a Delete payload");
    ok(rekey_world_is_settled(world, 0, 0), "the child is gone on both ends");
    witness_free(witness);
}

static void a_child_is_closed_that_the_peer_does_not_know_yet(void)
{
    struct witness *witness = witness_new();
    struct rekey_world *world = witness->world;
    const uint32_t before = rekey_world_inbound_spi(world, EAST);
    world->has_traffic = false;
    world->holds[EAST] = true;
    rekey_world_rekey_child(world, WEST);
    rekey_world_run(world, 30);
    ok(rekey_world_held(world, EAST) == 1, "east has made the new child, its answer is held");
    rekey_world_down(world, EAST, "net");
    rekey_world_run(world, 5);
    // The deletions overtake the answer.
    struct flight answer = world->held[0];
    world->held[0] = world->held[1];
    world->held[1] = answer;
    rekey_world_release_one(world, EAST);
    rekey_world_run(world, 15);
    ok(world->pair->network.hosts[WEST].installed == 1, "N-RK-08: west has not seen it");
    rekey_world_release(world, EAST);
    rekey_world_run(world, 4000);
    ok(rekey_world_is_settled(world, 0, 0), "nothing is left of either child");
    ok(before != 0 && world->pair->network.hosts[WEST].installed <= 2, "and nothing comes back");
    witness_free(witness);
}

static void a_child_is_rekeyed_that_the_peer_does_not_know_yet(void)
{
    struct witness *witness = witness_new();
    struct rekey_world *world = witness->world;
    world->holds[EAST] = true;
    rekey_world_rekey_child(world, WEST);
    rekey_world_run(world, 30);
    rekey_world_rekey_child(world, EAST);
    rekey_world_run(world, 5);
    ok(rekey_world_held(world, EAST) == 2, "east rekeys what west has not got the answer for");
    struct flight answer = world->held[0];
    world->held[0] = world->held[1];
    world->held[1] = answer;
    rekey_world_release_one(world, EAST);
    rekey_world_run(world, 30);
    ok(witness->hooks[WEST].last_sent_notify == NOTIFY_CHILD_SA_NOT_FOUND,
       "N-RK-09: it is answered with CHILD_SA_NOT_FOUND");
    rekey_world_release(world, EAST);
    rekey_world_run(world, 6000);
    ok(rekey_world_is_settled(world, 0, 1), "one child is left");
    ok(world->pair->network.hosts[EAST].installed == 3, "the second rekey came later");
    ok(nothing_was_lost(world), "no packet was lost");
    witness_free(witness);
}

// --- N-RK-10 to 15: the IKE SA against its children, or its end -------------------------------

enum act { REKEY_CHILD, REKEY_IKE, CLOSE_CHILD, CLOSE_IKE };

static void perform(struct rekey_world *world, unsigned host, enum act act)
{
    switch (act) {
    case REKEY_CHILD:
        rekey_world_rekey_child(world, host);
        break;
    case REKEY_IKE:
        rekey_world_rekey_ike(world, host);
        break;
    case CLOSE_CHILD:
        rekey_world_down(world, host, "net");
        break;
    case CLOSE_IKE:
        rekey_world_down(world, host, "");
        break;
    }
}

// Both acts cross; what the ends answered with stands in the hooks.
static struct witness *collide(enum act west, enum act east)
{
    struct witness *witness = witness_new();
    hold_both(witness->world);
    perform(witness->world, WEST, west);
    perform(witness->world, EAST, east);
    rekey_world_run(witness->world, 20);
    rekey_world_release(witness->world, WEST);
    rekey_world_release(witness->world, EAST);
    rekey_world_run(witness->world, 15);
    return witness;
}

static void rekeys_of_child_and_ike_sa_put_each_other_off(void)
{
    for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
        struct witness *witness =
            i == 0 ? collide(REKEY_CHILD, REKEY_IKE) : collide(REKEY_IKE, REKEY_CHILD);
        ok(witness->hooks[WEST].last_sent_notify == NOTIFY_TEMPORARY_FAILURE &&
               witness->hooks[EAST].last_sent_notify == NOTIFY_TEMPORARY_FAILURE,
           "N-RK-11: both are refused with TEMPORARY_FAILURE");
        ok(witness->world->pair->network.hosts[WEST].sent < 6, "neither comes again at once");
        rekey_world_run(witness->world, 30000);
        ok(rekey_world_is_settled(witness->world, 1, 1) &&
               witness->world->pair->network.hosts[WEST].installed == 2,
           "later both have happened");
        ok(nothing_was_lost(witness->world), "no packet was lost");
        witness_free(witness);
    }
}

static void a_new_child_and_the_rekey_of_the_ike_sa_put_each_other_off(void)
{
    struct rekey_world *world = rekey_world_new();
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        struct policy_connection *connection = ike_pair_connection(world->pair, host);
        struct policy_child *children = calloc(2, sizeof(*children));
        if (children == NULL) {
            abort();
        }
        children[0] = connection->children[0];
        children[1] = connection->children[0];
        children[1].name[0] = 'b';
        ike_pair_set_selectors(&children[1].local_selectors,
                               host == WEST ? "203.0.113.128/26" : "203.0.113.192/26");
        ike_pair_set_selectors(&children[1].remote_selectors,
                               host == WEST ? "203.0.113.192/26" : "203.0.113.128/26");
        free(connection->children);
        connection->children = children;
        connection->child_count = 2;
    }
    ike_pair_start(world->pair);
    ok(ike_pair_command(world->pair, WEST, IKE_COMMAND_UP, "net"), "one child is up");
    rekey_world_run(world, 500);
    hold_both(world);
    ok(ike_pair_command(world->pair, EAST, IKE_COMMAND_UP, "bet"), "east makes a second one");
    rekey_world_rekey_ike(world, WEST);
    rekey_world_run(world, 20);
    rekey_world_release(world, WEST);
    rekey_world_release(world, EAST);
    rekey_world_run(world, 30000);
    ok(rekey_world_is_settled(world, 1, 2), "N-RK-10: in the end both have happened");
    rekey_world_free(world);
}

static void the_ike_sa_is_rekeyed_while_a_child_is_being_closed(void)
{
    struct witness *witness = collide(REKEY_IKE, CLOSE_CHILD);
    ok(witness->hooks[EAST].last_sent_notify == NOTIFY_TEMPORARY_FAILURE,
       "N-RK-12 and 13: the rekey is refused with TEMPORARY_FAILURE");
    rekey_world_run(witness->world, 10);
    ok(witness->hooks[EAST].last_received_deleted_spi != 0,
       "the deletion is answered with a Delete payload");
    rekey_world_run(witness->world, 30000);
    ok(rekey_world_is_settled(witness->world, 1, 0), "the child goes, the rekey comes later");
    witness_free(witness);
}

static void the_ike_sa_is_closed_while_the_peer_rekeys_it(void)
{
    for (unsigned i = 0; i < NETWORK_HOSTS; i++) {
        struct witness *witness =
            i == 0 ? collide(REKEY_IKE, CLOSE_IKE) : collide(CLOSE_IKE, REKEY_IKE);
        const unsigned closing = i == 0 ? EAST : WEST;
        ok(witness->hooks[closing].last_sent_notify == NOTIFY_TEMPORARY_FAILURE,
           "N-RK-14 and 15: the rekey is refused with TEMPORARY_FAILURE");
        rekey_world_run(witness->world, 3000);
        ok(ike_pair_is_down(witness->world->pair), "the deletion wins");
        witness_free(witness);
    }
}

// --- Everything with everything ---------------------------------------------------------------

// Which datagram after the commands is lost; 0: none.
static void collide_with_loss(enum act west, enum act east, unsigned lost_of, unsigned lost)
{
    struct witness *witness = witness_new();
    struct rekey_world *world = witness->world;
    struct dropping_node drop = {.sender = lost_of,
                                 .number = world->pair->network.hosts[lost_of].sent + lost};
    simulated_network_add_node(&world->pair->network, dropping_node_pass, &drop);
    hold_both(world);
    perform(world, WEST, west);
    perform(world, EAST, east);
    rekey_world_run(world, 3);
    rekey_world_release(world, WEST);
    rekey_world_release(world, EAST);
    rekey_world_run(world, 90000);
    const bool is_down = west == CLOSE_IKE || east == CLOSE_IKE;
    const bool has_no_child = west == CLOSE_CHILD || east == CLOSE_CHILD;
    const uint32_t generation = west == REKEY_IKE || east == REKEY_IKE ? 1 : 0;
    const size_t children = rekey_world_inbound_spi(world, WEST) == 0 ? 0 : 1;
    ok(is_down ? ike_pair_is_down(world->pair)
               : rekey_world_is_settled(world, generation, children),
       "acts %d and %d, datagram %u of %u lost: the ends agree", (int)west, (int)east, lost,
       lost_of);
    ok(is_down || has_no_child || nothing_was_lost(world), "nothing was lost");
    witness_free(witness);
}

static void any_two_acts_end_in_agreement(void)
{
    static const enum act ACTS[] = {REKEY_CHILD, REKEY_IKE, CLOSE_CHILD, CLOSE_IKE};
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 4; j++) {
            collide_with_loss(ACTS[i], ACTS[j], WEST, 0);
            for (unsigned number = 1; number <= 3; number++) {
                collide_with_loss(ACTS[i], ACTS[j], WEST, number);
                collide_with_loss(ACTS[i], ACTS[j], EAST, number);
            }
        }
    }
}

int main(void)
{
    both_close_the_same_child();
    both_close_the_ike_sa();
    both_rekey_the_same_child();
    one_end_does_not_notice_that_both_rekey_a_child(true);
    one_end_does_not_notice_that_both_rekey_a_child(false);
    both_rekey_the_ike_sa();
    one_end_does_not_notice_that_both_rekey_the_ike_sa(true);
    one_end_does_not_notice_that_both_rekey_the_ike_sa(false);
    one_answer_is_late_when_both_rekey_the_ike_sa(WEST);
    one_answer_is_late_when_both_rekey_the_ike_sa(EAST);
    a_child_is_rekeyed_while_the_peer_closes_it();
    a_child_is_closed_that_the_peer_does_not_know_yet();
    a_child_is_rekeyed_that_the_peer_does_not_know_yet();
    a_new_child_and_the_rekey_of_the_ike_sa_put_each_other_off();
    rekeys_of_child_and_ike_sa_put_each_other_off();
    the_ike_sa_is_rekeyed_while_a_child_is_being_closed();
    the_ike_sa_is_closed_while_the_peer_rekeys_it();
    any_two_acts_end_in_agreement();
    return done_testing();
}
