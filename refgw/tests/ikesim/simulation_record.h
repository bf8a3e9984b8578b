// simulation_record.h - what happens in a simulation, written down: as steps that can be done
// again, and as a trace for people.
#ifndef REFGW_TESTS_IKESIM_SIMULATION_RECORD_H
#define REFGW_TESTS_IKESIM_SIMULATION_RECORD_H

#include "refgw/tests/ikesim/simulation.h"

// One line of the trace; `host` NETWORK_HOSTS: about neither.
__attribute__((format(printf, 3, 4))) void simulation_tell(struct simulation *simulation,
                                                           unsigned host, const char *format, ...);
// One line of the script, after the time that has passed since the last one.
__attribute__((format(printf, 2, 3))) void simulation_write_step(struct simulation *simulation,
                                                                 const char *format, ...);
// The script's `setup` block.
void simulation_write_setup(struct simulation *simulation);

#endif
