// What MOBIKE says in INFORMATIONAL exchanges (RFC 4555, sections 3.5 to 3.9).
#include <string.h>

#include "refgw/ike/children.h"
#include "refgw/ike/exchange.h"
#include "refgw/ike/ike_sa_init.h"
#include "refgw/ike/ike_sa_life.h"
#include "refgw/ike/mobility.h"
#include "refgw/ike/mobility_notifies.h"
#include "refgw/ike/reporting.h"

enum {
    LEAST_COOKIE2_SIZE = 8,
    MOST_COOKIE2_SIZE = 64,
    MOST_REFUSALS = 3, // of one update because of a NAT: the NAT may be gone soon
};

static const struct byte_view NOTHING = {.size = 0};

static void put_nat_detection(const struct ike_sa *sa, const struct network_path *path,
                              struct outgoing_draft *draft)
{
    const struct ike_spis spis = {.initiator = sa->initiator_spi, .responder = sa->responder_spi};
    // Without SHA-1 there was no NAT detection in IKE_SA_INIT either.
    (void)!nat_detection_put(sa->outbound.crypto, &draft->payloads, spis, path,
                             sa->connection->forces_encapsulation);
}

// NAT detection, or the demand that there be none.
static void put_path(const struct ike_sa *sa, struct outgoing_draft *draft)
{
    //= rfc4555#section-3.9
    //# More specifically, when NAT Traversal is not enabled, all messages that
    //# can update the addresses associated with the IKE_SA and/or IPsec SAs
    //# (the first IKE_AUTH request and all INFORMATIONAL requests that contain
    //# any of the following notifications: UPDATE_SA_ADDRESSES,
    //# ADDITIONAL_IP4_ADDRESS, ADDITIONAL_IP6_ADDRESS,
    //# NO_ADDITIONAL_ADDRESSES) MUST also include a NO_NATS_ALLOWED
    //# notification.
    if (sa->connection->forbids_nat) {
        mobility_notifies_put_no_nats(&sa->path, draft);
    } else if (sa->nat.is_supported) {
        put_nat_detection(sa, &sa->path, draft);
    }
}

// What NAT detection in a message tells about its path. ESP is encapsulated accordingly.
static void judge_nat(const struct exchange *exchange)
{
    struct ike_engine *engine = exchange->engine;
    struct ike_sa *sa = exchange->sa;
    struct message plain = *exchange->message;
    struct nat_findings found;

    plain.payloads = *exchange->payloads;
    nat_detection_judge(engine->setup.crypto, &plain, exchange->path, &found);
    if (!found.is_supported || !sa->nat.is_supported) {
        return;
    }
    const bool has_changed = found.local_is_behind_nat != sa->nat.local_is_behind_nat ||
                             found.remote_is_behind_nat != sa->nat.remote_is_behind_nat;
    sa->nat = found;
    if (has_changed) {
        ike_report_nat(engine, sa);
    }
}

static void reject_request(const struct exchange *exchange, const char *reason, const char *section)
{
    const struct rejection rejection = {
        .sa = exchange->sa,
        .header = &exchange->message->header,
        .path = exchange->path,
        .reason = reason,
        .section = section,
    };
    report_rejection(exchange->engine, &rejection);
}

// --- Telling the peer --------------------------------------------------------------------------

bool write_address_update(struct ike_sa *sa, const struct ike_task *task,
                          struct outgoing_draft *draft)
{
    (void)task;
    sa->mobility.requested = sa->path;
    outgoing_draft_put_notify(draft, NOTIFY_UPDATE_SA_ADDRESSES, NOTHING);
    mobility_notifies_put_addresses(sa, true, draft);
    put_path(sa, draft);
    return true;
}

bool write_address_list(struct ike_sa *sa, const struct ike_task *task,
                        struct outgoing_draft *draft)
{
    (void)task;
    sa->mobility.requested = sa->path;
    mobility_notifies_put_addresses(sa, true, draft);
    if (sa->connection->forbids_nat) {
        mobility_notifies_put_no_nats(&sa->path, draft);
    }
    return true;
}

void finish_address_list(struct exchange *exchange, const struct ike_task *task)
{
    (void)exchange; // a path that has changed meanwhile is told by an update of its own
    (void)task;
}

// The peer's view of our address, as a hash.
static bool has_new_hash(struct exchange *exchange)
{
    struct mobility *mobility = &exchange->sa->mobility;
    struct byte_view hash;
    if (!exchange_find_notify(exchange, NOTIFY_NAT_DETECTION_DESTINATION_IP, &hash) ||
        hash.size != sizeof(mobility->seen_hash)) {
        return false;
    }
    const bool is_new = mobility->has_seen_hash && !view_equals(hash, VIEW_OF(mobility->seen_hash));
    memcpy(mobility->seen_hash, hash.data, hash.size);
    mobility->has_seen_hash = true;
    return is_new;
}

void mobility_remember_hash(struct exchange *exchange)
{
    (void)has_new_hash(exchange);
}

// The peer does not want us there: back to where it knows us.
static void give_back(struct exchange *exchange, const char *reason)
{
    struct ike_engine *engine = exchange->engine;
    struct ike_sa *sa = exchange->sa;
    struct mobility *mobility = &sa->mobility;
    const bool is_still_ours =
        engine->local_addresses.count == 0 ||
        address_list_has(&engine->local_addresses, &mobility->confirmed.local.address);

    reject_request(exchange, reason, "rfc4555#section-3.5");
    mobility->refusals = 0;
    if (is_still_ours && !path_equals(&mobility->confirmed, &sa->path)) {
        mobility_move(engine, sa, &mobility->confirmed);
    } else if (!path_equals(&mobility->confirmed, &sa->path)) {
        // Nowhere to go back to, and not wanted here.
        ike_sa_begin_close(engine, sa, TASK_DELETE_IKE_SA, reason);
    }
}

void finish_address_update(struct exchange *exchange, const struct ike_task *task)
{
    struct ike_sa *sa = exchange->sa;
    struct mobility *mobility = &sa->mobility;
    const uint16_t error = exchange_find_error(exchange);
    (void)task;

    //= rfc4555#section-3.6
    //# If the request to update the addresses is retransmitted using
    //# several different source addresses, a new INFORMATIONAL request MUST be
    //# sent.
    if (!path_equals(&mobility->requested, &sa->path)) {
        mobility->wants_update = true;
        return;
    }
    if (error == NOTIFY_UNEXPECTED_NAT_DETECTED && mobility->refusals < MOST_REFUSALS) {
        mobility->refusals++;
        mobility->wants_update = true;
        return;
    }
    if (error != 0) {
        give_back(exchange, error == NOTIFY_UNEXPECTED_NAT_DETECTED ? "unexpected-nat"
                                                                    : "unacceptable-addresses");
        return;
    }
    mobility->refusals = 0;
    mobility->confirmed = sa->path;
    (void)has_new_hash(exchange);
    judge_nat(exchange);
    children_move(exchange->engine, sa);
}

void mobility_put_nat_check(const struct ike_sa *sa, struct outgoing_draft *draft)
{
    const struct mobility *mobility = &sa->mobility;
    //= rfc4555#section-3.8
    //= type=SHOULD
    //= reason=who is behind a NAT finds a new mapping by NAT detection in liveness checks
    if (mobility->is_agreed && mobility->may_move && sa->nat.local_is_behind_nat) {
        put_nat_detection(sa, &sa->path, draft);
    }
}

void mobility_finish_nat_check(struct exchange *exchange)
{
    struct mobility *mobility = &exchange->sa->mobility;
    if (mobility->is_agreed && mobility->may_move && has_new_hash(exchange)) {
        mobility->wants_update = true;
    }
}

// --- Following the peer ------------------------------------------------------------------------

static bool is_in_ranges(const struct selector_set *ranges, const struct ip_address *address)
{
    for (size_t i = 0; i < ranges->count; i++) {
        const struct selector *range = &ranges->items[i];
        if (range->start_address.family == address->family &&
            address_compare(&range->start_address, address) <= 0 &&
            address_compare(address, &range->end_address) <= 0) {
            return true;
        }
    }
    return ranges->count == 0;
}

static bool is_multicast(const struct ip_address *address)
{
    return address->family == ADDRESS_IPV4 ? (address->bytes[0] & 0xf0U) >= 0xe0U
                                           : address->bytes[0] == 0xffU;
}

static bool is_acceptable(const struct exchange *exchange)
{
    const struct ip_address *remote = &exchange->path->remote.address;
    const struct ip_address any = {.family = remote->family};
    return !address_equals(remote, &any) && !is_multicast(remote) &&
           !address_equals(remote, &exchange->path->local.address) &&
           is_in_ranges(&exchange->sa->connection->roaming_ranges, remote);
}

// Children follow when the new address has shown that it answers.
//= rfc4555#section-3.7
//= type=SHOULD
//# By default, this "return routability check" SHOULD be performed.
static bool begin_return_check(struct exchange *exchange)
{
    struct ike_engine *engine = exchange->engine;
    struct ike_sa *sa = exchange->sa;
    struct mobility *mobility = &sa->mobility;
    uint8_t cookie[COOKIE2_SIZE];

    //= rfc4555#section-4.2.5
    //# The data associated with this notification MUST be between 8 and 64
    //# octets in length (inclusive), and MUST be chosen by the exchange
    //# initiator in a way that is unpredictable to the exchange responder.
    if (!random_fill(&engine->setup.randomness, cookie, sizeof(cookie)) ||
        !task_queue_add(&sa->tasks, TASK_CHECK_RETURN, 0)) {
        return false;
    }
    memcpy(mobility->next_cookie2, cookie, sizeof(cookie));
    mobility->checked = *exchange->path;
    mobility->is_checking = true;
    return true;
}

static bool refuse_addresses(struct exchange *exchange)
{
    exchange_answer_only(exchange, NOTIFY_UNACCEPTABLE_ADDRESSES, NOTHING);
    reject_request(exchange, "unacceptable-addresses", "rfc4555#section-3.5");
    return false;
}

static bool follow(struct exchange *exchange)
{
    struct ike_sa *sa = exchange->sa;
    const struct network_path *path = exchange->path;
    const bool is_elsewhere = !address_equals(&sa->path.remote.address, &path->remote.address);

    // Only who initiated the first IKE SA decides on the addresses (section 3.5).
    if (sa->mobility.may_move || !is_acceptable(exchange) ||
        (is_elsewhere && !begin_return_check(exchange))) {
        return refuse_addresses(exchange);
    }
    sa->path = *path;
    judge_nat(exchange);
    if (!sa->mobility.is_checking) {
        children_move(exchange->engine, sa);
    }
    if (is_elsewhere) {
        report_sa(exchange->engine, IKE_REPORT_PATH_CHANGED, sa, "peer-moved");
    }
    return true;
}

bool write_return_check(struct ike_sa *sa, const struct ike_task *task,
                        struct outgoing_draft *draft)
{
    struct mobility *mobility = &sa->mobility;
    (void)task;
    memcpy(mobility->sent_cookie2, mobility->next_cookie2, sizeof(mobility->sent_cookie2));
    outgoing_draft_put_notify(draft, NOTIFY_COOKIE2, VIEW_OF(mobility->sent_cookie2));
    return true;
}

void finish_return_check(struct exchange *exchange, const struct ike_task *task)
{
    struct ike_engine *engine = exchange->engine;
    struct ike_sa *sa = exchange->sa;
    struct mobility *mobility = &sa->mobility;
    struct byte_view cookie;
    (void)task;

    //= rfc4555#section-3.7
    //# When processing the response, the original sender MUST verify that the
    //# value is the same one as sent.  If the values do not match, the IKE_SA
    //# MUST be closed.
    if (!exchange_find_notify(exchange, NOTIFY_COOKIE2, &cookie) ||
        !secret_equals(cookie, VIEW_OF(mobility->sent_cookie2))) {
        reject_request(exchange, "return-check-failed", "rfc4555#section-3.7");
        ike_sa_begin_close(engine, sa, TASK_DELETE_IKE_SA, "return-check-failed");
        return;
    }
    // Another check waits when the peer has moved on meanwhile.
    if (!task_queue_has(&sa->tasks, TASK_CHECK_RETURN)) {
        mobility->is_checking = false;
        children_move(engine, sa);
    }
}

// --- Answering ---------------------------------------------------------------------------------

// The peer's addresses are others now. When it tells so from a new one, the old one is gone.
static void note_peer_addresses(struct exchange *exchange)
{
    struct ike_sa *sa = exchange->sa;
    struct mobility *mobility = &sa->mobility;
    if (mobility_notifies_take_addresses(exchange, &mobility->remote) && mobility->may_move &&
        !address_equals(&exchange->path->remote.address, &sa->path.remote.address)) {
        mobility->is_searching = true;
        mobility_move(exchange->engine, sa, exchange->path);
    }
}

static void put_echoes(struct exchange *exchange)
{
    struct byte_view data;
    //= rfc4555#section-3.8
    //# the NAT_DETECTION_SOURCE_IP and NAT_DETECTION_DESTINATION_IP
    //# notifications MAY be included in any INFORMATIONAL request; if the
    //# request includes them, the responder MUST also include them in the
    //# response
    if (exchange_find_notify(exchange, NOTIFY_NAT_DETECTION_SOURCE_IP, &data) &&
        exchange->sa->nat.is_supported) {
        put_nat_detection(exchange->sa, exchange->path, exchange->answer);
    }
    //= rfc4555#section-3.7
    //# the recipient of an INFORMATIONAL request MUST copy the notification
    //# as-is to the response.
    if (exchange_find_notify(exchange, NOTIFY_COOKIE2, &data) && data.size >= LEAST_COOKIE2_SIZE &&
        data.size <= MOST_COOKIE2_SIZE) {
        outgoing_draft_put_notify(exchange->answer, NOTIFY_COOKIE2, data);
    }
}

bool mobility_answer(struct exchange *exchange)
{
    struct byte_view nothing;
    if (!exchange->sa->mobility.is_agreed) {
        return true;
    }
    //= rfc4555#section-3.9
    //# If an UNEXPECTED_NAT_DETECTED notification is sent, the exchange
    //# responder MUST NOT use the contents of the NO_NATS_ALLOWED
    //# notification for any other purpose than possibly logging the
    //# information for troubleshooting purposes.
    if (!mobility_notifies_allow_path(exchange)) {
        reject_request(exchange, "unexpected-nat", "rfc4555#section-3.9");
        return false;
    }
    if (exchange_find_notify(exchange, NOTIFY_UPDATE_SA_ADDRESSES, &nothing) && !follow(exchange)) {
        return false;
    }
    note_peer_addresses(exchange);
    put_echoes(exchange);
    return true;
}
