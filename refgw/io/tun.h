// tun.h - the tunnel device: clear packets between this gateway and the kernel's routing.
#ifndef REFGW_IO_TUN_H
#define REFGW_IO_TUN_H

#include "refgw/esp/packet_batch.h"
#include "refgw/io/problem.h"

enum { TUN_NAME_SIZE = 16 };

struct tun {
    int descriptor;
    int index; // of the interface
};

// Makes the device; it disappears when it is closed. Non-blocking. It has no address and is
// down: see netlink_route.h.
MUST_USE bool tun_open(const char *name, struct tun *out_tun, struct problem *out_problem);
void tun_close(struct tun *tun);
// Fills an empty batch, up to its end, with IP packets that the kernel routed into the device.
void tun_receive(const struct tun *tun, struct packet_batch *batch);
// Hands an IP packet to the kernel. False with errno set.
MUST_USE bool tun_send(const struct tun *tun, struct byte_view packet);

#endif
