// delay_queue.h - packets that leave later, in the order of their time.
#ifndef HARNESS_RELAY_DELAY_QUEUE_H
#define HARNESS_RELAY_DELAY_QUEUE_H

#include "harness/relay/router.h"
#include "refgw/base/clock.h"

enum { DELAY_QUEUE_MOST = 65536 }; // packets

struct delayed_packet {
    struct instant due;
    uint64_t number; // of two packets due at once the earlier one leaves first
    enum relay_side side;
    struct ip_address next_hop;
    size_t size;
    uint8_t bytes[];
};

// A heap. Zeroed it is empty.
struct delay_queue {
    size_t count;
    size_t capacity;
    uint64_t next_number;
    struct delayed_packet **packets;
};

// A copy of a packet on its way, on the heap; NULL when memory runs out. free() releases it.
MUST_USE struct delayed_packet *
delayed_packet_new(enum relay_side side, const struct ip_address *next_hop, struct byte_view bytes);
// Adopts the packet. False when the queue is full or memory runs out; it stays the caller's then.
MUST_USE bool delay_queue_adopt(struct delay_queue *queue, struct delayed_packet *packet,
                                struct instant due);
// The packet that is due, now the caller's; NULL when none is.
MUST_USE struct delayed_packet *delay_queue_take(struct delay_queue *queue, struct instant now);
// When the next one is due; false when the queue is empty.
MUST_USE bool delay_queue_next(const struct delay_queue *queue, struct instant *out_due);
// Releases everything.
void delay_queue_clear(struct delay_queue *queue);

#endif
