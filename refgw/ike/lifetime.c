#include "refgw/ike/lifetime.h"

#include "refgw/ike/children.h"
#include "refgw/ike/ike_rekey.h"
#include "refgw/ike/ike_sa_life.h"

enum {
    PERCENT = 100,
    SOFT_PERCENT = 80,
    JITTER_PERCENT = 10,
    // How long the deletion of a CHILD_SA that was replaced is left to the peer.
    REPLACED_SECONDS = 60,
    // Before a rekey that failed is tried again, where the hard limit leaves time for it.
    RETRY_SECONDS = 30,
};

static uint64_t random_number(struct ike_engine *engine)
{
    uint8_t bytes[sizeof(uint64_t)];
    uint64_t number = 0;
    if (!random_fill(&engine->setup.randomness, bytes, sizeof(bytes))) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

struct duration lifetime_jitter(struct ike_engine *engine, struct duration most)
{
    return (struct duration){
        .nanoseconds = most.nanoseconds == 0 ? 0 : random_number(engine) % most.nanoseconds};
}

// Between 80 and 90 percent.
static uint64_t soft_part(struct ike_engine *engine, uint64_t hard)
{
    const uint64_t jitter = hard / PERCENT * JITTER_PERCENT;
    return hard / PERCENT * SOFT_PERCENT + hard % PERCENT * SOFT_PERCENT / PERCENT +
           (jitter == 0 ? 0 : random_number(engine) % jitter);
}

static struct instant end_after(const struct ike_engine *engine, uint64_t nanoseconds)
{
    const uint64_t now = engine->now.nanoseconds;
    return (struct instant){.nanoseconds =
                                nanoseconds > UINT64_MAX - now ? UINT64_MAX : now + nanoseconds};
}

static bool is_due(const struct ike_engine *engine, struct instant when)
{
    return when.nanoseconds != 0 && !instant_is_before(engine->now, when);
}

void lifetime_begin_child(struct ike_engine *engine, struct ike_child *child)
{
    const struct policy_lifetime *limits = &child->policy->lifetime;
    if (limits->time.nanoseconds != 0) {
        child->hard_end = end_after(engine, limits->time.nanoseconds);
        child->soft_end = end_after(engine, soft_part(engine, limits->time.nanoseconds));
    }
    child->soft_limits.bytes = limits->bytes == 0 ? 0 : soft_part(engine, limits->bytes);
    child->soft_limits.packets = limits->packets == 0 ? 0 : soft_part(engine, limits->packets);
}

void lifetime_begin_ike_sa(struct ike_engine *engine, struct ike_sa *sa)
{
    const uint64_t lifetime = sa->connection->ike_lifetime.nanoseconds;
    if (lifetime != 0) {
        sa->hard_end = end_after(engine, lifetime);
        sa->soft_end = end_after(engine, soft_part(engine, lifetime));
    }
}

// --- Due times --------------------------------------------------------------------------------

static void keep_earlier(struct instant *earliest, struct instant when)
{
    if (when.nanoseconds != 0 &&
        (earliest->nanoseconds == 0 || instant_is_before(when, *earliest))) {
        *earliest = when;
    }
}

static struct instant end_of_replaced(const struct ike_child *child)
{
    return child->is_replaced && !child->is_unwanted
               ? instant_after(child->replaced_at, duration_seconds(REPLACED_SECONDS))
               : (struct instant){.nanoseconds = 0};
}

bool lifetime_deadline(const struct ike_sa *sa, struct instant *out_when)
{
    struct instant earliest = {.nanoseconds = 0};
    struct instant when = {.nanoseconds = 0};
    if (children_retired_deadline(sa, &when)) {
        keep_earlier(&earliest, when);
    }
    if (ike_rekey_deadline(sa, &when)) {
        keep_earlier(&earliest, when);
    }
    if (sa->state == IKE_SA_ESTABLISHED) {
        keep_earlier(&earliest, sa->soft_end);
        keep_earlier(&earliest, sa->hard_end);
        for (const struct ike_child *child = sa->children; child != NULL; child = child->next) {
            keep_earlier(&earliest, child->soft_end);
            keep_earlier(&earliest, child->hard_end);
            keep_earlier(&earliest, end_of_replaced(child));
        }
    }
    // A task that waits for the window is woken by the answer, not by the clock.
    if (message_window_is_free(&sa->window) && task_queue_deadline(&sa->tasks, &when)) {
        keep_earlier(&earliest, when);
    }
    *out_when = earliest;
    return earliest.nanoseconds != 0;
}

// --- What is due ------------------------------------------------------------------------------

static void rekey_child(struct ike_engine *engine, struct ike_child *child)
{
    // Should it fail, it is tried again until the hard limit.
    child->soft_end = end_after(engine, duration_seconds(RETRY_SECONDS).nanoseconds);
    if (child->hard_end.nanoseconds != 0 && !instant_is_before(child->soft_end, child->hard_end)) {
        child->soft_end = (struct instant){.nanoseconds = 0};
    }
    if (!child->is_unwanted && !child->is_replaced && !child_is_to_be_rekeyed(child)) {
        // Without memory the next moment tries again.
        (void)!task_queue_add_child(&child->owner->tasks, TASK_REKEY_CHILD, child->policy,
                                    child->sa->inbound_spi);
    }
}

static void expire_child(struct ike_engine *engine, struct ike_child *child)
{
    struct ike_sa *sa = child->owner;
    const uint32_t inbound_spi = child->sa->inbound_spi;
    const bool is_told = child->is_unwanted;
    const struct policy_child *policy = child->policy;
    //= rfc4301#section-4.4.2.1
    //= reason=at the hard limit nothing passes any more, whatever the peer says
    child_remove(engine, child, "lifetime-expired");
    if (!is_told && !task_queue_add(&sa->tasks, TASK_DELETE_CHILD, inbound_spi)) {
        ike_sa_close(engine, sa, "no-resources");
    } else if (policy->starts_by_itself && child_of_policy(sa, policy) == NULL) {
        (void)!task_queue_add_child(&sa->tasks, TASK_CREATE_CHILD, policy, 0);
    }
}

static void check_children(struct ike_engine *engine, struct ike_sa *sa)
{
    struct ike_child *child = sa->children;
    while (child != NULL) {
        struct ike_child *next = child->next;
        if (is_due(engine, child->hard_end)) {
            expire_child(engine, child);
        } else if (is_due(engine, end_of_replaced(child))) {
            child_delete(engine, child, "rekeyed");
        } else if (is_due(engine, child->soft_end)) {
            rekey_child(engine, child);
        }
        child = next;
    }
}

static void check_ike_sa(struct ike_engine *engine, struct ike_sa *sa)
{
    if (is_due(engine, sa->hard_end)) {
        sa->hard_end = (struct instant){.nanoseconds = 0};
        sa->soft_end = sa->hard_end;
        if (!task_queue_has(&sa->tasks, TASK_DELETE_IKE_SA)) {
            ike_sa_begin_close(engine, sa, TASK_DELETE_IKE_SA, "lifetime-expired");
        }
    } else if (is_due(engine, sa->soft_end)) {
        sa->soft_end = end_after(engine, duration_seconds(RETRY_SECONDS).nanoseconds);
        if (!task_queue_has(&sa->tasks, TASK_REKEY_IKE) &&
            !task_queue_has(&sa->tasks, TASK_DELETE_IKE_SA)) {
            (void)!task_queue_add(&sa->tasks, TASK_REKEY_IKE, 0);
        }
    }
}

void lifetime_expire(struct ike_engine *engine, struct ike_sa *sa)
{
    children_drop_retired(engine, sa, false);
    ike_rekey_give_up_waiting(engine, sa);
    if (sa->state == IKE_SA_ESTABLISHED) {
        check_children(engine, sa);
    }
    if (sa->state == IKE_SA_ESTABLISHED) {
        check_ike_sa(engine, sa);
    }
}

// --- Bytes and packets ------------------------------------------------------------------------

static bool is_over(uint64_t used, uint64_t limit)
{
    return limit != 0 && used >= limit;
}

void lifetime_note_usage(struct ike_engine *engine, struct ike_child *child,
                         const struct ike_usage *usage)
{
    const struct policy_lifetime *hard = &child->policy->lifetime;
    if (child->owner->state != IKE_SA_ESTABLISHED) {
        return;
    }
    if (is_over(usage->bytes, hard->bytes) || is_over(usage->packets, hard->packets)) {
        expire_child(engine, child);
    } else if (is_over(usage->bytes, child->soft_limits.bytes) ||
               is_over(usage->packets, child->soft_limits.packets)) {
        child->soft_limits = (struct policy_lifetime){.bytes = 0};
        rekey_child(engine, child);
    }
}
