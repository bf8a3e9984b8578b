// gateway_network.h - addresses and routes that come and go, for the connections with MOBIKE.
#ifndef REFGW_APP_GATEWAY_NETWORK_H
#define REFGW_APP_GATEWAY_NETWORK_H

#include "refgw/app/gateway_state.h"

// Watches them when a connection needs it. False with the reason in out_problem.
MUST_USE bool gateway_watch_network(struct gateway *gateway, struct problem *out_problem);
// Tells the engine what there is now. gateway_settle() must follow.
void gateway_look_at_network(struct gateway *gateway);

#endif
