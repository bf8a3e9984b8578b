// invariants.h - what must hold in every simulation, whatever the network does.
#ifndef REFGW_TESTS_IKESIM_INVARIANTS_H
#define REFGW_TESTS_IKESIM_INVARIANTS_H

#include "refgw/tests/ikesim/simulation.h"

// Keeps the first violation.
__attribute__((format(printf, 3, 4))) void violate(struct simulation *simulation,
                                                   const char *invariant, const char *format, ...);

// Checked while it happens.
// No message in the clear that must not be; repetitions are identical bit by bit.
void invariant_of_datagram(struct simulation *simulation, unsigned sender, struct byte_view bytes,
                           bool has_marker);
// Nobody but the peer decides where requests and traffic go.
void invariant_of_path(struct simulation *simulation, unsigned host,
                       const struct ike_action *action);
// No inbound SA goes before the peer has stopped sending on it.
void invariant_of_removal(struct simulation *simulation, unsigned host,
                          const struct child_sa *child);
// A live connection has a usable SA.
void invariant_of_sending(struct simulation *simulation, unsigned host);
// What is sent on an SA of a live connection can be received.
void invariant_of_arrival(struct simulation *simulation, unsigned sender, uint32_t spi);

// Both ends have one established IKE SA and CHILD_SAs that pair up: from here on a connection
// counts as live.
bool simulation_is_calm(const struct simulation *simulation);

// Checked when nothing is under way any more.
// Both sides agree on IKE SAs and CHILD_SAs, and no selectors have more than one pair.
void invariants_once_quiet(struct simulation *simulation);
// Neither side has anything, nor waits for anything.
void invariants_once_down(struct simulation *simulation);

#endif
