#include "refgw/ike/half_open.h"

#include <stdlib.h>

enum { IPV6_SUBNET_SIZE = 8 };

// IPv4 sources stand where IPv6 has multicast, which is nobody's source.
static const uint64_t IPV4_SOURCES = 0xffff000000000000U;

struct source_count {
    size_t count;
};

static uint64_t source_number(const struct ip_address *source)
{
    const bool is_ipv4 = source->family == ADDRESS_IPV4;
    const size_t size = is_ipv4 ? address_size(ADDRESS_IPV4) : IPV6_SUBNET_SIZE;
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = number << 8 | source->bytes[i];
    }
    return is_ipv4 ? IPV4_SOURCES | number : number;
}

bool half_open_is_full(const struct ike_engine *engine)
{
    return engine->table.half_open_count >= engine->setup.policy->most_half_open;
}

bool half_open_is_full_for(const struct ike_engine *engine, const struct ip_address *source)
{
    const struct source_count *entry =
        number_map_find(&engine->table.half_open_by_source, source_number(source));
    return entry != NULL && entry->count >= engine->setup.policy->most_half_open_per_address;
}

void half_open_enter(struct ike_sa_table *table, struct ike_sa *sa)
{
    const uint64_t number = source_number(&sa->path.remote.address);
    struct source_count *entry = number_map_find(&table->half_open_by_source, number);

    table->half_open_count++;
    if (entry == NULL) {
        entry = calloc(1, sizeof(*entry));
        if (entry == NULL || !number_map_add(&table->half_open_by_source, number, entry)) {
            // Without memory this one only counts in the sum.
            free(entry);
            return;
        }
    }
    entry->count++;
    sa->counts_for_source = true;
    sa->half_open_source = number;
}

void half_open_leave(struct ike_sa_table *table, struct ike_sa *sa)
{
    table->half_open_count--;
    if (!sa->counts_for_source) {
        return;
    }
    sa->counts_for_source = false;
    struct source_count *entry = number_map_find(&table->half_open_by_source, sa->half_open_source);
    entry->count--;
    if (entry->count == 0) {
        number_map_remove(&table->half_open_by_source, sa->half_open_source);
        free(entry);
    }
}

struct instant half_open_deadline(const struct ike_engine *engine, const struct ike_sa *sa)
{
    return instant_after(sa->created, engine->setup.policy->half_open_timeout);
}
