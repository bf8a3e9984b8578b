#include "refgw/ike/reporting.h"

#include <string.h>

#include "refgw/wire/describe.h"

struct ike_report report_about(enum ike_report_kind kind, const struct ike_sa *sa,
                               const char *reason)
{
    struct ike_report report = {
        .kind = kind, .connection = "", .child = "", .reason = reason, .section = ""};
    if (sa != NULL) {
        report.connection = sa->connection == NULL ? "" : sa->connection->name;
        report.initiator_spi = sa->initiator_spi;
        report.responder_spi = sa->responder_spi;
        report.path = sa->path;
    }
    return report;
}

void report_set_header(struct ike_report *report, const struct ike_header *header)
{
    report->initiator_spi = header->initiator_spi;
    report->responder_spi = header->responder_spi;
    report->message_id = header->message_id;
    report->exchange_type = header->exchange_type;
    report->is_response = ike_header_is_response(header);
}

struct text_buffer {
    char *text;
    size_t used;
    size_t capacity; // with the final zero
};

static void put_text(void *context, const char *text, size_t size)
{
    struct text_buffer *buffer = context;
    const size_t room = buffer->capacity - 1 - buffer->used;
    const size_t taken = size < room ? size : room;
    memcpy(buffer->text + buffer->used, text, taken);
    buffer->used += taken;
    buffer->text[buffer->used] = '\0';
}

void report_set_payloads(struct ike_report *report, const struct payload_list *payloads,
                         bool is_response)
{
    struct text_buffer buffer = {.text = report->text, .capacity = sizeof(report->text)};
    const struct text_sink sink = {.put = put_text, .context = &buffer};
    describe_payload_set(payloads, is_response, &sink);
}

void report_set_text(struct ike_report *report, const char *text)
{
    struct text_buffer buffer = {.text = report->text, .capacity = sizeof(report->text)};
    put_text(&buffer, text, strlen(text));
}

void report_sa(struct ike_engine *engine, enum ike_report_kind kind, const struct ike_sa *sa,
               const char *reason)
{
    const struct ike_report report = report_about(kind, sa, reason);
    action_queue_report(&engine->actions, &report);
}

// Names in reports are borrowed for longer than a CHILD_SA lives: they are the policy's.
static const char *policy_name_of(const struct ike_sa *sa, const char *child)
{
    for (size_t i = 0; sa->connection != NULL && i < sa->connection->child_count; i++) {
        if (strcmp(sa->connection->children[i].name, child) == 0) {
            return sa->connection->children[i].name;
        }
    }
    return "";
}

void report_child(struct ike_engine *engine, enum ike_report_kind kind, const struct ike_sa *sa,
                  const struct child_sa *child, const char *reason)
{
    struct ike_report report = report_about(kind, sa, reason);
    report.child = policy_name_of(sa, child->child);
    report.inbound_spi = child->inbound_spi;
    report.outbound_spi = child->outbound_spi;
    action_queue_report(&engine->actions, &report);
}

void report_rejection(struct ike_engine *engine, const struct rejection *rejection)
{
    struct ike_report report = report_about(IKE_REPORT_REJECTED, rejection->sa, rejection->reason);
    if (rejection->header != NULL) {
        report_set_header(&report, rejection->header);
    }
    report.path = *rejection->path;
    report.section = rejection->section == NULL ? "" : rejection->section;
    action_queue_report(&engine->actions, &report);
}
