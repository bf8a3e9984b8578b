#include "refgw/ike/ike_rekey.h"

#include <string.h>

#include "refgw/ike/children.h"
#include "refgw/ike/exchange.h"
#include "refgw/ike/ike_sa_init.h"
#include "refgw/ike/ike_sa_life.h"
#include "refgw/ike/lifetime.h"
#include "refgw/ike/reporting.h"
#include "refgw/wire/delete.h"

enum { REPLACED_SECONDS = 60 };

// What does not change with the keys. Whoever adds something to an IKE SA that outlives a rekey
// adds it here.
static bool inherit(struct ike_sa *sa, const struct ike_sa *old)
{
    sa->connection = old->connection;
    sa->first_child = old->first_child;
    sa->remote_identity = old->remote_identity;
    sa->generation = old->generation + 1;
    sa->last_sent = old->last_sent;
    return mobility_inherit(old, sa);
}

static bool fill_in(struct ike_engine *engine, struct ike_sa *sa, const struct ike_sa *old,
                    const struct successor_terms *terms)
{
    const struct crypto_provider *crypto = engine->setup.crypto;
    sa->is_initiator = terms->is_initiator;
    sa->initiator_spi = terms->initiator_spi;
    sa->responder_spi = terms->responder_spi;
    sa->has_suite = true;
    sa->suite = terms->suite;
    sa->created = engine->now;
    return inherit(sa, old) && crypto->sha256(&terms->request, 1, sa->first_request) &&
           octets_set(&sa->initial->own_nonce, terms->own_nonce) &&
           octets_set(&sa->initial->peer_nonce, terms->peer_nonce) &&
           ike_sa_make_rekeyed_keys(sa, old, crypto, terms->shared) &&
           ike_sa_table_add(&engine->table, sa);
}

struct ike_sa *ike_rekey_make_successor(struct ike_engine *engine, const struct ike_sa *old,
                                        const struct successor_terms *terms)
{
    struct ike_sa *sa = ike_sa_new();
    if (sa == NULL || !fill_in(engine, sa, old, terms)) {
        ike_sa_free(sa, engine->setup.crypto);
        return NULL;
    }
    ike_sa_forget_initial(sa, engine->setup.crypto);
    //= rfc7296#section-2.18
    //# The new IKE SA MUST reset its message counters to 0.
    //= reason=a new object starts with them
    ike_log_keys(engine, sa);
    ike_sa_establish(engine, sa);
    // It is settled before anything else happens; not now, while a message is being written.
    alarm_set(&engine->table.alarms, &sa->alarm, engine->now);
    return sa;
}

void ike_rekey_hand_over(struct ike_engine *engine, struct ike_sa *old, struct ike_sa *successor)
{
    //= rfc7296#section-2.8
    //# To rekey an IKE SA, establish a new equivalent IKE SA (see Section 2.18 below) with the peer to
    //# whom the old IKE SA is shared using a CREATE_CHILD_SA within the existing IKE SA.  An IKE SA so
    //# created inherits all of the original IKE SA's Child SAs, and the new IKE SA is used for all
    //# control messages needed to maintain those Child SAs.
    children_hand_over(old, successor);
    task_queue_hand_over(&old->tasks, &successor->tasks, TASK_REKEY_IKE);
    old->rival_spi = 0;
    old->replaced_at = engine->now;
    ike_sa_set_state(engine, old, IKE_SA_REKEYED);
    alarm_set(&engine->table.alarms, &successor->alarm, engine->now);
}

struct ike_sa *ike_rekey_rival(const struct ike_engine *engine, const struct ike_sa *old)
{
    return old->rival_spi == 0 ? NULL : ike_sa_table_find(&engine->table, old->rival_spi);
}

// The SA that `sa` competes to replace; NULL when there is none.
static struct ike_sa *find_contested(const struct ike_engine *engine, const struct ike_sa *sa)
{
    struct ike_sa *old = engine->table.first;
    while (old != NULL && (old->rival_spi == 0 || old->rival_spi != ike_sa_own_spi(sa))) {
        old = old->next;
    }
    return old;
}

static bool asks_for_end(const struct exchange *exchange)
{
    for (size_t i = 0; i < exchange->payloads->count; i++) {
        const struct payload *payload = &exchange->payloads->items[i];
        struct delete_payload content;
        struct wire_fault fault;
        if (payload->type == IKE_PAYLOAD_DELETE &&
            delete_payload_read(payload->body, &content, &fault) &&
            content.protocol == IKE_PROTOCOL_IKE) {
            return true;
        }
    }
    return false;
}

void ike_rekey_note_request(const struct exchange *exchange)
{
    struct ike_sa *sa = exchange->sa;
    // Only the responder of a rekey, in its first request, can be in doubt.
    const bool may_compete = sa->generation > 0 && !sa->is_initiator && !sa->window.has_answered;
    struct ike_sa *old = may_compete ? find_contested(exchange->engine, sa) : NULL;
    if (old != NULL && !asks_for_end(exchange)) {
        ike_rekey_hand_over(exchange->engine, old, sa);
    }
}

void ike_rekey_note_close(struct ike_engine *engine, struct ike_sa *old)
{
    struct ike_sa *rival = ike_rekey_rival(engine, old);
    if (rival != NULL && rival->state == IKE_SA_ESTABLISHED) {
        //= rfc7296#section-2.8.2
        //# If the peer that did notice the simultaneous rekey gets the delete request from the other
        //# peer for the old IKE SA, it knows that the other peer did not detect the simultaneous rekey,
        //# and the first peer can forget its own rekey attempt.
        ike_rekey_hand_over(engine, old, rival);
    }
}

bool ike_rekey_deadline(const struct ike_sa *sa, struct instant *out_when)
{
    const bool is_waiting =
        sa->state == IKE_SA_REKEYED && !task_queue_has(&sa->tasks, TASK_DELETE_IKE_SA);
    *out_when = instant_after(sa->replaced_at, duration_seconds(REPLACED_SECONDS));
    return is_waiting;
}

void ike_rekey_give_up_waiting(struct ike_engine *engine, struct ike_sa *sa)
{
    struct instant when;
    if (!ike_rekey_deadline(sa, &when) || instant_is_before(engine->now, when)) {
        return;
    }
    if (sa->is_redundant) {
        ike_sa_close(engine, sa, "redundant");
    } else {
        ike_sa_begin_close(engine, sa, TASK_DELETE_IKE_SA, "rekeyed");
    }
}
