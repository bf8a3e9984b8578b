// gateway.h - the daemon: engine, ESP, sockets, tunnel device and control socket as one.
#ifndef REFGW_APP_GATEWAY_H
#define REFGW_APP_GATEWAY_H

#include "refgw/app/config.h"
#include "refgw/io/problem.h"

struct gateway;

// Opens every socket, device and file that the gateway will ever need, and sets the routing
// up; later phases may give privileges away. `config` is borrowed for the gateway's life;
// connections without a local address get the one that the kernel would use. NULL with a
// sentence for the operator in out_problem; nothing is left behind then.
MUST_USE struct gateway *gateway_open(struct config *config, struct problem *out_problem);
// Works until it is told to stop (SIGTERM, SIGINT, SIGHUP or the control socket); tells the
// peers then, for 2 seconds at most. False when waiting for events failed.
MUST_USE bool gateway_run(struct gateway *gateway);
void gateway_close(struct gateway *gateway); // accepts NULL; removes all that was set up

#endif
