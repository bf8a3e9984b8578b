#include "refgw/ike/task.h"

#include <stdlib.h>

#include "refgw/ike/create_child_sa.h"
#include "refgw/ike/creation.h"
#include "refgw/ike/exchange.h"
#include "refgw/ike/ike_sa_life.h"
#include "refgw/ike/informational.h"
#include "refgw/ike/mobility.h"
#include "refgw/ike/reporting.h"

// How a task becomes a request, and what its answer means.
struct task_kind_rule {
    enum ike_task_kind kind;
    uint8_t exchange_type;
    bool ends_sa; // sent even before the SA is established, and nothing else follows
    // Puts the request's payloads; false when there is nothing left to ask.
    bool (*write)(struct ike_sa *sa, const struct ike_task *task, struct outgoing_draft *draft);
    void (*finish)(struct exchange *exchange, const struct ike_task *task);
};

static const struct task_kind_rule RULES[] = {
    {TASK_LIVENESS,              IKE_EXCHANGE_INFORMATIONAL,   false, write_liveness,              finish_liveness    },
    {TASK_DELETE_CHILD,          IKE_EXCHANGE_INFORMATIONAL,   false, write_delete_child,          finish_delete_child},
    {TASK_DELETE_IKE_SA,         IKE_EXCHANGE_INFORMATIONAL,   true,  write_delete_ike_sa,         finish_closing     },
    {TASK_AUTHENTICATION_FAILED, IKE_EXCHANGE_INFORMATIONAL,   true,  write_authentication_failed,
     finish_closing                                                                                                   },
    {TASK_CREATE_CHILD,          IKE_EXCHANGE_CREATE_CHILD_SA, false, write_child_creation,
     finish_child_creation                                                                                            },
    {TASK_REKEY_CHILD,           IKE_EXCHANGE_CREATE_CHILD_SA, false, write_child_creation,
     finish_child_creation                                                                                            },
    {TASK_REKEY_IKE,             IKE_EXCHANGE_CREATE_CHILD_SA, false, write_ike_rekey,             finish_ike_rekey   },
    {TASK_UPDATE_ADDRESSES,      IKE_EXCHANGE_INFORMATIONAL,   false, write_address_update,
     finish_address_update                                                                                            },
    {TASK_ANNOUNCE_ADDRESSES,    IKE_EXCHANGE_INFORMATIONAL,   false, write_address_list,
     finish_address_list                                                                                              },
    {TASK_CHECK_RETURN,          IKE_EXCHANGE_INFORMATIONAL,   false, write_return_check,          finish_return_check},
};

static const struct task_kind_rule *rule_of(enum ike_task_kind kind)
{
    size_t i = 0;
    while (RULES[i].kind != kind) {
        i++;
    }
    return &RULES[i];
}

static void append(struct task_queue *queue, struct ike_task *task)
{
    task->next = NULL;
    if (queue->last == NULL) {
        queue->first = task;
    } else {
        queue->last->next = task;
    }
    queue->last = task;
}

static void task_free(struct ike_task *task)
{
    if (task != NULL) {
        creation_free(task->creation);
        free(task);
    }
}

bool task_queue_add_child(struct task_queue *queue, enum ike_task_kind kind,
                          const struct policy_child *policy, uint32_t inbound_spi)
{
    struct ike_task *task = calloc(1, sizeof(*task));
    if (task == NULL) {
        return false;
    }
    *task = (struct ike_task){.kind = kind, .inbound_spi = inbound_spi, .policy = policy};
    append(queue, task);
    return true;
}

bool task_queue_add(struct task_queue *queue, enum ike_task_kind kind, uint32_t inbound_spi)
{
    return task_queue_add_child(queue, kind, NULL, inbound_spi);
}

bool task_queue_add_first(struct task_queue *queue, enum ike_task_kind kind)
{
    struct ike_task *task = calloc(1, sizeof(*task));
    if (task == NULL) {
        return false;
    }
    *task = (struct ike_task){.kind = kind, .next = queue->first};
    queue->first = task;
    if (queue->last == NULL) {
        queue->last = task;
    }
    return true;
}

bool task_queue_is_at(const struct task_queue *queue, enum ike_task_kind kind)
{
    return queue->current != NULL && queue->current->kind == kind;
}

bool task_queue_has_rekey(const struct task_queue *queue, uint32_t inbound_spi)
{
    const struct ike_task *task = queue->first;
    while (task != NULL && (task->kind != TASK_REKEY_CHILD || task->inbound_spi != inbound_spi)) {
        task = task->next;
    }
    return task != NULL || (task_queue_is_at(queue, TASK_REKEY_CHILD) &&
                            queue->current->inbound_spi == inbound_spi);
}

struct creation *task_queue_creation(const struct task_queue *queue)
{
    return queue->current == NULL ? NULL : queue->current->creation;
}

bool task_queue_deadline(const struct task_queue *queue, struct instant *out_when)
{
    bool is_set = false;
    for (const struct ike_task *task = queue->first; task != NULL; task = task->next) {
        if (task->not_before.nanoseconds != 0 &&
            (!is_set || instant_is_before(task->not_before, *out_when))) {
            *out_when = task->not_before;
            is_set = true;
        }
    }
    return is_set;
}

void task_queue_hand_over(struct task_queue *from, struct task_queue *to,
                          enum ike_task_kind without)
{
    struct ike_task *task = from->first;
    while (task != NULL) {
        struct ike_task *next = task->next;
        if (task->kind == without) {
            task_free(task);
        } else {
            append(to, task);
        }
        task = next;
    }
    from->first = NULL;
    from->last = NULL;
}

bool task_queue_has(const struct task_queue *queue, enum ike_task_kind kind)
{
    for (const struct ike_task *task = queue->first; task != NULL; task = task->next) {
        if (task->kind == kind) {
            return true;
        }
    }
    return queue->current != NULL && queue->current->kind == kind;
}

void task_queue_drop_waiting(struct task_queue *queue)
{
    while (queue->first != NULL) {
        struct ike_task *next = queue->first->next;
        task_free(queue->first);
        queue->first = next;
    }
    queue->last = NULL;
}

void task_queue_clear(struct task_queue *queue)
{
    task_queue_drop_waiting(queue);
    task_free(queue->current);
    queue->current = NULL;
}

// Whether a request is out afterwards.
static bool start(struct ike_engine *engine, struct ike_sa *sa, struct ike_task *task)
{
    const struct task_kind_rule *rule = rule_of(task->kind);
    struct outgoing_draft draft;
    outgoing_draft_begin(engine, &draft);
    if (rule->exchange_type == IKE_EXCHANGE_CREATE_CHILD_SA &&
        !creation_prepare(engine, sa, task)) {
        return false;
    }
    if (!rule->write(sa, task, &draft)) {
        return false;
    }
    const bool is_sent = send_request(engine, sa, rule->exchange_type, &draft, NULL);
    if (rule->ends_sa && is_sent) {
        ike_sa_set_state(engine, sa, IKE_SA_DELETING);
    } else if (rule->ends_sa) {
        ike_sa_close(engine, sa, sa->close_reason);
    }
    return is_sent;
}

static bool may_start(const struct ike_sa *sa, const struct ike_task *task)
{
    // A peer that is not authenticated yet is asked for nothing but the end; nor is one for
    // which there is a newer SA.
    return sa->state == IKE_SA_ESTABLISHED ||
           ((sa->state == IKE_SA_AUTH_SENT || sa->state == IKE_SA_REKEYED) &&
            rule_of(task->kind)->ends_sa);
}

// Takes out the first task that may start now; NULL when there is none.
static struct ike_task *take_next(struct ike_engine *engine, struct ike_sa *sa)
{
    struct ike_task *before = NULL;
    struct ike_task *task = sa->tasks.first;
    while (task != NULL &&
           (instant_is_before(engine->now, task->not_before) || !may_start(sa, task))) {
        before = task;
        task = task->next;
    }
    if (task == NULL) {
        return NULL;
    }
    if (before == NULL) {
        sa->tasks.first = task->next;
    } else {
        before->next = task->next;
    }
    if (sa->tasks.last == task) {
        sa->tasks.last = before;
    }
    return task;
}

void tasks_run(struct ike_engine *engine, struct ike_sa *sa)
{
    while (message_window_is_free(&sa->window)) {
        struct ike_task *task = take_next(engine, sa);
        if (task == NULL) {
            return;
        }
        if (start(engine, sa, task)) {
            sa->tasks.current = task;
        } else {
            task_free(task);
        }
    }
}

// Puts a task back in front when its answer wants it tried once more.
static bool goes_on(struct exchange *exchange, struct ike_task *task)
{
    struct creation *creation = task->creation;
    struct task_queue *queue = &exchange->sa->tasks;
    if (creation == NULL || creation->sequel == CREATION_OVER ||
        exchange->sa->state != IKE_SA_ESTABLISHED) {
        return false;
    }
    task->not_before = (struct instant){.nanoseconds = 0};
    if (creation->sequel == CREATION_LATER) {
        task->not_before = creation->retry_at;
        creation->tried_count = 0;
        creation->next_method = KE_NONE;
    }
    creation_start_over(creation);
    task->next = queue->first;
    queue->first = task;
    if (queue->last == NULL) {
        queue->last = task;
    }
    return true;
}

void tasks_finish(struct exchange *exchange)
{
    struct ike_task *task = exchange->sa->tasks.current;
    if (task == NULL) {
        return;
    }
    exchange->sa->tasks.current = NULL;
    rule_of(task->kind)->finish(exchange, task);
    if (!goes_on(exchange, task)) {
        task_free(task);
    }
}
