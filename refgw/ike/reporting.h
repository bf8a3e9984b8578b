// reporting.h - filling in the events an engine tells.
#ifndef REFGW_IKE_REPORTING_H
#define REFGW_IKE_REPORTING_H

#include "refgw/ike/engine_state.h"
#include "refgw/wire/message.h"

// A report with the names, SPIs and path of an IKE SA; `sa` may be NULL.
struct ike_report report_about(enum ike_report_kind kind, const struct ike_sa *sa,
                               const char *reason);
void report_set_header(struct ike_report *report, const struct ike_header *header);
// The text becomes the message's payloads in words, cut off where it does not fit.
void report_set_payloads(struct ike_report *report, const struct payload_list *payloads,
                         bool is_response);
void report_set_text(struct ike_report *report, const char *text);

// Queues an event about an IKE SA.
void report_sa(struct ike_engine *engine, enum ike_report_kind kind, const struct ike_sa *sa,
               const char *reason);
// Queues an event about one of its CHILD_SAs.
void report_child(struct ike_engine *engine, enum ike_report_kind kind, const struct ike_sa *sa,
                  const struct child_sa *child, const char *reason);
// What was received and is not acted on. `sa` and `header` may be NULL.
struct rejection {
    const struct ike_sa *sa;
    const struct ike_header *header;
    const struct network_path *path;
    const char *reason;
    const char *section;
};
void report_rejection(struct ike_engine *engine, const struct rejection *rejection);

#endif
