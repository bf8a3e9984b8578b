// manifest.h - what a peer says about itself: harness/peers/NAME/peer.conf.
//
// The manifest is data in the block grammar. Every word in it is known or an error with its
// place: a misspelt capability must never read as "the peer cannot do that".
#ifndef HARNESS_PEER_MANIFEST_H
#define HARNESS_PEER_MANIFEST_H

#include "refgw/base/block.h"

enum {
    MANIFEST_MOST_CAPABILITIES = 256,
    MANIFEST_MOST_SPELLINGS = 128,
    MANIFEST_PATH_SIZE = 512,
    PEER_NAME_SIZE = 64,
};

enum peer_answer {
    PEER_UNKNOWN, // not stated: try it, and believe what happens
    PEER_NO,
    PEER_YES,
};

enum peer_kind {
    PEER_KIND_NETNS,  // a process in the side's network namespace
    PEER_KIND_UML,    // a process under a user-mode Linux kernel
    PEER_KIND_REMOTE, // a machine reached over the network
    PEER_KIND_MANUAL, // a person follows printed steps
};

// Whether keys of one protocol can be had, and from what ("key log", "debug log").
struct peer_key_export {
    bool is_exported;
    const char *via; // NULL when not exported
};

// Budgets of one operation, and the daemon's retransmission as the templates set it.
struct peer_timers {
    uint64_t start_ms;                  // ctl start
    uint64_t ready_ms;                  // ctl wait-ready
    uint64_t operation_ms;              // every other operation
    uint64_t retransmit_first_ms;       // until the first retransmission; 0 when not stated
    unsigned retransmit_factor_percent; // 180: each wait is 1.8 times the one before
    unsigned retransmit_tries;          // transmissions after the first
};

struct peer_capability {
    const char *name; // "auth.psk", "ike.x25519", "op.rekey-child"
    enum peer_answer answer;
    unsigned line;
};

// An algorithm word of ours and how this peer writes it.
struct peer_spelling {
    const char *word;
    const char *spelling;
    unsigned line;
};

// Strings are borrowed from `document`, which the manifest owns.
struct peer_manifest {
    struct block_document *document;
    char folder[MANIFEST_PATH_SIZE]; // where peer.conf, ctl and the templates are
    const char *name;                // equals the folder's name
    const char *vendor;              // "" when not stated
    const char *homepage;
    enum peer_kind kind;
    bool can_initiate;
    bool can_respond;
    struct peer_key_export ike_keys;
    struct peer_key_export esp_keys;
    struct peer_timers timers;
    size_t capability_count;
    struct peer_capability capabilities[MANIFEST_MOST_CAPABILITIES];
    size_t spelling_count;
    struct peer_spelling spellings[MANIFEST_MOST_SPELLINGS];
};

// Reads FOLDER/peer.conf. False with the place and what is allowed in out_fault; out_manifest is
// unchanged then. Release with manifest_clear().
MUST_USE bool manifest_load(const char *folder, struct peer_manifest *out_manifest,
                            struct block_fault *out_fault);
void manifest_clear(struct peer_manifest *manifest); // safe on a zeroed one

// What the peer states about a capability; PEER_UNKNOWN when it does not mention it.
MUST_USE enum peer_answer manifest_capability(const struct peer_manifest *manifest,
                                              const char *capability);
// "yes", "no", "unknown".
const char *peer_answer_name(enum peer_answer answer);
// How the peer writes an algorithm word, or NULL: then it cannot be configured.
MUST_USE const char *manifest_spelling(const struct peer_manifest *manifest, const char *word);

// Names of the folders below `peers_folder` that hold a peer.conf, sorted. Gives how many, at most
// `most`; 0 also when the folder cannot be read.
MUST_USE size_t peer_names(const char *peers_folder, char out_names[][PEER_NAME_SIZE], size_t most);

#endif
