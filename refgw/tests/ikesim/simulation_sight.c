// A look at a simulation.
#include <string.h>

#include "refgw/tests/ikesim/simulation.h"

const char *host_name(unsigned host)
{
    return host == WEST ? "west" : "east";
}

unsigned other_host(unsigned host)
{
    return host == WEST ? EAST : WEST;
}

bool have_same_selectors(const struct child_sa *left, const struct child_sa *right)
{
    return selector_set_is_subset(&left->local_selectors, &right->local_selectors) &&
           selector_set_is_subset(&right->local_selectors, &left->local_selectors) &&
           selector_set_is_subset(&left->remote_selectors, &right->remote_selectors) &&
           selector_set_is_subset(&right->remote_selectors, &left->remote_selectors);
}

static bool has_twins(const struct ike_sa_status *status)
{
    for (size_t i = 0; i < status->child_count; i++) {
        for (size_t j = i + 1; j < status->child_count; j++) {
            if (have_same_selectors(status->children[i], status->children[j])) {
                return true;
            }
        }
    }
    return false;
}

static void see_one(void *context, const struct ike_sa_status *status)
{
    struct seen_sas *seen = context;
    if (seen->count < SIMULATION_MOST_SAS) {
        seen->items[seen->count] = (struct seen_sa){
            .initiator_spi = status->initiator_spi,
            .responder_spi = status->responder_spi,
            .is_initiator = status->is_initiator,
            .state = status->state,
            .established = status->established,
            .child_count = status->child_count,
            .has_twins = has_twins(status),
        };
        seen->count++;
    }
}

void simulation_see(const struct simulation *simulation, unsigned host, struct seen_sas *out)
{
    out->count = 0;
    ike_engine_visit(simulation->pair->network.hosts[host].engine, see_one, out);
}

const struct child_sa *simulation_outbound(const struct simulation *simulation, unsigned host,
                                           const char *child)
{
    const struct simulated_host *gateway = &simulation->pair->network.hosts[host];
    const struct child_sa *newest = NULL;
    for (size_t i = 0; i < gateway->child_count; i++) {
        const struct child_sa *sa = &gateway->children[i];
        if (strcmp(sa->child, child) == 0 && !sa->is_receive_only &&
            (newest == NULL || sa->id > newest->id)) {
            newest = sa;
        }
    }
    return newest;
}
