// udp.h - the IKE sockets: UDP ports 500 and 4500 on every address we listen on.
#ifndef REFGW_IO_UDP_H
#define REFGW_IO_UDP_H

#include "refgw/esp/packet_batch.h"
#include "refgw/io/problem.h"

enum { UDP_MOST_LISTEN = 16, UDP_MOST_SOCKETS = 2 * UDP_MOST_LISTEN };

struct udp_setup {
    size_t listen_count; // 0: any address, IPv4 and IPv6
    struct ip_address listen[UDP_MOST_LISTEN];
    uint16_t ike_port;           // stands for 500
    uint16_t nat_traversal_port; // stands for 4500
    uint32_t mark;               // SO_MARK
};

// In paths the local port is what the socket stands for, 500 or 4500, even when it is bound
// to another one. To the peer such a gateway looks like one behind a NAT.
struct udp_socket {
    int descriptor;
    struct ip_address listen; // all zero: any of this family
    uint16_t port;            // 500 or 4500
};

struct udp_sockets {
    size_t count;
    struct udp_socket items[UDP_MOST_SOCKETS];
};

// All or none. Without IPv6 in the kernel, "any" means IPv4.
MUST_USE bool udp_open(const struct udp_setup *setup, struct udp_sockets *out_sockets,
                       struct problem *out_problem);
void udp_close(struct udp_sockets *sockets);
// Fills an empty batch, up to its end, with what has arrived; path is complete.
void udp_receive(const struct udp_socket *socket, struct packet_batch *batch);
// Sends a UDP payload: the socket follows from path->local. False with errno set.
MUST_USE bool udp_send(const struct udp_sockets *sockets, const struct network_path *path,
                       struct byte_view payload);

#endif
