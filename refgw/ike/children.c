#include "refgw/ike/children.h"

#include <stdlib.h>
#include <string.h>

#include "refgw/ike/lifetime.h"
#include "refgw/ike/reporting.h"

enum {
    FIRST_FREE_SPI = 256,
    // How long packets of a deleted CHILD_SA may still be on the way.
    RETIRED_SECONDS = 2,
};

bool child_choose_spi(struct ike_engine *engine, uint32_t *out_spi)
{
    uint32_t spi = 0;
    do {
        uint8_t bytes[sizeof(spi)];
        if (!random_fill(&engine->setup.randomness, bytes, sizeof(bytes))) {
            return false;
        }
        struct byte_reader in = reader_over(VIEW_OF(bytes));
        if (!reader_take_u32(&in, &spi)) {
            return false;
        }
    } while (spi < FIRST_FREE_SPI || ike_sa_table_has_inbound_spi(&engine->table, spi));
    *out_spi = spi;
    return true;
}

static bool make_keys(struct ike_engine *engine, const struct ike_sa *sa,
                      const struct child_agreement *agreement, struct child_sa *child)
{
    const struct child_key_inputs inputs = {
        .prf = sa->suite.prf,
        .sk_d = secret_view(&sa->keys.sk_d),
        .shared = agreement->shared,
        .initiator_nonce = agreement->initiator_nonce,
        .responder_nonce = agreement->responder_nonce,
    };
    struct child_keys keys = {.encryption_i = {.data = NULL}};
    if (!child_keys_derive(engine->setup.crypto, &child->aead, &inputs, &keys)) {
        return false;
    }
    const bool is_first = agreement->is_exchange_initiator;
    secret_move(&child->outbound_encryption_key,
                is_first ? &keys.encryption_i : &keys.encryption_r);
    secret_move(&child->outbound_integrity_key, is_first ? &keys.integrity_i : &keys.integrity_r);
    secret_move(&child->inbound_encryption_key, is_first ? &keys.encryption_r : &keys.encryption_i);
    secret_move(&child->inbound_integrity_key, is_first ? &keys.integrity_r : &keys.integrity_i);
    return true;
}

static bool is_encapsulated(const struct ike_sa *sa)
{
    return sa->nat.is_supported && (sa->nat.local_is_behind_nat || sa->nat.remote_is_behind_nat ||
                                    sa->connection->forces_encapsulation);
}

static struct child_sa *make_child_sa(struct ike_engine *engine, const struct ike_sa *sa,
                                      const struct child_agreement *agreement)
{
    struct child_sa *child = calloc(1, sizeof(*child));
    if (child == NULL) {
        return NULL;
    }
    *child = (struct child_sa){
        .inbound_spi = agreement->inbound_spi,
        .outbound_spi = agreement->outbound_spi,
        .mode = agreement->mode,
        .aead = agreement->proposal->aead,
        .key_exchange = agreement->proposal->key_exchange,
        .has_esn = agreement->proposal->sequence == SN_64_BIT_PARTIAL,
        .replay_window = agreement->policy->replay_window,
        .is_receive_only = agreement->is_receive_only,
        .replaces = agreement->replaces,
        .is_udp_encapsulated = is_encapsulated(sa),
        .path = sa->path,
        .local_selectors = *agreement->local_selectors,
        .remote_selectors = *agreement->remote_selectors,
    };
    memcpy(child->connection, sa->connection->name, sizeof(child->connection));
    memcpy(child->child, agreement->policy->name, sizeof(child->child));
    if (!make_keys(engine, sa, agreement, child)) {
        free(child);
        return NULL;
    }
    child->id = engine->last_child_sa_id + 1;
    return child;
}

static void release(struct ike_child *child, struct queued_action *install,
                    struct queued_action *removal)
{
    queued_action_free(removal);
    queued_action_free(install);
    free(child);
}

struct ike_child *child_install(struct ike_engine *engine, struct ike_sa *sa,
                                const struct child_agreement *agreement)
{
    struct ike_child *child = calloc(1, sizeof(*child));
    struct queued_action *install = queued_action_new(IKE_INSTALL_CHILD_SA);
    struct queued_action *removal = queued_action_new(IKE_REMOVE_CHILD_SA);
    if (child == NULL || install == NULL || removal == NULL ||
        sa->child_count >= IKE_SA_MOST_CHILDREN) {
        release(child, install, removal);
        return NULL;
    }
    removal->owned_child = make_child_sa(engine, sa, agreement);
    *child = (struct ike_child){
        .sa = removal->owned_child,
        .removal = removal,
        .owner = sa,
        .policy = agreement->policy,
        .close_reason = "local-command",
        .awaits_confirmation = !agreement->is_exchange_initiator,
    };
    if (child->sa == NULL || !ike_sa_table_add_child(&engine->table, child)) {
        release(child, install, removal);
        return NULL;
    }
    lifetime_begin_child(engine, child);
    engine->last_child_sa_id = child->sa->id;
    removal->action.child_sa = child->sa;
    install->action.child_sa = child->sa;
    child->next = sa->children;
    sa->children = child;
    sa->child_count++;
    action_queue_push(&engine->actions, install);
    report_child(engine, IKE_REPORT_CHILD_SA_INSTALLED, sa, child->sa, "");
    return child;
}

struct ike_child *child_of_policy(const struct ike_sa *sa, const struct policy_child *policy)
{
    struct ike_child *child = sa->children;
    while (child != NULL && (child->policy != policy || child->is_unwanted || child->is_replaced)) {
        child = child->next;
    }
    return child;
}

static bool switch_sending(struct ike_engine *engine, struct ike_child *child, bool is_receive_only)
{
    struct queued_action *action = queued_action_new(IKE_SWITCH_CHILD_SA);
    if (action == NULL) {
        return false;
    }
    child->sa->is_receive_only = is_receive_only;
    action->action.child_sa = child->sa;
    action_queue_push(&engine->actions, action);
    return true;
}

void child_start_sending(struct ike_engine *engine, struct ike_child *child)
{
    // Without memory the next sign of life tries again.
    if (child->sa->is_receive_only && !child->is_unwanted) {
        (void)!switch_sending(engine, child, false);
    }
}

static void discard(struct ike_engine *engine, struct ike_child *child)
{
    ike_sa_table_remove_child(&engine->table, child);
    action_queue_push(&engine->actions, child->removal);
    free(child);
}

// Where another one carries on, packets that the peer sent before it knew may still come in.
static bool retire(struct ike_engine *engine, struct ike_sa *sa, struct ike_child *child)
{
    if (child_of_policy(sa, child->policy) == NULL || !switch_sending(engine, child, true)) {
        return false;
    }
    child->is_unwanted = true;
    child->replaced_at = engine->now;
    child->next = sa->retired;
    sa->retired = child;
    return true;
}

static bool has_replacement(const struct ike_sa *sa, const struct ike_child *child)
{
    const struct ike_child *other = sa->children;
    while (other != NULL && other->sa->replaces != child->sa->id) {
        other = other->next;
    }
    return other != NULL;
}

// The one that replaced this one takes all the traffic now. When it was itself what goes, the
// older one is no longer replaced.
static void settle_replacement(struct ike_engine *engine, const struct ike_sa *sa,
                               const struct child_sa *gone)
{
    for (struct ike_child *other = sa->children; other != NULL; other = other->next) {
        if (other->sa->replaces == gone->id && !other->is_replaced) {
            child_start_sending(engine, other);
        }
        if (gone->replaces == other->sa->id) {
            other->is_replaced = other->is_replaced && has_replacement(sa, other);
        }
    }
}

void child_remove(struct ike_engine *engine, struct ike_child *child, const char *reason)
{
    struct ike_sa *sa = child->owner;
    struct ike_child **link = &sa->children;
    while (*link != child) {
        link = &(*link)->next;
    }
    *link = child->next;
    sa->child_count--;
    report_child(engine, IKE_REPORT_CHILD_SA_CLOSED, sa, child->sa, reason);
    settle_replacement(engine, sa, child->sa);
    if (!retire(engine, sa, child)) {
        discard(engine, child);
    }
}

void child_delete(struct ike_engine *engine, struct ike_child *child, const char *reason)
{
    if (child->is_unwanted) {
        return;
    }
    child->is_unwanted = true;
    child->close_reason = reason;
    if (!task_queue_add(&child->owner->tasks, TASK_DELETE_CHILD, child->sa->inbound_spi)) {
        child_remove(engine, child, reason);
    }
}

bool child_is_to_be_rekeyed(const struct ike_child *child)
{
    return task_queue_has_rekey(&child->owner->tasks, child->sa->inbound_spi);
}

void child_set_replaced(struct ike_engine *engine, struct ike_child *child, const char *reason)
{
    child->is_replaced = true;
    child->close_reason = reason;
    child->replaced_at = engine->now;
}

void children_confirm(struct ike_engine *engine, struct ike_sa *sa)
{
    for (struct ike_child *child = sa->children; child != NULL; child = child->next) {
        if (child->awaits_confirmation) {
            child->awaits_confirmation = false;
            child_start_sending(engine, child);
        }
    }
}

void children_hand_over(struct ike_sa *from, struct ike_sa *to)
{
    struct ike_child **end = &to->children;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = from->children;
    for (struct ike_child *child = from->children; child != NULL; child = child->next) {
        child->owner = to;
    }
    to->child_count += from->child_count;
    from->children = NULL;
    from->child_count = 0;
    end = &to->retired;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = from->retired;
    for (struct ike_child *child = from->retired; child != NULL; child = child->next) {
        child->owner = to;
    }
    from->retired = NULL;
}

static struct instant end_of_retirement(const struct ike_child *child)
{
    return instant_after(child->replaced_at, duration_seconds(RETIRED_SECONDS));
}

bool children_retired_deadline(const struct ike_sa *sa, struct instant *out_when)
{
    bool is_set = false;
    for (const struct ike_child *child = sa->retired; child != NULL; child = child->next) {
        const struct instant when = end_of_retirement(child);
        if (!is_set || instant_is_before(when, *out_when)) {
            *out_when = when;
            is_set = true;
        }
    }
    return is_set;
}

void children_drop_retired(struct ike_engine *engine, struct ike_sa *sa, bool all)
{
    struct ike_child **link = &sa->retired;
    while (*link != NULL) {
        struct ike_child *child = *link;
        if (all || !instant_is_before(engine->now, end_of_retirement(child))) {
            *link = child->next;
            discard(engine, child);
        } else {
            link = &child->next;
        }
    }
}

void children_move(struct ike_engine *engine, struct ike_sa *sa)
{
    for (struct ike_child *child = sa->children; child != NULL; child = child->next) {
        struct queued_action *move = queued_action_new(IKE_MOVE_CHILD_SA);
        child->sa->path = sa->path;
        child->sa->is_udp_encapsulated = is_encapsulated(sa);
        if (move != NULL) {
            move->action.child_sa = child->sa;
            action_queue_push(&engine->actions, move);
        }
    }
}
