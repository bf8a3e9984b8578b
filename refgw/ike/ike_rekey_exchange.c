// The CREATE_CHILD_SA exchange that rekeys the IKE SA (RFC 7296, sections 1.3.2 and 2.18).
#include "refgw/ike/create_child_sa.h"
#include "refgw/ike/ike_auth.h"
#include "refgw/ike/ike_rekey.h"
#include "refgw/ike/ike_sa_init.h"
#include "refgw/ike/ike_sa_life.h"
#include "refgw/ike/reporting.h"
#include "refgw/wire/key_exchange.h"
#include "refgw/wire/nonce.h"

static const struct byte_view NOTHING = {.size = 0};

static struct proposal_terms terms_of(const struct ike_engine *engine, const struct ike_sa *sa,
                                      enum key_exchange_method preferred)
{
    struct proposal_terms terms = ike_proposal_terms(engine, sa->connection, preferred);
    terms.purpose = PROPOSAL_FOR_IKE_REKEY;
    return terms;
}

// What the peer's message says.
struct rekey_payloads {
    struct security_association association;
    struct byte_view nonce;
    bool has_key_exchange;
    struct key_exchange key_exchange;
};

static bool read_payloads(const struct exchange *exchange, struct rekey_payloads *out)
{
    struct wire_fault fault;
    return security_association_read(payload_list_find(exchange->payloads, IKE_PAYLOAD_SA)->body,
                                     &out->association, &fault) &&
           nonce_read(payload_list_find(exchange->payloads, IKE_PAYLOAD_NONCE)->body, &out->nonce,
                      &fault) &&
           exchange_read_key_exchange(exchange, &out->has_key_exchange, &out->key_exchange);
}

static struct ike_suite suite_of(const struct chosen_proposal *proposal)
{
    return (struct ike_suite){
        .aead = proposal->aead,
        .prf = proposal->prf,
        .key_exchange = proposal->key_exchange,
    };
}

// --- Our request ------------------------------------------------------------------------------

bool write_ike_rekey(struct ike_sa *sa, const struct ike_task *task, struct outgoing_draft *draft)
{
    const struct creation *creation = task->creation;
    const struct proposal_terms terms = {
        .purpose = PROPOSAL_FOR_IKE_REKEY,
        .crypto = creation->crypto,
        .own = sa->connection->proposals,
        .own_count = sa->connection->proposal_count,
    };
    //= rfc7296#section-1.3.2
    //# A new initiator SPI is supplied in the SPI field of the SA payload.
    if (creation->agreement == NULL ||
        !proposal_put_offer(&terms, creation->ike_spi, &draft->payloads)) {
        return false;
    }
    outgoing_draft_put(draft, IKE_PAYLOAD_NONCE, octets_view(&creation->own_nonce));
    ike_put_key_exchange(&draft->payloads, creation_method(creation),
                         creation->crypto->key_agreement_public(creation->agreement));
    return true;
}

// Makes the SA that the answer describes. NULL when the answer cannot be used; *out_reason says
// why.
static struct ike_sa *take_answer(struct exchange *exchange, const struct creation *creation,
                                  const char **out_reason)
{
    const struct proposal_terms terms = terms_of(exchange->engine, exchange->sa, KE_NONE);
    struct rekey_payloads answer;
    struct chosen_proposal proposal;
    struct secret shared = {.data = NULL};

    *out_reason = "proposal-mismatch-ike";
    if (!read_payloads(exchange, &answer) ||
        !proposal_accept(&terms, &answer.association, &proposal) ||
        !ike_nonce_is_long_enough(exchange->engine, answer.nonce, proposal.prf)) {
        return NULL;
    }
    *out_reason = "key-exchange-mismatch";
    if (!answer.has_key_exchange || proposal.key_exchange != creation_method(creation) ||
        answer.key_exchange.method != (unsigned)creation_method(creation)) {
        return NULL;
    }
    *out_reason = "invalid-key-exchange";
    if (!creation->crypto->key_agreement_derive(creation->agreement, answer.key_exchange.data,
                                                &shared)) {
        return NULL;
    }
    const struct successor_terms made = {
        .is_initiator = true,
        .initiator_spi = creation->ike_spi,
        .responder_spi = proposal.spi,
        .suite = suite_of(&proposal),
        .own_nonce = octets_view(&creation->own_nonce),
        .peer_nonce = answer.nonce,
        .shared = secret_view(&shared),
        .request = octets_view(&creation->own_nonce),
    };
    struct ike_sa *successor = ike_rekey_make_successor(exchange->engine, exchange->sa, &made);
    secret_clear(&shared);
    *out_reason = "no-resources";
    return successor;
}

// The peer's SA is the one that stays.
static void yield_to_rival(struct exchange *exchange)
{
    struct ike_sa *rival = ike_rekey_rival(exchange->engine, exchange->sa);
    if (rival != NULL) {
        ike_rekey_hand_over(exchange->engine, exchange->sa, rival);
    }
}

static void ike_rekey_was_refused(struct exchange *exchange, struct creation *creation)
{
    if (creation_has_rival(creation)) {
        yield_to_rival(exchange);
    } else {
        creation_refused(exchange, creation, "");
    }
}

// Ours is the one that stays. What lost is for the peer to delete.
static void replace(struct exchange *exchange, struct ike_sa *successor)
{
    struct ike_engine *engine = exchange->engine;
    struct ike_sa *old = exchange->sa;
    struct ike_sa *rival = ike_rekey_rival(engine, old);
    if (rival != NULL && rival->state == IKE_SA_ESTABLISHED) {
        rival->is_redundant = true;
        rival->replaced_at = engine->now;
        ike_sa_set_state(engine, rival, IKE_SA_REKEYED);
        alarm_set(&engine->table.alarms, &rival->alarm, engine->now);
    }
    ike_rekey_hand_over(engine, old, successor);
    //= rfc7296#section-2.8
    //= reason=the initiator of the rekey deletes the old IKE SA, inside the old IKE SA
    ike_sa_begin_close(engine, old, TASK_DELETE_IKE_SA, "rekeyed");
}

void finish_ike_rekey(struct exchange *exchange, const struct ike_task *task)
{
    struct creation *creation = task->creation;
    const struct payload *nonce = payload_list_find(exchange->payloads, IKE_PAYLOAD_NONCE);
    const char *reason = "";

    if (payload_list_find(exchange->payloads, IKE_PAYLOAD_SA) == NULL || nonce == NULL) {
        ike_rekey_was_refused(exchange, creation);
        return;
    }
    struct ike_sa *successor = take_answer(exchange, creation, &reason);
    if (successor == NULL) {
        // The two ends no longer agree on what is true.
        ike_sa_begin_close(exchange->engine, exchange->sa, TASK_DELETE_IKE_SA, reason);
        return;
    }
    creation_succeeded(exchange->sa);
    //= rfc7296#section-2.8.2
    //= reason=the SA with the lowest nonce is deleted by the endpoint that created it
    if (creation_has_rival(creation) && creation_is_redundant(creation, nonce->body)) {
        yield_to_rival(exchange);
        ike_sa_begin_close(exchange->engine, successor, TASK_DELETE_IKE_SA, "redundant");
    } else if (exchange->sa->state == IKE_SA_ESTABLISHED) {
        replace(exchange, successor);
    } else {
        // The peer has begun to use its own one already.
        ike_sa_begin_close(exchange->engine, successor, TASK_DELETE_IKE_SA, "redundant");
    }
}

// --- The peer's request -----------------------------------------------------------------------

static enum exchange_outcome refuse(struct exchange *exchange, uint16_t type)
{
    exchange_answer_only(exchange, type, NOTHING);
    return EXCHANGE_DONE;
}

// Whether something of ours is in the way (section 2.25.2).
static bool is_busy(const struct ike_sa *sa)
{
    //= rfc7296#section-2.25.2
    //# If a peer receives a request to rekey the IKE SA, and it is currently creating, rekeying, or
    //# closing a Child SA of that IKE SA, it SHOULD reply with TEMPORARY_FAILURE.
    return task_queue_is_at(&sa->tasks, TASK_CREATE_CHILD) ||
           task_queue_is_at(&sa->tasks, TASK_REKEY_CHILD) ||
           task_queue_is_at(&sa->tasks, TASK_DELETE_CHILD) || sa->rival_spi != 0;
}

// One rekey that is being answered.
struct rekey_answer {
    struct rekey_payloads request;
    struct chosen_proposal proposal;
    struct octets own_nonce;
    struct key_agreement *agreement;
    struct secret shared;
};

static void rekey_answer_clear(const struct crypto_provider *crypto, struct rekey_answer *answer)
{
    octets_clear(&answer->own_nonce);
    crypto->key_agreement_free(answer->agreement);
    secret_clear(&answer->shared);
}

static void put_answer(struct exchange *exchange, const struct ike_sa *successor,
                       const struct rekey_answer *answer)
{
    const struct crypto_provider *crypto = exchange->engine->setup.crypto;
    const struct proposal_terms terms = terms_of(exchange->engine, exchange->sa, KE_NONE);
    struct message_draft *draft = &exchange->answer->payloads;
    //= rfc7296#section-1.3.2
    //# A new responder SPI is supplied in the SPI field of the SA payload.
    proposal_put_answer(&terms, &answer->proposal, successor->responder_spi, draft);
    outgoing_draft_put(exchange->answer, IKE_PAYLOAD_NONCE, octets_view(&answer->own_nonce));
    ike_put_key_exchange(draft, answer->proposal.key_exchange,
                         crypto->key_agreement_public(answer->agreement));
}

static struct ike_sa *make_successor(struct exchange *exchange, const struct rekey_answer *answer)
{
    struct successor_terms made = {
        .is_initiator = false,
        .initiator_spi = answer->proposal.spi,
        .suite = suite_of(&answer->proposal),
        .own_nonce = octets_view(&answer->own_nonce),
        .peer_nonce = answer->request.nonce,
        .shared = secret_view(&answer->shared),
        .request = exchange->message->bytes,
    };
    return ike_sa_choose_spi(exchange->engine, &made.responder_spi)
               ? ike_rekey_make_successor(exchange->engine, exchange->sa, &made)
               : NULL;
}

// Both new SAs wait until our own request is answered, if one is out.
static bool take_place(struct exchange *exchange, struct ike_sa *successor,
                       const struct rekey_answer *answer)
{
    struct ike_sa *old = exchange->sa;
    if (!task_queue_is_at(&old->tasks, TASK_REKEY_IKE)) {
        ike_rekey_hand_over(exchange->engine, old, successor);
        return true;
    }
    //= rfc7296#section-2.25.2
    //# If a peer receives a request to rekey an IKE SA that it is currently rekeying, it SHOULD reply
    //# as usual, and SHOULD prepare to close redundant SAs and move inherited Child SAs later based on
    //# the nonces (see Section 2.8.2).
    old->rival_spi = ike_sa_own_spi(successor);
    return creation_note_rival(task_queue_creation(&old->tasks), answer->request.nonce,
                               octets_view(&answer->own_nonce));
}

static enum exchange_outcome answer_chosen(struct exchange *exchange, struct rekey_answer *answer)
{
    struct ike_engine *engine = exchange->engine;
    const struct crypto_provider *crypto = engine->setup.crypto;

    answer->agreement =
        crypto->key_agreement_new(answer->proposal.key_exchange, &engine->setup.randomness);
    if (answer->agreement == NULL || !ike_make_nonce(engine, &answer->own_nonce)) {
        return refuse(exchange, NOTIFY_TEMPORARY_FAILURE);
    }
    if (!crypto->key_agreement_derive(answer->agreement, answer->request.key_exchange.data,
                                      &answer->shared)) {
        return exchange_invalid_syntax(exchange, "rfc6989#section-2.5");
    }
    struct ike_sa *successor = make_successor(exchange, answer);
    if (successor == NULL) {
        return refuse(exchange, NOTIFY_TEMPORARY_FAILURE);
    }
    put_answer(exchange, successor, answer);
    if (!take_place(exchange, successor, answer)) {
        ike_sa_close(engine, successor, "no-resources");
        exchange->sa->rival_spi = 0;
        return refuse(exchange, NOTIFY_TEMPORARY_FAILURE);
    }
    return EXCHANGE_DONE;
}

enum exchange_outcome answer_ike_rekey(struct exchange *exchange)
{
    struct rekey_answer answer = {.own_nonce = {.data = NULL}};
    if (!read_payloads(exchange, &answer.request)) {
        return exchange_invalid_syntax(exchange, "rfc7296#section-1.3.2");
    }
    if (is_busy(exchange->sa)) {
        return refuse(exchange, NOTIFY_TEMPORARY_FAILURE);
    }
    const enum key_exchange_method offered =
        answer.request.has_key_exchange
            ? (enum key_exchange_method)answer.request.key_exchange.method
            : KE_NONE;
    const struct proposal_terms terms = terms_of(exchange->engine, exchange->sa, offered);
    //= rfc7296#section-2.18
    //= reason=without a key exchange there is no proposal to choose
    if (!proposal_choose(&terms, &answer.request.association, &answer.proposal) ||
        !ike_nonce_is_long_enough(exchange->engine, answer.request.nonce, answer.proposal.prf)) {
        ike_auth_report_child_failure(exchange->engine, exchange->sa, "", "proposal-mismatch-ike");
        return refuse(exchange, NOTIFY_NO_PROPOSAL_CHOSEN);
    }
    if (answer.proposal.key_exchange != offered) {
        exchange_ask_for_method(exchange, answer.proposal.key_exchange);
        return EXCHANGE_DONE;
    }
    const enum exchange_outcome outcome = answer_chosen(exchange, &answer);
    rekey_answer_clear(exchange->engine->setup.crypto, &answer);
    return outcome;
}
