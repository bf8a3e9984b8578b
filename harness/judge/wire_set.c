#include "harness/judge/wire_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/message_json.h"
#include "pcap/payload_facts.h"

enum { MOST_PAYLOADS = MESSAGE_MOST_PAYLOADS * 2 };

// --- the part in the clear ------------------------------------------------------------------

static bool is_initiator_flag_set(const struct ike_record *record)
{
    return ike_header_is_from_initiator(&record->message.header);
}

// Whether two messages are of one exchange: message ID and SPIs. The responder's SPI is not
// known in the first message of all.
static bool same_exchange(const struct ike_record *left, const struct ike_record *right)
{
    const struct ike_header *a = &left->message.header;
    const struct ike_header *b = &right->message.header;
    const bool left_requester =
        is_initiator_flag_set(left) != ike_message_is_response(&left->message);
    const bool right_requester =
        is_initiator_flag_set(right) != ike_message_is_response(&right->message);
    return a->exchange_type == b->exchange_type && a->message_id == b->message_id &&
           a->initiator_spi == b->initiator_spi && left_requester == right_requester &&
           (a->responder_spi == b->responder_spi || a->responder_spi == 0 || b->responder_spi == 0);
}

bool wire_same_message(const struct ike_record *left, const struct ike_record *right)
{
    return left->message.has_header && right->message.has_header &&
           left->origin.from == right->origin.from &&
           ike_message_is_response(&left->message) == ike_message_is_response(&right->message) &&
           same_exchange(left, right);
}

static bool flags_match(const struct wire_header_match *wanted, const struct ike_record *record)
{
    const struct ike_header *header = &record->message.header;
    if (wanted->has_initiator && wanted->is_initiator != is_initiator_flag_set(record)) {
        return false;
    }
    if (wanted->has_response && wanted->is_response != ike_message_is_response(&record->message)) {
        return false;
    }
    return !wanted->has_version || (wanted->major_version == header->major_version &&
                                    wanted->minor_version == header->minor_version);
}

static bool ports_match(const struct wire_line *line, const struct packet_origin *origin)
{
    return (line->source_port == 0 || line->source_port == origin->source.port) &&
           (line->destination_port == 0 || line->destination_port == origin->destination.port);
}

static bool kind_matches(const struct wire_line *line, const struct ike_message *message)
{
    return line->message_kind == WIRE_ANY_KIND ||
           (line->message_kind == WIRE_RESPONSE) == ike_message_is_response(message);
}

bool wire_header_matches(const struct wire_line *line, const struct capture_contents *contents,
                         size_t record_index, const struct wire_bindings *bindings)
{
    const struct ike_record *record = &contents->ike[record_index];
    char exchange[64];
    size_t bound = 0;
    if (!record->message.has_header ||
        (line->from != CAPTURE_SIDE_UNKNOWN && line->from != record->origin.from) ||
        !kind_matches(line, &record->message) || !ports_match(line, &record->origin) ||
        !flags_match(&line->header, record)) {
        return false;
    }
    if (line->has_message_id && line->message_id != record->message.header.message_id) {
        return false;
    }
    message_exchange_name(record, exchange, sizeof(exchange));
    if (line->exchange[0] != '\0' && strcmp(line->exchange, exchange) != 0) {
        return false;
    }
    return line->binding[0] == '\0' || !bindings_message(bindings, line->binding, &bound) ||
           same_exchange(&contents->ike[bound], record);
}

// --- payloads -------------------------------------------------------------------------------

// The payloads of one message while terms take theirs.
struct taking {
    size_t count;
    struct payload_facts *facts;
    bool *is_taken;
};

static void taking_clear(struct taking *taking)
{
    free(taking->facts);
    free(taking->is_taken);
}

static bool taking_init(struct taking *taking, const struct ike_message *message)
{
    const size_t count =
        message->payload_count < MOST_PAYLOADS ? message->payload_count : MOST_PAYLOADS;
    *taking = (struct taking){.count = count};
    taking->facts = calloc(count + 1, sizeof(*taking->facts));
    taking->is_taken = calloc(count + 1, sizeof(*taking->is_taken));
    if (taking->facts == NULL || taking->is_taken == NULL) {
        taking_clear(taking);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        payload_facts_read(&message->payloads[i], ike_message_is_response(message),
                           &taking->facts[i]);
    }
    return true;
}

// A binding that is not made yet takes the payload's first value of that key.
static bool field_matches(const struct wire_field *field, const struct payload_facts *facts,
                          struct wire_bindings *bindings)
{
    const char *wanted = bindings_value(bindings, field->value);
    if (wanted != NULL) {
        return payload_facts_has(facts, field->key, wanted);
    }
    const char *found = payload_facts_get(facts, field->key);
    if (found == NULL) {
        return false;
    }
    bindings_set_value(bindings, field->value, found);
    return true;
}

static bool payload_matches(const struct wire_payload *wanted, const struct payload_facts *facts,
                            struct wire_bindings *bindings)
{
    if (strcmp(wanted->name, facts->name) != 0) {
        return false;
    }
    const struct wire_bindings before = *bindings;
    for (size_t i = 0; i < wanted->field_count; i++) {
        if (!field_matches(&wanted->fields[i], facts, bindings)) {
            *bindings = before;
            return false;
        }
    }
    return true;
}

static bool term_takes(const struct wire_term *term, const struct payload_facts *facts,
                       struct wire_bindings *bindings)
{
    for (size_t i = 0; i < term->count; i++) {
        if (payload_matches(&term->alternatives[i], facts, bindings)) {
            return true;
        }
    }
    return false;
}

// A term takes the payloads that are its own. False when the message has too few, or one that
// must not be there.
static bool apply_term(const struct wire_term *term, struct taking *taking,
                       struct wire_bindings *bindings)
{
    size_t taken = 0;
    for (size_t i = 0; i < taking->count; i++) {
        if (taking->is_taken[i] || !term_takes(term, &taking->facts[i], bindings)) {
            continue;
        }
        if (term->multiplicity == WIRE_NONE) {
            return false;
        }
        taking->is_taken[i] = true;
        taken++;
        if (term->multiplicity != WIRE_ONE_OR_MORE) {
            return true;
        }
    }
    return taken > 0 || term->multiplicity == WIRE_AT_MOST_ONE || term->multiplicity == WIRE_NONE;
}

static bool has_fields(const struct wire_term *term)
{
    for (size_t i = 0; i < term->count; i++) {
        if (term->alternatives[i].field_count > 0) {
            return true;
        }
    }
    return false;
}

static void note_missing(struct set_difference *difference, const struct wire_term *term,
                         const struct wire_bindings *bindings)
{
    if (difference != NULL && difference->missing_count < DIFFERENCE_MOST) {
        bindings_explain(bindings, term->text, difference->missing[difference->missing_count++],
                         DIFFERENCE_TEXT_SIZE);
    }
}

static void note_extra(struct set_difference *difference, const struct payload_facts *facts)
{
    if (difference != NULL && difference->extra_count < DIFFERENCE_MOST) {
        payload_facts_format(facts, difference->extra[difference->extra_count++],
                             DIFFERENCE_TEXT_SIZE);
    }
}

static bool term_names(const struct wire_term *term, const char *name)
{
    for (size_t i = 0; i < term->count; i++) {
        if (strcmp(term->alternatives[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

// In a set that allows others, only a payload that looks like a missing one explains anything.
static bool is_worth_showing(const struct wire_line *line, const struct payload_facts *facts)
{
    for (size_t i = 0; i < line->term_count; i++) {
        if (strcmp(facts->name, "N") != 0 && term_names(&line->terms[i], facts->name)) {
            return true;
        }
    }
    return !line->allows_others;
}

static bool apply_terms(const struct wire_line *line, bool with_fields, struct taking *taking,
                        struct wire_bindings *bindings, struct set_difference *difference)
{
    bool fits = true;
    for (size_t i = 0; i < line->term_count; i++) {
        const struct wire_term *term = &line->terms[i];
        if (has_fields(term) == with_fields && !apply_term(term, taking, bindings)) {
            fits = false;
            note_missing(difference, term, bindings);
        }
    }
    return fits;
}

// Terms with fields choose first, so that N+ does not take what N(COOKIE) asks for.
static bool match_payloads(const struct wire_line *line, struct taking *taking,
                           struct wire_bindings *bindings, struct set_difference *difference)
{
    bool fits = apply_terms(line, true, taking, bindings, difference);
    fits = apply_terms(line, false, taking, bindings, difference) && fits;
    for (size_t i = 0; i < taking->count; i++) {
        if (taking->is_taken[i]) {
            continue;
        }
        fits = fits && line->allows_others;
        if (is_worth_showing(line, &taking->facts[i])) {
            note_extra(difference, &taking->facts[i]);
        }
    }
    return fits;
}

static bool match_set(const struct wire_line *line, const struct ike_record *record,
                      struct wire_bindings *bindings, struct set_difference *difference)
{
    struct taking taking;
    if (!taking_init(&taking, &record->message)) {
        return false;
    }
    const bool fits = match_payloads(line, &taking, bindings, difference);
    taking_clear(&taking);
    return fits;
}

void wire_set_compare(const struct wire_line *line, const struct ike_record *record,
                      const struct wire_bindings *bindings, struct set_difference *out_difference)
{
    struct wire_bindings scratch = *bindings;
    *out_difference = (struct set_difference){0};
    (void)match_set(line, record, &scratch, out_difference);
}

// Whether the line only asks for payloads that stand outside of SK anyway.
static bool asks_for_box_only(const struct wire_line *line)
{
    for (size_t i = 0; i < line->term_count; i++) {
        const char *name = line->terms[i].alternatives[0].name;
        if (strcmp(name, "SK") != 0 && strcmp(name, "SKF") != 0) {
            return false;
        }
    }
    return line->term_count > 0;
}

enum match_result wire_line_matches(const struct wire_line *line,
                                    const struct capture_contents *contents, size_t record_index,
                                    struct wire_bindings *bindings)
{
    const struct ike_record *record = &contents->ike[record_index];
    enum match_result result = MATCH_YES;
    size_t bound = 0;
    if (!wire_header_matches(line, contents, record_index, bindings)) {
        return MATCH_NO;
    }
    struct wire_bindings after = *bindings;
    if (line->has_set && record->message.opening == IKE_NO_KEYS && !asks_for_box_only(line)) {
        result = MATCH_BLIND;
    } else if (line->has_set && !match_set(line, record, &after, NULL)) {
        return MATCH_NO;
    }
    if (line->binding[0] != '\0' && !bindings_message(&after, line->binding, &bound)) {
        bindings_set_message(&after, line->binding, record_index);
    }
    *bindings = after;
    return result;
}
