// intent.h - the tunnel a scenario wants, free of any peer's syntax.
//
//   intent tunnel {
//       ike   aes128gcm16-prfsha256-x25519 | aes256gcm16-prfsha384-ecp384
//       esp   aes128gcm16 pfs x25519          # or pfs off, on:x25519, off:x25519
//       auth  psk                             # or psk "secret"; without one the cell's own
//       id    west fqdn west.example.test     # fqdn, address, email
//       ts    west-lan === east-lan           # west-lan6, prefixes; several on each side
//       life  child 1h  ike 4h
//       dpd   off                             # or 10s; dpd west 1s: on one side only
//       over  ipv4                            # or ipv6: the WAN addresses in use
//       ike   east aes256gcm16-prfsha384-ecp384   # one side differs, for negative scenarios
//       esp   east ...
//       psk   east "another secret"
//   }
//
// Of two lines that say the same thing the later one holds.
#ifndef HARNESS_PEER_INTENT_H
#define HARNESS_PEER_INTENT_H

#include "harness/scenario/scenario.h"
#include "refgw/base/address.h"

enum {
    INTENT_MOST_PROPOSALS = 8,
    INTENT_MOST_WORDS = 8,
    INTENT_MOST_SELECTORS = 8,
    INTENT_ALGORITHM_SIZE = 24,
    INTENT_NAME_SIZE = 64,
    INTENT_SIDES = 2, // indexed by SIDE_WEST, SIDE_EAST
};

// "aes128gcm16-prfsha256-x25519" taken apart at the hyphens.
struct intent_proposal {
    size_t count;
    char words[INTENT_MOST_WORDS][INTENT_ALGORITHM_SIZE];
};

struct intent_proposals {
    size_t count;
    struct intent_proposal proposals[INTENT_MOST_PROPOSALS];
};

enum intent_identity_kind {
    INTENT_IDENTITY_ADDRESS, // the default: the side's own WAN address
    INTENT_IDENTITY_FQDN,
    INTENT_IDENTITY_EMAIL,
};

struct intent_side {
    struct intent_proposals ike;
    struct intent_proposals esp; // the group of `pfs` is the last word of each proposal
    enum intent_identity_kind identity_kind;
    char identity[SCENARIO_WORD_SIZE];
    char psk[SCENARIO_WORD_SIZE];
    char address[ADDRESS_TEXT_SIZE]; // on its own wan0
    char world[ADDRESS_TEXT_SIZE];   // where the other side reaches it; differs behind a NAT
    uint64_t dpd_ms;                 // silence after which this side checks; 0 is off
    size_t selector_count;
    char selectors[INTENT_MOST_SELECTORS][ADDRESS_TEXT_SIZE]; // prefixes behind this side
};

struct intent {
    char connection[INTENT_NAME_SIZE]; // the word after `intent`
    char child[INTENT_NAME_SIZE];      // "net"
    bool has_pfs;
    bool is_over_ipv6;
    uint64_t child_life_ms; // 0 when not stated
    uint64_t ike_life_ms;
    struct intent_side sides[INTENT_SIDES];
};

// How words `$axis` are replaced and which lines count. A NULL function leaves every word as it
// is written and lets every line count.
struct intent_words {
    void *context;
    bool (*resolve)(void *context, const char *word, char out_text[SCENARIO_WORD_SIZE]);
    bool (*applies)(void *context, const struct block_statement *line, size_t *out_words);
};

// Reads an `intent` statement. `psk` is used where the scenario names none. Addresses are those of
// docs/LAB.md for the topology's NATs. False with the place in out_fault, out_intent unchanged.
MUST_USE bool intent_read(const struct block_statement *statement,
                          const struct scenario_topology *topology,
                          const struct intent_words *words, const char *psk,
                          struct intent *out_intent, struct block_fault *out_fault);
// The same for a whole scenario under one variant.
MUST_USE bool intent_from_scenario(const struct scenario *scenario,
                                   const struct scenario_variant *variant, const char *psk,
                                   struct intent *out_intent, struct block_fault *out_fault);

enum { INTENT_PSK_SIZE = 32 };
// "ikelab-" and a hash of the cell's id: the same on both sides, another one in every cell.
void intent_cell_psk(const char *cell, char out_psk[INTENT_PSK_SIZE]);

#endif
