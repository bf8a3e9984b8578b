// simulation_observation.h - what the engines of a simulation do: datagrams are kept, SAs
// remembered, invariants looked at. For the simulation's own files.
#ifndef REFGW_TESTS_IKESIM_SIMULATION_OBSERVATION_H
#define REFGW_TESTS_IKESIM_SIMULATION_OBSERVATION_H

#include "refgw/tests/ikesim/simulation.h"

// Room for one more item in a growing array; aborts without memory.
void *grown_array(void *items, size_t count, size_t *capacity, size_t item_size);
// A node of the network and an observer of it; `context` is the simulation.
enum node_verdict simulation_keep(void *context, struct flight *flight);
void simulation_observe(void *context, unsigned host, const struct ike_action *action);

// NULL when the host never had it.
struct known_spi *simulation_find_spi(struct simulated_gateway *gateway, uint32_t spi);
bool simulation_has_unwanted(const struct simulation *simulation, unsigned host);
// The host was told to delete what it has.
void simulation_mark_unwanted(struct simulation *simulation, unsigned host);

#endif
