// What the two sides say to each other, and cannot agree upon.
#include <stdio.h>
#include <string.h>

#include "pcap/explain.h"
#include "pcap/message_json.h"
#include "pcap/payload_facts.h"
#include "pcap/reading_provider.h"
#include "refgw/iana/ikev2_names.h"
#include "refgw/wire/security_association.h"

enum { LIST_SIZE = 200, COOKIE_LOOP = 3, KE_LOOP = 2, SMALL_ANSWER = 92 };

static const char *const fact_keys[] = {"encr", "integ", "prf", "dh", "sn"};
enum { FACT_KEY_COUNT = sizeof(fact_keys) / sizeof(fact_keys[0]) };

static bool record_facts(const struct ike_record *record, uint8_t type,
                         struct payload_facts *out_facts)
{
    const struct payload *payload = ike_message_find(&record->message, type);
    if (payload == NULL) {
        return false;
    }
    payload_facts_read(payload, ike_message_is_response(&record->message), out_facts);
    return true;
}

static bool has_before(const struct payload_facts *facts, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(facts->items[i].key, facts->items[index].key) == 0 &&
            strcmp(facts->items[i].value, facts->items[index].value) == 0) {
            return true;
        }
    }
    return false;
}

// "aes128gcm16|aes256": what is offered for one kind of transform.
static void list_values(const struct payload_facts *facts, const char *key,
                        char out_text[LIST_SIZE])
{
    size_t used = 0;
    out_text[0] = '\0';
    for (size_t i = 0; i < facts->count; i++) {
        if (strcmp(facts->items[i].key, key) != 0 || has_before(facts, i)) {
            continue;
        }
        const int added = snprintf(out_text + used, LIST_SIZE - used, "%s%s", used == 0 ? "" : "|",
                                   facts->items[i].value);
        used += added > 0 ? (size_t)added : 0;
        if (used >= LIST_SIZE) {
            return;
        }
    }
}

static bool overlaps(const struct payload_facts *left, const struct payload_facts *right,
                     const char *key)
{
    const bool has_left = payload_facts_get(left, key) != NULL;
    for (size_t i = 0; i < left->count; i++) {
        if (strcmp(left->items[i].key, key) == 0 &&
            payload_facts_has(right, key, left->items[i].value)) {
            return true;
        }
    }
    return !has_left && payload_facts_get(right, key) == NULL;
}

static void append_text(char *text, size_t size, const char *more)
{
    const size_t used = strlen(text);
    if (used + 1 < size) {
        (void)snprintf(text + used, size - used, "%s", more);
    }
}

// "offered encr aes128gcm16, prf prfsha256, dh x25519".
static void describe_offer(const struct payload_facts *facts, char *out_text, size_t size)
{
    out_text[0] = '\0';
    for (size_t i = 0; i < FACT_KEY_COUNT; i++) {
        char values[LIST_SIZE];
        list_values(facts, fact_keys[i], values);
        if (values[0] != '\0') {
            append_text(out_text, size, out_text[0] == '\0' ? "" : ", ");
            append_text(out_text, size, fact_keys[i]);
            append_text(out_text, size, " ");
            append_text(out_text, size, values);
        }
    }
}

// What the refusing side itself ever offered or chose for the same protocol, the nearest match
// for what was refused.
static const struct ike_record *find_other_offer(const struct evidence *evidence,
                                                 const struct ike_record *answer,
                                                 const char *protocol,
                                                 struct payload_facts *out_facts)
{
    for (size_t i = 0; i < evidence->ike.ike_count; i++) {
        const struct ike_record *record = &evidence->ike.ike[i];
        if (evidence_is_counted(record) &&
            address_equals(&record->origin.source.address, &answer->origin.source.address) &&
            record_facts(record, IKE_PAYLOAD_SA, out_facts) &&
            payload_facts_has(out_facts, "protocol", protocol)) {
            return record;
        }
    }
    return NULL;
}

static void compare_offers(const struct payload_facts *ours, const struct payload_facts *theirs,
                           char *out_text, size_t size)
{
    bool differs = false;
    for (size_t i = 0; i < FACT_KEY_COUNT; i++) {
        char left[LIST_SIZE];
        char right[LIST_SIZE];
        char line[2 * LIST_SIZE + 64];
        if (overlaps(ours, theirs, fact_keys[i])) {
            continue;
        }
        list_values(ours, fact_keys[i], left);
        list_values(theirs, fact_keys[i], right);
        (void)snprintf(line, sizeof(line), "%s%s differs (%s against %s)", differs ? "; " : "",
                       fact_keys[i], left[0] == '\0' ? "none" : left,
                       right[0] == '\0' ? "none" : right);
        append_text(out_text, size, line);
        differs = true;
    }
    if (!differs) {
        append_text(out_text, size,
                    "each algorithm alone is on both lists, but no proposal as a "
                    "whole");
    }
}

static void refuse_proposal(const struct evidence *evidence, const struct ike_record *request,
                            const struct ike_record *answer, struct finding_list *list)
{
    struct payload_facts ours;
    struct payload_facts theirs;
    char path[PATH_TEXT_SIZE];
    char offer[400] = "an unreadable proposal";
    char match[300] = "The capture does not show what the other side would accept";
    if (record_facts(request, IKE_PAYLOAD_SA, &ours)) {
        const char *protocol = payload_facts_get(&ours, "protocol");
        describe_offer(&ours, offer, sizeof(offer));
        const struct ike_record *other =
            find_other_offer(evidence, answer, protocol != NULL ? protocol : "IKE", &theirs);
        if (other != NULL) {
            (void)snprintf(match, sizeof(match),
                           "Nearest match, with frame %u: ", other->origin.frame);
            compare_offers(&ours, &theirs, match, sizeof(match));
        }
    }
    struct finding *finding =
        finding_add(list, FINDING_NO_COMMON_PROPOSAL, "%s: offered %s; refused. %s.",
                    origin_path(&request->origin, path), offer, match);
    finding_frame(finding, request->origin.frame);
    finding_frame(finding, answer->origin.frame);
}

// Rekeying fails where the first CHILD_SA came to be: then it is the group.
static void refuse_child(const struct evidence *evidence, const struct ike_record *request,
                         const struct ike_record *answer, struct finding_list *list)
{
    char path[PATH_TEXT_SIZE];
    struct notify rekeyed;
    const bool is_rekey = record_notify(request, NOTIFY_REKEY_SA, &rekeyed);
    const bool has_group = ike_message_find(&request->message, IKE_PAYLOAD_KE) != NULL;
    if (!is_rekey) {
        refuse_proposal(evidence, request, answer, list);
        return;
    }
    struct finding *finding = finding_add(
        list, FINDING_PFS_MISMATCH, "%s: the rekeying %s a key exchange group, the answer refuses",
        origin_path(&request->origin, path), has_group ? "asks for" : "comes without");
    finding_frame(finding, request->origin.frame);
    finding_frame(finding, answer->origin.frame);
}

static void refuse_selectors(const struct ike_record *request, const struct ike_record *answer,
                             struct finding_list *list)
{
    struct payload_facts facts;
    char path[PATH_TEXT_SIZE];
    char local[200] = "?";
    char remote[200] = "?";
    if (record_facts(request, IKE_PAYLOAD_TSI, &facts)) {
        payload_facts_format(&facts, local, sizeof(local));
    }
    if (record_facts(request, IKE_PAYLOAD_TSR, &facts)) {
        payload_facts_format(&facts, remote, sizeof(remote));
    }
    struct finding *finding = finding_add(list, FINDING_SELECTORS_DISJOINT,
                                          "%s: asked for %s to %s, answered TS_UNACCEPTABLE",
                                          origin_path(&request->origin, path), local, remote);
    finding_frame(finding, request->origin.frame);
    finding_frame(finding, answer->origin.frame);
}

static void note_narrowing(const struct ike_record *request, const struct ike_record *answer,
                           struct finding_list *list)
{
    static const uint8_t types[] = {IKE_PAYLOAD_TSI, IKE_PAYLOAD_TSR};
    for (size_t i = 0; i < 2; i++) {
        const struct payload *asked = ike_message_find(&request->message, types[i]);
        const struct payload *given = ike_message_find(&answer->message, types[i]);
        struct payload_facts facts;
        char wanted[200];
        char got[200];
        if (asked == NULL || given == NULL || view_equals(asked->body, given->body)) {
            continue;
        }
        payload_facts_read(asked, false, &facts);
        payload_facts_format(&facts, wanted, sizeof(wanted));
        payload_facts_read(given, true, &facts);
        payload_facts_format(&facts, got, sizeof(got));
        struct finding *finding =
            finding_add(list, FINDING_SELECTORS_NARROWED, "asked for %s, got %s", wanted, got);
        finding_frame(finding, request->origin.frame);
        finding_frame(finding, answer->origin.frame);
    }
}

static void note_error(const struct evidence *evidence, const struct ike_record *request,
                       const struct ike_record *answer, const struct notify *error,
                       struct finding_list *list)
{
    char path[PATH_TEXT_SIZE];
    const char *name = notify_type_name(error->type);
    const uint8_t exchange = answer->message.header.exchange_type;
    struct finding *finding = NULL;
    switch (error->type) {
    case NOTIFY_NO_PROPOSAL_CHOSEN:
        if (exchange == IKE_EXCHANGE_CREATE_CHILD_SA) {
            refuse_child(evidence, request, answer, list);
        } else {
            refuse_proposal(evidence, request, answer, list);
        }
        return;
    case NOTIFY_INVALID_KE_PAYLOAD: // has a rule of its own
        return;
    case NOTIFY_TS_UNACCEPTABLE:
        refuse_selectors(request, answer, list);
        return;
    case NOTIFY_AUTHENTICATION_FAILED:
        finding =
            finding_add(list, FINDING_AUTHENTICATION_FAILED, "%s: answered AUTHENTICATION_FAILED",
                        origin_path(&answer->origin, path));
        break;
    case NOTIFY_INVALID_MAJOR_VERSION:
        finding = finding_add(list, FINDING_VERSION_MISMATCH, "%s: answered INVALID_MAJOR_VERSION",
                              origin_path(&answer->origin, path));
        break;
    default:
        finding = finding_add(list, FINDING_PEER_ERROR, "%s: answered %s (%u)",
                              origin_path(&answer->origin, path), name != NULL ? name : "an error",
                              error->type);
        break;
    }
    finding_frame(finding, request->origin.frame);
    finding_frame(finding, answer->origin.frame);
}

static void judge_answers(const struct evidence *evidence, struct finding_list *list)
{
    for (size_t i = 0; i < evidence->exchange_count; i++) {
        const struct exchange *exchange = &evidence->exchanges[i];
        const struct ike_record *request = evidence_record(evidence, exchange->request);
        const struct ike_record *answer = evidence_record(evidence, exchange->response);
        struct notify error;
        if (request == NULL || answer == NULL) {
            continue;
        }
        if (record_error(answer, &error)) {
            note_error(evidence, request, answer, &error, list);
        } else {
            note_narrowing(request, answer, list);
        }
    }
}

// Errors that travel as requests, or in the clear outside of any SA.
static void judge_error_requests(const struct evidence *evidence, struct finding_list *list)
{
    for (size_t i = 0; i < evidence->exchange_count; i++) {
        const struct ike_record *request =
            evidence_record(evidence, evidence->exchanges[i].request);
        const struct ike_record *answer =
            evidence_record(evidence, evidence->exchanges[i].response);
        const struct ike_record *record = request != NULL ? request : answer;
        struct notify error;
        char path[PATH_TEXT_SIZE];
        if ((request != NULL && answer != NULL && record_error(answer, &error)) || record == NULL ||
            !record_error(record, &error)) {
            continue;
        }
        const char *name = notify_type_name(error.type);
        const enum finding_kind kind =
            error.type == NOTIFY_INVALID_SPI             ? FINDING_ESP_UNKNOWN_SPI
            : error.type == NOTIFY_AUTHENTICATION_FAILED ? FINDING_AUTHENTICATION_FAILED
            : error.type == NOTIFY_INVALID_MAJOR_VERSION ? FINDING_VERSION_MISMATCH
                                                         : FINDING_PEER_ERROR;
        struct finding *finding =
            finding_add(list, kind, "%s: reports %s (%u)", origin_path(&record->origin, path),
                        name != NULL ? name : "an error", error.type);
        finding_frame(finding, record->origin.frame);
    }
}

// --- IKE_SA_INIT ----------------------------------------------------------------------------

// How often one initiator's IKE_SA_INIT got this notify; only at its first exchange.
static unsigned count_init_answers(const struct evidence *evidence, size_t first, unsigned type,
                                   struct finding *frames)
{
    unsigned count = 0;
    const struct ike_record *start = evidence_record(evidence, evidence->exchanges[first].request);
    for (size_t i = 0; i < evidence->exchange_count; i++) {
        const struct exchange *exchange = &evidence->exchanges[i];
        const struct ike_record *request = evidence_record(evidence, exchange->request);
        const struct ike_record *answer = evidence_record(evidence, exchange->response);
        struct notify notify;
        if (request == NULL || answer == NULL ||
            request->message.header.exchange_type != IKE_EXCHANGE_SA_INIT ||
            request->message.header.initiator_spi != start->message.header.initiator_spi ||
            !record_notify(answer, type, &notify)) {
            continue;
        }
        if (i < first) {
            return 0; // counted there
        }
        count++;
        finding_frame(frames, answer->origin.frame);
    }
    return count;
}

static void copy_frames(struct finding *to, const struct finding *from)
{
    for (size_t i = 0; i < from->frame_count; i++) {
        finding_frame(to, from->frames[i]);
    }
}

static void judge_init_loops(const struct evidence *evidence, struct finding_list *list)
{
    for (size_t i = 0; i < evidence->exchange_count; i++) {
        const struct ike_record *request =
            evidence_record(evidence, evidence->exchanges[i].request);
        char path[PATH_TEXT_SIZE];
        if (request == NULL || request->message.header.exchange_type != IKE_EXCHANGE_SA_INIT) {
            continue;
        }
        struct finding groups = {0};
        struct finding cookies = {0};
        const unsigned refused =
            count_init_answers(evidence, i, NOTIFY_INVALID_KE_PAYLOAD, &groups);
        const unsigned asked = count_init_answers(evidence, i, NOTIFY_COOKIE, &cookies);
        (void)origin_path(&request->origin, path);
        if (refused >= KE_LOOP) {
            copy_frames(finding_add(list, FINDING_INVALID_KE_LOOP,
                                    "%s: INVALID_KE_PAYLOAD %u times for one connection", path,
                                    refused),
                        &groups);
        } else if (refused == 1) {
            copy_frames(
                finding_add(list, FINDING_KEY_EXCHANGE_RETRY, "%s: INVALID_KE_PAYLOAD once", path),
                &groups);
        }
        if (asked >= COOKIE_LOOP) {
            copy_frames(finding_add(list, FINDING_COOKIE_LOOP,
                                    "%s: a cookie was asked for %u times", path, asked),
                        &cookies);
        }
    }
}

static void list_weak(const struct proposal *proposal, char *out_text, size_t size)
{
    out_text[0] = '\0';
    for (size_t i = 0; i < proposal->transform_count; i++) {
        const struct transform *transform = &proposal->transforms[i];
        const char *name = transform_name(transform->type, transform->number);
        if (reading_is_weak(transform->type, transform->number)) {
            append_text(out_text, size, out_text[0] == '\0' ? "" : ", ");
            append_text(out_text, size, name != NULL ? name : "an old algorithm");
        }
    }
}

static void judge_strength(const struct evidence *evidence, struct finding_list *list)
{
    for (size_t i = 0; i < evidence->exchange_count; i++) {
        const struct ike_record *answer =
            evidence_record(evidence, evidence->exchanges[i].response);
        static struct security_association association; // large; nothing in it outlives the loop
        struct wire_fault fault;
        char weak[200];
        char path[PATH_TEXT_SIZE];
        const struct payload *payload =
            answer == NULL ? NULL : ike_message_find(&answer->message, IKE_PAYLOAD_SA);
        if (payload == NULL || !security_association_read(payload->body, &association, &fault) ||
            association.proposal_count == 0) {
            continue;
        }
        const struct proposal *proposal = &association.proposals[0];
        list_weak(proposal, weak, sizeof(weak));
        if (weak[0] != '\0') {
            finding_frame(finding_add(list, FINDING_WEAK_ALGORITHM, "%s: chose %s for %s",
                                      origin_path(&answer->origin, path), weak,
                                      proposal->protocol == IKE_PROTOCOL_IKE ? "IKE" : "ESP"),
                          answer->origin.frame);
        }
    }
}

// --- the rest -------------------------------------------------------------------------------

static void judge_versions(const struct evidence *evidence, struct finding_list *list)
{
    struct finding old = {0};
    unsigned old_count = 0;
    bool has_new = false;
    for (size_t i = 0; i < evidence->ike.ike_count; i++) {
        const struct ike_record *record = &evidence->ike.ike[i];
        if (!record->message.has_header || !evidence_is_counted(record)) {
            continue;
        }
        if (record->message.header.major_version == 1) {
            old_count++;
            finding_frame(&old, record->origin.frame);
        }
        has_new = has_new || record->message.header.major_version == 2;
    }
    if (old_count > 0) {
        copy_frames(finding_add(list, has_new ? FINDING_VERSION_MISMATCH : FINDING_IKEV1,
                                "%u messages of IKEv1%s", old_count,
                                has_new ? " and others of IKEv2 in the same capture" : ""),
                    &old);
    }
}

static void judge_formats(const struct evidence *evidence, struct finding_list *list)
{
    for (size_t i = 0; i < evidence->ike.ike_count; i++) {
        const struct ike_record *record = &evidence->ike.ike[i];
        const struct ike_message *message = &record->message;
        char path[PATH_TEXT_SIZE];
        const bool is_ours = !message->has_header || message->header.major_version == 2;
        if (evidence_is_counted(record) && is_ours &&
            (message->opening == IKE_MALFORMED || message->opening == IKE_MALFORMED_INSIDE)) {
            finding_frame(
                finding_add(
                    list, FINDING_MALFORMED, "%s: %s (%s)%s", origin_path(&record->origin, path),
                    wire_fault_name(message->fault.kind), message->fault.section,
                    message->opening == IKE_MALFORMED_INSIDE ? ", inside the encrypted part" : ""),
                record->origin.frame);
        }
    }
}

static void judge_changes(const struct evidence *evidence, struct finding_list *list)
{
    for (size_t i = 0; i < evidence->exchange_count; i++) {
        const struct exchange *exchange = &evidence->exchanges[i];
        const struct ike_record *request = evidence_record(evidence, exchange->request);
        char path[PATH_TEXT_SIZE];
        char name[64];
        if (request == NULL || !exchange->has_changed) {
            continue;
        }
        message_exchange_name(request, name, sizeof(name));
        struct finding *finding = finding_add(
            list, FINDING_REQUEST_CHANGED, "%s: %s %u came again with other bytes",
            origin_path(&request->origin, path), name, request->message.header.message_id);
        finding_frame(finding, request->origin.frame);
        finding_frame(finding, exchange->changed_frame);
    }
}

// Without keys: an answer to the first IKE_AUTH that has no room for an identity and AUTH is an
// error; one to CREATE_CHILD_SA that has none for a nonce is, too.
static void infer_refusals(const struct evidence *evidence, struct finding_list *list)
{
    for (size_t i = 0; i < evidence->exchange_count; i++) {
        const struct ike_record *request =
            evidence_record(evidence, evidence->exchanges[i].request);
        const struct ike_record *answer =
            evidence_record(evidence, evidence->exchanges[i].response);
        char path[PATH_TEXT_SIZE];
        if (request == NULL || answer == NULL || answer->message.opening != IKE_NO_KEYS ||
            answer->message.size > SMALL_ANSWER || evidence->exchanges[i].part_count[1] > 0) {
            continue;
        }
        const struct ike_header *header = &answer->message.header;
        const bool is_auth = header->exchange_type == IKE_EXCHANGE_AUTH && header->message_id == 1;
        if (!is_auth && header->exchange_type != IKE_EXCHANGE_CREATE_CHILD_SA) {
            continue;
        }
        struct finding *finding =
            finding_add(list, is_auth ? FINDING_AUTHENTICATION_FAILED : FINDING_REKEY_REFUSED,
                        "%s: the encrypted answer has %zu bytes, room for an error only",
                        origin_path(&answer->origin, path), answer->message.size);
        finding->is_inferred = true;
        finding_frame(finding, request->origin.frame);
        finding_frame(finding, answer->origin.frame);
    }
}

void explain_negotiation(const struct evidence *evidence, struct finding_list *list)
{
    judge_versions(evidence, list);
    judge_formats(evidence, list);
    judge_init_loops(evidence, list);
    judge_answers(evidence, list);
    judge_error_requests(evidence, list);
    judge_strength(evidence, list);
    judge_changes(evidence, list);
    infer_refusals(evidence, list);
}
