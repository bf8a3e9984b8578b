#include "refgw/ike/retransmission.h"

enum { HUNDRED_PERCENT = 100, LONGEST_WAIT_SECONDS = 3600 };

void retransmission_start(struct retransmission *timer, const struct policy_retransmission *policy,
                          struct instant now)
{
    *timer = (struct retransmission){
        .wait = policy->first_timeout,
        .deadline = instant_after(now, policy->first_timeout),
    };
}

static struct duration longer(struct duration wait, uint32_t factor_percent)
{
    const uint64_t most = duration_seconds(LONGEST_WAIT_SECONDS).nanoseconds;
    const uint64_t whole = wait.nanoseconds / HUNDRED_PERCENT;
    if (factor_percent != 0 && whole > most / factor_percent) {
        return duration_seconds(LONGEST_WAIT_SECONDS);
    }
    const uint64_t rest = wait.nanoseconds % HUNDRED_PERCENT;
    return (struct duration){.nanoseconds =
                                 whole * factor_percent + rest * factor_percent / HUNDRED_PERCENT};
}

bool retransmission_repeat(struct retransmission *timer, const struct policy_retransmission *policy,
                           struct instant now)
{
    if (timer->repeated >= policy->tries) {
        return false;
    }
    timer->repeated++;
    timer->wait = longer(timer->wait, policy->factor_percent);
    timer->deadline = instant_after(now, timer->wait);
    return true;
}
