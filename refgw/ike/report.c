#include "refgw/ike/report.h"

struct report_row {
    const char *name;
    bool is_warning;
};

static const struct report_row ROWS[] = {
    [IKE_REPORT_MESSAGE_SENT] = {"message-sent",            false},
    [IKE_REPORT_MESSAGE_RECEIVED] = {"message-received",        false},
    [IKE_REPORT_RETRANSMITTED] = {"retransmitted",           false},
    [IKE_REPORT_ANSWERED_AGAIN] = {"answered-again",          false},
    [IKE_REPORT_REJECTED] = {"rejected",                true },
    [IKE_REPORT_IKE_SA_ESTABLISHED] = {"ike-sa-established",      false},
    [IKE_REPORT_IKE_SA_CLOSED] = {"ike-sa-closed",           false},
    [IKE_REPORT_CHILD_SA_INSTALLED] = {"child-sa-installed",      false},
    [IKE_REPORT_CHILD_SA_CLOSED] = {"child-sa-closed",         false},
    [IKE_REPORT_CHILD_SA_FAILED] = {"child-sa-failed",         true },
    [IKE_REPORT_NAT_DETECTED] = {"nat-detected",            false},
    [IKE_REPORT_PATH_CHANGED] = {"path-changed",            false},
    [IKE_REPORT_PEER_SILENT] = {"peer-silent",             true },
    [IKE_REPORT_AUTHENTICATION_REJECTED] = {"authentication-rejected", true },
};

static const struct report_row *find_row(enum ike_report_kind kind)
{
    const size_t index = (size_t)kind;
    return index < sizeof(ROWS) / sizeof(ROWS[0]) ? &ROWS[index] : NULL;
}

const char *ike_report_name(enum ike_report_kind kind)
{
    const struct report_row *row = find_row(kind);
    return row == NULL ? "unknown-report" : row->name;
}

bool ike_report_is_warning(enum ike_report_kind kind)
{
    const struct report_row *row = find_row(kind);
    return row != NULL && row->is_warning;
}
