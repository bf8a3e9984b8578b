#include "refgw/ike/ike_sa_table.h"

#include "refgw/ike/half_open.h"

static uint64_t digest_number(const uint8_t digest[REQUEST_DIGEST_SIZE])
{
    uint64_t number = 0;
    for (size_t i = 0; i < sizeof(number); i++) {
        number = number << 8 | digest[i];
    }
    return number;
}

static bool index_sa(struct ike_sa_table *table, struct ike_sa *sa)
{
    if (!number_map_add(&table->by_own_spi, ike_sa_own_spi(sa), sa)) {
        return false;
    }
    if (!sa->is_initiator &&
        !number_map_add(&table->by_first_request, digest_number(sa->first_request), sa)) {
        number_map_remove(&table->by_own_spi, ike_sa_own_spi(sa));
        return false;
    }
    return true;
}

bool ike_sa_table_add(struct ike_sa_table *table, struct ike_sa *sa)
{
    if (!alarm_queue_reserve(&table->alarms, table->count + 1) || !index_sa(table, sa)) {
        return false;
    }
    sa->previous = table->last;
    sa->next = NULL;
    if (table->last == NULL) {
        table->first = sa;
    } else {
        table->last->next = sa;
    }
    table->last = sa;
    table->count++;
    return true;
}

static void unlink_sa(struct ike_sa_table *table, struct ike_sa *sa)
{
    if (sa->previous == NULL) {
        table->first = sa->next;
    } else {
        sa->previous->next = sa->next;
    }
    if (sa->next == NULL) {
        table->last = sa->previous;
    } else {
        sa->next->previous = sa->previous;
    }
    table->count--;
}

void ike_sa_table_remove(struct ike_sa_table *table, struct ike_sa *sa,
                         const struct crypto_provider *crypto)
{
    for (struct ike_child *child = sa->children; child != NULL; child = child->next) {
        ike_sa_table_remove_child(table, child);
    }
    for (struct ike_child *child = sa->retired; child != NULL; child = child->next) {
        ike_sa_table_remove_child(table, child);
    }
    if (sa->state == IKE_SA_INIT_ANSWERED) {
        half_open_leave(table, sa);
    }
    alarm_stop(&table->alarms, &sa->alarm);
    number_map_remove(&table->by_own_spi, ike_sa_own_spi(sa));
    if (!sa->is_initiator) {
        number_map_remove(&table->by_first_request, digest_number(sa->first_request));
    }
    unlink_sa(table, sa);
    ike_sa_free(sa, crypto);
}

struct ike_sa *ike_sa_table_find(const struct ike_sa_table *table, uint64_t own_spi)
{
    return number_map_find(&table->by_own_spi, own_spi);
}

struct ike_sa *ike_sa_table_find_by_first_request(const struct ike_sa_table *table,
                                                  const uint8_t digest[REQUEST_DIGEST_SIZE])
{
    // Two different requests whose digests begin alike are found together: the second one is
    // then taken for a repetition, which only costs whoever made it its connection.
    return number_map_find(&table->by_first_request, digest_number(digest));
}

bool ike_sa_table_add_child(struct ike_sa_table *table, struct ike_child *child)
{
    if (!number_map_add(&table->children_by_id, child->sa->id, child)) {
        return false;
    }
    if (!number_map_add(&table->children_by_inbound_spi, child->sa->inbound_spi, child)) {
        number_map_remove(&table->children_by_id, child->sa->id);
        return false;
    }
    return true;
}

void ike_sa_table_remove_child(struct ike_sa_table *table, const struct ike_child *child)
{
    number_map_remove(&table->children_by_id, child->sa->id);
    number_map_remove(&table->children_by_inbound_spi, child->sa->inbound_spi);
}

struct ike_child *ike_sa_table_find_child(const struct ike_sa_table *table, uint32_t id)
{
    return number_map_find(&table->children_by_id, id);
}

bool ike_sa_table_has_inbound_spi(const struct ike_sa_table *table, uint32_t spi)
{
    return number_map_find(&table->children_by_inbound_spi, spi) != NULL;
}

void ike_sa_table_clear(struct ike_sa_table *table, const struct crypto_provider *crypto)
{
    while (table->first != NULL) {
        ike_sa_table_remove(table, table->first, crypto);
    }
    number_map_clear(&table->half_open_by_source); // empty: each SA has left
    number_map_clear(&table->by_own_spi);
    number_map_clear(&table->by_first_request);
    number_map_clear(&table->children_by_id);
    number_map_clear(&table->children_by_inbound_spi);
    alarm_queue_clear(&table->alarms);
}
