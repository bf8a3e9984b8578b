#include "refgw/ike/message_sending.h"

#include "refgw/ike/message_hook.h"
#include "refgw/ike/reporting.h"
#include "refgw/wire/notify.h"

enum {
    MAJOR_VERSION = 2,
    MOST_UNPROTECTED_PER_SECOND = 100,
};

void outgoing_draft_begin(struct ike_engine *engine, struct outgoing_draft *draft)
{
    *draft = (struct outgoing_draft){
        .writer = writer_into(engine->chain, sizeof(engine->chain)),
    };
    payload_chain_begin(&draft->payloads, &draft->writer, &draft->first_type);
}

void outgoing_draft_put(struct outgoing_draft *draft, uint8_t payload_type, struct byte_view body)
{
    payload_begin(&draft->payloads, payload_type, false);
    writer_put_bytes(&draft->writer, body);
    payload_end(&draft->payloads);
}

void outgoing_draft_put_notify(struct outgoing_draft *draft, uint16_t type, struct byte_view data)
{
    const struct notify notify = {.type = type, .data = data};
    payload_begin(&draft->payloads, IKE_PAYLOAD_NOTIFY, false);
    notify_write(&draft->writer, &notify);
    payload_end(&draft->payloads);
}

// A message that is being finished.
struct composition {
    struct ike_engine *engine;
    struct ike_sa *sa; // NULL outside any SA
    const struct network_path *path;
    struct ike_header header;
    uint8_t first_type;
    size_t chain_size;
    bool is_dropped;        // the hook wants it lost
    struct byte_view bytes; // as it travels; fragments stand in a row
};

static void ask_hook(struct composition *composition)
{
    struct ike_engine *engine = composition->engine;
    const struct message_hook *hook = engine->setup.hook;
    if (hook == NULL || hook->before_send == NULL) {
        return;
    }
    struct outgoing_message message = {
        .header = &composition->header,
        .first_payload = &composition->first_type,
        .chain = engine->chain,
        .chain_size = &composition->chain_size,
        .chain_capacity = sizeof(engine->chain),
    };
    composition->is_dropped = hook->before_send(hook->context, &message) == HOOK_DROP;
}

// The hook may have set a length of its own; then the plain message carries that one.
static void write_plain(const struct composition *composition, struct byte_view chain,
                        struct byte_writer *out)
{
    struct ike_header header = composition->header;
    header.first_payload = composition->first_type;
    if (header.length == 0) {
        header.length = (uint32_t)(IKE_HEADER_SIZE + chain.size);
    }
    ike_header_write(out, &header);
    writer_put_bytes(out, chain);
}

static bool seal_protected(const struct composition *composition, struct byte_view chain,
                           struct byte_writer *out)
{
    const struct message_fragment whole = {.first_type = composition->first_type, .piece = chain};
    return fragments_seal(composition->engine, composition->sa, composition->path,
                          &composition->header, &whole, out);
}

static bool compose(struct composition *composition, struct outgoing_draft *draft)
{
    struct ike_engine *engine = composition->engine;
    struct ike_sa *sa = composition->sa;
    struct byte_writer out = writer_into(engine->datagram, sizeof(engine->datagram));
    struct byte_view chain;

    if (!writer_finish(&draft->writer, &chain)) {
        return false;
    }
    composition->first_type = draft->first_type;
    composition->chain_size = chain.size;
    ask_hook(composition);
    chain = (struct byte_view){.data = engine->chain, .size = composition->chain_size};
    const bool is_plain = sa == NULL || composition->header.exchange_type == IKE_EXCHANGE_SA_INIT;
    if (is_plain) {
        write_plain(composition, chain, &out);
    } else if (!ike_sa_has_keys(sa) || !seal_protected(composition, chain, &out)) {
        return false;
    }
    return writer_finish(&out, &composition->bytes);
}

static void report_sent(const struct composition *composition, const struct network_path *path)
{
    struct ike_report report = report_about(IKE_REPORT_MESSAGE_SENT, composition->sa, "");
    const struct byte_view chain = {.data = composition->engine->chain,
                                    .size = composition->chain_size};
    struct payload_list payloads;
    struct wire_fault fault;

    report_set_header(&report, &composition->header);
    report.path = *path;
    if (payload_list_read(chain, composition->first_type, &payloads, &fault)) {
        report_set_payloads(&report, &payloads, report.is_response);
    } else {
        report_set_text(&report, "(not readable)");
    }
    action_queue_report(&composition->engine->actions, &report);
}

// One datagram, or one for each fragment.
static void send_bytes(struct ike_engine *engine, const struct network_path *path,
                       struct byte_view bytes)
{
    struct byte_view message;
    while (fragments_take_next(&bytes, &message)) {
        action_queue_send(&engine->actions, path, message);
    }
}

static void dispatch(const struct composition *composition, struct byte_view *out_bytes)
{
    if (!composition->is_dropped) {
        send_bytes(composition->engine, composition->path, composition->bytes);
    }
    if (composition->sa != NULL) {
        composition->sa->last_sent = composition->engine->now;
    }
    report_sent(composition, composition->path);
    if (out_bytes != NULL) {
        *out_bytes = composition->bytes;
    }
}

static uint8_t own_role_flag(const struct ike_sa *sa)
{
    return sa->is_initiator ? IKE_FLAG_INITIATOR : 0;
}

bool send_request(struct ike_engine *engine, struct ike_sa *sa, uint8_t exchange_type,
                  struct outgoing_draft *draft, struct byte_view *out_bytes)
{
    struct composition composition = {
        .engine = engine,
        .sa = sa,
        .path = &sa->path,
        .header = {.initiator_spi = sa->initiator_spi,
                   .responder_spi = sa->responder_spi,
                   .major_version = MAJOR_VERSION,
                   .exchange_type = exchange_type,
                   .flags = own_role_flag(sa),
                   .message_id = sa->window.next_request_id},
    };
    if (!compose(&composition, draft) ||
        !message_window_keep_request(&sa->window, exchange_type, composition.bytes,
                                     &engine->setup.policy->retransmission, engine->now)) {
        return false;
    }
    dispatch(&composition, out_bytes);
    return true;
}

// The header of a message that travelled before, for its report.
static void report_repetition(struct ike_engine *engine, enum ike_report_kind kind,
                              const struct ike_sa *sa, const struct network_path *path,
                              struct byte_view bytes)
{
    struct ike_report report = report_about(kind, sa, "");
    struct byte_reader in = reader_over(bytes);
    struct ike_header header;
    struct wire_fault fault;
    if (ike_header_read(&in, &header, &fault)) {
        report_set_header(&report, &header);
    }
    report.path = *path;
    action_queue_report(&engine->actions, &report);
}

void send_request_again(struct ike_engine *engine, const struct ike_sa *sa)
{
    send_request_elsewhere(engine, sa, &sa->path);
}

void send_request_elsewhere(struct ike_engine *engine, const struct ike_sa *sa,
                            const struct network_path *path)
{
    //= rfc7296#section-2.1
    //# A retransmission from the initiator MUST be bitwise identical to the original request.
    const struct byte_view bytes = octets_view(&sa->window.request);
    send_bytes(engine, path, bytes);
    report_repetition(engine, IKE_REPORT_RETRANSMITTED, sa, path, bytes);
}

bool send_answer(struct ike_engine *engine, struct ike_sa *sa, const struct ike_header *request,
                 const struct network_path *path, struct outgoing_draft *draft,
                 struct byte_view *out_bytes)
{
    struct composition composition = {
        .engine = engine,
        .sa = sa,
        .path = path,
        .header = {.initiator_spi = sa->initiator_spi,
                   .responder_spi = sa->responder_spi,
                   .major_version = MAJOR_VERSION,
                   .exchange_type = request->exchange_type,
                   .flags = (uint8_t)(IKE_FLAG_RESPONSE | own_role_flag(sa)),
                   .message_id = request->message_id},
    };
    if (!compose(&composition, draft)) {
        return false;
    }
    message_window_keep_answer(&sa->window, composition.bytes);
    dispatch(&composition, out_bytes);
    return true;
}

void send_answer_again(struct ike_engine *engine, const struct ike_sa *sa,
                       const struct network_path *path)
{
    const struct byte_view bytes = octets_view(&sa->window.answer);
    if (bytes.size == 0) {
        return;
    }
    send_bytes(engine, path, bytes);
    report_repetition(engine, IKE_REPORT_ANSWERED_AGAIN, sa, path, bytes);
}

static bool may_answer_unprotected(struct ike_engine *engine)
{
    const struct instant end = instant_after(engine->unprotected_since, duration_seconds(1));
    if (!instant_is_before(engine->now, end)) {
        engine->unprotected_since = engine->now;
        engine->unprotected_count = 0;
    }
    if (engine->unprotected_count >= MOST_UNPROTECTED_PER_SECOND) {
        return false;
    }
    engine->unprotected_count++;
    return true;
}

void send_unprotected_answer(struct ike_engine *engine, const struct network_path *path,
                             const struct ike_header *request, size_t request_size,
                             struct outgoing_draft *draft)
{
    if (may_answer_unprotected(engine)) {
        send_stateless_answer(engine, path, request, request_size, draft);
    }
}

void send_stateless_answer(struct ike_engine *engine, const struct network_path *path,
                           const struct ike_header *request, size_t request_size,
                           struct outgoing_draft *draft)
{
    const uint8_t from_initiator = request->flags & IKE_FLAG_INITIATOR;
    struct composition composition = {
        .engine = engine,
        .path = path,
        .header = {.initiator_spi = request->initiator_spi,
                   .responder_spi = request->responder_spi,
                   .major_version = MAJOR_VERSION,
                   .exchange_type = request->exchange_type,
                   .flags = (uint8_t)(IKE_FLAG_RESPONSE |
                                      (from_initiator != 0 ? 0 : IKE_FLAG_INITIATOR)),
                   .message_id = request->message_id},
    };
    if (compose(&composition, draft) && composition.bytes.size <= request_size) {
        dispatch(&composition, NULL);
    }
}
