#include "pcap/ladder.h"

#include <stdlib.h>
#include <string.h>

#include "pcap/message_json.h"

static bool add_row(struct ladder *ladder, const struct ladder_row *row)
{
    const size_t count = ladder->row_count;
    if ((count & (count - 1)) == 0) {
        struct ladder_row *grown =
            realloc(ladder->rows, (count == 0 ? 1 : count * 2) * sizeof(*grown));
        if (grown == NULL) {
            return false;
        }
        ladder->rows = grown;
    }
    ladder->rows[ladder->row_count++] = *row;
    return true;
}

// The lane of an address, a new one if need be. LADDER_MOST_LANES when there are too many.
static size_t lane_of(struct ladder *ladder, const struct ip_address *address,
                      enum capture_side side)
{
    for (size_t i = 0; i < ladder->lane_count; i++) {
        if (address_equals(&ladder->lanes[i], address)) {
            return i;
        }
    }
    if (ladder->lane_count < LADDER_MOST_LANES) {
        ladder->lanes[ladder->lane_count] = *address;
        ladder->sides[ladder->lane_count] = side;
        return ladder->lane_count++;
    }
    return LADDER_MOST_LANES;
}

static bool set_lanes(struct ladder *ladder, const struct packet_origin *origin,
                      struct ladder_row *row)
{
    row->frame = origin->frame;
    row->time_us = origin->time_us;
    row->from = lane_of(ladder, &origin->source.address, origin->from);
    row->to = lane_of(ladder, &origin->destination.address, side_opposite(origin->from));
    if (row->from == LADDER_MOST_LANES || row->to == LADDER_MOST_LANES || row->from == row->to) {
        ladder->hidden_count++;
        return false;
    }
    return true;
}

static bool add_ike(struct ladder *ladder, const struct ike_record *record)
{
    char exchange[64];
    char set[LADDER_LABEL_SIZE];
    const struct ike_message *message = &record->message;
    const bool is_lost =
        record->origin.point == POINT_ARRIVED && record->counterpart == RECORD_NONE;
    struct ladder_row row = {.kind = LADDER_IKE, .count = 1, .byte_count = message->size};
    if ((record->origin.point == POINT_ARRIVED && !is_lost) ||
        !set_lanes(ladder, &record->origin, &row)) {
        return true;
    }
    message_exchange_name(record, exchange, sizeof(exchange));
    message_payload_set(record, set, sizeof(set));
    row.is_lost = is_lost;
    row.is_repeated = record->retransmit_of != RECORD_NONE;
    row.is_wrong = message->opening == IKE_MALFORMED || message->opening == IKE_NOT_AUTHENTIC ||
                   message->opening == IKE_MALFORMED_INSIDE;
    int used = 0;
    if (message->has_header) {
        used =
            snprintf(row.label, sizeof(row.label), "%s %s %u ", exchange,
                     ike_message_is_response(message) ? "rsp" : "req", message->header.message_id);
    }
    const size_t start = used > 0 && (size_t)used < sizeof(row.label) ? (size_t)used : 0;
    (void)snprintf(row.label + start, sizeof(row.label) - start, "%.200s", set);
    return add_row(ladder, &row);
}

// Joins a packet to a run in the same direction since the last IKE message.
static bool join_run(struct ladder *ladder, size_t since, const struct ladder_row *packet)
{
    for (size_t i = since; i < ladder->row_count; i++) {
        struct ladder_row *row = &ladder->rows[i];
        if (row->kind == packet->kind && row->from == packet->from && row->to == packet->to &&
            row->spi == packet->spi && row->is_wrong == packet->is_wrong) {
            row->count++;
            row->byte_count += packet->byte_count;
            return true;
        }
    }
    return false;
}

static bool add_esp(struct ladder *ladder, size_t since, const struct esp_record *record)
{
    struct ladder_row row = {.kind = LADDER_ESP, .count = 1, .byte_count = record->packet.size};
    if (record->origin.point == POINT_ARRIVED || !set_lanes(ladder, &record->origin, &row)) {
        return true;
    }
    row.spi = record->packet.spi;
    row.is_wrong =
        record->packet.opening == ESP_NOT_AUTHENTIC || record->packet.opening == ESP_MALFORMED;
    return join_run(ladder, since, &row) || add_row(ladder, &row);
}

static bool add_keepalive(struct ladder *ladder, size_t since, const struct other_record *record)
{
    struct ladder_row row = {.kind = LADDER_KEEPALIVE, .count = 1, .byte_count = 1};
    if (record->kind != CARRIED_KEEPALIVE || record->origin.point == POINT_ARRIVED ||
        !set_lanes(ladder, &record->origin, &row)) {
        return true;
    }
    return join_run(ladder, since, &row) || add_row(ladder, &row);
}

static void label_runs(struct ladder *ladder)
{
    for (size_t i = 0; i < ladder->row_count; i++) {
        struct ladder_row *row = &ladder->rows[i];
        if (row->kind == LADDER_ESP) {
            (void)snprintf(row->label, sizeof(row->label), "ESP %08x, %u packet%s, %zu bytes%s",
                           row->spi, row->count, row->count == 1 ? "" : "s", row->byte_count,
                           row->is_wrong ? ", wrong ICV" : "");
        } else if (row->kind == LADDER_KEEPALIVE) {
            (void)snprintf(row->label, sizeof(row->label), "NAT keepalive, %u packet%s", row->count,
                           row->count == 1 ? "" : "s");
        }
    }
}

// The three lists are merged by frame number.
static bool add_all(struct ladder *ladder, const struct capture_contents *contents)
{
    size_t ike = 0;
    size_t esp = 0;
    size_t other = 0;
    size_t since = 0; // the first row behind the last IKE message
    bool good = true;
    while (good && (ike < contents->ike_count || esp < contents->esp_count ||
                    other < contents->other_count)) {
        const unsigned next_ike =
            ike < contents->ike_count ? contents->ike[ike].origin.frame : UINT32_MAX;
        const unsigned next_esp =
            esp < contents->esp_count ? contents->esp[esp].origin.frame : UINT32_MAX;
        const unsigned next_other =
            other < contents->other_count ? contents->others[other].origin.frame : UINT32_MAX;
        if (ike < contents->ike_count && next_ike <= next_esp && next_ike <= next_other) {
            good = add_ike(ladder, &contents->ike[ike++]);
            since = ladder->row_count;
        } else if (esp < contents->esp_count && next_esp <= next_other) {
            good = add_esp(ladder, since, &contents->esp[esp++]);
        } else {
            good = add_keepalive(ladder, since, &contents->others[other++]);
        }
    }
    return good;
}

bool ladder_make(const struct capture_contents *contents, struct ladder *out_ladder)
{
    struct ladder ladder = {.first_time_us = contents->first_time_us};
    if (!add_all(&ladder, contents)) {
        ladder_clear(&ladder);
        return false;
    }
    label_runs(&ladder);
    *out_ladder = ladder;
    return true;
}

void ladder_clear(struct ladder *ladder)
{
    free(ladder->rows);
    *ladder = (struct ladder){0};
}
