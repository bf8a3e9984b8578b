#include "refgw/ike/children.h"

#include <stdlib.h>
#include <string.h>

#include "refgw/ike/reporting.h"

enum { FIRST_FREE_SPI = 256 };

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

bool child_install(struct ike_engine *engine, struct ike_sa *sa,
                   const struct child_agreement *agreement)
{
    struct ike_child *child = calloc(1, sizeof(*child));
    struct queued_action *install = queued_action_new(IKE_INSTALL_CHILD_SA);
    struct queued_action *removal = queued_action_new(IKE_REMOVE_CHILD_SA);
    if (child == NULL || install == NULL || removal == NULL ||
        sa->child_count >= IKE_SA_MOST_CHILDREN) {
        release(child, install, removal);
        return false;
    }
    removal->owned_child = make_child_sa(engine, sa, agreement);
    *child = (struct ike_child){.sa = removal->owned_child, .removal = removal, .owner = sa};
    if (child->sa == NULL || !ike_sa_table_add_child(&engine->table, child)) {
        release(child, install, removal);
        return false;
    }
    engine->last_child_sa_id = child->sa->id;
    removal->action.child_sa = child->sa;
    install->action.child_sa = child->sa;
    child->next = sa->children;
    sa->children = child;
    sa->child_count++;
    action_queue_push(&engine->actions, install);
    report_child(engine, IKE_REPORT_CHILD_SA_INSTALLED, sa, child->sa, "");
    return true;
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
    ike_sa_table_remove_child(&engine->table, child);
    report_child(engine, IKE_REPORT_CHILD_SA_CLOSED, sa, child->sa, reason);
    action_queue_push(&engine->actions, child->removal);
    free(child);
}

void children_move(struct ike_engine *engine, struct ike_sa *sa)
{
    for (struct ike_child *child = sa->children; child != NULL; child = child->next) {
        struct queued_action *move = queued_action_new(IKE_MOVE_CHILD_SA);
        child->sa->path = sa->path;
        if (move != NULL) {
            move->action.child_sa = child->sa;
            action_queue_push(&engine->actions, move);
        }
    }
}
