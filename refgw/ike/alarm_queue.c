#include "refgw/ike/alarm_queue.h"

#include <assert.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 16 };

bool alarm_queue_reserve(struct alarm_queue *queue, size_t count)
{
    size_t capacity = queue->capacity == 0 ? FIRST_CAPACITY : queue->capacity;
    while (capacity < count) {
        capacity *= 2;
    }
    if (capacity == queue->capacity) {
        return true;
    }
    // NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers
    struct alarm **items = calloc(capacity, sizeof(*items));
    if (items == NULL) {
        return false;
    }
    for (size_t i = 0; i < queue->count; i++) {
        items[i] = queue->items[i];
    }
    free(queue->items);
    queue->items = items;
    queue->capacity = capacity;
    return true;
}

static void put_at(const struct alarm_queue *queue, struct alarm *alarm, size_t place)
{
    queue->items[place - 1] = alarm;
    alarm->place = place;
}

static bool is_earlier(const struct alarm_queue *queue, size_t left, size_t right)
{
    return instant_is_before(queue->items[left - 1]->when, queue->items[right - 1]->when);
}

static void exchange_places(const struct alarm_queue *queue, size_t left, size_t right)
{
    struct alarm *moved = queue->items[left - 1];
    put_at(queue, queue->items[right - 1], left);
    put_at(queue, moved, right);
}

static void move_towards_front(const struct alarm_queue *queue, size_t place)
{
    while (place > 1 && is_earlier(queue, place, place / 2)) {
        exchange_places(queue, place, place / 2);
        place /= 2;
    }
}

static void move_towards_back(const struct alarm_queue *queue, size_t place)
{
    for (;;) {
        size_t least = place;
        if (2 * place <= queue->count && is_earlier(queue, 2 * place, least)) {
            least = 2 * place;
        }
        if (2 * place + 1 <= queue->count && is_earlier(queue, 2 * place + 1, least)) {
            least = 2 * place + 1;
        }
        if (least == place) {
            return;
        }
        exchange_places(queue, place, least);
        place = least;
    }
}

void alarm_set(struct alarm_queue *queue, struct alarm *alarm, struct instant when)
{
    alarm->when = when;
    if (alarm->place == 0) {
        assert(queue->count < queue->capacity);
        queue->count++;
        put_at(queue, alarm, queue->count);
    }
    move_towards_front(queue, alarm->place);
    move_towards_back(queue, alarm->place);
}

void alarm_stop(struct alarm_queue *queue, struct alarm *alarm)
{
    const size_t place = alarm->place;
    if (place == 0) {
        return;
    }
    exchange_places(queue, place, queue->count);
    queue->count--;
    alarm->place = 0;
    if (place <= queue->count) {
        move_towards_front(queue, place);
        move_towards_back(queue, place);
    }
}

struct alarm *alarm_queue_first(const struct alarm_queue *queue)
{
    return queue->count == 0 ? NULL : queue->items[0];
}

void alarm_queue_clear(struct alarm_queue *queue)
{
    free(queue->items);
    *queue = (struct alarm_queue){.items = NULL};
}
