// What ESP shows, with keys and without.
#include <inttypes.h>
#include <string.h>

#include "pcap/explain.h"
#include "refgw/wire/security_association.h"

enum {
    ONE_WAY_LEAST = 10, // packets in one direction and none in the other
    BACKOFF_LEAST = 3,  // ever slower repetitions of one large packet
    VANISHED_LEAST = 3, // large packets that arrived and never left
    HEAVY_LOSS = 20,    // one in so many: an error
    TABLE_SIZE = 2 * ESP_MOST_FLOWS,
};

static void judge_sequence(const struct esp_flow *flow, struct finding_list *list)
{
    char path[PATH_TEXT_SIZE];
    const uint64_t lost = esp_flow_lost(flow);
    (void)origin_path(&flow->first, path);
    if (lost > 0) {
        struct finding *finding =
            finding_add(list, FINDING_ESP_LOSS,
                        "%s, SPI %08x: %" PRIu64 " of %" PRIu64 " packets are missing "
                        "(%.2f %%)",
                        path, flow->spi, lost, lost + flow->distinct_count,
                        100.0 * (double)lost / (double)(lost + flow->distinct_count));
        finding_frame(finding, flow->gap_frame);
        if (lost * HEAVY_LOSS >= lost + flow->distinct_count) {
            finding->severity = SEVERITY_ERROR;
        }
    }
    if (flow->repeated_count > 0) {
        finding_frame(finding_add(list, FINDING_ESP_REPLAYED,
                                  "%s, SPI %08x: %" PRIu64 " of %" PRIu64
                                  " packets have a sequence number that was there before",
                                  path, flow->spi, flow->repeated_count, flow->packet_count),
                      flow->repeated_frame);
    }
    if (flow->late_count > 0) {
        finding_frame(finding_add(list, FINDING_ESP_REORDERED,
                                  "%s, SPI %08x: %" PRIu64
                                  " packets are 64 or more behind the highest sequence number",
                                  path, flow->spi, flow->late_count),
                      flow->late_frame);
    }
}

// When nothing of an SA opens anywhere, it is the keys that are wrong.
static uint64_t count_opened(const struct evidence *evidence, uint32_t spi)
{
    uint64_t count = 0;
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        const struct esp_flow *flow = &evidence->esp.table[i];
        count += flow->is_used && flow->spi == spi ? flow->opened_count : 0;
    }
    return count;
}

static void judge_integrity(const struct evidence *evidence, const struct esp_flow *flow,
                            struct finding_list *list)
{
    char path[PATH_TEXT_SIZE];
    if (flow->not_authentic_count > 0 && count_opened(evidence, flow->spi) > 0) {
        finding_frame(finding_add(list, FINDING_ESP_NOT_AUTHENTIC,
                                  "%s, SPI %08x: %" PRIu64 " packets, %" PRIu64 " others are good",
                                  origin_path(&flow->first, path), flow->spi,
                                  flow->not_authentic_count, flow->opened_count),
                      flow->not_authentic_frame);
    }
}

static void judge_backoff(const struct esp_flow *flow, struct finding_list *list)
{
    char path[PATH_TEXT_SIZE];
    if (flow->most_backoff >= BACKOFF_LEAST) {
        struct finding *finding = finding_add(
            list, FINDING_MTU_BLACK_HOLE,
            "%s, SPI %08x: a packet of %zu bytes is repeated ever more slowly, as TCP does when "
            "nothing comes back",
            origin_path(&flow->first, path), flow->spi, flow->large_size);
        finding->is_inferred = true;
        finding_frame(finding, flow->backoff_frame);
    }
}

static const struct esp_flow *flow_behind(const struct evidence *evidence,
                                          const struct esp_flow *arrived)
{
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        const struct esp_flow *flow = &evidence->esp.table[i];
        if (flow->is_used && flow->point == POINT_LEFT && flow->spi == arrived->spi &&
            flow->first.from == arrived->first.from) {
            return flow;
        }
    }
    return NULL;
}

// Two capture points: everything up to some size leaves, nothing above it does.
static void judge_vanished(const struct evidence *evidence, const struct esp_flow *arrived,
                           struct finding_list *list)
{
    const struct esp_flow *left = flow_behind(evidence, arrived);
    size_t largest = 0;
    uint64_t vanished = 0;
    char path[PATH_TEXT_SIZE];
    for (size_t i = 0; left != NULL && i < FLOW_SIZE_BUCKETS; i++) {
        largest = left->sizes[i] > 0 ? i + 1 : largest;
    }
    for (size_t i = largest; left != NULL && i < FLOW_SIZE_BUCKETS; i++) {
        vanished += arrived->sizes[i];
    }
    if (vanished >= VANISHED_LEAST && evidence->icmp_count == 0) {
        finding_frame(finding_add(list, FINDING_MTU_BLACK_HOLE,
                                  "%s, SPI %08x: %" PRIu64 " packets above %zu bytes arrived and "
                                  "none of them left, smaller ones did",
                                  origin_path(&arrived->first, path), arrived->spi, vanished,
                                  largest * FLOW_SIZE_STEP),
                      arrived->first.frame);
    }
}

// --- directions -----------------------------------------------------------------------------

static bool is_back(const struct esp_flow *flow, const struct esp_flow *other)
{
    return address_equals(&flow->first.source.address, &other->first.destination.address) &&
           address_equals(&flow->first.destination.address, &other->first.source.address);
}

static bool is_along(const struct esp_flow *flow, const struct esp_flow *other)
{
    return flow->point == other->point &&
           address_equals(&flow->first.source.address, &other->first.source.address) &&
           address_equals(&flow->first.destination.address, &other->first.destination.address);
}

static void judge_direction(const struct evidence *evidence, size_t index,
                            struct finding_list *list)
{
    const struct esp_flow *flow = &evidence->esp.table[index];
    uint64_t count = 0;
    char path[PATH_TEXT_SIZE];
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        const struct esp_flow *other = &evidence->esp.table[i];
        if (!other->is_used) {
            continue;
        }
        if (is_back(flow, other) || (i < index && is_along(flow, other))) {
            return; // something came back, or this direction had its turn
        }
        count += is_along(flow, other) ? other->packet_count : 0;
    }
    if (count >= ONE_WAY_LEAST) {
        finding_frame(finding_add(list, FINDING_ESP_ONE_WAY,
                                  "%s: %" PRIu64 " packets, and none the other way",
                                  origin_path(&flow->first, path), count),
                      flow->first.frame);
    }
}

// --- SPIs -----------------------------------------------------------------------------------

static bool has_spi(const struct proposal *proposal, uint32_t spi)
{
    struct byte_reader in = reader_over(proposal->spi);
    uint32_t value = 0;
    return proposal->spi.size == 4 && reader_take_u32(&in, &value) && value == spi;
}

static bool proposes_spi(const struct payload *payload, uint32_t spi)
{
    static struct security_association association; // large; nothing in it outlives the call
    struct wire_fault fault;
    if (payload->type != IKE_PAYLOAD_SA ||
        !security_association_read(payload->body, &association, &fault)) {
        return false;
    }
    for (size_t i = 0; i < association.proposal_count; i++) {
        if (has_spi(&association.proposals[i], spi)) {
            return true;
        }
    }
    return false;
}

static bool names_spi(const struct ike_record *record, uint32_t spi)
{
    for (size_t i = 0; i < record->message.payload_count; i++) {
        if (proposes_spi(&record->message.payloads[i], spi)) {
            return true;
        }
    }
    return false;
}

// Only when the capture starts with IKE_SA_INIT and every message could be read is it certain
// that an SPI was never agreed upon.
static bool knows_all_spis(const struct evidence *evidence)
{
    bool has_auth = false;
    for (size_t i = 0; i < evidence->ike.ike_count; i++) {
        const struct ike_record *record = &evidence->ike.ike[i];
        if (!record_is_open(record) && record->message.opening != IKE_FRAGMENT) {
            return false;
        }
        has_auth = has_auth || record->message.header.exchange_type == IKE_EXCHANGE_AUTH;
    }
    return has_auth && evidence->ike.ike[0].message.header.exchange_type == IKE_EXCHANGE_SA_INIT;
}

static void judge_spis(const struct evidence *evidence, struct finding_list *list)
{
    if (!knows_all_spis(evidence)) {
        return;
    }
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        const struct esp_flow *flow = &evidence->esp.table[i];
        bool is_known = false;
        char path[PATH_TEXT_SIZE];
        if (!flow->is_used || flow->point == POINT_LEFT) {
            continue;
        }
        for (size_t j = 0; j < evidence->ike.ike_count && !is_known; j++) {
            is_known = names_spi(&evidence->ike.ike[j], flow->spi);
        }
        if (!is_known) {
            finding_frame(finding_add(list, FINDING_ESP_UNKNOWN_SPI,
                                      "%s: %" PRIu64 " packets under SPI %08x, which no message "
                                      "of this capture names",
                                      origin_path(&flow->first, path), flow->packet_count,
                                      flow->spi),
                          flow->first.frame);
        }
    }
}

// --- clear text -----------------------------------------------------------------------------

static bool is_inside(const struct evidence *evidence, const struct ip_address *address)
{
    if (address_is_inner(address)) {
        return true;
    }
    for (size_t i = 0; i < evidence->inner_count; i++) {
        const struct inner_range *range = &evidence->inner[i];
        if (range->first.family == address->family &&
            address_compare(&range->first, address) <= 0 &&
            address_compare(address, &range->last) <= 0) {
            return true;
        }
    }
    return false;
}

static bool is_gateway(const struct evidence *evidence, const struct ip_address *address)
{
    for (size_t i = 0; i < evidence->ike.ike_count; i++) {
        const struct packet_origin *origin = &evidence->ike.ike[i].origin;
        if (address_equals(&origin->source.address, address) ||
            address_equals(&origin->destination.address, address)) {
            return true;
        }
    }
    return false;
}

static void judge_clear_text(const struct evidence *evidence, struct finding_list *list)
{
    for (size_t i = 0; i < evidence->pair_count; i++) {
        const struct clear_pair *pair = &evidence->pairs[i];
        char source[ADDRESS_TEXT_SIZE];
        char destination[ADDRESS_TEXT_SIZE];
        if (!is_inside(evidence, &pair->source) || !is_inside(evidence, &pair->destination) ||
            is_gateway(evidence, &pair->source) || is_gateway(evidence, &pair->destination)) {
            continue;
        }
        address_format(&pair->source, source);
        address_format(&pair->destination, destination);
        finding_frame(finding_add(list, FINDING_CLEAR_TEXT,
                                  "%s > %s: %" PRIu64 " packets in the clear", source, destination,
                                  pair->count),
                      pair->first_frame);
    }
}

void explain_esp(const struct evidence *evidence, struct finding_list *list)
{
    for (size_t i = 0; i < TABLE_SIZE; i++) {
        const struct esp_flow *flow = &evidence->esp.table[i];
        if (!flow->is_used) {
            continue;
        }
        // What the receiver gets is what leaves; what the sender does is what arrives.
        if (flow->point != POINT_ARRIVED) {
            judge_sequence(flow, list);
            judge_integrity(evidence, flow, list);
            judge_backoff(flow, list);
        } else {
            judge_vanished(evidence, flow, list);
        }
        if (flow->point != POINT_LEFT) {
            judge_direction(evidence, i, list);
        }
    }
    if (evidence->ike.ike_count > 0) {
        judge_spis(evidence, list);
    }
    judge_clear_text(evidence, list);
}
