// policy_lookup.h - the ordered list of policies (RFC 4301, section 4.4.1) and the question
// whether a packet may travel under a pair of selector sets.
#ifndef REFGW_ESP_POLICY_LOOKUP_H
#define REFGW_ESP_POLICY_LOOKUP_H

#include "refgw/esp/packet_fields.h"
#include "refgw/sa/child_sa.h"

// Everything that these selectors match is protected by CHILD_SAs of this name.
struct esp_policy {
    char connection[SA_NAME_SIZE];
    char child[SA_NAME_SIZE];
    struct selector_set local;
    struct selector_set remote;
    struct esp_policy *next; // in order of installation: the first match decides
};

// Owns its policies. A zeroed struct is an empty list.
struct policy_list {
    struct esp_policy *first;
};

// A policy of the same name gets the new selectors and keeps its place. False when a name is
// too long or memory runs out; the list is unchanged then.
MUST_USE bool policy_list_add(struct policy_list *list, const struct esp_policy *policy);
void policy_list_clear(struct policy_list *list);
// NULL when there is none. Borrowed for as long as the list.
MUST_USE const struct esp_policy *policy_list_by_name(const struct policy_list *list,
                                                      const char *connection, const char *child);
// The first policy that an outbound packet matches, or NULL.
MUST_USE const struct esp_policy *policy_list_match(const struct policy_list *list,
                                                    const struct packet_fields *fields);

// Whether source and destination of a packet are both in their sets. A packet that shows no
// ports matches only selectors with any port or with the OPAQUE port.
MUST_USE bool selectors_match_packet(const struct selector_set *source,
                                     const struct selector_set *destination,
                                     const struct packet_fields *fields);

#endif
