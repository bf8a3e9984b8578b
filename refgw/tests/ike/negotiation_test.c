// What two gateways agree on, and how they part when they do not.
#include "harness/tap/tap.h"
#include "refgw/tests/crafted_message.h"
#include "refgw/wire/key_exchange.h"

#include <stdlib.h>
#include <string.h>

static void a_wrong_key_is_refused_by_the_responder(void)
{
    static const uint8_t OTHER[] = "another key";
    struct ike_pair *pair = ike_pair_new();
    ok(secret_set(&ike_pair_connection(pair, EAST)->psk, VIEW_OF(OTHER)), "keys differ");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_down(pair), "nothing is up");
    ok(pair->network.hosts[WEST].installed == 0 && pair->network.hosts[EAST].installed == 0,
       "no CHILD_SA was installed");
    ok(ike_pair_reports(pair, EAST, IKE_REPORT_IKE_SA_CLOSED, "peer-auth-failed") == 1,
       "east could not authenticate its peer");
    ok(ike_pair_reports(pair, WEST, IKE_REPORT_IKE_SA_CLOSED, "local-auth-failed") == 1,
       "west was not authenticated");
    ok(pair->network.hosts[WEST].sent == 2 && pair->network.hosts[EAST].sent == 2,
       "in four messages");
    ike_pair_free(pair);
}

static void a_wrong_identity_is_refused_by_the_responder(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_set_identity(&ike_pair_connection(pair, WEST)->local_identity, "someone.example.test");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_down(pair), "an unknown initiator gets nothing");
    ok(ike_pair_reports(pair, WEST, IKE_REPORT_IKE_SA_CLOSED, "local-auth-failed") == 1,
       "and is told AUTHENTICATION_FAILED");
    ike_pair_free(pair);
}

static void a_wrong_responder_is_told_so(void)
{
    struct ike_pair *pair = ike_pair_new();
    // West does not say whom it expects until it sees who answered.
    struct policy_connection *west = ike_pair_connection(pair, WEST);
    struct policy_connection *east = ike_pair_connection(pair, EAST);
    ike_pair_set_identity(&east->local_identity, "impostor.example.test");
    ike_pair_set_identity(&west->remote_identity, "impostor.example.test");
    ike_pair_start(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up");
    simulated_network_run(&pair->network, duration_milliseconds(25));
    ike_pair_set_identity(&west->remote_identity, "east.example.test");
    ike_pair_run(pair, 3);
    ok(ike_pair_is_down(pair), "the responder's SA is gone as well");
    ok(ike_pair_reports(pair, WEST, IKE_REPORT_REJECTED, "peer-auth-failed") == 1 &&
           ike_pair_reports(pair, WEST, IKE_REPORT_IKE_SA_ESTABLISHED, NULL) == 0,
       "west never established it");
    ok(ike_pair_reports(pair, EAST, IKE_REPORT_IKE_SA_CLOSED, "local-auth-failed") == 1,
       "east learned why in an INFORMATIONAL");
    ok(pair->network.hosts[EAST].installed == 1 && pair->network.hosts[EAST].removed == 1,
       "its CHILD_SA was taken away");
    ike_pair_free(pair);
}

static void an_identity_nobody_has_is_not_accepted(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_set_identity(&ike_pair_connection(pair, WEST)->remote_identity, "north.example.test");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_down(pair) && pair->network.hosts[EAST].installed == 0 &&
           ike_pair_reports(pair, EAST, IKE_REPORT_IKE_SA_CLOSED, "peer-auth-failed") == 1,
       "IDr names an identity that east does not have: refused");
    ike_pair_free(pair);
}

static void any_identity_is_accepted_where_the_policy_says_so(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_connection(pair, WEST)->remote_identity = (struct policy_identity){.type = 0};
    ike_pair_connection(pair, EAST)->remote_identity = (struct policy_identity){.type = 0};
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair), "identities are free: comes up");
    struct ike_sa_status status;
    ok(ike_pair_status(pair, WEST, &status) && status.remote_identity->type == ID_FQDN &&
           status.remote_identity->size == strlen("east.example.test"),
       "and the status names who it is");
    ike_pair_free(pair);
}

static void no_common_ike_proposal_leaves_nothing_behind(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_set_ike(pair, EAST, "aes256gcm16-prfsha384-ecp384");
    ike_pair_start(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up");
    simulated_network_run(&pair->network, duration_milliseconds(100));
    ok(ike_pair_count(pair, EAST, NULL) == 0, "east keeps no state");
    ok(ike_pair_count(pair, WEST, "connecting") == 1, "west waits: anybody could have said no");
    ike_pair_run(pair, 3);
    ok(ike_pair_is_down(pair), "and gives up after a moment");
    ok(ike_pair_reports(pair, WEST, IKE_REPORT_IKE_SA_CLOSED, "proposal-mismatch-ike") == 1,
       "with the reason");
    ok(ike_pair_reports(pair, EAST, IKE_REPORT_REJECTED, "proposal-mismatch-ike") >= 1,
       "east knows it too");
    ike_pair_free(pair);
}

static void a_forged_refusal_does_not_stop_the_initiator(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct crafted_message forged;
    const struct network_path path = path_of(pair, WEST);
    ike_pair_start(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up");
    const struct message request = read_sent(simulated_network_sent(&pair->network, WEST, 0));
    craft_notify_answer(request.bytes, NOTIFY_NO_PROPOSAL_CHOSEN, (struct byte_view){.size = 0},
                        &forged);
    simulated_network_inject(&pair->network, WEST, &path, crafted_view(&forged));
    ike_pair_run(pair, 3);
    ok(ike_pair_is_up(pair), "the right answer came a moment later");
    ike_pair_free(pair);
}

static void refusals_do_not_put_off_the_end(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct crafted_message refusal;
    struct wall_node wall = {.sender = WEST, .is_up = true};
    const struct network_path path = path_of(pair, WEST);
    simulated_network_add_node(&pair->network, wall_node_pass, &wall);
    ike_pair_start(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up");
    const struct message request = read_sent(simulated_network_sent(&pair->network, WEST, 0));
    craft_notify_answer(request.bytes, NOTIFY_NO_PROPOSAL_CHOSEN, (struct byte_view){.size = 0},
                        &refusal);
    for (unsigned i = 0; i < 8; i++) {
        simulated_network_inject(&pair->network, WEST, &path, crafted_view(&refusal));
        simulated_network_run(&pair->network, duration_milliseconds(200));
    }
    ok(ike_pair_count(pair, WEST, NULL) == 0, "one refusal after the other: the first one counts");
    ike_pair_free(pair);
}

static void no_common_child_proposal_keeps_the_ike_sa(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_set_esp(pair, EAST, "aes256gcm16-noesn");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        ok(ike_pair_count(pair, host, "established") == 1 &&
               pair->network.hosts[host].installed == 0 &&
               ike_pair_reports(pair, host, IKE_REPORT_CHILD_SA_FAILED,
                                "proposal-mismatch-child") == 1,
           "%s has an IKE SA without CHILD_SA", host == WEST ? "west" : "east");
    }
    ike_pair_free(pair);
}

static void disjoint_selectors_keep_the_ike_sa(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_set_selectors(&ike_pair_child(pair, EAST)->local_selectors, "198.51.100.128/25");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        ok(ike_pair_count(pair, host, "established") == 1 &&
               pair->network.hosts[host].installed == 0 &&
               ike_pair_reports(pair, host, IKE_REPORT_CHILD_SA_FAILED, "ts-mismatch") == 1,
           "%s: TS_UNACCEPTABLE, the IKE SA stays", host == WEST ? "west" : "east");
    }
    ike_pair_free(pair);
}

static void selectors_are_narrowed_to_what_both_want(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct selector_set wanted;
    ike_pair_set_selectors(&ike_pair_child(pair, WEST)->remote_selectors, "203.0.113.0/24");
    ike_pair_set_selectors(&ike_pair_child(pair, EAST)->local_selectors,
                           "203.0.113.64/26 tcp 443, 203.0.113.128/26");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair), "comes up");
    ike_pair_set_selectors(&wanted, "203.0.113.64/26 tcp 443, 203.0.113.128/26");
    const struct selector_set *got = &pair->network.hosts[WEST].children[0].remote_selectors;
    ok(selector_set_is_subset(got, &wanted) && selector_set_is_subset(&wanted, got),
       "with the intersection");
    ike_pair_free(pair);
}

static void ipv6_selectors_work_inside_ipv4_and_the_other_way_round(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_set_selectors(&ike_pair_child(pair, WEST)->local_selectors,
                           "2001:db8:1::/64, 203.0.113.0/26");
    ike_pair_set_selectors(&ike_pair_child(pair, WEST)->remote_selectors, "2001:db8:2::/64");
    ike_pair_child(pair, EAST)->local_selectors = ike_pair_child(pair, WEST)->remote_selectors;
    ike_pair_child(pair, EAST)->remote_selectors = ike_pair_child(pair, WEST)->local_selectors;
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair), "IPv6 inside IPv4");
    ike_pair_free(pair);

    pair = ike_pair_new();
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        struct policy_connection *connection = ike_pair_connection(pair, host);
        if (!address_parse(host == WEST ? "2001:db8:a::1" : "2001:db8:b::1",
                           &pair->network.addresses[host]) ||
            !address_parse(host == WEST ? "2001:db8:a::1" : "2001:db8:b::1",
                           &connection->local_address) ||
            !address_parse(host == WEST ? "2001:db8:b::1" : "2001:db8:a::1",
                           &connection->remote_address)) {
            ok(false, "addresses");
        }
    }
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    struct ike_sa_status status;
    ok(ike_pair_is_up(pair), "IPv4 inside IPv6");
    ok(ike_pair_status(pair, EAST, &status) && !status.local_is_behind_nat &&
           !status.remote_is_behind_nat,
       "without a NAT being suspected");
    ike_pair_free(pair);
}

static void the_responder_follows_the_initiators_order(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_set_ike(pair, WEST,
                     "aes256-sha256-prfsha384-modp2048,aes128gcm16-aes256gcm16-prfsha256-x25519,"
                     "aes256-sha256-prfsha256-x25519");
    ike_pair_set_ike(pair, EAST,
                     "aes256-sha256-prfsha256-x25519,aes256gcm16-aes128gcm16-prfsha256-x25519");
    ike_pair_set_esp(pair, WEST, "aes256-sha256,aes256gcm16-aes128gcm16-esn-noesn");
    ike_pair_set_esp(pair, EAST, "aes128gcm16-aes256gcm16-noesn-esn");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    // West's first KE payload is for modp2048, which east does not want.
    struct ike_sa_status status;
    ok(ike_pair_is_up(pair), "several proposals: comes up");
    ok(ike_pair_status(pair, EAST, &status) && status.suite->aead.encryption == ENCR_AES_GCM_16 &&
           status.suite->aead.key_bits == 128 && status.suite->key_exchange == KE_CURVE25519,
       "west's second proposal, its first cipher");
    const struct child_sa *child = &pair->network.hosts[WEST].children[0];
    ok(child->aead.encryption == ENCR_AES_GCM_16 && child->aead.key_bits == 256 && child->has_esn,
       "likewise for ESP");
    ike_pair_free(pair);
}

static void a_wrong_guess_of_the_group_costs_one_round(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_set_ike(pair, WEST, "aes128gcm16-prfsha256-x25519-ecp256");
    ike_pair_set_ike(pair, EAST, "aes128gcm16-prfsha256-ecp256");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair), "comes up with the second group");
    ok(pair->network.hosts[WEST].sent == 3 && pair->network.hosts[EAST].sent == 3,
       "in six messages");
    const struct message refusal = read_sent(simulated_network_sent(&pair->network, EAST, 0));
    ok(notify_type_at(&refusal, 0) == NOTIFY_INVALID_KE_PAYLOAD &&
           refusal.header.responder_spi == 0,
       "INVALID_KE_PAYLOAD without a responder SPI");
    const struct message first = read_sent(simulated_network_sent(&pair->network, WEST, 0));
    const struct message second = read_sent(simulated_network_sent(&pair->network, WEST, 1));
    ok(first.header.initiator_spi == second.header.initiator_spi && second.header.message_id == 0,
       "the second request keeps SPI and message ID");
    ike_pair_free(pair);
}

static void groups_are_changed_only_to_offered_ones_and_only_once_each(void)
{
    static const uint8_t ECP384[] = {0, KE_ECP_384};
    static const uint8_t ECP256[] = {0, KE_ECP_256};
    static const uint8_t X25519[] = {0, KE_CURVE25519};
    struct ike_pair *pair = ike_pair_new();
    struct crafted_message forged;
    const struct network_path path = path_of(pair, WEST);
    struct wall_node wall = {.sender = WEST, .is_up = true};

    simulated_network_add_node(&pair->network, wall_node_pass, &wall);
    ike_pair_set_ike(pair, WEST, "aes128gcm16-prfsha256-x25519-ecp256");
    ike_pair_start(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up");
    const struct message request = read_sent(simulated_network_sent(&pair->network, WEST, 0));

    craft_notify_answer(request.bytes, NOTIFY_INVALID_KE_PAYLOAD, VIEW_OF(ECP384), &forged);
    simulated_network_inject(&pair->network, WEST, &path, crafted_view(&forged));
    ok(pair->network.hosts[WEST].sent == 1, "a group that was not offered gets no request");
    craft_notify_answer(request.bytes, NOTIFY_INVALID_KE_PAYLOAD, VIEW_OF(ECP256), &forged);
    simulated_network_inject(&pair->network, WEST, &path, crafted_view(&forged));
    ok(pair->network.hosts[WEST].sent == 2, "an offered one does");
    craft_notify_answer(request.bytes, NOTIFY_INVALID_KE_PAYLOAD, VIEW_OF(X25519), &forged);
    for (unsigned i = 0; i < 20; i++) {
        simulated_network_inject(&pair->network, WEST, &path, crafted_view(&forged));
    }
    ok(pair->network.hosts[WEST].sent == 2, "going back does not");
    ike_pair_run(pair, 2);
    ok(ike_pair_count(pair, WEST, NULL) == 0 &&
           ike_pair_reports(pair, WEST, IKE_REPORT_IKE_SA_CLOSED, "key-exchange-mismatch") == 1,
       "and it ends");
    ike_pair_free(pair);
}

static void a_cookie_is_brought_back(void)
{
    static const uint8_t COOKIE[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct ike_pair *pair = ike_pair_new();
    struct crafted_message challenge;
    const struct network_path path = path_of(pair, WEST);
    struct dropping_node drop = {.sender = WEST, .number = 1};

    simulated_network_add_node(&pair->network, dropping_node_pass, &drop);
    ike_pair_set_ike(pair, WEST, "aes128gcm16-prfsha256-x25519-ecp256");
    ike_pair_set_ike(pair, EAST, "aes128gcm16-prfsha256-ecp256");
    ike_pair_start(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up");
    const struct message first = read_sent(simulated_network_sent(&pair->network, WEST, 0));
    craft_notify_answer(first.bytes, NOTIFY_COOKIE, VIEW_OF(COOKIE), &challenge);
    simulated_network_inject(&pair->network, WEST, &path, crafted_view(&challenge));
    const struct message second = read_sent(simulated_network_sent(&pair->network, WEST, 1));
    ok(second.payloads.items[0].type == IKE_PAYLOAD_NOTIFY &&
           notify_type_at(&second, 0) == NOTIFY_COOKIE,
       "the cookie comes first");
    is_bytes(second.payloads.items[0].body.data + 4, second.payloads.items[0].body.size - 4, COOKIE,
             sizeof(COOKIE), "unchanged");
    ok(view_equals(payload_list_find(&first.payloads, IKE_PAYLOAD_NONCE)->body,
                   payload_list_find(&second.payloads, IKE_PAYLOAD_NONCE)->body) &&
           view_equals(payload_list_find(&first.payloads, IKE_PAYLOAD_KE)->body,
                       payload_list_find(&second.payloads, IKE_PAYLOAD_KE)->body),
       "nonce and key exchange stay");
    ike_pair_run(pair, 5);
    ok(ike_pair_is_up(pair), "AUTH covers the message with the cookie: comes up");
    const struct message third = read_sent(simulated_network_sent(&pair->network, WEST, 2));
    ok(notify_type_at(&third, 0) == NOTIFY_COOKIE &&
           payload_list_find(&third.payloads, IKE_PAYLOAD_KE)->body.data[1] == KE_ECP_256,
       "the cookie is kept when the group has to change (section 2.6.1)");
    ike_pair_free(pair);
}

static void endless_cookies_end(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct crafted_message challenge;
    const struct network_path path = path_of(pair, WEST);
    struct wall_node wall = {.sender = WEST, .is_up = true};
    static const uint8_t LONG[65];

    simulated_network_add_node(&pair->network, wall_node_pass, &wall);
    ike_pair_start(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up");
    const struct message request = read_sent(simulated_network_sent(&pair->network, WEST, 0));
    craft_notify_answer(request.bytes, NOTIFY_COOKIE, VIEW_OF(LONG), &challenge);
    simulated_network_inject(&pair->network, WEST, &path, crafted_view(&challenge));
    ok(pair->network.hosts[WEST].sent == 1, "a cookie of 65 bytes is none");
    for (uint8_t i = 0; i < 100; i++) {
        const uint8_t cookie[] = {i, 1};
        craft_notify_answer(request.bytes, NOTIFY_COOKIE, VIEW_OF(cookie), &challenge);
        simulated_network_inject(&pair->network, WEST, &path, crafted_view(&challenge));
    }
    ok(pair->network.hosts[WEST].sent < 12, "a hundred cookies are not a hundred requests");
    ike_pair_run(pair, 2);
    ok(ike_pair_count(pair, WEST, NULL) == 0, "and it ends");
    ike_pair_free(pair);
}

static void an_answer_beyond_the_offer_is_not_used(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up");
    simulated_network_run(&pair->network, duration_milliseconds(25));
    // The offer is out; what comes back is now more than west ever wanted.
    ike_pair_set_selectors(&ike_pair_child(pair, WEST)->remote_selectors, "203.0.113.64/27");
    ike_pair_run(pair, 3);
    ok(ike_pair_count(pair, WEST, "established") == 1 && pair->network.hosts[WEST].installed == 0 &&
           ike_pair_reports(pair, WEST, IKE_REPORT_CHILD_SA_FAILED, "ts-mismatch") == 1,
       "selectors that are no subset of the offer: no CHILD_SA");
    ok(pair->network.hosts[EAST].installed == 1 && pair->network.hosts[EAST].removed == 1,
       "and the responder's is deleted");
    ike_pair_free(pair);
}

static void transport_mode_is_negotiated(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_child(pair, WEST)->mode = CHILD_SA_TRANSPORT;
    ike_pair_child(pair, EAST)->mode = CHILD_SA_TRANSPORT;
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair) && pair->network.hosts[WEST].children[0].mode == CHILD_SA_TRANSPORT,
       "both want transport mode: they get it");
    ike_pair_free(pair);

    pair = ike_pair_new();
    ike_pair_child(pair, WEST)->mode = CHILD_SA_TRANSPORT;
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_count(pair, WEST, "established") == 1 &&
           pair->network.hosts[WEST].child_count == 0 && pair->network.hosts[EAST].child_count == 0,
       "a responder that declines leaves no CHILD_SA behind");
    ok(pair->network.hosts[EAST].installed == 1 && pair->network.hosts[EAST].removed == 1,
       "the initiator deletes what it cannot use");
    ike_pair_free(pair);
}

static void connections_are_told_apart_by_identity(void)
{
    struct ike_pair *pair = ike_pair_new();
    struct ike_policy *policy = &pair->policies[EAST];
    // East's first connection is for somebody else; the second one is the right one.
    struct policy_connection *both = calloc(2, sizeof(*both));
    both[1] = policy->connections[0];
    both[0] = policy->connections[0];
    memcpy(both[0].name, "other", sizeof("other"));
    both[0].psk = (struct secret){.data = NULL};
    ok(secret_set(&both[0].psk, VIEW_OF(both[0].remote_identity.data)), "another key");
    both[0].children = calloc(1, sizeof(*both[0].children));
    both[0].children[0] = both[1].children[0];
    ike_pair_set_identity(&both[0].remote_identity, "other.example.test");
    free(policy->connections);
    policy->connections = both;
    policy->connection_count = 2;
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    struct ike_sa_status status;
    ok(ike_pair_is_up(pair), "comes up");
    ok(ike_pair_status(pair, EAST, &status) && strcmp(status.connection, "tunnel") == 0,
       "under the connection of that identity");
    ike_pair_free(pair);
}

int main(void)
{
    a_wrong_key_is_refused_by_the_responder();
    a_wrong_identity_is_refused_by_the_responder();
    a_wrong_responder_is_told_so();
    an_identity_nobody_has_is_not_accepted();
    any_identity_is_accepted_where_the_policy_says_so();
    no_common_ike_proposal_leaves_nothing_behind();
    a_forged_refusal_does_not_stop_the_initiator();
    refusals_do_not_put_off_the_end();
    no_common_child_proposal_keeps_the_ike_sa();
    disjoint_selectors_keep_the_ike_sa();
    selectors_are_narrowed_to_what_both_want();
    ipv6_selectors_work_inside_ipv4_and_the_other_way_round();
    the_responder_follows_the_initiators_order();
    a_wrong_guess_of_the_group_costs_one_round();
    groups_are_changed_only_to_offered_ones_and_only_once_each();
    a_cookie_is_brought_back();
    endless_cookies_end();
    an_answer_beyond_the_offer_is_not_used();
    transport_mode_is_negotiated();
    connections_are_told_apart_by_identity();
    return done_testing();
}
