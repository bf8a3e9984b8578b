#include "refgw/ike/policy.h"

#include <stdlib.h>

void ike_policy_init(struct ike_policy *policy)
{
    // 0.5, 1, 2, 4, 8, 16, 32, 64 s, and as long again to wait: the "dozen times over several
    // minutes" that RFC 7296, section 2.4 suggests is reached a little faster.
    *policy = (struct ike_policy){
        .retransmission = {.first_timeout = duration_milliseconds(500),
                           .factor_percent = 200,
                           .tries = 8},
        .half_open_timeout = duration_seconds(30),
        .most_half_open = 1000,
        .most_half_open_per_address = 200,
        .cookie_threshold = 300,
        .fragmentation = {.ipv4_size = 1280,                                           .ipv6_size = 1280  },
        .keepalive_interval = duration_seconds(20),
    };
}

static void clear_connection(struct policy_connection *connection)
{
    secret_clear(&connection->psk);
    policy_certificates_clear(&connection->certificates);
    free(connection->children);
    connection->children = NULL;
    connection->child_count = 0;
}

void ike_policy_clear(struct ike_policy *policy)
{
    for (size_t i = 0; i < policy->connection_count; i++) {
        clear_connection(&policy->connections[i]);
    }
    free(policy->connections);
    *policy = (struct ike_policy){.connection_count = 0};
}
