#include "refgw/ike/liveness.h"

bool liveness_deadline(const struct ike_sa *sa, struct instant *out_when)
{
    if (sa->state != IKE_SA_ESTABLISHED || sa->connection->liveness_delay.nanoseconds == 0 ||
        !message_window_is_free(&sa->window) || sa->tasks.first != NULL) {
        return false;
    }
    *out_when = instant_after(sa->last_heard, sa->connection->liveness_delay);
    return true;
}

void liveness_probe(struct ike_sa *sa)
{
    if (!task_queue_add(&sa->tasks, TASK_LIVENESS, 0)) {
        // Without memory the question waits for the next silence.
        sa->last_heard = instant_after(sa->last_heard, sa->connection->liveness_delay);
    }
}
