#include "refgw/ike/keepalive.h"

bool keepalive_deadline(const struct ike_engine *engine, const struct ike_sa *sa,
                        struct instant *out_when)
{
    const struct duration interval = engine->setup.policy->keepalive_interval;
    const bool is_alive = sa->state == IKE_SA_ESTABLISHED || sa->state == IKE_SA_DELETING;
    if (!is_alive || !sa->nat.local_is_behind_nat || interval.nanoseconds == 0 ||
        sa->path.local.port != IKE_NAT_TRAVERSAL_PORT) {
        return false;
    }
    *out_when = instant_after(sa->last_sent, interval);
    return true;
}

void keepalive_send(struct ike_engine *engine, struct ike_sa *sa)
{
    // RFC 3948, section 2.3: one octet, 0xff, without a marker.
    static const uint8_t KEEPALIVE[] = {0xff};
    action_queue_send_bare(&engine->actions, &sa->path, VIEW_OF(KEEPALIVE));
    sa->last_sent = engine->now;
}
