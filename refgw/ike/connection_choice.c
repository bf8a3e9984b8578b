#include "refgw/ike/connection_choice.h"

#include <string.h>

static bool accepts(const struct ip_address *wanted, const struct ip_address *address)
{
    return wanted->family == ADDRESS_NONE || address_equals(wanted, address);
}

static bool accepts_path(const struct policy_connection *connection,
                         const struct network_path *path)
{
    return accepts(&connection->local_address, &path->local.address) &&
           accepts(&connection->remote_address, &path->remote.address);
}

// The `*skip`-th of those that accept the path and name the remote address, or take any;
// `*skip` is less by those passed over.
static const struct policy_connection *find_of_kind(const struct ike_policy *policy,
                                                    const struct network_path *path, bool takes_any,
                                                    size_t *skip)
{
    for (size_t i = 0; i < policy->connection_count; i++) {
        const struct policy_connection *connection = &policy->connections[i];
        const bool is_open = connection->remote_address.family == ADDRESS_NONE;
        if (is_open != takes_any || !accepts_path(connection, path)) {
            continue;
        }
        if (*skip == 0) {
            return connection;
        }
        (*skip)--;
    }
    return NULL;
}

const struct policy_connection *connection_for_path(const struct ike_policy *policy,
                                                    const struct network_path *path, size_t index)
{
    size_t skip = index;
    const struct policy_connection *connection = find_of_kind(policy, path, false, &skip);
    return connection != NULL ? connection : find_of_kind(policy, path, true, &skip);
}

const struct policy_connection *connection_by_name(const struct ike_policy *policy,
                                                   const char *name)
{
    for (size_t i = 0; i < policy->connection_count; i++) {
        if (strcmp(policy->connections[i].name, name) == 0) {
            return &policy->connections[i];
        }
    }
    return NULL;
}

const struct policy_child *child_by_name(const struct policy_connection *connection,
                                         const char *name)
{
    for (size_t i = 0; i < connection->child_count; i++) {
        if (strcmp(connection->children[i].name, name) == 0) {
            return &connection->children[i];
        }
    }
    return NULL;
}

static struct byte_view identity_data(const struct policy_identity *identity)
{
    return (struct byte_view){.data = identity->data, .size = identity->size};
}

bool identity_matches(const struct policy_identity *wanted, const struct identification *identity)
{
    return wanted->type == 0 || ((unsigned)wanted->type == identity->type &&
                                 view_equals(identity_data(wanted), identity->data));
}

bool identity_from_wire(const struct identification *identity, struct policy_identity *out_identity)
{
    if (identity->data.size > sizeof(out_identity->data)) {
        return false;
    }
    *out_identity = (struct policy_identity){
        .type = (enum identification_type)identity->type,
        .size = identity->data.size,
    };
    if (identity->data.size > 0) {
        memcpy(out_identity->data, identity->data.data, identity->data.size);
    }
    return true;
}

bool identity_equals(const struct policy_identity *left, const struct policy_identity *right)
{
    return left->type == right->type && view_equals(identity_data(left), identity_data(right));
}

struct identification identity_to_wire(const struct policy_identity *identity)
{
    return (struct identification){.type = (uint8_t)identity->type,
                                   .data = identity_data(identity)};
}
