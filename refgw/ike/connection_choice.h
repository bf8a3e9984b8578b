// connection_choice.h - which connection of the policy a message belongs to.
//
// By addresses first (all that IKE_SA_INIT tells), by identities as soon as IKE_AUTH tells them.
// A connection that names the remote address goes before one that takes any; apart from that
// the order of the policy decides.
#ifndef REFGW_IKE_CONNECTION_CHOICE_H
#define REFGW_IKE_CONNECTION_CHOICE_H

#include "refgw/ike/policy.h"
#include "refgw/wire/identification.h"

// The `index`-th connection that accepts this path, best first; NULL behind the last.
MUST_USE const struct policy_connection *
connection_for_path(const struct ike_policy *policy, const struct network_path *path, size_t index);
// NULL when there is none of that name.
MUST_USE const struct policy_connection *connection_by_name(const struct ike_policy *policy,
                                                            const char *name);
MUST_USE const struct policy_child *child_by_name(const struct policy_connection *connection,
                                                  const char *name);
// Whether `identity` is what the policy wants; type 0 in the policy accepts any.
MUST_USE bool identity_matches(const struct policy_identity *wanted,
                               const struct identification *identity);
// Copies what came; false when it is larger than any identity may be.
MUST_USE bool identity_from_wire(const struct identification *identity,
                                 struct policy_identity *out_identity);
MUST_USE bool identity_equals(const struct policy_identity *left,
                              const struct policy_identity *right);
// Borrowed from the policy's identity.
struct identification identity_to_wire(const struct policy_identity *identity);

#endif
