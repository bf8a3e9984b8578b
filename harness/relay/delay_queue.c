#include "harness/relay/delay_queue.h"

#include <stdlib.h>
#include <string.h>

struct delayed_packet *delayed_packet_new(enum relay_side side, const struct ip_address *next_hop,
                                          struct byte_view bytes)
{
    struct delayed_packet *packet = malloc(sizeof(*packet) + bytes.size);
    if (packet == NULL) {
        return NULL;
    }
    *packet = (struct delayed_packet){.side = side, .next_hop = *next_hop, .size = bytes.size};
    if (bytes.size > 0) {
        memcpy(packet->bytes, bytes.data, bytes.size);
    }
    return packet;
}

static bool leaves_before(const struct delayed_packet *left, const struct delayed_packet *right)
{
    if (left->due.nanoseconds != right->due.nanoseconds) {
        return instant_is_before(left->due, right->due);
    }
    return left->number < right->number;
}

static bool make_room(struct delay_queue *queue)
{
    if (queue->count < queue->capacity) {
        return true;
    }
    if (queue->count >= DELAY_QUEUE_MOST) {
        return false;
    }
    const size_t capacity = queue->capacity == 0 ? 256 : 2 * queue->capacity;
    struct delayed_packet **larger =
        reallocarray(queue->packets, capacity, sizeof(struct delayed_packet *));
    if (larger == NULL) {
        return false;
    }
    queue->packets = larger;
    queue->capacity = capacity;
    return true;
}

bool delay_queue_adopt(struct delay_queue *queue, struct delayed_packet *packet, struct instant due)
{
    if (!make_room(queue)) {
        return false;
    }
    packet->due = due;
    packet->number = queue->next_number++;
    size_t place = queue->count++;
    while (place > 0 && leaves_before(packet, queue->packets[(place - 1) / 2])) {
        queue->packets[place] = queue->packets[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    queue->packets[place] = packet;
    return true;
}

// Puts the last packet where the first one left a hole, and lets it sink.
static void close_hole(struct delay_queue *queue)
{
    struct delayed_packet *packet = queue->packets[--queue->count];
    size_t place = 0;
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= queue->count) {
            break;
        }
        if (child + 1 < queue->count &&
            leaves_before(queue->packets[child + 1], queue->packets[child])) {
            child++;
        }
        if (!leaves_before(queue->packets[child], packet)) {
            break;
        }
        queue->packets[place] = queue->packets[child];
        place = child;
    }
    queue->packets[place] = packet;
}

struct delayed_packet *delay_queue_take(struct delay_queue *queue, struct instant now)
{
    if (queue->count == 0 || instant_is_before(now, queue->packets[0]->due)) {
        return NULL;
    }
    struct delayed_packet *packet = queue->packets[0];
    close_hole(queue);
    return packet;
}

bool delay_queue_next(const struct delay_queue *queue, struct instant *out_due)
{
    if (queue->count == 0) {
        return false;
    }
    *out_due = queue->packets[0]->due;
    return true;
}

void delay_queue_clear(struct delay_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++) {
        free(queue->packets[i]);
    }
    free(queue->packets);
    *queue = (struct delay_queue){0};
}
