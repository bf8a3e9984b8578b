// report.h - what the engine tells: one structured event for everything worth a log line.
#ifndef REFGW_IKE_REPORT_H
#define REFGW_IKE_REPORT_H

#include "refgw/base/address.h"
#include "refgw/crypto/certificate.h"

enum ike_report_kind {
    IKE_REPORT_MESSAGE_SENT,
    IKE_REPORT_MESSAGE_RECEIVED,
    IKE_REPORT_RETRANSMITTED,  // a request again
    IKE_REPORT_ANSWERED_AGAIN, // a repeated request got the cached answer
    IKE_REPORT_REJECTED,       // bytes or a message that were not acted on; see reason
    IKE_REPORT_IKE_SA_ESTABLISHED,
    IKE_REPORT_IKE_SA_CLOSED,
    IKE_REPORT_CHILD_SA_INSTALLED,
    IKE_REPORT_CHILD_SA_CLOSED,
    IKE_REPORT_CHILD_SA_FAILED, // the IKE SA stays without it
    IKE_REPORT_NAT_DETECTED,
    IKE_REPORT_PEER_SILENT,             // retransmissions used up
    IKE_REPORT_PATH_CHANGED,            // addresses or ports of an IKE SA
    IKE_REPORT_AUTHENTICATION_REJECTED, // of the peer: its certificate, its signature
};

enum { IKE_REPORT_TEXT_SIZE = 200 };

// Zero fields do not apply.
struct ike_report {
    enum ike_report_kind kind;
    const char *connection; // "" when not known
    const char *child;      // ""
    uint64_t initiator_spi;
    uint64_t responder_spi;
    uint32_t inbound_spi;
    uint32_t outbound_spi;
    uint32_t message_id;
    unsigned exchange_type; // enum ike_exchange_type
    bool is_response;
    struct network_path path;
    // A short fixed word: "proposal-mismatch-ike" "proposal-mismatch-child" "peer-auth-failed"
    // "local-auth-failed" "ts-mismatch" "retransmit-timeout" "half-open-timeout"
    // "peer-deleted" "local-command" "invalid-syntax" "integrity-failed" ...
    const char *reason;
    const char *section; // the clause behind a rejection: "rfc7296#section-2.21.2"; or ""
    char text[IKE_REPORT_TEXT_SIZE]; // payloads of a message, or details for people
    // The certificate at fault, when the peer's authentication was rejected.
    char subject[CERTIFICATE_SUBJECT_SIZE];
    char serial[CERTIFICATE_SERIAL_SIZE];
};

MUST_USE const char *ike_report_name(enum ike_report_kind kind); // "ike-sa-established"
MUST_USE bool ike_report_is_warning(enum ike_report_kind kind);

#endif
