// loop.h - one thread waits for descriptors, one deadline and signals: epoll, timerfd, signalfd.
#ifndef REFGW_IO_LOOP_H
#define REFGW_IO_LOOP_H

#include "refgw/base/clock.h"
#include "refgw/io/problem.h"

struct loop;

enum loop_events {
    LOOP_READABLE = 1, // also: the other end has closed
    LOOP_WRITABLE = 2,
};

typedef void loop_handler(void *context, unsigned events); // LOOP_* that are true now

// NULL with the reason in out_problem.
MUST_USE struct loop *loop_new(struct problem *out_problem);
void loop_free(struct loop *loop); // accepts NULL; descriptors stay their owners'

// Watches a descriptor until loop_unwatch(). `handler` may unwatch any descriptor, its own
// included. False with errno set.
MUST_USE bool loop_watch(struct loop *loop, int descriptor, unsigned events, loop_handler *handler,
                         void *context);
// Which events count from now on; the descriptor must be watched.
void loop_change(struct loop *loop, int descriptor, unsigned events);
// Call it before closing the descriptor.
void loop_unwatch(struct loop *loop, int descriptor);

// Calls `handler` once, as soon as possible after `when`; replaces an earlier deadline.
typedef void loop_deadline_handler(void *context);
void loop_set_deadline_handler(struct loop *loop, loop_deadline_handler *handler, void *context);
void loop_set_deadline(struct loop *loop, struct instant when);
void loop_clear_deadline(struct loop *loop);

// From now on these signals are calls inside loop_run(), blocked everywhere else.
typedef void loop_signal_handler(void *context, int signal);
MUST_USE bool loop_take_signals(struct loop *loop, const int *signals, size_t count,
                                loop_signal_handler *handler, void *context);

// Runs until loop_stop(). False with errno set when waiting itself failed.
MUST_USE bool loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
