#include "harness/relay/delay_queue.h"

#include "harness/tap/tap.h"

#include <stdlib.h>

enum { MANY = 1000 };

static bool add(struct delay_queue *queue, uint32_t number, uint64_t milliseconds)
{
    uint8_t bytes[4];
    static const struct ip_address nobody;
    struct byte_writer out = writer_into(bytes, sizeof(bytes));
    writer_put_u32(&out, number);
    struct delayed_packet *packet = delayed_packet_new(RELAY_EAST, &nobody, VIEW_OF(bytes));
    const struct instant due = {.nanoseconds = duration_milliseconds(milliseconds).nanoseconds};
    if (packet == NULL || !delay_queue_adopt(queue, packet, due)) {
        free(packet);
        return false;
    }
    return true;
}

// The number of the packet that is due, or -1.
static int64_t take(struct delay_queue *queue, uint64_t milliseconds)
{
    uint32_t number = 0;
    const struct instant now = {.nanoseconds = duration_milliseconds(milliseconds).nanoseconds};
    struct delayed_packet *packet = delay_queue_take(queue, now);
    if (packet == NULL) {
        return -1;
    }
    struct byte_reader in = reader_over((struct byte_view){packet->bytes, packet->size});
    const bool taken = reader_take_u32(&in, &number);
    free(packet);
    return taken ? (int64_t)number : -1;
}

static void packets_leave_in_the_order_of_their_time(void)
{
    struct delay_queue queue = {0};
    struct instant due;
    ok(!delay_queue_next(&queue, &due) && take(&queue, 1000) == -1, "an empty queue has nothing");
    ok(add(&queue, 1, 30) && add(&queue, 2, 10) && add(&queue, 3, 20), "three are put in");
    ok(delay_queue_next(&queue, &due) && due.nanoseconds == 10000000, "the next one is known");
    ok(take(&queue, 9) == -1, "nothing leaves before its time");
    ok(take(&queue, 20) == 2 && take(&queue, 21) == 3 && take(&queue, 22) == -1,
       "two are due, the earlier one first");
    ok(take(&queue, 40) == 1, "the last one is late but there");
    delay_queue_clear(&queue);
}

static void packets_of_one_time_keep_their_order(void)
{
    struct delay_queue queue = {0};
    bool in_order = true;
    for (uint32_t i = 0; i < MANY; i++) {
        in_order = add(&queue, i, 5) && in_order;
    }
    for (uint32_t i = 0; i < MANY; i++) {
        in_order = take(&queue, 5) == (int64_t)i && in_order;
    }
    ok(in_order, "%d packets due at once", MANY);
    delay_queue_clear(&queue);
}

static void mixed_times_come_out_sorted(void)
{
    struct delay_queue queue = {0};
    uint32_t random = 1;
    uint64_t last = 0;
    bool sorted = true;
    for (uint32_t i = 0; i < MANY; i++) {
        random = random * 1103515245U + 12345U;
        sorted = add(&queue, random >> 16, random >> 16) && sorted;
    }
    for (uint32_t i = 0; i < MANY; i++) {
        const int64_t number = take(&queue, UINT32_MAX);
        sorted = sorted && number >= 0 && (uint64_t)number >= last;
        last = number >= 0 ? (uint64_t)number : last;
    }
    ok(sorted && queue.count == 0, "%d packets in any order", MANY);
    ok(add(&queue, 1, 1), "one stays inside and is released");
    delay_queue_clear(&queue);
}

int main(void)
{
    packets_leave_in_the_order_of_their_time();
    packets_of_one_time_keep_their_order();
    mixed_times_come_out_sorted();
    return done_testing();
}
