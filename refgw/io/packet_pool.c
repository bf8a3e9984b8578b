#include "refgw/io/packet_pool.h"

#include "refgw/base/secret.h"

#include <stdlib.h>

enum { BUFFER_SIZE = PACKET_HEADROOM + PACKET_MOST_SIZE + 1 + PACKET_TAILROOM };

bool packet_batch_allocate(struct packet_batch *batch)
{
    uint8_t *memory = calloc(BATCH_MOST_PACKETS, BUFFER_SIZE);
    if (memory == NULL) {
        return false;
    }
    for (size_t i = 0; i < BATCH_MOST_PACKETS; i++) {
        batch->packets[i] =
            (struct packet){.buffer = memory + i * BUFFER_SIZE, .capacity = BUFFER_SIZE};
    }
    packet_batch_reset(batch);
    return true;
}

// Packets may have been swapped, so the allocation starts at the lowest buffer.
static uint8_t *lowest_buffer(const struct packet_batch *batch)
{
    uint8_t *lowest = batch->packets[0].buffer;
    for (size_t i = 1; i < BATCH_MOST_PACKETS; i++) {
        if (batch->packets[i].buffer < lowest) {
            lowest = batch->packets[i].buffer;
        }
    }
    return lowest;
}

void packet_batch_release(struct packet_batch *batch)
{
    uint8_t *memory = lowest_buffer(batch);
    if (memory != NULL) {
        secret_wipe(memory, (size_t)BATCH_MOST_PACKETS * BUFFER_SIZE);
        free(memory);
    }
    *batch = (struct packet_batch){0};
}

void packet_batch_reset(struct packet_batch *batch)
{
    batch->count = 0;
    for (size_t i = 0; i < BATCH_MOST_PACKETS; i++) {
        struct packet *packet = &batch->packets[i];
        *packet = (struct packet){.buffer = packet->buffer,
                                  .capacity = packet->capacity,
                                  .data = packet->buffer + PACKET_HEADROOM};
    }
}

void packet_swap(struct packet *left, struct packet *right)
{
    const struct packet kept = *left;
    *left = *right;
    *right = kept;
}
