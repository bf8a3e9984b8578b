// alarm_queue.h - which of many objects has the earliest deadline (a binary heap).
#ifndef REFGW_IKE_ALARM_QUEUE_H
#define REFGW_IKE_ALARM_QUEUE_H

#include "refgw/base/bytes.h"
#include "refgw/base/clock.h"

// Lives inside the object it wakes. A zeroed struct, with its owner filled in, is not set.
struct alarm {
    struct instant when;
    void *owner;
    size_t place; // in the heap, from 1; 0: not set
};

// A zeroed struct is an empty queue.
struct alarm_queue {
    struct alarm **items;
    size_t count;
    size_t capacity;
};

// Makes room so that `count` alarms can be set at the same time. False when memory runs out.
MUST_USE bool alarm_queue_reserve(struct alarm_queue *queue, size_t count);
// Sets or moves an alarm. There must be room for it.
void alarm_set(struct alarm_queue *queue, struct alarm *alarm, struct instant when);
void alarm_stop(struct alarm_queue *queue, struct alarm *alarm); // also when it is not set
// The earliest alarm, or NULL.
MUST_USE struct alarm *alarm_queue_first(const struct alarm_queue *queue);
void alarm_queue_clear(struct alarm_queue *queue);

#endif
