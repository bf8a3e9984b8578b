// ike_sa_table.h - all IKE SAs of an engine, found by SPI, first request, child and deadline.
#ifndef REFGW_IKE_IKE_SA_TABLE_H
#define REFGW_IKE_IKE_SA_TABLE_H

#include "refgw/ike/ike_sa.h"
#include "refgw/ike/number_map.h"

// A zeroed struct is an empty table. It owns its IKE SAs.
struct ike_sa_table {
    struct ike_sa *first; // oldest
    struct ike_sa *last;
    size_t count;
    size_t half_open_count;
    struct number_map half_open_by_source; // half_open.c
    struct number_map by_own_spi;
    struct number_map by_first_request; // responder's SAs, by the digest's first 8 bytes
    struct number_map children_by_id;
    struct number_map children_by_inbound_spi;
    struct alarm_queue alarms; // one for each SA
};

// Takes the SA over, whose SPIs (and as responder first_request) must be set. False when
// memory runs out or the own SPI or first request is taken; the SA stays the caller's then.
MUST_USE bool ike_sa_table_add(struct ike_sa_table *table, struct ike_sa *sa);
// Takes it out and frees it.
void ike_sa_table_remove(struct ike_sa_table *table, struct ike_sa *sa,
                         const struct crypto_provider *crypto);
// NULL when there is none.
MUST_USE struct ike_sa *ike_sa_table_find(const struct ike_sa_table *table, uint64_t own_spi);
// The SA that this IKE_SA_INIT request once made; NULL when it is a new request.
MUST_USE struct ike_sa *
ike_sa_table_find_by_first_request(const struct ike_sa_table *table,
                                   const uint8_t digest[REQUEST_DIGEST_SIZE]);

// Makes the child known by its id and inbound SPI. False when memory runs out or the SPI is
// taken; nothing has changed then.
MUST_USE bool ike_sa_table_add_child(struct ike_sa_table *table, struct ike_child *child);
void ike_sa_table_remove_child(struct ike_sa_table *table, const struct ike_child *child);
MUST_USE struct ike_child *ike_sa_table_find_child(const struct ike_sa_table *table, uint32_t id);
MUST_USE bool ike_sa_table_has_inbound_spi(const struct ike_sa_table *table, uint32_t spi);
void ike_sa_table_clear(struct ike_sa_table *table, const struct crypto_provider *crypto);

#endif
