// probe_packet.h - the payload of one probe datagram.
//
//   0   16 bytes  "ikelab-probe/1" and two zeros: clear text that must never be seen on the WAN
//   16  u32       stream: which sender
//   20  u32       burst: how often sending was switched on before, from 0
//   24  u64       sequence number, from 0, going on across bursts
//   32  u64       nanoseconds of CLOCK_REALTIME when it was sent
//   40            filling
#ifndef HARNESS_TRAFFIC_PROBE_PACKET_H
#define HARNESS_TRAFFIC_PROBE_PACKET_H

#include "refgw/base/bytes.h"

enum {
    PROBE_TAG_SIZE = 16,
    PROBE_SMALLEST = 40,
    PROBE_LARGEST = 65000,
};

struct probe_packet {
    uint32_t stream;
    uint32_t burst;
    uint64_t sequence;
    uint64_t sent_ns;
};

// Fills `size` bytes, at least PROBE_SMALLEST.
void probe_packet_write(const struct probe_packet *packet, uint8_t *bytes, size_t size);
// False when it is not a probe.
MUST_USE bool probe_packet_read(struct byte_view bytes, struct probe_packet *out_packet);
// The stream number of a sender: "probe" of "west-lan".
MUST_USE uint32_t probe_stream(const char *name, const char *host);

#endif
