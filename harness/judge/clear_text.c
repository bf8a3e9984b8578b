#include "harness/judge/clear_text.h"

static void fail_at(struct check *check, const struct packet_origin *origin, const char *what)
{
    char source[ADDRESS_TEXT_SIZE];
    char destination[ADDRESS_TEXT_SIZE];
    enum capture_side from = origin->from;
    endpoint_format(&origin->source, source);
    endpoint_format(&origin->destination, destination);
    check_fail(check, "clear-text", "frame %u: %s > %s: %s", origin->frame, source, destination,
               what);
    check->rank = RANK_VIOLATION;
    check->time_us = origin->time_us;
    check_frame(check, origin->frame);
    // A packet of a LAN has no address of the WAN: the LAN tells which gateway let it out.
    if (from == CAPTURE_SIDE_UNKNOWN) {
        from = lan_side_of(&origin->source.address);
    }
    if (from != CAPTURE_SIDE_UNKNOWN) {
        check_blame(check, side_name(from), "let-clear-text-out", "high");
    }
}

void clear_text_check(const struct cell_evidence *evidence, struct check *check)
{
    const struct capture_contents *capture = &evidence->capture;
    for (size_t i = 0; i < capture->other_count; i++) {
        const struct other_record *record = &capture->others[i];
        if (record->shows_tag) {
            fail_at(check, &record->origin, "the probe's payload can be read");
            return;
        }
        if (address_is_inner(&record->origin.source.address) ||
            address_is_inner(&record->origin.destination.address)) {
            fail_at(check, &record->origin, "an address of a LAN behind a gateway");
            return;
        }
    }
    for (size_t i = 0; i < capture->esp_count; i++) {
        if (capture->esp[i].shows_tag) {
            fail_at(check, &capture->esp[i].origin, "ESP whose payload can be read");
            return;
        }
    }
}
