// Whether messages reach the other side, and in which shape.
#include <inttypes.h>
#include <string.h>

#include "pcap/explain.h"
#include "pcap/message_json.h"
#include "pcap/reading_provider.h"
#include "refgw/ike/nat_detection.h"

enum { LARGE_MESSAGE = 1200, FLAPPING_COUNT = 3, STORM_COUNT = 5 };

static uint8_t exchange_type(const struct ike_record *record)
{
    return record->message.header.exchange_type;
}

// --- unanswered -----------------------------------------------------------------------------

static bool announces_fragmentation(const struct evidence *evidence,
                                    const struct ike_record *record)
{
    unsigned count = 0;
    for (size_t i = 0; i < evidence->ike.ike_count; i++) {
        const struct ike_record *init = &evidence->ike.ike[i];
        struct notify notify;
        if (evidence_is_counted(init) && init->message.has_header &&
            init->message.header.initiator_spi == record->message.header.initiator_spi &&
            record_notify(init, NOTIFY_IKEV2_FRAGMENTATION_SUPPORTED, &notify)) {
            count |= ike_message_is_response(&init->message) ? 2U : 1U;
        }
    }
    return count == 3;
}

static bool has_answered_init(const struct evidence *evidence, const struct ike_record *record)
{
    for (size_t i = 0; i < evidence->exchange_count; i++) {
        const struct ike_record *request =
            evidence_record(evidence, evidence->exchanges[i].request);
        if (request != NULL && exchange_type(request) == IKE_EXCHANGE_SA_INIT &&
            evidence->exchanges[i].response != RECORD_NONE &&
            request->message.header.initiator_spi == record->message.header.initiator_spi &&
            !request->origin.is_udp_encapsulated) {
            return true;
        }
    }
    return false;
}

static unsigned missing_parts(const struct exchange *exchange, unsigned which)
{
    unsigned missing = 0;
    const unsigned count = exchange->part_count[which];
    for (unsigned part = 1; part <= count && part < EXCHANGE_MOST_PARTS; part++) {
        if ((exchange->parts[which][part / 64] & (uint64_t)1 << (part % 64)) == 0) {
            missing++;
        }
    }
    return missing;
}

static enum finding_kind kind_of_silence(const struct evidence *evidence,
                                         const struct exchange *exchange,
                                         const struct ike_record *request)
{
    const bool is_fragmented = exchange->part_count[0] > 0;
    if (exchange_type(request) == IKE_EXCHANGE_INFORMATIONAL) {
        return FINDING_PEER_DEAD;
    }
    if (!is_fragmented && request->message.size >= LARGE_MESSAGE &&
        exchange_type(request) != IKE_EXCHANGE_SA_INIT) {
        return FINDING_FRAGMENTATION_OFF;
    }
    if (exchange_type(request) == IKE_EXCHANGE_AUTH && request->origin.is_udp_encapsulated &&
        has_answered_init(evidence, request)) {
        return FINDING_PORT_4500_BLOCKED;
    }
    return FINDING_NO_ANSWER;
}

static void judge_silence(const struct evidence *evidence, const struct exchange *exchange,
                          struct finding_list *list)
{
    const struct ike_record *request = evidence_record(evidence, exchange->request);
    char path[PATH_TEXT_SIZE];
    char name[64];
    if (exchange->request_count < 2) {
        return;
    }
    const enum finding_kind kind = kind_of_silence(evidence, exchange, request);
    message_exchange_name(request, name, sizeof(name));
    struct finding *finding =
        finding_add(list, kind, "%s: %s %u, %zu bytes, sent %u times, no answer%s",
                    origin_path(&request->origin, path), name, request->message.header.message_id,
                    request->message.size, exchange->request_count,
                    kind != FINDING_FRAGMENTATION_OFF ? ""
                    : announces_fragmentation(evidence, request)
                        ? "; both sides announced IKE fragmentation but the sender does not use it"
                        : "; IKE fragmentation was not announced by both sides");
    finding_frame(finding, request->origin.frame);
    finding_frame(finding, exchange->last_request_frame);
}

static void judge_lost_parts(const struct evidence *evidence, const struct exchange *exchange,
                             struct finding_list *list)
{
    const size_t index[2] = {exchange->request, exchange->response};
    for (unsigned which = 0; which < 2; which++) {
        const struct ike_record *record = evidence_record(evidence, index[which]);
        const unsigned missing = missing_parts(exchange, which);
        char path[PATH_TEXT_SIZE];
        char name[64];
        if (record == NULL || missing == 0) {
            continue;
        }
        message_exchange_name(record, name, sizeof(name));
        finding_frame(finding_add(list, FINDING_IKE_FRAGMENTS_LOST,
                                  "%s: %s %u, %u of %u fragments never came",
                                  origin_path(&record->origin, path), name,
                                  record->message.header.message_id, missing,
                                  exchange->part_count[which]),
                      record->origin.frame);
    }
}

static void judge_answer(const struct evidence *evidence, const struct exchange *exchange,
                         struct finding_list *list)
{
    const struct ike_record *request = evidence_record(evidence, exchange->request);
    const struct ike_record *answer = evidence_record(evidence, exchange->response);
    char path[PATH_TEXT_SIZE];
    if (exchange->repeated_after_answer < 2) {
        return;
    }
    struct finding *finding =
        finding_add(list, FINDING_ANSWERS_LOST,
                    "%s: the request came %u times more after the first of %u answers",
                    origin_path(&request->origin, path), exchange->repeated_after_answer,
                    exchange->response_count);
    finding_frame(finding, request->origin.frame);
    finding_frame(finding, answer->origin.frame);
    finding_frame(finding, exchange->last_request_frame);
}

static void judge_exchanges(const struct evidence *evidence, struct finding_list *list)
{
    for (size_t i = 0; i < evidence->exchange_count; i++) {
        const struct exchange *exchange = &evidence->exchanges[i];
        if (exchange->request == RECORD_NONE) {
            continue;
        }
        judge_lost_parts(evidence, exchange, list);
        if (exchange->response != RECORD_NONE) {
            judge_answer(evidence, exchange, list);
        } else if (missing_parts(exchange, 0) == 0) {
            judge_silence(evidence, exchange, list);
        }
    }
}

static void judge_fragments(const struct evidence *evidence, struct finding_list *list)
{
    for (size_t i = 0; i < evidence->summary.lost_count; i++) {
        const struct lost_fragments *lost = &evidence->summary.lost[i];
        char source[ADDRESS_TEXT_SIZE];
        char destination[ADDRESS_TEXT_SIZE];
        if (lost->ip_protocol != IP_PROTOCOL_UDP && lost->ip_protocol != IP_PROTOCOL_ESP) {
            continue;
        }
        address_format(&lost->source, source);
        address_format(&lost->destination, destination);
        struct finding *finding = finding_add(
            list, FINDING_IP_FRAGMENTS_LOST, "%s > %s: %u fragments of one packet came%s", source,
            destination, lost->received, lost->has_first ? ", others not" : ", the first one not");
        finding_frame(finding, lost->first_frame);
        finding_frame(finding, lost->last_frame);
    }
    for (size_t i = 0; i < evidence->ike.ike_count; i++) {
        const struct ike_record *record = &evidence->ike.ike[i];
        char path[PATH_TEXT_SIZE];
        if (record->origin.is_reassembled && evidence_is_counted(record) &&
            record->retransmit_of == RECORD_NONE) {
            finding_frame(finding_add(list, FINDING_IKE_IN_IP_FRAGMENTS,
                                      "%s: an IKE message of %zu bytes",
                                      origin_path(&record->origin, path), record->message.size),
                          record->origin.frame);
        }
    }
}

// --- NAT ------------------------------------------------------------------------------------

// Whether a message has notifies of this type and none of them fits the endpoint.
static bool hash_differs(const struct ike_record *record, unsigned type,
                         const struct ip_endpoint *endpoint)
{
    uint8_t hash[NAT_DETECTION_HASH_SIZE];
    bool has_any = false;
    const struct ike_spis spis = {.initiator = record->message.header.initiator_spi,
                                  .responder = record->message.header.responder_spi};
    if (!nat_detection_hash(reading_provider(), spis, endpoint, hash)) {
        return false;
    }
    for (size_t i = 0; i < record->message.payload_count; i++) {
        struct notify notify;
        struct wire_fault fault;
        const struct payload *payload = &record->message.payloads[i];
        if (payload->type != IKE_PAYLOAD_NOTIFY || !notify_read(payload->body, &notify, &fault) ||
            notify.type != type) {
            continue;
        }
        has_any = true;
        if (view_equals(notify.data, VIEW_OF(hash))) {
            return false;
        }
    }
    return has_any;
}

static bool shows_nat(const struct ike_record *record)
{
    return exchange_type(record) == IKE_EXCHANGE_SA_INIT &&
           (hash_differs(record, NOTIFY_NAT_DETECTION_SOURCE_IP, &record->origin.source) ||
            hash_differs(record, NOTIFY_NAT_DETECTION_DESTINATION_IP, &record->origin.destination));
}

static bool same_hosts(const struct packet_origin *left, const struct packet_origin *right)
{
    return (address_equals(&left->source.address, &right->source.address) &&
            address_equals(&left->destination.address, &right->destination.address)) ||
           (address_equals(&left->source.address, &right->destination.address) &&
            address_equals(&left->destination.address, &right->source.address));
}

static void judge_floating(const struct evidence *evidence, const struct ike_record *init,
                           struct finding_list *list)
{
    char path[PATH_TEXT_SIZE];
    for (size_t i = 0; i < evidence->ike.ike_count; i++) {
        const struct ike_record *record = &evidence->ike.ike[i];
        if (evidence_is_counted(record) && record->message.has_header &&
            exchange_type(record) == IKE_EXCHANGE_AUTH &&
            record->message.header.initiator_spi == init->message.header.initiator_spi &&
            record->origin.source.port == IKE_PORT && record->origin.destination.port == IKE_PORT) {
            finding_frame(finding_add(list, FINDING_PORTS_NOT_FLOATED, "%s: IKE_AUTH on port 500",
                                      origin_path(&record->origin, path)),
                          record->origin.frame);
            break;
        }
    }
    for (size_t i = 0; i < (size_t)2 * ESP_MOST_FLOWS; i++) {
        const struct esp_flow *flow = &evidence->esp.table[i];
        if (flow->is_used && !flow->is_udp_encapsulated && !flow->is_tcp_encapsulated &&
            flow->point != POINT_LEFT && same_hosts(&flow->first, &init->origin) &&
            flow->first.time_us > init->origin.time_us) {
            finding_frame(finding_add(list, FINDING_ESP_NOT_ENCAPSULATED,
                                      "%s: ESP %08x as IP protocol 50",
                                      origin_path(&flow->first, path), flow->spi),
                          flow->first.frame);
            break;
        }
    }
}

static bool was_init_seen(const struct evidence *evidence, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        const struct ike_record *earlier = &evidence->ike.ike[i];
        if (earlier->message.has_header && evidence_is_counted(earlier) && shows_nat(earlier) &&
            same_hosts(&earlier->origin, &evidence->ike.ike[index].origin)) {
            return true;
        }
    }
    return false;
}

static void judge_nat(const struct evidence *evidence, struct finding_list *list)
{
    for (size_t i = 0; i < evidence->ike.ike_count; i++) {
        const struct ike_record *record = &evidence->ike.ike[i];
        char path[PATH_TEXT_SIZE];
        if (!record->message.has_header || !evidence_is_counted(record) || !shows_nat(record) ||
            was_init_seen(evidence, i)) {
            continue;
        }
        const bool is_source =
            hash_differs(record, NOTIFY_NAT_DETECTION_SOURCE_IP, &record->origin.source);
        finding_frame(finding_add(list, FINDING_NAT_FOUND,
                                  "%s: the %s address is not the one that "
                                  "the sender hashed",
                                  origin_path(&record->origin, path),
                                  is_source ? "source" : "destination"),
                      record->origin.frame);
        judge_floating(evidence, record, list);
    }
}

// From port 4500 on, the way a side is reached must stay.
static bool has_moved(const struct ike_record *record, const struct ike_record *first)
{
    return record->message.has_header && evidence_is_counted(record) &&
           record->message.header.initiator_spi == first->message.header.initiator_spi &&
           ike_header_is_from_initiator(&record->message.header) &&
           record->origin.frame > first->origin.frame &&
           !endpoint_equals(&record->origin.source, &first->origin.source);
}

static void judge_mapping(const struct evidence *evidence, const struct ike_record *first,
                          struct finding_list *list)
{
    char was[PATH_TEXT_SIZE];
    char is[PATH_TEXT_SIZE];
    for (size_t i = 0; i < evidence->ike.ike_count; i++) {
        const struct ike_record *record = &evidence->ike.ike[i];
        if (has_moved(record, first)) {
            struct finding *finding =
                finding_add(list, FINDING_NAT_MAPPING_CHANGED, "was %s, then %s",
                            origin_path(&first->origin, was), origin_path(&record->origin, is));
            finding_frame(finding, first->origin.frame);
            finding_frame(finding, record->origin.frame);
            return;
        }
    }
}

static void judge_mappings(const struct evidence *evidence, struct finding_list *list)
{
    for (size_t i = 0; i < evidence->exchange_count; i++) {
        const struct ike_record *first = evidence_record(evidence, evidence->exchanges[i].request);
        if (first != NULL && exchange_type(first) == IKE_EXCHANGE_AUTH &&
            first->message.header.message_id == 1) {
            judge_mapping(evidence, first, list);
        }
    }
}

// --- ICMP -----------------------------------------------------------------------------------

static void judge_icmp(const struct evidence *evidence, struct finding_list *list)
{
    for (size_t i = 0; i < evidence->icmp_count; i++) {
        const struct icmp_error *error = &evidence->icmp[i];
        const struct packet_origin about = {.source = error->about_source,
                                            .destination = error->about_destination};
        char sender[ADDRESS_TEXT_SIZE];
        char path[PATH_TEXT_SIZE];
        address_format(&error->sender, sender);
        (void)origin_path(&about, path);
        struct finding *finding = error->is_too_big
                                      ? finding_add(list, FINDING_PACKET_TOO_BIG,
                                                    "%s says about %s: at most %" PRIu32 " bytes",
                                                    sender, path, error->mtu)
                                      : finding_add(list, FINDING_PEER_UNREACHABLE,
                                                    "%s says about %s: unreachable, "
                                                    "code %u",
                                                    sender, path, error->code);
        finding_frame(finding, error->frame);
    }
}

// --- over time ------------------------------------------------------------------------------

static void judge_collision(const struct evidence *evidence, size_t first,
                            struct finding_list *list)
{
    const struct ike_record *a = evidence_record(evidence, evidence->exchanges[first].request);
    const struct ike_record *end = evidence_record(evidence, evidence->exchanges[first].response);
    for (size_t i = first + 1; i < evidence->exchange_count; i++) {
        const struct ike_record *b = evidence_record(evidence, evidence->exchanges[i].request);
        char path[PATH_TEXT_SIZE];
        if (b == NULL || exchange_type(b) != IKE_EXCHANGE_CREATE_CHILD_SA ||
            b->message.header.initiator_spi != a->message.header.initiator_spi ||
            b->origin.frame >= end->origin.frame ||
            ike_header_is_from_initiator(&a->message.header) ==
                ike_header_is_from_initiator(&b->message.header)) {
            continue;
        }
        struct finding *finding = finding_add(
            list, FINDING_REKEY_COLLISION,
            "%s: and the same from the other side %" PRIu64 " ms later, before the answer",
            origin_path(&a->origin, path), (b->origin.time_us - a->origin.time_us) / 1000);
        finding_frame(finding, a->origin.frame);
        finding_frame(finding, b->origin.frame);
    }
}

static void judge_collisions(const struct evidence *evidence, struct finding_list *list)
{
    for (size_t i = 0; i < evidence->exchange_count; i++) {
        const struct ike_record *request =
            evidence_record(evidence, evidence->exchanges[i].request);
        if (request != NULL && evidence->exchanges[i].response != RECORD_NONE &&
            exchange_type(request) == IKE_EXCHANGE_CREATE_CHILD_SA) {
            judge_collision(evidence, i, list);
        }
    }
}

// How often exchanges of a type between two hosts were answered within a time.
struct rate_rule {
    uint8_t type;
    size_t least; // that often is a finding
    uint64_t within_us;
};

static bool counts(const struct rate_rule *rule, const struct ike_record *first,
                   const struct ike_record *record, const struct ike_record *answer,
                   uint64_t last_spi)
{
    if (record == NULL || answer == NULL || exchange_type(record) != rule->type ||
        !same_hosts(&record->origin, &first->origin) ||
        record->origin.time_us - first->origin.time_us > rule->within_us) {
        return false;
    }
    return rule->type != IKE_EXCHANGE_SA_INIT ||
           (record->message.header.initiator_spi != last_spi &&
            ike_message_find(&answer->message, IKE_PAYLOAD_SA) != NULL);
}

static size_t count_from(const struct evidence *evidence, const struct rate_rule *rule,
                         size_t start, struct finding *frames)
{
    const struct ike_record *first = evidence_record(evidence, evidence->exchanges[start].request);
    size_t count = 0;
    uint64_t last_spi = 0;
    for (size_t i = start; i < evidence->exchange_count; i++) {
        const struct ike_record *record = evidence_record(evidence, evidence->exchanges[i].request);
        const struct ike_record *answer =
            evidence_record(evidence, evidence->exchanges[i].response);
        if (counts(rule, first, record, answer, last_spi)) {
            last_spi = record->message.header.initiator_spi;
            count++;
            finding_frame(frames, record->origin.frame);
        }
    }
    return count;
}

static void judge_rate(const struct evidence *evidence, const struct rate_rule *rule,
                       struct finding_list *list)
{
    const bool is_init = rule->type == IKE_EXCHANGE_SA_INIT;
    for (size_t i = 0; i < evidence->exchange_count; i++) {
        const struct ike_record *first = evidence_record(evidence, evidence->exchanges[i].request);
        struct finding frames = {0};
        char path[PATH_TEXT_SIZE];
        if (first == NULL || exchange_type(first) != rule->type) {
            continue;
        }
        const size_t count = count_from(evidence, rule, i, &frames);
        if (count < rule->least) {
            continue;
        }
        struct finding *finding = finding_add(
            list, is_init ? FINDING_TUNNEL_FLAPPING : FINDING_REKEY_STORM,
            "%s: %zu %s within %" PRIu64 " s", origin_path(&first->origin, path), count,
            is_init ? "new IKE SAs" : "CREATE_CHILD_SA exchanges", rule->within_us / 1000000);
        finding->frame_count = frames.frame_count;
        memcpy(finding->frames, frames.frames, sizeof(finding->frames));
        return;
    }
}

void explain_path(const struct evidence *evidence, struct finding_list *list)
{
    judge_exchanges(evidence, list);
    judge_fragments(evidence, list);
    judge_nat(evidence, list);
    judge_mappings(evidence, list);
    judge_icmp(evidence, list);
    judge_collisions(evidence, list);
    static const struct rate_rule flapping = {IKE_EXCHANGE_SA_INIT, FLAPPING_COUNT,
                                              (uint64_t)300 * 1000000};
    static const struct rate_rule storm = {IKE_EXCHANGE_CREATE_CHILD_SA, STORM_COUNT,
                                           (uint64_t)10 * 1000000};
    judge_rate(evidence, &flapping, list);
    judge_rate(evidence, &storm, list);
}
