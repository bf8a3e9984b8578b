// ike_pair.h - two gateways with matching policies in a simulated network: what most engine
// tests start from.
#ifndef REFGW_TESTS_IKE_PAIR_H
#define REFGW_TESTS_IKE_PAIR_H

#include "refgw/crypto/scripted/deterministic_random.h"
#include "refgw/tests/network_nodes.h"

struct message_hook;

struct ike_pair {
    struct simulated_network network;
    struct ike_policy policies[NETWORK_HOSTS];
    struct deterministic_random random[NETWORK_HOSTS];
    const struct message_hook *hooks[NETWORK_HOSTS]; // NULL: none
};

// Connection "tunnel" with child "net" on both ends: aes128gcm16-prfsha256-x25519, aes128gcm16,
// a common key. Policies may be changed before ike_pair_start().
struct ike_pair *ike_pair_new(void);
void ike_pair_free(struct ike_pair *pair);
void ike_pair_start(struct ike_pair *pair); // makes the engines
struct policy_connection *ike_pair_connection(struct ike_pair *pair, unsigned host);
struct policy_child *ike_pair_child(struct ike_pair *pair, unsigned host);

// Replaces all proposals of one host by those in the text: "aes256-sha256-prfsha256-x25519,
// aes128gcm16-prfsha256-ecp256".
void ike_pair_set_ike(struct ike_pair *pair, unsigned host, const char *text);
void ike_pair_set_esp(struct ike_pair *pair, unsigned host, const char *text);
void ike_pair_set_selectors(struct selector_set *set, const char *text);        // "a, b"
void ike_pair_set_identity(struct policy_identity *identity, const char *name); // FQDN

// Gives a command for connection "tunnel"; false when the engine refuses it.
bool ike_pair_command(struct ike_pair *pair, unsigned host, enum ike_command_kind kind,
                      const char *child);
// up on west, then some seconds.
void ike_pair_bring_up(struct ike_pair *pair);
void ike_pair_run(struct ike_pair *pair, unsigned seconds);

// How many IKE SAs a host has in a state ("established"); NULL: any.
size_t ike_pair_count(const struct ike_pair *pair, unsigned host, const char *state);
// Both ends have exactly one established IKE SA with one CHILD_SA, and these pair up.
bool ike_pair_is_up(const struct ike_pair *pair);
// Neither end has anything.
bool ike_pair_is_down(const struct ike_pair *pair);
size_t ike_pair_reports(const struct ike_pair *pair, unsigned host, enum ike_report_kind kind,
                        const char *reason);
// Status of a host's oldest IKE SA; its pointers are dead when the next input comes. False when
// there is none.
bool ike_pair_status(const struct ike_pair *pair, unsigned host, struct ike_sa_status *out);

#endif
