#include "refgw/ike/ike_sa_life.h"

#include "refgw/ike/children.h"
#include "refgw/ike/fragments.h"
#include "refgw/ike/half_open.h"
#include "refgw/ike/keepalive.h"
#include "refgw/ike/lifetime.h"
#include "refgw/ike/liveness.h"
#include "refgw/ike/message_sending.h"
#include "refgw/ike/reporting.h"

enum {
    // How long a closed SA still repeats its last answer, in case that one was lost.
    LINGER_SECONDS = 30,
};

void ike_sa_set_state(struct ike_engine *engine, struct ike_sa *sa, enum ike_sa_state state)
{
    if (sa->state == IKE_SA_INIT_ANSWERED) {
        half_open_leave(&engine->table, sa);
    }
    if (state == IKE_SA_INIT_ANSWERED) {
        half_open_enter(&engine->table, sa);
    }
    sa->state = state;
}

bool ike_sa_choose_spi(struct ike_engine *engine, uint64_t *out_spi)
{
    uint64_t spi = 0;
    do {
        uint8_t bytes[sizeof(spi)];
        if (!random_fill(&engine->setup.randomness, bytes, sizeof(bytes))) {
            return false;
        }
        struct byte_reader in = reader_over(VIEW_OF(bytes));
        if (!reader_take_u64(&in, &spi)) {
            return false;
        }
    } while (spi == 0 || ike_sa_table_find(&engine->table, spi) != NULL);
    *out_spi = spi;
    return true;
}

void ike_sa_establish(struct ike_engine *engine, struct ike_sa *sa)
{
    ike_sa_set_state(engine, sa, IKE_SA_ESTABLISHED);
    sa->established = engine->now;
    sa->last_heard = engine->now;
    lifetime_begin_ike_sa(engine, sa);
    report_sa(engine, IKE_REPORT_IKE_SA_ESTABLISHED, sa, sa->generation == 0 ? "" : "rekeyed");
}

void ike_sa_close(struct ike_engine *engine, struct ike_sa *sa, const char *reason)
{
    if (sa->state == IKE_SA_CLOSED) {
        return;
    }
    while (sa->children != NULL) {
        child_remove(engine, sa->children, reason);
    }
    children_drop_retired(engine, sa, true);
    report_sa(engine, IKE_REPORT_IKE_SA_CLOSED, sa, reason);
    ike_sa_set_state(engine, sa, IKE_SA_CLOSED);
    task_queue_clear(&sa->tasks);
    if (sa->window.is_waiting) {
        message_window_finish_request(&sa->window);
    }
    fragments_forget(sa);
    ike_sa_wipe_derivation_keys(sa);
    ike_sa_forget_initial(sa, engine->setup.crypto);
    sa->linger_until = instant_after(engine->now, duration_seconds(LINGER_SECONDS));
}

void ike_sa_begin_close(struct ike_engine *engine, struct ike_sa *sa, enum ike_task_kind how,
                        const char *reason)
{
    sa->close_reason = reason;
    if (sa->window.is_waiting) {
        task_queue_drop_waiting(&sa->tasks);
    } else {
        task_queue_clear(&sa->tasks);
    }
    if (!task_queue_add(&sa->tasks, how, 0)) {
        ike_sa_close(engine, sa, reason);
    }
}

static bool is_finished(const struct ike_engine *engine, const struct ike_sa *sa)
{
    return sa->state == IKE_SA_CLOSED &&
           (!sa->repeats_answer || !instant_is_before(engine->now, sa->linger_until));
}

struct due_time {
    bool is_set;
    struct instant when;
};

static void consider(struct due_time *due, bool counts, struct instant when)
{
    if (counts && (!due->is_set || instant_is_before(when, due->when))) {
        *due = (struct due_time){.is_set = true, .when = when};
    }
}

static void set_alarm(struct ike_engine *engine, struct ike_sa *sa)
{
    struct due_time due = {.is_set = false};
    struct instant when = {0};

    consider(&due, sa->window.is_waiting, sa->window.timer.deadline);
    if (sa->initial != NULL) {
        consider(&due, sa->initial->failure != NULL, sa->initial->failure_deadline);
    }
    consider(&due, sa->state == IKE_SA_CLOSED, sa->linger_until);
    consider(&due, sa->state == IKE_SA_INIT_ANSWERED, half_open_deadline(engine, sa));
    consider(&due, liveness_deadline(sa, &when), when);
    consider(&due, lifetime_deadline(sa, &when), when);
    consider(&due, fragments_deadline(sa, &when), when);
    consider(&due, keepalive_deadline(engine, sa, &when), when);
    if (due.is_set) {
        alarm_set(&engine->table.alarms, &sa->alarm, due.when);
    } else {
        alarm_stop(&engine->table.alarms, &sa->alarm);
    }
}

void ike_sa_settle(struct ike_engine *engine, struct ike_sa *sa)
{
    mobility_reconcile(engine, sa);
    tasks_run(engine, sa);
    if (is_finished(engine, sa)) {
        ike_sa_table_remove(&engine->table, sa, engine->setup.crypto);
    } else {
        set_alarm(engine, sa);
    }
}

static bool is_due(const struct ike_engine *engine, struct instant when)
{
    return !instant_is_before(engine->now, when);
}

static void repeat_request(struct ike_engine *engine, struct ike_sa *sa)
{
    if (retransmission_repeat(&sa->window.timer, &engine->setup.policy->retransmission,
                              engine->now)) {
        mobility_repeat_request(engine, sa);
        return;
    }
    report_sa(engine, IKE_REPORT_PEER_SILENT, sa, "retransmit-timeout");
    ike_sa_close(engine, sa, "retransmit-timeout");
}

void ike_sa_wake(struct ike_engine *engine, struct ike_sa *sa)
{
    struct instant when;

    fragments_give_up(sa, engine->now);
    lifetime_expire(engine, sa);
    if (keepalive_deadline(engine, sa, &when) && is_due(engine, when)) {
        keepalive_send(engine, sa);
    }
    if (sa->initial != NULL && sa->initial->failure != NULL &&
        is_due(engine, sa->initial->failure_deadline)) {
        ike_sa_close(engine, sa, sa->initial->failure);
    } else if (sa->state == IKE_SA_INIT_ANSWERED &&
               is_due(engine, half_open_deadline(engine, sa))) {
        ike_sa_close(engine, sa, "half-open-timeout");
    } else if (sa->window.is_waiting && is_due(engine, sa->window.timer.deadline)) {
        repeat_request(engine, sa);
    } else if (liveness_deadline(sa, &when) && is_due(engine, when)) {
        liveness_probe(sa);
    }
}
