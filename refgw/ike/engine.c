#include "refgw/ike/engine.h"

#include <stdlib.h>

#include "refgw/ike/children.h"
#include "refgw/ike/engine_state.h"
#include "refgw/ike/ike_sa_life.h"
#include "refgw/ike/lifetime.h"
#include "refgw/ike/message_reception.h"
#include "refgw/ike/reporting.h"
#include "refgw/wire/udp_encapsulation.h"

struct ike_engine *ike_engine_new(const struct ike_engine_setup *setup)
{
    struct ike_engine *engine = calloc(1, sizeof(*engine));
    if (engine != NULL) {
        engine->setup = *setup;
    }
    return engine;
}

void ike_engine_free(struct ike_engine *engine)
{
    if (engine == NULL) {
        return;
    }
    action_queue_clear(&engine->actions);
    ike_sa_table_clear(&engine->table, engine->setup.crypto);
    // Decrypted payloads may name whom nobody should know.
    secret_wipe(engine->opened, sizeof(engine->opened));
    secret_wipe(engine->chain, sizeof(engine->chain));
    secret_wipe(&engine->cookies, sizeof(engine->cookies));
    free(engine);
}

static bool has_marker(const struct network_path *path)
{
    return path->local.port == IKE_NAT_TRAVERSAL_PORT ||
           path->remote.port == IKE_NAT_TRAVERSAL_PORT;
}

void ike_engine_receive(struct ike_engine *engine, struct instant now,
                        const struct network_path *path, struct byte_view datagram)
{
    struct byte_view message = datagram;
    enum udp_encapsulation_kind kind = UDP_ENCAPSULATED_IKE;

    engine->now = now;
    if (has_marker(path)) {
        kind = udp_encapsulation_read(datagram, &message);
    }
    if (kind == UDP_ENCAPSULATED_IKE) {
        receive_message(engine, path, message);
    } else if (kind != UDP_NAT_KEEPALIVE) {
        const struct rejection rejection = {
            .path = path, .reason = "not-ike", .section = "rfc3948#section-2.2"};
        report_rejection(engine, &rejection);
    }
}

void ike_engine_pass_time(struct ike_engine *engine, struct instant now)
{
    engine->now = now;
    struct alarm *alarm = alarm_queue_first(&engine->table.alarms);
    while (alarm != NULL && !instant_is_before(now, alarm->when)) {
        struct ike_sa *sa = alarm->owner;
        ike_sa_wake(engine, sa);
        ike_sa_settle(engine, sa);
        alarm = alarm_queue_first(&engine->table.alarms);
    }
}

void ike_engine_note_traffic(struct ike_engine *engine, struct instant now, uint32_t child_sa_id)
{
    // The alarm of the SA may now be too early; it then finds nothing due and is set again.
    struct ike_child *child = ike_sa_table_find_child(&engine->table, child_sa_id);
    engine->now = now;
    if (child != NULL) {
        child->owner->last_heard = now;
        if (!child->is_replaced) {
            child_start_sending(engine, child);
        }
    }
}

void ike_engine_note_usage(struct ike_engine *engine, struct instant now, uint32_t child_sa_id,
                           const struct ike_usage *usage)
{
    struct ike_child *child = ike_sa_table_find_child(&engine->table, child_sa_id);
    engine->now = now;
    if (child != NULL && !child->is_unwanted) {
        struct ike_sa *sa = child->owner;
        lifetime_note_usage(engine, child, usage);
        ike_sa_settle(engine, sa);
    }
}

void ike_engine_note_path(struct ike_engine *engine, struct instant now, uint32_t child_sa_id,
                          const struct network_path *path)
{
    struct ike_child *child = ike_sa_table_find_child(&engine->table, child_sa_id);
    engine->now = now;
    // ESP that comes without UDP shows no port to send to.
    if (child != NULL && child->sa->is_udp_encapsulated && path->remote.port != 0 &&
        path->remote.address.family == child->sa->path.remote.address.family) {
        mobility_note_esp_path(engine, child->owner, &path->remote);
    }
}

void ike_engine_note_addresses(struct ike_engine *engine, struct instant now,
                               const struct ip_address *addresses, size_t count)
{
    struct address_list *list = &engine->local_addresses;
    engine->now = now;
    list->count = 0;
    for (size_t i = 0; i < count && list->count < ADDRESS_LIST_MOST; i++) {
        if (!address_list_has(list, &addresses[i])) {
            list->items[list->count] = addresses[i];
            list->count++;
        }
    }
    struct ike_sa *sa = engine->table.first;
    while (sa != NULL) {
        struct ike_sa *next = sa->next;
        mobility_note_addresses(engine, sa);
        ike_sa_settle(engine, sa);
        sa = next;
    }
}

void ike_engine_note_no_route(struct ike_engine *engine, struct instant now,
                              const struct ip_address *remote)
{
    struct ike_sa *sa = engine->table.first;
    engine->now = now;
    while (sa != NULL) {
        struct ike_sa *next = sa->next;
        mobility_note_no_route(engine, sa, remote);
        ike_sa_settle(engine, sa);
        sa = next;
    }
}

void ike_engine_set_calendar(struct ike_engine *engine, int64_t calendar_start)
{
    engine->setup.calendar_start = calendar_start;
}

bool ike_engine_next_action(struct ike_engine *engine, struct ike_action *out_action)
{
    return action_queue_fetch(&engine->actions, out_action);
}

bool ike_engine_next_deadline(const struct ike_engine *engine, struct instant *out_when)
{
    const struct alarm *alarm = alarm_queue_first(&engine->table.alarms);
    if (alarm == NULL) {
        return false;
    }
    *out_when = alarm->when;
    return true;
}

static void visit_one(const struct ike_sa *sa,
                      void (*visit)(void *context, const struct ike_sa_status *status),
                      void *context)
{
    const struct child_sa *children[IKE_SA_MOST_CHILDREN];
    size_t count = 0;
    for (const struct ike_child *child = sa->children; child != NULL; child = child->next) {
        children[count] = child->sa;
        count++;
    }
    const struct ike_sa_status status = {
        .connection = sa->connection->name,
        .state = ike_sa_state_name(sa),
        .initiator_spi = sa->initiator_spi,
        .responder_spi = sa->responder_spi,
        .is_initiator = sa->is_initiator,
        .local_is_behind_nat = sa->nat.local_is_behind_nat,
        .remote_is_behind_nat = sa->nat.remote_is_behind_nat,
        .suite = sa->has_suite ? &sa->suite : NULL,
        .path = sa->path,
        .local_identity = &sa->connection->local_identity,
        .remote_identity = &sa->remote_identity,
        .established = sa->established,
        .generation = sa->generation,
        .child_count = count,
        .children = children,
    };
    visit(context, &status);
}

void ike_engine_visit(const struct ike_engine *engine,
                      void (*visit)(void *context, const struct ike_sa_status *status),
                      void *context)
{
    for (const struct ike_sa *sa = engine->table.first; sa != NULL; sa = sa->next) {
        if (sa->state != IKE_SA_CLOSED) {
            visit_one(sa, visit, context);
        }
    }
}
