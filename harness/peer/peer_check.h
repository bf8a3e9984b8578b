// peer_check.h - the adapter self-test behind `ikelab peer check NAME`.
#ifndef HARNESS_PEER_PEER_CHECK_H
#define HARNESS_PEER_PEER_CHECK_H

#include "harness/peer/manifest.h"

struct peer_check_options {
    const struct peer_manifest *manifest;
    const char *root;    // IKELAB_PEER_ROOT, or NULL
    const char *bin;     // IKELAB_BIN
    const char *scratch; // an existing folder to work in; emptied of what the check made
};

// Proves that the adapter keeps the contract of docs/LAB.md: unknown operations, rendering,
// two starts and stops in a throw-away network namespace that leave nothing, a status that fits its
// schema, a kill that is noticed. Writes TAP to standard output. Gives the exit code of `ikelab`:
// 0 all passed or cannot run here (a SKIP line says why), 1 a check failed, 3 the environment failed.
// Needs root.
MUST_USE int peer_check(const struct peer_check_options *options);

#endif
