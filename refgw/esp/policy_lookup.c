#include "refgw/esp/policy_lookup.h"

#include <stdlib.h>
#include <string.h>

static struct esp_policy *find_by_name(const struct policy_list *list, const char *connection,
                                       const char *child)
{
    struct esp_policy *policy = list->first;
    while (policy != NULL &&
           (strcmp(policy->connection, connection) != 0 || strcmp(policy->child, child) != 0)) {
        policy = policy->next;
    }
    return policy;
}

const struct esp_policy *policy_list_by_name(const struct policy_list *list, const char *connection,
                                             const char *child)
{
    return find_by_name(list, connection, child);
}

bool policy_list_add(struct policy_list *list, const struct esp_policy *policy)
{
    struct esp_policy *known = find_by_name(list, policy->connection, policy->child);
    if (known != NULL) {
        known->local = policy->local;
        known->remote = policy->remote;
        return true;
    }
    struct esp_policy *added = malloc(sizeof(*added));
    if (added == NULL) {
        return false;
    }
    *added = *policy;
    added->next = NULL;
    struct esp_policy **end = &list->first;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = added;
    return true;
}

void policy_list_clear(struct policy_list *list)
{
    while (list->first != NULL) {
        struct esp_policy *next = list->first->next;
        free(list->first);
        list->first = next;
    }
}

// What one end of a packet looks like to a selector: a range of one address and one port, or
// of the OPAQUE port (RFC 4301, section 4.4.1.1), which stands as 65535 to 0.
static struct selector end_as_selector(const struct ip_address *address, uint16_t port,
                                       const struct packet_fields *fields)
{
    return (struct selector){
        .ip_protocol = fields->ip_protocol,
        .start_port = fields->has_ports ? port : 65535,
        .end_port = fields->has_ports ? port : 0,
        .start_address = *address,
        .end_address = *address,
    };
}

static bool set_contains(const struct selector_set *set, const struct selector *end)
{
    for (size_t i = 0; i < set->count; i++) {
        if (selector_contains(&set->items[i], end)) {
            return true;
        }
    }
    return false;
}

bool selectors_match_packet(const struct selector_set *source,
                            const struct selector_set *destination,
                            const struct packet_fields *fields)
{
    const struct selector from = end_as_selector(&fields->source, fields->source_port, fields);
    const struct selector to =
        end_as_selector(&fields->destination, fields->destination_port, fields);
    return set_contains(source, &from) && set_contains(destination, &to);
}

const struct esp_policy *policy_list_match(const struct policy_list *list,
                                           const struct packet_fields *fields)
{
    const struct esp_policy *policy = list->first;
    while (policy != NULL && !selectors_match_packet(&policy->local, &policy->remote, fields)) {
        policy = policy->next;
    }
    return policy;
}
