// datagram_socket.h - a UDP or raw socket that knows, for every packet, which of our addresses
// it was sent to, and that can choose the source address when it sends.
#ifndef REFGW_IO_DATAGRAM_SOCKET_H
#define REFGW_IO_DATAGRAM_SOCKET_H

#include "refgw/esp/packet_batch.h"
#include "refgw/io/problem.h"

struct datagram_socket_setup {
    int type;                 // SOCK_DGRAM or SOCK_RAW
    int protocol;             // 0 for UDP
    struct ip_endpoint local; // to bind to; an all-zero address is any of that family
    uint32_t mark;            // SO_MARK, so that a rule keeps these packets out of the tunnel
};

// A descriptor, non-blocking, or -1 with the reason in out_problem. Outer packets may be
// fragmented on their way: path MTU discovery is off.
MUST_USE int datagram_socket_open(const struct datagram_socket_setup *setup,
                                  struct problem *out_problem);
// Fills an empty batch with what has arrived, up to its end. Sets data, size and
// path.local.address and path.remote; the local port is the caller's to know.
void datagram_socket_receive(int descriptor, struct packet_batch *batch);
// Sends one packet from path->local.address (ADDRESS_NONE: the kernel chooses) to path->remote.
// False with errno set.
MUST_USE bool datagram_socket_send(int descriptor, const struct network_path *path,
                                   struct byte_view bytes);
// The address that this machine would send from to reach `remote` with this mark. False when there
// is no route.
MUST_USE bool datagram_source_address(const struct ip_address *remote, uint32_t mark,
                                      struct ip_address *out_source);

#endif
