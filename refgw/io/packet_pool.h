// packet_pool.h - the memory behind a batch of packets, allocated once.
#ifndef REFGW_IO_PACKET_POOL_H
#define REFGW_IO_PACKET_POOL_H

#include "refgw/esp/packet_batch.h"

enum { PACKET_MOST_SIZE = 65535 };

// Gives each of the BATCH_MOST_PACKETS packets its own buffer, with headroom and tailroom
// around PACKET_MOST_SIZE bytes. False when memory runs out.
MUST_USE bool packet_batch_allocate(struct packet_batch *batch);
void packet_batch_release(struct packet_batch *batch); // wipes: batches hold clear text
// An empty batch: every packet may be received into again.
void packet_batch_reset(struct packet_batch *batch);
// Exchanges two packets and their buffers.
void packet_swap(struct packet *left, struct packet *right);

#endif
