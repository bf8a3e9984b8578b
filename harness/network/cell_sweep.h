// cell_sweep.h - makes namespaces go away, with everything that still runs in them.
#ifndef HARNESS_NETWORK_CELL_SWEEP_H
#define HARNESS_NETWORK_CELL_SWEEP_H

#include "harness/network/cell_network.h"

#define CELL_NAME_PREFIX "ikl-"

// Kills every process inside the namespaces and removes them. Names of namespaces that do not
// exist are skipped. False when one of them is still there afterwards.
bool namespaces_remove(char names[][CELL_NAME_SIZE], size_t count);

#endif
