#include "refgw/ike/task.h"

#include <stdlib.h>

#include "refgw/ike/exchange.h"
#include "refgw/ike/ike_sa_life.h"
#include "refgw/ike/informational.h"
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
    {TASK_LIVENESS,              IKE_EXCHANGE_INFORMATIONAL, false, write_liveness,              finish_liveness    },
    {TASK_DELETE_CHILD,          IKE_EXCHANGE_INFORMATIONAL, false, write_delete_child,          finish_delete_child},
    {TASK_DELETE_IKE_SA,         IKE_EXCHANGE_INFORMATIONAL, true,  write_delete_ike_sa,         finish_closing     },
    {TASK_AUTHENTICATION_FAILED, IKE_EXCHANGE_INFORMATIONAL, true,  write_authentication_failed,
     finish_closing                                                                                                 },
};

static const struct task_kind_rule *rule_of(enum ike_task_kind kind)
{
    size_t i = 0;
    while (RULES[i].kind != kind) {
        i++;
    }
    return &RULES[i];
}

bool task_queue_add(struct task_queue *queue, enum ike_task_kind kind, uint32_t inbound_spi)
{
    struct ike_task *task = calloc(1, sizeof(*task));
    if (task == NULL) {
        return false;
    }
    *task = (struct ike_task){.kind = kind, .inbound_spi = inbound_spi};
    if (queue->last == NULL) {
        queue->first = task;
    } else {
        queue->last->next = task;
    }
    queue->last = task;
    return true;
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
        free(queue->first);
        queue->first = next;
    }
    queue->last = NULL;
}

void task_queue_clear(struct task_queue *queue)
{
    task_queue_drop_waiting(queue);
    free(queue->current);
    queue->current = NULL;
}

static struct ike_task *take_first(struct task_queue *queue)
{
    struct ike_task *task = queue->first;
    queue->first = task->next;
    if (queue->first == NULL) {
        queue->last = NULL;
    }
    return task;
}

// Whether a request is out afterwards.
static bool start(struct ike_engine *engine, struct ike_sa *sa, const struct ike_task *task)
{
    const struct task_kind_rule *rule = rule_of(task->kind);
    struct outgoing_draft draft;
    outgoing_draft_begin(engine, &draft);
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
    // A peer that is not authenticated yet is asked for nothing but the end.
    return sa->state == IKE_SA_ESTABLISHED ||
           (sa->state == IKE_SA_AUTH_SENT && rule_of(task->kind)->ends_sa);
}

void tasks_run(struct ike_engine *engine, struct ike_sa *sa)
{
    while (sa->tasks.first != NULL && message_window_is_free(&sa->window) &&
           may_start(sa, sa->tasks.first)) {
        struct ike_task *task = take_first(&sa->tasks);
        if (start(engine, sa, task)) {
            sa->tasks.current = task;
        } else {
            free(task);
        }
    }
}

void tasks_finish(struct exchange *exchange)
{
    struct ike_task *task = exchange->sa->tasks.current;
    if (task == NULL) {
        return;
    }
    exchange->sa->tasks.current = NULL;
    rule_of(task->kind)->finish(exchange, task);
    free(task);
}
