#include "refgw/sa/child_sa.h"

void child_sa_clear(struct child_sa *sa)
{
    secret_clear(&sa->inbound_encryption_key);
    secret_clear(&sa->inbound_integrity_key);
    secret_clear(&sa->outbound_encryption_key);
    secret_clear(&sa->outbound_integrity_key);
    *sa = (struct child_sa){0};
}

bool child_sa_copy(const struct child_sa *sa, struct child_sa *out_copy)
{
    struct child_sa copy = *sa;
    copy.inbound_encryption_key = (struct secret){0};
    copy.inbound_integrity_key = (struct secret){0};
    copy.outbound_encryption_key = (struct secret){0};
    copy.outbound_integrity_key = (struct secret){0};

    if (!secret_set(&copy.inbound_encryption_key, secret_view(&sa->inbound_encryption_key)) ||
        !secret_set(&copy.inbound_integrity_key, secret_view(&sa->inbound_integrity_key)) ||
        !secret_set(&copy.outbound_encryption_key, secret_view(&sa->outbound_encryption_key)) ||
        !secret_set(&copy.outbound_integrity_key, secret_view(&sa->outbound_integrity_key))) {
        child_sa_clear(&copy);
        return false;
    }
    // What `out_copy` held belongs to the caller, who clears it before it is used again.
    *out_copy = copy;
    return true;
}
