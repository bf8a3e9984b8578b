// packet_batch.h - packets on their way through ESP, and what became of them.
#ifndef REFGW_ESP_PACKET_BATCH_H
#define REFGW_ESP_PACKET_BATCH_H

#include "refgw/base/address.h"

enum {
    BATCH_MOST_PACKETS = 64,
    PACKET_HEADROOM = 64,  // free bytes an outbound packet needs in front
    PACKET_TAILROOM = 320, // and behind: 255 padding, trailer, ICV
};

enum packet_verdict {
    PACKET_PASSED,             // sealed or opened; `data` and `size` are the result
    PACKET_NO_POLICY,          // outbound: no selector matches; inbound: nothing decides
    PACKET_NO_SA,              // policy without SA; or unknown SPI
    PACKET_MALFORMED,          // too short, not IP, bad padding
    PACKET_REPLAYED,           // inside or left of the window and seen, RFC 4303 section 3.4.3
    PACKET_NOT_AUTHENTIC,      // wrong ICV
    PACKET_SELECTOR_MISMATCH,  // decrypted, but not what the SA may carry (RFC 4301 5.2)
    PACKET_SEQUENCE_EXHAUSTED, // the counter must not cycle (RFC 4303 section 3.3.3)
    PACKET_DUMMY,              // next header 59: thrown away silently
    PACKET_VERDICT_COUNT,
};

// `data` is inside [buffer, buffer + capacity) and moves as headers come and go.
struct packet {
    uint8_t *buffer;
    size_t capacity;
    uint8_t *data;
    size_t size;
    enum packet_verdict verdict;
    uint32_t child_sa_id;     // set when an SA was found
    bool is_udp_encapsulated; // outbound result: how to send it
    struct network_path path; // outbound result: from where to where
};

struct packet_batch {
    size_t count;
    struct packet packets[BATCH_MOST_PACKETS];
};

MUST_USE const char *packet_verdict_name(enum packet_verdict verdict); // "no-sa"

#endif
