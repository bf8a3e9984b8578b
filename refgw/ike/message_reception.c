#include "refgw/ike/message_reception.h"

#include "refgw/ike/children.h"
#include "refgw/ike/cookie.h"
#include "refgw/ike/exchange_rules.h"
#include "refgw/ike/half_open.h"
#include "refgw/ike/ike_rekey.h"
#include "refgw/ike/ike_sa_life.h"
#include "refgw/ike/message_hook.h"
#include "refgw/ike/reporting.h"

enum { MAJOR_VERSION = 2 };

static const struct byte_view NOTHING = {.size = 0};

static void reject(const struct exchange *exchange, const char *reason, const char *section)
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

static bool is_response(const struct exchange *exchange)
{
    return ike_header_is_response(&exchange->message->header);
}

// --- What the handler's outcome means ---------------------------------------------------------

static void send_outcome(struct exchange *exchange)
{
    const struct ike_header *header = &exchange->message->header;
    struct ike_sa *sa = exchange->sa;
    struct byte_view bytes;

    if (sa == NULL) {
        send_unprotected_answer(exchange->engine, exchange->path, header,
                                exchange->message->bytes.size, exchange->answer);
        return;
    }
    const bool is_sent =
        send_answer(exchange->engine, sa, header, exchange->path, exchange->answer, &bytes);
    // The AUTH payload will cover the answer to IKE_SA_INIT as it travelled.
    if (!is_sent ||
        (sa->state == IKE_SA_INIT_ANSWERED && !octets_set(&sa->initial->own_message, bytes))) {
        ike_sa_close(exchange->engine, sa, "no-resources");
    }
}

static void conclude(struct exchange *exchange, enum exchange_outcome outcome)
{
    if (outcome != EXCHANGE_DONE && exchange->reason[0] != '\0' &&
        (outcome == EXCHANGE_IGNORE || exchange->section[0] != '\0')) {
        reject(exchange, exchange->reason, exchange->section);
    }
    if (outcome != EXCHANGE_IGNORE && !is_response(exchange)) {
        send_outcome(exchange);
    }
    if (outcome == EXCHANGE_FAILED && exchange->sa != NULL) {
        exchange->sa->repeats_answer = !is_response(exchange);
        ike_sa_close(exchange->engine, exchange->sa, exchange->reason);
    }
}

// --- The rules --------------------------------------------------------------------------------

// An answer nobody can accept: the two ends no longer agree on what is true.
static enum exchange_outcome refuse_response(struct exchange *exchange, const char *reason,
                                             const char *section)
{
    struct ike_sa *sa = exchange->sa;
    if (!ike_sa_has_keys(sa)) {
        return exchange_end(exchange, EXCHANGE_IGNORE, reason, section);
    }
    if (sa->state != IKE_SA_ESTABLISHED) {
        return exchange_end(exchange, EXCHANGE_FAILED, reason, section);
    }
    ike_sa_begin_close(exchange->engine, sa, TASK_DELETE_IKE_SA, reason);
    return exchange_end(exchange, EXCHANGE_IGNORE, reason, section);
}

static enum exchange_outcome refuse_critical(struct exchange *exchange, uint8_t type)
{
    const char *reason = "unsupported-critical-payload";
    const char *section = "rfc7296#section-2.5";
    const bool is_established = exchange->sa != NULL && exchange->sa->state >= IKE_SA_ESTABLISHED;
    if (is_response(exchange)) {
        return refuse_response(exchange, reason, section);
    }
    exchange_answer_only(exchange, NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD,
                         (struct byte_view){.data = &type, .size = 1});
    if (is_established) {
        reject(exchange, reason, section);
        return EXCHANGE_DONE;
    }
    return exchange_end(exchange, EXCHANGE_FAILED, reason, section);
}

static enum exchange_outcome refuse_broken(struct exchange *exchange, const char *section)
{
    const bool is_protected = exchange->sa != NULL && ike_sa_has_keys(exchange->sa);
    if (!is_protected) {
        return exchange_end(exchange, EXCHANGE_IGNORE, "invalid-syntax", section);
    }
    if (is_response(exchange)) {
        return refuse_response(exchange, "invalid-syntax", section);
    }
    return exchange_invalid_syntax(exchange, section);
}

static enum exchange_outcome run_rule(struct exchange *exchange, const struct exchange_rule *rule)
{
    uint8_t type = 0;
    switch (exchange_rule_check(rule, exchange->payloads, &type)) {
    case RULE_KEPT:
        return rule->handler(exchange);
    case RULE_REFUSED:
        return rule->refused(exchange);
    case RULE_UNKNOWN_CRITICAL:
        return refuse_critical(exchange, type);
    case RULE_BROKEN:
        break;
    }
    return refuse_broken(exchange, "rfc7296#appendix-C");
}

static void report_received(const struct exchange *exchange)
{
    struct ike_report report = report_about(IKE_REPORT_MESSAGE_RECEIVED, exchange->sa, "");
    report_set_header(&report, &exchange->message->header);
    report.path = *exchange->path;
    report_set_payloads(&report, exchange->payloads, report.is_response);
    action_queue_report(&exchange->engine->actions, &report);
}

// Runs a message that is to be acted on. `fault` is what is wrong inside an authentic message;
// NULL when it could be read.
static void run(struct exchange *exchange, const struct wire_fault *fault)
{
    const struct ike_header *header = &exchange->message->header;
    const enum ike_sa_state state = exchange->sa == NULL ? IKE_SA_NONE : exchange->sa->state;
    const struct exchange_rule *rule =
        exchange_rule_find(state, header->exchange_type, is_response(exchange));
    struct outgoing_draft answer;

    if (rule == NULL) {
        reject(exchange, "unexpected-exchange", "rfc7296#section-2.2");
        return;
    }
    outgoing_draft_begin(exchange->engine, &answer);
    // The exchange does not outlive this call.
    // cppcheck-suppress autoVariables
    exchange->answer = &answer;
    exchange->reason = "";
    exchange->section = "";
    // An authentic answer ends its request, whatever it says.
    if (is_response(exchange) && ike_sa_has_keys(exchange->sa)) {
        message_window_finish_request(&exchange->sa->window);
    }
    conclude(exchange,
             fault == NULL ? run_rule(exchange, rule) : refuse_broken(exchange, fault->section));
}

static bool hook_drops(struct exchange *exchange)
{
    const struct message_hook *hook = exchange->engine->setup.hook;
    if (hook == NULL || hook->after_receive == NULL) {
        return false;
    }
    struct message plain = *exchange->message;
    plain.payloads = *exchange->payloads;
    return hook->after_receive(hook->context, &plain) == HOOK_DROP;
}

// --- IKE_SA_INIT ------------------------------------------------------------------------------

// True when an SA was made by this very request before; it is dealt with then.
static bool is_known_request(struct exchange *exchange)
{
    struct ike_engine *engine = exchange->engine;
    uint8_t digest[REQUEST_DIGEST_SIZE];
    if (!engine->setup.crypto->sha256(&exchange->message->bytes, 1, digest)) {
        return true;
    }
    struct ike_sa *sa = ike_sa_table_find_by_first_request(&engine->table, digest);
    if (sa == NULL) {
        return false;
    }
    exchange->sa = sa;
    if (sa->state == IKE_SA_INIT_ANSWERED) {
        send_answer_again(engine, sa, exchange->path);
    } else {
        reject(exchange, "old-message-id", "rfc7296#section-2.1");
    }
    return true;
}

// Whether this new peer may cost us a key agreement and memory. If not, it was dealt with.
static bool is_admitted(struct exchange *exchange)
{
    if (half_open_is_full(exchange->engine)) {
        reject(exchange, "half-open-limit", "rfc7296#section-2.6");
        return false;
    }
    switch (cookie_judge(exchange)) {
    case COOKIE_MISSING:
        reject(exchange, "cookie-required", "rfc7296#section-2.6");
        cookie_challenge(exchange);
        return false;
    case COOKIE_FAILED:
        reject(exchange, "invalid-syntax", "rfc7296#section-2.6");
        return false;
    case COOKIE_NOT_NEEDED:
    case COOKIE_GOOD:
        break;
    }
    if (half_open_is_full_for(exchange->engine, &exchange->path->remote.address)) {
        reject(exchange, "half-open-limit", "rfc7296#section-2.6");
        return false;
    }
    return true;
}

static void receive_init_request(struct exchange *exchange)
{
    const struct ike_header *header = &exchange->message->header;
    if (header->initiator_spi == 0 || header->responder_spi != 0 || header->message_id != 0 ||
        !ike_header_is_from_initiator(header)) {
        reject(exchange, "invalid-header", "rfc7296#section-3.1");
        return;
    }
    if (is_known_request(exchange)) {
        return;
    }
    if (!is_admitted(exchange)) {
        return;
    }
    if (hook_drops(exchange)) {
        return;
    }
    report_received(exchange);
    run(exchange, NULL);
    if (exchange->sa != NULL) {
        ike_sa_settle(exchange->engine, exchange->sa);
    }
}

static void receive_init_response(struct exchange *exchange)
{
    const struct ike_header *header = &exchange->message->header;
    struct ike_sa *sa = ike_sa_table_find(&exchange->engine->table, header->initiator_spi);
    if (sa == NULL || !sa->is_initiator || ike_header_is_from_initiator(header)) {
        reject(exchange, "unknown-spi", "rfc7296#section-2.21.4");
        return;
    }
    exchange->sa = sa;
    if (sa->state != IKE_SA_INIT_SENT ||
        message_window_judge(&sa->window, header) != WINDOW_AWAITED_RESPONSE) {
        reject(exchange, "old-message-id", "rfc7296#section-2.1");
        return;
    }
    if (hook_drops(exchange)) {
        return;
    }
    report_received(exchange);
    run(exchange, NULL);
    ike_sa_settle(exchange->engine, sa);
}

// --- Everything that is protected -------------------------------------------------------------

// The SA a protected message names with both SPIs and the Initiator flag, or NULL.
static struct ike_sa *find_sa(const struct ike_engine *engine, const struct ike_header *header)
{
    const bool we_are_responder = ike_header_is_from_initiator(header);
    struct ike_sa *sa = ike_sa_table_find(&engine->table, we_are_responder ? header->responder_spi
                                                                           : header->initiator_spi);
    const bool fits = sa != NULL && sa->is_initiator != we_are_responder &&
                      sa->initiator_spi == header->initiator_spi &&
                      sa->responder_spi == header->responder_spi && ike_sa_has_keys(sa);
    return fits ? sa : NULL;
}

// An authentic message, not a repeated one, tells where the peer is. Before the first one a
// responder follows to port 4500; later only a peer behind a NAT moves, and only when we are
// not behind one ourselves (RFC 7296, section 2.23).
//= rfc4555#section-3.8
//# The host not behind a NAT MUST NOT use these dynamic updates for IKEv2
//# packets, but MAY use them for ESP packets.
static void follow_peer(struct ike_engine *engine, struct ike_sa *sa,
                        const struct network_path *path)
{
    const bool may_move =
        sa->state == IKE_SA_INIT_ANSWERED ||
        (sa->nat.remote_is_behind_nat && !sa->nat.local_is_behind_nat && !sa->mobility.is_agreed);
    if (may_move && !path_equals(&sa->path, path)) {
        sa->path = *path;
        children_move(engine, sa);
    }
}

static void act_on(struct exchange *exchange, const struct wire_fault *fault)
{
    struct ike_engine *engine = exchange->engine;
    struct ike_sa *sa = exchange->sa;

    switch (message_window_judge(&sa->window, &exchange->message->header)) {
    case WINDOW_REPEATED_REQUEST:
        send_answer_again(engine, sa, exchange->path);
        return;
    case WINDOW_OUTSIDE:
        reject(exchange, "old-message-id", "rfc7296#section-2.3");
        return;
    case WINDOW_NEW_REQUEST:
    case WINDOW_AWAITED_RESPONSE:
        break;
    }
    if (sa->state == IKE_SA_CLOSED) {
        reject(exchange, "unknown-spi", "rfc7296#section-2.21.4");
        return;
    }
    report_received(exchange);
    follow_peer(engine, sa, exchange->path);
    if (is_response(exchange)) {
        mobility_note_answer(engine, sa, exchange->path);
    } else {
        children_confirm(engine, sa);
        ike_rekey_note_request(exchange);
    }
    sa->last_heard = engine->now;
    run(exchange, fault);
    ike_sa_settle(engine, sa);
}

// A part of a message; with the last one the whole message is acted on.
static void receive_fragment(struct exchange *exchange)
{
    struct ike_engine *engine = exchange->engine;
    const struct fragment_outcome outcome =
        fragments_receive(engine, exchange->sa, exchange->message);
    struct payload_list payloads = {.count = 0};
    struct wire_fault fault;

    if (outcome.verdict == FRAGMENT_REJECTED) {
        reject(exchange, outcome.reason, outcome.section);
    } else if (outcome.verdict == FRAGMENT_REPEATED) {
        send_answer_again(engine, exchange->sa, exchange->path);
    } else if (outcome.verdict == FRAGMENT_KEPT) {
        ike_sa_settle(engine, exchange->sa); // it is not kept for ever
    }
    if (outcome.verdict != FRAGMENT_COMPLETE) {
        return;
    }
    const bool is_readable =
        payload_list_read(outcome.chain, outcome.first_type, &payloads, &fault);
    struct exchange inside = *exchange;
    inside.payloads = &payloads;
    if (!hook_drops(&inside)) {
        act_on(&inside, is_readable ? NULL : &fault);
    }
}

static void receive_protected(struct exchange *exchange)
{
    struct ike_engine *engine = exchange->engine;
    struct opened_message opened = {.is_authentic = false};
    struct wire_fault fault;

    exchange->sa = find_sa(engine, &exchange->message->header);
    if (exchange->sa == NULL) {
        reject(exchange, "unknown-spi", "rfc7296#section-2.21.4");
        return;
    }
    if (message_is_fragment(exchange->message)) {
        receive_fragment(exchange);
        return;
    }
    const bool is_readable = message_open(&exchange->sa->inbound, exchange->message, engine->opened,
                                          sizeof(engine->opened), &opened, &fault);
    if (!opened.is_authentic) {
        reject(exchange, "integrity-failed", fault.section);
        return;
    }
    struct exchange inside = *exchange;
    inside.payloads = &opened.inside;
    if (!hook_drops(&inside)) {
        act_on(&inside, is_readable ? NULL : &fault);
    }
}

// --- The front door ---------------------------------------------------------------------------

//= rfc7296#section-2.5
//= reason=a higher major version is answered with the version we speak
static void refuse_version(struct exchange *exchange)
{
    const struct ike_header *header = &exchange->message->header;
    struct outgoing_draft answer;

    reject(exchange, "invalid-major-version", "rfc7296#section-2.5");
    if (header->major_version > MAJOR_VERSION && !ike_header_is_response(header)) {
        outgoing_draft_begin(exchange->engine, &answer);
        outgoing_draft_put_notify(&answer, NOTIFY_INVALID_MAJOR_VERSION, NOTHING);
        send_unprotected_answer(exchange->engine, exchange->path, header,
                                exchange->message->bytes.size, &answer);
    }
}

static void refuse_bytes(struct exchange *exchange, const struct wire_fault *fault)
{
    const struct ike_header *header = &exchange->message->header;
    const bool has_header = exchange->message->bytes.size >= IKE_HEADER_SIZE;
    if (has_header && header->major_version != MAJOR_VERSION) {
        refuse_version(exchange);
    } else {
        reject(exchange, "unreadable", fault->section);
    }
}

void receive_message(struct ike_engine *engine, const struct network_path *path,
                     struct byte_view bytes)
{
    struct message message = {.header = {0}};
    struct wire_fault fault;
    struct exchange exchange = {
        .engine = engine,
        .path = path,
        .message = &message,
        .payloads = &message.payloads,
        .reason = "",
        .section = "",
    };
    if (!message_read(bytes, &message, &fault)) {
        message.bytes = bytes;
        refuse_bytes(&exchange, &fault);
    } else if (message.header.exchange_type != IKE_EXCHANGE_SA_INIT) {
        receive_protected(&exchange);
    } else if (ike_header_is_response(&message.header)) {
        receive_init_response(&exchange);
    } else {
        receive_init_request(&exchange);
    }
}
