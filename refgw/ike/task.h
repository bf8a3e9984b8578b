// task.h - requests an IKE SA still wants to make. The window has room for one at a time, so
// they wait in a queue; what a request asks is written when its turn comes.
#ifndef REFGW_IKE_TASK_H
#define REFGW_IKE_TASK_H

#include "refgw/base/bytes.h"

struct ike_engine;
struct ike_sa;
struct exchange;

enum ike_task_kind {
    TASK_LIVENESS,
    TASK_DELETE_CHILD,
    TASK_DELETE_IKE_SA,
    TASK_AUTHENTICATION_FAILED, // tells the responder that its AUTH was wrong
};

struct ike_task {
    enum ike_task_kind kind;
    uint32_t inbound_spi; // TASK_DELETE_CHILD
    struct ike_task *next;
};

// A zeroed struct is empty.
struct task_queue {
    struct ike_task *first;
    struct ike_task *last;
    struct ike_task *current; // its request is outstanding
};

// False when memory runs out.
MUST_USE bool task_queue_add(struct task_queue *queue, enum ike_task_kind kind,
                             uint32_t inbound_spi);
MUST_USE bool task_queue_has(const struct task_queue *queue, enum ike_task_kind kind);
// Forgets what has not been asked yet.
void task_queue_drop_waiting(struct task_queue *queue);
void task_queue_clear(struct task_queue *queue);

// Sends the next request when the window is free. What finds nothing left to ask is skipped.
void tasks_run(struct ike_engine *engine, struct ike_sa *sa);
// The outstanding request got its answer.
void tasks_finish(struct exchange *exchange);

#endif
