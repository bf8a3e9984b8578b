#include "harness/judge/free_checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/judge/clear_text.h"
#include "harness/judge/status_checks.h"
#include "harness/judge/wire_set.h"
#include "pcap/message_json.h"

static struct check *add(struct check_list *checks, const char *name, const char *requirement)
{
    struct check *check = check_list_add(checks, SEVERITY_MUST, "free/%s", name);
    check->rank = RANK_VIOLATION;
    (void)snprintf(check->requirement, sizeof(check->requirement), "%s", requirement);
    return check;
}

// --- daemons ----------------------------------------------------------------------------------

static void check_crash(const struct cell_evidence *evidence, struct check *check)
{
    check->rank = RANK_CRASH;
    for (unsigned i = CAPTURE_SIDE_WEST; i <= CAPTURE_SIDE_EAST; i++) {
        const struct evidence_side *side = &evidence->sides[i];
        if (side->has_crashed) {
            check_fail(check, "crash", "%s (%s) ended unasked: %s", side_name((enum capture_side)i),
                       side->label, side->crash);
            check_blame(check, side_name((enum capture_side)i), "daemon-ended", "high");
            return;
        }
    }
}

// --- IKE messages -----------------------------------------------------------------------------

static bool is_as_sent(const struct packet_origin *origin)
{
    return origin->point != POINT_LEFT;
}

static void fail_message(struct check *check, const char *code, const struct ike_record *record,
                         const char *why)
{
    char line[MESSAGE_LINE_SIZE];
    message_line(record, line);
    check_fail(check, code, "frame %u: %s", record->origin.frame, line);
    check_frame(check, record->origin.frame);
    check->time_us = record->origin.time_us;
    check_blame(check, side_name(record->origin.from), why, "high");
}

static void check_well_formed(const struct cell_evidence *evidence, struct check *check)
{
    for (size_t i = 0; i < evidence->capture.ike_count; i++) {
        const struct ike_record *record = &evidence->capture.ike[i];
        const enum ike_opening opening = record->message.opening;
        if (!is_as_sent(&record->origin)) {
            continue;
        }
        if (opening == IKE_MALFORMED || opening == IKE_MALFORMED_INSIDE) {
            fail_message(check, "malformed", record, "sent-a-malformed-message");
            return;
        }
        if (opening == IKE_NOT_AUTHENTIC) {
            fail_message(check, "not-authentic", record, "wrong-icv-or-wrong-keys-logged");
            return;
        }
    }
}

// IKE_SA_INIT may be restarted with a cookie or another group under the same SPI (RFC 7296,
// sections 2.6 and 1.2), and a message may be fragmented anew (RFC 7383).
static bool may_change(const struct ike_record *record)
{
    return record->message.header.exchange_type == IKE_EXCHANGE_SA_INIT ||
           record->message.fragment_count != 0;
}

static int compare_messages(const void *left, const void *right, void *context)
{
    const struct ike_record *records = context;
    const struct ike_record *a = &records[*(const size_t *)left];
    const struct ike_record *b = &records[*(const size_t *)right];
    const uint64_t keys[][2] = {
        {a->message.header.initiator_spi,      b->message.header.initiator_spi     },
        {a->message.header.responder_spi,      b->message.header.responder_spi     },
        {a->message.header.message_id,         b->message.header.message_id        },
        {(uint64_t)a->origin.from,             (uint64_t)b->origin.from            },
        {ike_message_is_response(&a->message), ike_message_is_response(&b->message)},
        {a->origin.frame,                      b->origin.frame                     },
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (keys[i][0] != keys[i][1]) {
            return keys[i][0] < keys[i][1] ? -1 : 1;
        }
    }
    return 0;
}

static size_t list_originals(const struct capture_contents *capture, size_t *order)
{
    size_t count = 0;
    for (size_t i = 0; i < capture->ike_count; i++) {
        const struct ike_record *record = &capture->ike[i];
        if (is_as_sent(&record->origin) && record->retransmit_of == RECORD_NONE &&
            record->message.has_header && !may_change(record)) {
            order[count++] = i;
        }
    }
    qsort_r(order, count, sizeof(*order), compare_messages, capture->ike);
    return count;
}

//= rfc7296#section-2.1
//# A retransmission from the initiator MUST be bitwise identical to the original request.
static void check_retransmits(const struct cell_evidence *evidence, struct check *check)
{
    const struct capture_contents *capture = &evidence->capture;
    size_t *order = calloc(capture->ike_count + 1, sizeof(*order));
    if (order == NULL) {
        check_fail(check, "harness.memory", "out of memory");
        return;
    }
    const size_t count = list_originals(capture, order);
    for (size_t i = 1; i < count; i++) {
        const struct ike_record *first = &capture->ike[order[i - 1]];
        const struct ike_record *again = &capture->ike[order[i]];
        if (wire_same_message(first, again)) {
            fail_message(check, "retransmit-changed", again, "changed-a-retransmission");
            check_append(check, "\n          differs from frame %u under the same message ID",
                         first->origin.frame);
            check_frame(check, first->origin.frame);
            break;
        }
    }
    free(order);
}

// --- ESP --------------------------------------------------------------------------------------

static void check_esp_opens(const struct cell_evidence *evidence, struct check *check)
{
    for (size_t i = 0; i < evidence->capture.esp_count; i++) {
        const struct esp_record *record = &evidence->capture.esp[i];
        const enum esp_opening opening = record->packet.opening;
        if (is_as_sent(&record->origin) && opening != ESP_OPENED && opening != ESP_NO_KEYS) {
            check_fail(check, "esp-not-authentic",
                       "frame %u: ESP, SPI %08x, sequence number %llu: %s", record->origin.frame,
                       record->packet.spi, (unsigned long long)record->packet.sequence,
                       esp_opening_name(opening));
            check_frame(check, record->origin.frame);
            check_blame(check, side_name(record->origin.from), "sent-esp-that-does-not-open",
                        "high");
            return;
        }
    }
}

static int compare_esp(const void *left, const void *right, void *context)
{
    const struct esp_record *records = context;
    const struct esp_record *a = &records[*(const size_t *)left];
    const struct esp_record *b = &records[*(const size_t *)right];
    const uint64_t keys[][2] = {
        {(uint64_t)a->origin.from, (uint64_t)b->origin.from},
        {a->packet.spi,            b->packet.spi           },
        {a->packet.sequence,       b->packet.sequence      },
        {a->origin.frame,          b->origin.frame         },
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (keys[i][0] != keys[i][1]) {
            return keys[i][0] < keys[i][1] ? -1 : 1;
        }
    }
    return 0;
}

static bool repeats(const struct esp_record *a, const struct esp_record *b)
{
    return a->origin.from == b->origin.from && a->packet.spi == b->packet.spi &&
           a->packet.sequence == b->packet.sequence && a->packet.opening == b->packet.opening;
}

static void check_esp_sequence(const struct cell_evidence *evidence, struct check *check)
{
    const struct capture_contents *capture = &evidence->capture;
    size_t *order = calloc(capture->esp_count + 1, sizeof(*order));
    size_t count = 0;
    if (order == NULL) {
        check_fail(check, "harness.memory", "out of memory");
        return;
    }
    for (size_t i = 0; i < capture->esp_count; i++) {
        if (is_as_sent(&capture->esp[i].origin)) {
            order[count++] = i;
        }
    }
    qsort_r(order, count, sizeof(*order), compare_esp, capture->esp);
    for (size_t i = 1; i < count; i++) {
        const struct esp_record *first = &capture->esp[order[i - 1]];
        const struct esp_record *again = &capture->esp[order[i]];
        if (repeats(first, again)) {
            check_fail(check, "esp-sequence-repeated",
                       "frames %u and %u: ESP, SPI %08x, sequence number %llu twice",
                       first->origin.frame, again->origin.frame, again->packet.spi,
                       (unsigned long long)again->packet.sequence);
            check_frame(check, first->origin.frame);
            check_frame(check, again->origin.frame);
            check_blame(check, side_name(again->origin.from), "repeated-a-sequence-number", "high");
            break;
        }
    }
    free(order);
}

void free_checks_run(const struct cell_evidence *evidence, struct check_list *checks)
{
    check_crash(evidence, add(checks, "no-crash", ""));
    clear_text_check(evidence, add(checks, "no-cleartext", "rfc4301:5.1"));
    spi_pairs_check(evidence, add(checks, "spi-pairs", "rfc7296:2.17"));
    sa_left_check(evidence, add(checks, "no-sa-left", "rfc7296:1.4.1"));
    check_retransmits(evidence, add(checks, "retransmits", "rfc7296:2.1"));
    check_well_formed(evidence, add(checks, "well-formed", "rfc7296:3"));
    check_esp_opens(evidence, add(checks, "esp-authentic", "rfc4303:3.3.4"));
    check_esp_sequence(evidence, add(checks, "esp-sequence", "rfc4303:3.3.3"));
}
