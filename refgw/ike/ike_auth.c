#include "refgw/ike/ike_auth.h"

#include "refgw/ike/connection_choice.h"
#include "refgw/ike/reporting.h"

enum { ID_BODY_CAPACITY = POLICY_ID_SIZE + 8 };

bool ike_auth_put_identity(struct ike_sa *sa, const struct policy_identity *identity,
                           struct message_draft *draft)
{
    const struct identification wanted = identity_to_wire(identity);
    uint8_t buffer[ID_BODY_CAPACITY];
    struct byte_writer out = writer_into(buffer, sizeof(buffer));
    struct byte_view body;

    identification_write(&out, &wanted);
    if (!writer_finish(&out, &body) || !octets_set(&sa->initial->own_id_body, body)) {
        return false;
    }
    payload_begin(draft, sa->is_initiator ? IKE_PAYLOAD_IDI : IKE_PAYLOAD_IDR, false);
    writer_put_bytes(draft->out, body);
    payload_end(draft);
    return true;
}

void ike_auth_report_child_failure(struct ike_engine *engine, const struct ike_sa *sa,
                                   const char *child, const char *reason)
{
    struct ike_report report = report_about(IKE_REPORT_CHILD_SA_FAILED, sa, reason);
    report.child = child;
    action_queue_report(&engine->actions, &report);
}
