// simulation.h - two engines, a network that only moves what it is told to move, and a model of
// the traffic between their CHILD_SAs. Everything that happens is one call here, so that a run
// can be written down as a step script and done again.
#ifndef REFGW_TESTS_IKESIM_SIMULATION_H
#define REFGW_TESTS_IKESIM_SIMULATION_H

#include <stdio.h>

#include "refgw/tests/ike_pair.h"
#include "refgw/wire/ike_header.h"

enum {
    SIMULATION_TEXT_SIZE = 200,
    SIMULATION_MOST_SAS = 32,
    SUMMARY_SIZE = IKE_REPORT_TEXT_SIZE + 60,
};

// What two gateways are like. Texts are as for ike_pair_set_ike(); "" leaves the usual ones.
struct simulation_setup {
    uint64_t seed; // of the engines' randomness
    bool has_nat;  // in front of west
    struct duration liveness[NETWORK_HOSTS];
    struct duration ike_lifetime[NETWORK_HOSTS];   // 0: none
    struct duration child_lifetime[NETWORK_HOSTS]; // 0: none
    bool wants_cookies[NETWORK_HOSTS];             // of everybody who begins
    uint16_t fragment_size[NETWORK_HOSTS];         // of IP datagrams; 0: the usual one
    char ike[NETWORK_HOSTS][SIMULATION_TEXT_SIZE];
    char esp[NETWORK_HOSTS][SIMULATION_TEXT_SIZE];
};

// A datagram that was sent, kept for as long as the simulation so that it can be delivered at
// any time, and more than once.
struct kept_datagram {
    struct ip_endpoint source;
    struct ip_endpoint destination;
    uint8_t *bytes;
    size_t size;
    struct instant sent;
    bool is_waiting; // neither delivered nor dropped yet
    bool has_arrived;
    char summary[SUMMARY_SIZE]; // "CREATE_CHILD_SA.req 2 { SA Ni ... }"
};

// One ESP packet.
struct kept_packet {
    uint32_t spi;
};

// An inbound SPI a host has or had.
struct known_spi {
    uint32_t spi;
    struct instant installed;
    bool is_removed;
    bool is_unwanted; // somebody has told a host to delete it
};

// A message as it first travelled, to compare repetitions with.
struct first_copy {
    struct ike_header header;
    uint16_t fragment;
    uint64_t hash;
    unsigned refusals; // answers outside any SA that its sender had got when it was sent
};

struct violation {
    const char *invariant; // NULL: none
    char text[SIMULATION_TEXT_SIZE];
    struct instant when;
};

struct simulated_gateway {
    struct kept_datagram *datagrams; // number n stands at n - 1
    size_t datagram_count;
    size_t datagram_capacity;
    struct kept_packet *packets;
    size_t packet_count;
    size_t packet_capacity;
    struct known_spi *spis;
    size_t spi_count;
    size_t spi_capacity;
    struct first_copy *copies;
    size_t copy_count;
    size_t copy_capacity;
    unsigned refusals;
    bool is_going_down; // was told so, and still has IKE SAs
};

struct simulation {
    struct ike_pair *pair;
    struct simulation_setup setup;
    struct crypto_provider crypto;
    struct nat_node nat;
    struct ip_address attacker;
    struct simulated_gateway gateways[NETWORK_HOSTS];
    bool must_keep_lifetimes; // rekeys have to come in time; else the network may be too bad
    unsigned lifetimes_ended;
    bool is_holding; // datagrams wait for simulation_deliver(); else they arrive by themselves
    // Nothing is promised about traffic: from a deletion, a restart or a silent peer until both
    // ends agree again.
    bool is_disturbed;
    unsigned packets_lost; // in disturbed times
    unsigned packets_late; // overtaken by the deletion of their SA
    bool has_initiated[NETWORK_HOSTS];
    struct violation violation; // the first one
    // Told about every datagram that is kept; may be NULL.
    void (*on_send)(void *context, unsigned host, size_t number);
    void *on_send_context;
    FILE *trace;  // every event, or NULL
    FILE *script; // every step, or NULL
    uint64_t unwritten_nanoseconds;
};

struct simulation *simulation_new(const struct simulation_setup *setup, FILE *trace, FILE *script);
// Frees the engines and everything else.
void simulation_free(struct simulation *simulation);

// --- Everything that can happen ---------------------------------------------------------------

void simulation_hold(struct simulation *simulation);    // from now on datagrams wait
void simulation_release(struct simulation *simulation); // what waits is delivered, the rest flows
void simulation_pass_time(struct simulation *simulation, struct duration length);
// False when the engine refuses the command. `child` "": all.
bool simulation_command(struct simulation *simulation, unsigned host, enum ike_command_kind kind,
                        const char *child);
// Hands over datagram `number` (from 1) of `sender`; false when there is no such datagram.
bool simulation_deliver(struct simulation *simulation, unsigned sender, size_t number);
bool simulation_drop(struct simulation *simulation, unsigned sender, size_t number);
// Somebody on the way, with an address of his own, sends on a copy of a protected message that
// has arrived before: as it was, or with a byte changed. False when there is no such message.
bool simulation_forge(struct simulation *simulation, unsigned sender, size_t number,
                      bool is_changed);
// The oldest datagram of `sender` that waits; 0 when none does.
size_t simulation_oldest_waiting(const struct simulation *simulation, unsigned sender);
// The host sends an ESP packet on the SA it prefers; its number, or 0 when it has no SA.
size_t simulation_send_packet(struct simulation *simulation, unsigned host);
void simulation_deliver_packet(struct simulation *simulation, unsigned sender, size_t number);
// The host's engine is gone without a word and starts anew.
void simulation_restart(struct simulation *simulation, unsigned host);
// From now on no lifetime may end before a rekey came through.
void simulation_keep_lifetimes(struct simulation *simulation);
// The NAT forgets its mappings.
void simulation_rebind(struct simulation *simulation);

// --- A look at it -----------------------------------------------------------------------------

struct seen_sa {
    uint64_t initiator_spi;
    uint64_t responder_spi;
    bool is_initiator;
    const char *state;
    struct instant established;
    size_t child_count;
    bool has_twins; // two of its CHILD_SAs have the same selectors
};
struct seen_sas {
    struct seen_sa items[SIMULATION_MOST_SAS];
    size_t count;
};
void simulation_see(const struct simulation *simulation, unsigned host, struct seen_sas *out);
// The SA that carries a host's traffic of this child: of those that are not for receiving only the
// one installed last. NULL: none.
const struct child_sa *simulation_outbound(const struct simulation *simulation, unsigned host,
                                           const char *child);
bool have_same_selectors(const struct child_sa *left, const struct child_sa *right);
const char *host_name(unsigned host);
unsigned other_host(unsigned host);

#endif
