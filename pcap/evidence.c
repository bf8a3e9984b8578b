#include "pcap/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/message_relations.h"
#include "pcap/reading_provider.h"
#include "refgw/wire/traffic_selector.h"

enum { SEARCH_BACK = 512 }; // exchanges that a message may belong to

struct gathering {
    struct evidence *evidence;
    struct ike_decoder *ike;
    struct esp_decoder *esp;
};

// --- one packet ---------------------------------------------------------------------------

static bool add_message(struct gathering *gathering, const struct walked_packet *walked)
{
    struct capture_contents *contents = &gathering->evidence->ike;
    const size_t count = contents->ike_count;
    struct ike_record record = {
        .origin = walked->origin,
        .retransmit_of = RECORD_NONE,
        .answers = RECORD_NONE,
        .answer = RECORD_NONE,
        .counterpart = RECORD_NONE,
    };
    if (count == EVIDENCE_MOST_MESSAGES) {
        gathering->evidence->dropped_messages++;
        return true;
    }
    if ((count & (count - 1)) == 0) {
        void *grown = realloc(contents->ike, (count == 0 ? 1 : count * 2) * sizeof(record));
        if (grown == NULL) {
            return false;
        }
        contents->ike = grown;
    }
    if (!ike_decoder_read(gathering->ike, (unsigned)walked->origin.point, walked->packet->content,
                          &record.message)) {
        return false;
    }
    contents->ike[contents->ike_count++] = record;
    return true;
}

static void add_inner(struct evidence *evidence, const struct ip_address *first,
                      const struct ip_address *last)
{
    for (size_t i = 0; i < evidence->inner_count; i++) {
        if (address_compare(&evidence->inner[i].first, first) <= 0 &&
            address_compare(last, &evidence->inner[i].last) <= 0) {
            return;
        }
    }
    if (evidence->inner_count < EVIDENCE_MOST_INNER) {
        evidence->inner[evidence->inner_count++] = (struct inner_range){*first, *last};
    }
}

static void add_esp(struct gathering *gathering, const struct walked_packet *walked)
{
    struct esp_packet packet;
    struct evidence *evidence = gathering->evidence;
    esp_decoder_read(gathering->esp, &walked->packet->destination.address, walked->packet->content,
                     &packet);
    if (walked->packet->content.size < 8) {
        return;
    }
    esp_flows_add(&evidence->esp, &walked->origin, &packet);
    if (packet.has_inner && packet.opening == ESP_OPENED) {
        add_inner(evidence, &packet.inner_source.address, &packet.inner_source.address);
        add_inner(evidence, &packet.inner_destination.address, &packet.inner_destination.address);
    }
}

static bool is_error(const struct carried_packet *packet, unsigned type, unsigned code,
                     bool *out_is_too_big)
{
    if (packet->ip_protocol == IP_PROTOCOL_ICMP) { // RFC 792, RFC 1191
        *out_is_too_big = code == 4;
        return type == 3;
    }
    *out_is_too_big = type == 2; // RFC 4443
    return type == 1 || type == 2;
}

static bool concerns_ipsec(const struct carried_packet *quoted)
{
    const uint16_t ports[] = {quoted->source.port, quoted->destination.port};
    if (quoted->ip_protocol == IP_PROTOCOL_ESP) {
        return true;
    }
    for (size_t i = 0; quoted->ip_protocol == IP_PROTOCOL_UDP && i < 2; i++) {
        if (ports[i] == IKE_PORT || ports[i] == IKE_NAT_TRAVERSAL_PORT) {
            return true;
        }
    }
    return false;
}

// An ICMP message quotes only the beginning, so lengths do not fit; addresses and ports do.
static void add_icmp(struct evidence *evidence, const struct walked_packet *walked)
{
    const struct carried_packet *packet = walked->packet;
    struct byte_reader in = reader_over(packet->content);
    struct byte_view skipped;
    struct carried_packet quoted;
    uint8_t type = 0;
    uint8_t code = 0;
    uint32_t rest = 0;
    struct icmp_error error = {.frame = walked->frame->number, .sender = packet->source.address};
    if (!reader_take_u8(&in, &type) || !reader_take_u8(&in, &code) ||
        !reader_take_bytes(&in, 2, &skipped) || !reader_take_u32(&in, &rest) ||
        !is_error(packet, type, code, &error.is_too_big)) {
        return;
    }
    ip_quote_read(reader_take_rest(&in), &quoted);
    if (!concerns_ipsec(&quoted) || evidence->icmp_count == EVIDENCE_MOST_ICMP) {
        return;
    }
    error.code = code;
    error.mtu = packet->ip_protocol == IP_PROTOCOL_ICMP ? rest & 0xffffU : rest;
    error.about_source = quoted.source;
    error.about_destination = quoted.destination;
    error.about_protocol = quoted.ip_protocol;
    evidence->icmp[evidence->icmp_count++] = error;
}

// Captures of "any" interface see both sides of the gateway: nothing can be said then.
static bool is_one_network(const struct capture_frame *frame)
{
    return frame->link_type != LINK_LINUX_COOKED && frame->link_type != LINK_LINUX_COOKED_2;
}

static void add_clear(struct evidence *evidence, const struct walked_packet *walked)
{
    const struct carried_packet *packet = walked->packet;
    if (packet->source.address.family == ADDRESS_NONE || !is_one_network(walked->frame) ||
        walked->origin.point == POINT_LEFT) {
        return;
    }
    for (size_t i = 0; i < evidence->pair_count; i++) {
        struct clear_pair *pair = &evidence->pairs[i];
        if (address_equals(&pair->source, &packet->source.address) &&
            address_equals(&pair->destination, &packet->destination.address)) {
            pair->count++;
            return;
        }
    }
    if (evidence->pair_count < EVIDENCE_MOST_PAIRS) {
        evidence->pairs[evidence->pair_count++] =
            (struct clear_pair){.source = packet->source.address,
                                .destination = packet->destination.address,
                                .first_frame = walked->frame->number,
                                .count = 1};
    }
}

static bool visit(void *context, const struct walked_packet *walked)
{
    struct gathering *gathering = context;
    switch (walked->packet->kind) {
    case CARRIED_IKE:
        return add_message(gathering, walked);
    case CARRIED_ESP:
        add_esp(gathering, walked);
        break;
    case CARRIED_KEEPALIVE:
        gathering->evidence->keepalive_count++;
        break;
    case CARRIED_OTHER:
        if (walked->packet->ip_protocol == IP_PROTOCOL_ICMP ||
            walked->packet->ip_protocol == IP_PROTOCOL_ICMPV6) {
            add_icmp(gathering->evidence, walked);
        }
        add_clear(gathering->evidence, walked);
        break;
    case CARRIED_FRAGMENT:
    case CARRIED_NOT_IP:
    case CARRIED_MALFORMED:
        break;
    }
    return true;
}

// --- exchanges ----------------------------------------------------------------------------

static bool is_in_exchange(const struct evidence *evidence, const struct exchange *exchange,
                           const struct ike_record *record)
{
    const struct ike_record *other = evidence_record(
        evidence, exchange->request != RECORD_NONE ? exchange->request : exchange->response);
    if (other == NULL) {
        return false;
    }
    const struct ike_header *a = &other->message.header;
    const struct ike_header *b = &record->message.header;
    const bool requester_a = ike_header_is_from_initiator(a) != ike_header_is_response(a);
    const bool requester_b = ike_header_is_from_initiator(b) != ike_header_is_response(b);
    return a->initiator_spi == b->initiator_spi && a->exchange_type == b->exchange_type &&
           a->message_id == b->message_id && requester_a == requester_b &&
           (a->exchange_type == IKE_EXCHANGE_SA_INIT || a->responder_spi == b->responder_spi);
}

// Restarts of IKE_SA_INIT (cookie, another group) are exchanges of their own, as are requests
// outside of an SA.
static bool starts_anew(const struct evidence *evidence, const struct exchange *exchange,
                        const struct ike_record *record)
{
    return record->message.header.exchange_type == IKE_EXCHANGE_SA_INIT &&
           !ike_message_is_response(&record->message) && record->retransmit_of == RECORD_NONE &&
           evidence_record(evidence, exchange->request) != NULL;
}

static struct exchange *find_exchange(const struct evidence *evidence,
                                      const struct ike_record *record)
{
    const size_t most =
        evidence->exchange_count < SEARCH_BACK ? evidence->exchange_count : (size_t)SEARCH_BACK;
    for (size_t i = 0; i < most; i++) {
        struct exchange *exchange = &evidence->exchanges[evidence->exchange_count - 1 - i];
        if (is_in_exchange(evidence, exchange, record)) {
            return starts_anew(evidence, exchange, record) ? NULL : exchange;
        }
    }
    return NULL;
}

static void note_part(struct exchange *exchange, const struct ike_record *record, unsigned which)
{
    uint16_t number = 0;
    uint16_t count = 0;
    if (record_fragment(record, &number, &count) && number < EXCHANGE_MOST_PARTS) {
        // A repetition may cut the message into more and smaller parts.
        if (count > exchange->part_count[which]) {
            memset(exchange->parts[which], 0, sizeof(exchange->parts[which]));
            exchange->part_count[which] = count;
        }
        if (count == exchange->part_count[which]) {
            exchange->parts[which][number / 64] |= (uint64_t)1 << (number % 64);
        }
    }
}

static bool is_first_part(const struct ike_record *record)
{
    uint16_t number = 0;
    uint16_t count = 0;
    return !record_fragment(record, &number, &count) || number == 1;
}

static void note_request(struct exchange *exchange, const struct evidence *evidence, size_t index)
{
    const struct ike_record *record = &evidence->ike.ike[index];
    uint16_t number = 0;
    uint16_t count = 0;
    if (exchange->request == RECORD_NONE) {
        exchange->request = index;
    } else if (record->retransmit_of == RECORD_NONE && !record_fragment(record, &number, &count) &&
               exchange->part_count[0] == 0) {
        exchange->has_changed = true;
        exchange->changed_frame = record->origin.frame;
    }
    note_part(exchange, record, 0);
    if (is_first_part(record)) {
        exchange->request_count++;
        exchange->repeated_after_answer += exchange->response != RECORD_NONE ? 1 : 0;
    }
    exchange->last_request_frame = record->origin.frame;
}

static void note_response(struct exchange *exchange, const struct evidence *evidence, size_t index)
{
    const struct ike_record *record = &evidence->ike.ike[index];
    if (exchange->response == RECORD_NONE) {
        exchange->response = index;
    }
    note_part(exchange, record, 1);
    exchange->response_count += is_first_part(record) ? 1 : 0;
}

static void find_exchanges(struct evidence *evidence)
{
    if (evidence->exchanges == NULL) {
        return;
    }
    for (size_t i = 0; i < evidence->ike.ike_count; i++) {
        const struct ike_record *record = &evidence->ike.ike[i];
        if (!record->message.has_header || record->message.header.major_version != 2 ||
            !evidence_is_counted(record)) {
            continue;
        }
        struct exchange *exchange = find_exchange(evidence, record);
        if (exchange == NULL) {
            exchange = &evidence->exchanges[evidence->exchange_count++];
            *exchange = (struct exchange){.request = RECORD_NONE, .response = RECORD_NONE};
        }
        if (ike_message_is_response(&record->message)) {
            note_response(exchange, evidence, i);
        } else {
            note_request(exchange, evidence, i);
        }
        exchange->last_time_us = record->origin.time_us;
    }
}

static void add_selectors(struct evidence *evidence, const struct payload *payload)
{
    struct traffic_selector_list list;
    struct wire_fault fault;
    if (payload == NULL || !traffic_selector_list_read(payload->body, &list, &fault)) {
        return;
    }
    for (size_t i = 0; i < list.count; i++) {
        add_inner(evidence, &list.items[i].start_address, &list.items[i].end_address);
    }
}

static void find_selectors(struct evidence *evidence)
{
    static const uint8_t types[] = {IKE_PAYLOAD_TSI, IKE_PAYLOAD_TSR};
    for (size_t i = 0; i < evidence->ike.ike_count; i++) {
        const struct ike_message *message = &evidence->ike.ike[i].message;
        if (!message->has_header || !ike_message_is_response(message)) {
            continue;
        }
        for (size_t j = 0; j < 2; j++) {
            add_selectors(evidence, ike_message_find(message, types[j]));
        }
    }
}

// --- all of it ----------------------------------------------------------------------------

struct evidence *evidence_gather(struct capture_file *file, const struct key_file *keys,
                                 struct capture_fault *out_fault)
{
    struct evidence *evidence = calloc(1, sizeof(*evidence));
    struct gathering gathering = {
        .evidence = evidence,
        .ike = ike_decoder_new(reading_provider(), keys),
        .esp = esp_decoder_new(reading_provider(), keys),
    };
    bool good = evidence != NULL && gathering.ike != NULL && gathering.esp != NULL &&
                capture_walk(file, visit, &gathering, &evidence->summary);
    ike_decoder_free(gathering.ike);
    esp_decoder_free(gathering.esp);
    if (good) {
        evidence->has_keys = keys->ike_count > 0;
        evidence->exchanges = calloc(evidence->ike.ike_count + 1, sizeof(*evidence->exchanges));
        good = evidence->exchanges != NULL && message_relations_find(&evidence->ike);
    }
    if (!good) {
        evidence_free(evidence);
        *out_fault = (struct capture_fault){.message = "out of memory"};
        return NULL;
    }
    find_exchanges(evidence);
    find_selectors(evidence);
    return evidence;
}

void evidence_free(struct evidence *evidence)
{
    if (evidence != NULL) {
        capture_contents_clear(&evidence->ike);
        free(evidence->exchanges);
        free(evidence);
    }
}

const struct ike_record *evidence_record(const struct evidence *evidence, size_t index)
{
    return index < evidence->ike.ike_count ? &evidence->ike.ike[index] : NULL;
}

bool evidence_is_counted(const struct ike_record *record)
{
    return record->origin.point != POINT_LEFT;
}

bool record_notify(const struct ike_record *record, unsigned type, struct notify *out_notify)
{
    struct wire_fault fault;
    for (size_t i = 0; i < record->message.payload_count; i++) {
        const struct payload *payload = &record->message.payloads[i];
        if (payload->type == IKE_PAYLOAD_NOTIFY && notify_read(payload->body, out_notify, &fault) &&
            out_notify->type == type) {
            return true;
        }
    }
    return false;
}

bool record_error(const struct ike_record *record, struct notify *out_notify)
{
    struct wire_fault fault;
    for (size_t i = 0; i < record->message.payload_count; i++) {
        const struct payload *payload = &record->message.payloads[i];
        if (payload->type == IKE_PAYLOAD_NOTIFY && notify_read(payload->body, out_notify, &fault) &&
            notify_is_error(out_notify)) {
            return true;
        }
    }
    return false;
}

bool record_fragment(const struct ike_record *record, uint16_t *out_number, uint16_t *out_count)
{
    const struct ike_message *message = &record->message;
    if (message->fragment_count != 0) {
        *out_number = message->fragment_number;
        *out_count = message->fragment_count;
        return true;
    }
    const struct payload *part = ike_message_find(message, IKE_PAYLOAD_SKF);
    if (part == NULL) {
        return false;
    }
    struct byte_reader in = reader_over(part->body);
    return reader_take_u16(&in, out_number) && reader_take_u16(&in, out_count) && *out_number > 0 &&
           *out_number <= *out_count;
}

bool record_is_open(const struct ike_record *record)
{
    return record->message.opening == IKE_PLAIN || record->message.opening == IKE_OPENED;
}

const char *origin_path(const struct packet_origin *origin, char out_text[PATH_TEXT_SIZE])
{
    char source[ADDRESS_TEXT_SIZE];
    char destination[ADDRESS_TEXT_SIZE];
    endpoint_format(&origin->source, source);
    endpoint_format(&origin->destination, destination);
    (void)snprintf(out_text, PATH_TEXT_SIZE, "%s > %s", source, destination);
    return out_text;
}
