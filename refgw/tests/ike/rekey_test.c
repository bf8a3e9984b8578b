// Rekeys that nobody disturbs: of CHILD_SAs with and without a key exchange, and of the IKE SA
// (RFC 7296, sections 1.3, 2.8, 2.17 and 2.18).
#include "harness/tap/tap.h"
#include "refgw/tests/chain_hook.h"
#include "refgw/tests/rekey_world.h"

#include <string.h>

static const char *const NAMES[] = {"west", "east"};

static bool nothing_was_lost(const struct rekey_world *world)
{
    if (world->lost + world->unsent > 0) {
        note("%u of %u packets were lost, %u not sent", world->lost, world->sent, world->unsent);
    }
    return world->sent > 0 && world->lost == 0 && world->unsent == 0;
}

static void rekey_a_child(unsigned host, const char *esp, enum key_exchange_method expected)
{
    struct rekey_world *world = rekey_world_new();
    ike_pair_set_esp(world->pair, WEST, esp);
    ike_pair_set_esp(world->pair, EAST, esp);
    rekey_world_start(world);
    const uint32_t before = rekey_world_inbound_spi(world, host);
    const uint64_t ike_spi = rekey_world_ike_spi(world, host);
    rekey_world_run(world, 100);
    rekey_world_rekey_child(world, host);
    rekey_world_run(world, 500);
    const struct simulated_host *hosts = world->pair->network.hosts;
    ok(hosts[WEST].child_count == 2 && hosts[EAST].child_count == 2,
       "%s rekeys %s: packets on the old SA may still come in", NAMES[host], esp);
    rekey_world_run(world, 3000);
    ok(rekey_world_is_settled(world, 0, 1), "then one CHILD_SA is left that pairs up");
    ok(rekey_world_inbound_spi(world, host) != before &&
           rekey_world_ike_spi(world, host) == ike_spi,
       "it is a new one, under the same IKE SA");
    ok(hosts[WEST].children[0].replaces != 0 && hosts[EAST].children[0].replaces != 0,
       "both know what it replaces");
    ok(hosts[WEST].children[0].key_exchange == expected &&
           hosts[EAST].children[0].key_exchange == expected,
       "made with the key exchange that was asked for, or none");
    ok(rekey_world_closed(world, WEST, "rekeyed") == 1 &&
           rekey_world_closed(world, EAST, "rekeyed") == 1,
       "the old one was closed because of that");
    ok(nothing_was_lost(world), "no packet was lost");
    rekey_world_free(world);
}

static void either_end_rekeys_a_child(void)
{
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        rekey_a_child(host, "aes128gcm16", KE_NONE);
        rekey_a_child(host, "aes128gcm16-x25519", KE_CURVE25519);
    }
}

static void rekey_the_ike_sa(unsigned host)
{
    struct rekey_world *world = rekey_world_new();
    rekey_world_start(world);
    const uint32_t child = rekey_world_inbound_spi(world, host);
    for (unsigned round = 1; round <= 3; round++) {
        const uint64_t before = rekey_world_ike_spi(world, host);
        rekey_world_rekey_ike(world, host);
        rekey_world_run(world, 500);
        ok(rekey_world_is_settled(world, round, 1), "%s rekeys the IKE SA, round %u", NAMES[host],
           round);
        ok(rekey_world_ike_spi(world, host) != before, "it has other SPIs");
    }
    struct ike_sa_status status;
    ok(ike_pair_status(world->pair, host, &status) && status.is_initiator,
       "who rekeyed it is its initiator");
    ok(rekey_world_inbound_spi(world, host) == child &&
           world->pair->network.hosts[host].installed == 1,
       "the CHILD_SA is still the same");
    ok(ike_pair_reports(world->pair, WEST, IKE_REPORT_IKE_SA_CLOSED, "rekeyed") == 3 &&
           ike_pair_reports(world->pair, EAST, IKE_REPORT_IKE_SA_CLOSED, "rekeyed") == 3,
       "the old ones are gone because of that");
    ok(world->pair->network.hosts[WEST].keys_logged == 4 &&
           world->pair->network.hosts[EAST].keys_logged == 4,
       "each had keys of its own");
    rekey_world_rekey_child(world, host == WEST ? EAST : WEST);
    rekey_world_run(world, 4000);
    ok(rekey_world_is_settled(world, 3, 1) && rekey_world_inbound_spi(world, host) != child,
       "under the new IKE SA the other end can rekey the child");
    ok(nothing_was_lost(world), "no packet was lost");
    rekey_world_down(world, host, "");
    rekey_world_run(world, 500);
    ok(ike_pair_is_down(world->pair), "and it goes down as any other");
    rekey_world_free(world);
}

static void either_end_rekeys_the_ike_sa(void)
{
    rekey_the_ike_sa(WEST);
    rekey_the_ike_sa(EAST);
}

static void message_ids_start_again_and_the_old_sa_is_deleted_inside_itself(void)
{
    struct rekey_world *world = rekey_world_new();
    rekey_world_start(world);
    const uint64_t old_spi = rekey_world_ike_spi(world, WEST);
    rekey_world_rekey_ike(world, EAST);
    rekey_world_run(world, 500);
    const uint64_t new_spi = rekey_world_ike_spi(world, WEST);
    ok(ike_pair_command(world->pair, EAST, IKE_COMMAND_LIVENESS, ""), "a request in the new SA");
    rekey_world_run(world, 500);
    uint64_t spis[3] = {0};
    uint8_t ids[3] = {0};
    for (size_t i = 0; i < 3; i++) {
        // East: two answers, then rekey, Delete, liveness.
        const struct sent_datagram *sent =
            simulated_network_sent(&world->pair->network, EAST, 2 + i);
        for (size_t j = 0; sent != NULL && j < 8; j++) {
            spis[i] = spis[i] << 8 | sent->bytes[j];
        }
        ids[i] = sent == NULL ? 0xff : sent->bytes[23];
    }
    ok(spis[0] == old_spi && ids[0] == 0, "the rekey is east's first request in the old SA");
    ok(spis[1] == old_spi && ids[1] == 1, "the Delete is its second one there");
    ok(spis[2] == new_spi && ids[2] == 0, "the new SA begins with message ID 0");
    rekey_world_free(world);
}

static void an_ike_rekey_may_change_the_algorithms(void)
{
    struct rekey_world *world = rekey_world_new();
    rekey_world_start(world);
    ike_pair_set_ike(world->pair, WEST, "aes256gcm16-prfsha512-ecp256");
    ike_pair_set_ike(world->pair, EAST, "aes256gcm16-prfsha512-ecp256");
    rekey_world_rekey_ike(world, WEST);
    rekey_world_run(world, 500);
    struct ike_sa_status status;
    ok(rekey_world_is_settled(world, 1, 1) && ike_pair_status(world->pair, EAST, &status) &&
           status.suite->prf == PRF_HMAC_SHA2_512 && status.suite->key_exchange == KE_ECP_256,
       "the old prf makes SKEYSEED, the new one what follows (section 2.18)");
    rekey_world_rekey_child(world, EAST);
    rekey_world_run(world, 4000);
    ok(rekey_world_is_settled(world, 1, 1), "and the keys of CHILD_SAs");
    rekey_world_free(world);
}

static void a_wrong_guess_of_the_group_is_corrected(void)
{
    struct rekey_world *world = rekey_world_new();
    ike_pair_set_esp(world->pair, WEST, "aes128gcm16-x25519-ecp256");
    ike_pair_set_esp(world->pair, EAST, "aes128gcm16-ecp256");
    rekey_world_start(world);
    rekey_world_rekey_child(world, WEST);
    rekey_world_run(world, 4000);
    ok(rekey_world_is_settled(world, 0, 1) &&
           world->pair->network.hosts[EAST].children[0].key_exchange == KE_ECP_256,
       "a child's: INVALID_KE_PAYLOAD names the group, the second request has it");
    ike_pair_set_ike(world->pair, WEST, "aes128gcm16-prfsha256-x25519-ecp384");
    ike_pair_set_ike(world->pair, EAST, "aes128gcm16-prfsha256-ecp384");
    rekey_world_rekey_ike(world, WEST);
    rekey_world_run(world, 1000);
    ok(rekey_world_is_settled(world, 1, 1), "the IKE SA's likewise");
    ok(nothing_was_lost(world), "no packet was lost");
    rekey_world_free(world);
}

// East answers every CREATE_CHILD_SA request with INVALID_KE_PAYLOAD and this group.
static size_t requests_until_west_gives_up(uint8_t group)
{
    uint8_t notify[] = {0, 0, 0, 10, 0, 0, 0, 17, 0, group};
    struct chain_hook hook;
    struct rekey_world *world = rekey_world_new();
    chain_hook_init(&hook);
    hook.exchange_type = IKE_EXCHANGE_CREATE_CHILD_SA;
    hook.is_response = true;
    hook.change = CHAIN_REPLACE;
    hook.type = IKE_PAYLOAD_NOTIFY;
    hook.bytes = notify;
    hook.size = sizeof(notify);
    world->pair->hooks[EAST] = &hook.hook;
    ike_pair_set_esp(world->pair, WEST, "aes128gcm16-x25519-ecp256");
    ike_pair_set_esp(world->pair, EAST, "aes128gcm16-x25519-ecp256");
    rekey_world_start(world);
    world->has_traffic = false;
    rekey_world_rekey_child(world, WEST);
    rekey_world_run(world, 2000);
    ok(ike_pair_reports(world->pair, WEST, IKE_REPORT_CHILD_SA_FAILED, "key-exchange-mismatch") ==
               1 &&
           ike_pair_count(world->pair, WEST, "established") == 1,
       "the rekey has failed, the IKE SA stays");
    const size_t hits = hook.hits;
    rekey_world_free(world);
    return hits;
}

static void invalid_ke_payload_does_not_go_on_for_ever(void)
{
    ok(requests_until_west_gives_up(19) == 2, "the same group again is not tried a second time");
    ok(requests_until_west_gives_up(31) == 1, "nor is the one that was just sent");
    ok(requests_until_west_gives_up(20) == 1, "one that was not offered is not tried at all");
}

static void disagreement_about_pfs_leaves_the_old_sa_alone(void)
{
    struct rekey_world *world = rekey_world_new();
    ike_pair_set_esp(world->pair, WEST, "aes128gcm16");
    ike_pair_set_esp(world->pair, EAST, "aes128gcm16-x25519");
    rekey_world_start(world);
    const uint32_t before = rekey_world_inbound_spi(world, WEST);
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        rekey_world_rekey_child(world, host);
        rekey_world_run(world, 500);
        ok(ike_pair_reports(world->pair, host, IKE_REPORT_CHILD_SA_FAILED,
                            "proposal-mismatch-child") >= 1,
           "%s is told NO_PROPOSAL_CHOSEN", NAMES[host]);
    }
    ok(rekey_world_is_settled(world, 0, 1) && rekey_world_inbound_spi(world, WEST) == before,
       "the first CHILD_SA goes on");
    ok(nothing_was_lost(world), "no packet was lost");
    rekey_world_free(world);

    world = rekey_world_new();
    ike_pair_set_esp(world->pair, WEST, "aes128gcm16");
    ike_pair_set_esp(world->pair, EAST, "aes128gcm16-x25519");
    struct policy_proposal *proposal = &ike_pair_child(world->pair, EAST)->proposals[0];
    proposal->key_exchange[proposal->key_exchange_count] = KE_NONE;
    proposal->key_exchange_count++;
    rekey_world_start(world);
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        rekey_world_rekey_child(world, host);
        rekey_world_run(world, 3000);
    }
    ok(rekey_world_is_settled(world, 0, 1) && world->pair->network.hosts[WEST].installed == 3,
       "who allows NONE beside a group rekeys with a peer that has none");
    rekey_world_free(world);
}

static void a_rekey_without_common_selectors_leaves_the_old_sa_alone(void)
{
    struct rekey_world *world = rekey_world_new();
    rekey_world_start(world);
    ike_pair_set_selectors(&ike_pair_child(world->pair, EAST)->local_selectors, "198.51.100.0/24");
    rekey_world_rekey_child(world, WEST);
    rekey_world_run(world, 500);
    ok(ike_pair_reports(world->pair, WEST, IKE_REPORT_CHILD_SA_FAILED, "ts-mismatch") == 1 &&
           rekey_world_is_settled(world, 0, 1),
       "TS_UNACCEPTABLE (section 2.9)");
    rekey_world_free(world);
}

static void the_ike_sa_is_not_rekeyed_without_a_key_exchange(void)
{
    struct rekey_world *world = rekey_world_new();
    rekey_world_start(world);
    ike_pair_set_ike(world->pair, EAST, "aes256gcm16-prfsha384-ecp384");
    rekey_world_rekey_ike(world, WEST);
    rekey_world_run(world, 500);
    ok(ike_pair_reports(world->pair, WEST, IKE_REPORT_CHILD_SA_FAILED, NULL) == 1 &&
           rekey_world_is_settled(world, 0, 1),
       "without a common proposal the IKE SA stays as it is");
    rekey_world_free(world);
}

// One message after another is lost; what comes of it must not change.
static void lost_messages_only_cost_time(void)
{
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        for (unsigned sender = 0; sender < NETWORK_HOSTS; sender++) {
            for (unsigned number = 0; number < 2; number++) {
                struct rekey_world *world = rekey_world_new();
                struct dropping_node drop = {.sender = sender, .number = 3 + number};
                simulated_network_add_node(&world->pair->network, dropping_node_pass, &drop);
                rekey_world_start(world);
                rekey_world_rekey_child(world, host);
                rekey_world_run(world, 5000);
                ok(drop.hits == 1 && rekey_world_is_settled(world, 0, 1) && nothing_was_lost(world),
                   "%s rekeys the child, datagram %u of %s is lost", NAMES[host], 3 + number,
                   NAMES[sender]);
                rekey_world_free(world);

                world = rekey_world_new();
                drop = (struct dropping_node){.sender = sender, .number = 3 + number};
                simulated_network_add_node(&world->pair->network, dropping_node_pass, &drop);
                rekey_world_start(world);
                rekey_world_rekey_ike(world, host);
                rekey_world_run(world, 5000);
                ok(drop.hits == 1 && rekey_world_is_settled(world, 1, 1) && nothing_was_lost(world),
                   "%s rekeys the IKE SA, datagram %u of %s is lost", NAMES[host], 3 + number,
                   NAMES[sender]);
                rekey_world_free(world);
            }
        }
    }
}

static void doubled_messages_change_nothing(void)
{
    struct rekey_world *world = rekey_world_new();
    simulated_network_add_node(&world->pair->network, doubling_node_pass, NULL);
    rekey_world_start(world);
    rekey_world_rekey_child(world, WEST);
    rekey_world_run(world, 500);
    rekey_world_rekey_ike(world, EAST);
    rekey_world_run(world, 4000);
    ok(rekey_world_is_settled(world, 1, 1) && world->pair->network.hosts[WEST].installed == 2,
       "each request is acted on once (section 2.1)");
    ok(nothing_was_lost(world), "no packet was lost");
    rekey_world_free(world);
}

static void the_responder_sends_on_the_new_sa_only_when_the_initiator_has_it(void)
{
    struct rekey_world *world = rekey_world_new();
    rekey_world_start(world);
    world->has_traffic = false;
    world->holds[EAST] = true;
    rekey_world_rekey_child(world, WEST);
    rekey_world_run(world, 100);
    const struct simulated_host *east = &world->pair->network.hosts[EAST];
    ok(east->child_count == 2, "east has installed the new one before it answers");
    size_t waiting = 0;
    for (size_t i = 0; i < east->child_count; i++) {
        waiting += east->children[i].is_receive_only ? 1 : 0;
    }
    ok(waiting == 1, "it only receives on it");
    rekey_world_release(world, EAST);
    world->holds[WEST] = true; // the Delete
    world->has_traffic = true;
    rekey_world_run(world, 50);
    waiting = 0;
    for (size_t i = 0; i < east->child_count; i++) {
        waiting += east->children[i].is_receive_only ? 1 : 0;
    }
    ok(waiting == 0, "the first packet from west changes that");
    rekey_world_release(world, WEST);
    rekey_world_run(world, 3000);
    ok(rekey_world_is_settled(world, 0, 1) && nothing_was_lost(world), "nothing was lost");
    rekey_world_free(world);
}

int main(void)
{
    either_end_rekeys_a_child();
    either_end_rekeys_the_ike_sa();
    message_ids_start_again_and_the_old_sa_is_deleted_inside_itself();
    an_ike_rekey_may_change_the_algorithms();
    a_wrong_guess_of_the_group_is_corrected();
    invalid_ke_payload_does_not_go_on_for_ever();
    disagreement_about_pfs_leaves_the_old_sa_alone();
    a_rekey_without_common_selectors_leaves_the_old_sa_alone();
    the_ike_sa_is_not_rekeyed_without_a_key_exchange();
    lost_messages_only_cost_time();
    doubled_messages_change_nothing();
    the_responder_sends_on_the_new_sa_only_when_the_initiator_has_it();
    return done_testing();
}
