// raw_esp.h - ESP directly over IP, protocol 50 (RFC 4303, section 2), through raw sockets.
#ifndef REFGW_IO_RAW_ESP_H
#define REFGW_IO_RAW_ESP_H

#include "refgw/esp/packet_batch.h"
#include "refgw/io/problem.h"

struct raw_esp {
    int ipv4;
    int ipv6; // -1 when the kernel has no IPv6
};

MUST_USE bool raw_esp_open(uint32_t mark, struct raw_esp *out_sockets, struct problem *out_problem);
void raw_esp_close(struct raw_esp *sockets);
// Fills an empty batch, up to its end, with ESP packets, from the SPI on. `descriptor` is one of the two.
void raw_esp_receive(const struct raw_esp *sockets, int descriptor, struct packet_batch *batch);
// Ports in the path do not count. False with errno set.
MUST_USE bool raw_esp_send(const struct raw_esp *sockets, const struct network_path *path,
                           struct byte_view packet);

#endif
