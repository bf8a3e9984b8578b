#include "refgw/ike/half_open.h"

bool half_open_is_full(const struct ike_engine *engine)
{
    return engine->table.half_open_count >= engine->setup.policy->most_half_open;
}

struct instant half_open_deadline(const struct ike_engine *engine, const struct ike_sa *sa)
{
    return instant_after(sa->created, engine->setup.policy->half_open_timeout);
}
