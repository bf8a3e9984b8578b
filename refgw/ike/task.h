// task.h - requests an IKE SA still wants to make. The window has room for one at a time, so
// they wait in a queue; what a request asks is written when its turn comes.
#ifndef REFGW_IKE_TASK_H
#define REFGW_IKE_TASK_H

#include "refgw/base/bytes.h"
#include "refgw/base/clock.h"

struct ike_engine;
struct ike_sa;
struct exchange;
struct creation;
struct policy_child;

enum ike_task_kind {
    TASK_LIVENESS,
    TASK_DELETE_CHILD,
    TASK_DELETE_IKE_SA,
    TASK_AUTHENTICATION_FAILED, // tells the responder that its AUTH was wrong
    TASK_CREATE_CHILD,
    TASK_REKEY_CHILD,
    TASK_REKEY_IKE,
    TASK_UPDATE_ADDRESSES, // MOBIKE: the peer is told that we have moved
    TASK_ANNOUNCE_ADDRESSES,
    TASK_CHECK_RETURN, // whether the peer answers where it has moved to
};

struct ike_task {
    enum ike_task_kind kind;
    uint32_t inbound_spi;              // TASK_DELETE_CHILD, TASK_REKEY_CHILD
    const struct policy_child *policy; // TASK_CREATE_CHILD, TASK_REKEY_CHILD
    struct instant not_before;         // 0: as soon as it is its turn
    struct creation *creation;         // owned; of those that make SAs, once they had their turn
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
// The same, before all that waits.
MUST_USE bool task_queue_add_first(struct task_queue *queue, enum ike_task_kind kind);
// The same for a task that makes a CHILD_SA.
MUST_USE bool task_queue_add_child(struct task_queue *queue, enum ike_task_kind kind,
                                   const struct policy_child *policy, uint32_t inbound_spi);
MUST_USE bool task_queue_has(const struct task_queue *queue, enum ike_task_kind kind);
// Whether the rekey of a CHILD_SA is waiting or out.
MUST_USE bool task_queue_has_rekey(const struct task_queue *queue, uint32_t inbound_spi);
// What the outstanding request creates; NULL when it creates nothing or there is none.
MUST_USE struct creation *task_queue_creation(const struct task_queue *queue);
// Whether the outstanding request is of this kind.
MUST_USE bool task_queue_is_at(const struct task_queue *queue, enum ike_task_kind kind);
// When the first task that was put off gets its turn; false when none was.
MUST_USE bool task_queue_deadline(const struct task_queue *queue, struct instant *out_when);
// Moves what has not been asked yet, without the tasks of one kind, which are forgotten.
void task_queue_hand_over(struct task_queue *from, struct task_queue *to,
                          enum ike_task_kind without);
// Forgets what has not been asked yet.
void task_queue_drop_waiting(struct task_queue *queue);
void task_queue_clear(struct task_queue *queue);

// Sends the next request when the window is free. What finds nothing left to ask is skipped.
void tasks_run(struct ike_engine *engine, struct ike_sa *sa);
// The outstanding request got its answer.
void tasks_finish(struct exchange *exchange);

#endif
