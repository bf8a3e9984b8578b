// peer_list.h - which peers this machine can run, in which versions.
#ifndef HARNESS_RUN_PEER_LIST_H
#define HARNESS_RUN_PEER_LIST_H

#include <stdio.h>

#include "harness/peer/manifest.h"
#include "harness/run/lab_paths.h"

enum {
    PEER_LIST_MOST = 32,
    PEER_VERSION_SIZE = 64,
    PEER_REASON_SIZE = 400,
    PEER_LABEL_SIZE = PEER_NAME_SIZE + PEER_VERSION_SIZE + 2,
};

// One version of one peer. A peer that cannot run here stays in the list, with the reason and
// what to do: its cells are skipped, not forgotten.
struct lab_peer {
    const struct peer_manifest *manifest; // owned by the list
    char version[PEER_VERSION_SIZE];      // "unknown" when it cannot run
    char label[PEER_LABEL_SIZE];          // "strongswan@5.9.8"
    char root[LAB_PATH_SIZE];             // "" when it needs none
    bool is_available;
    char reason[PEER_REASON_SIZE]; // "" when available
};

struct peer_list {
    size_t count;
    struct lab_peer peers[PEER_LIST_MOST];
    size_t manifest_count;
    struct peer_manifest *manifests; // as many as manifest_count
};

// Reads every manifest and asks every peer for its version (`ctl version`). Broken manifests are
// told to `errors` and left out. False when memory runs out. Release with peer_list_clear().
MUST_USE bool peer_list_load(const struct lab_paths *paths, FILE *errors,
                             struct peer_list *out_list);
void peer_list_clear(struct peer_list *list);

// The peer called "NAME" or "NAME@VERSION"; of several versions the newest that is available.
// NULL when there is none of that name.
MUST_USE const struct lab_peer *peer_list_find(const struct peer_list *list, const char *name);
// "refgw strongswan": for messages.
void peer_list_names(const struct peer_list *list, char *out_text, size_t size);

#endif
