#include "refgw/sa/child_sa.h"
#include "harness/tap/tap.h"

#include <string.h>

static const uint8_t key[36] = {1, 2, 3, 4};

static bool make(struct child_sa *sa)
{
    *sa = (struct child_sa){.connection = "tunnel", .child = "net", .id = 7, .has_esn = true};
    return secret_set(&sa->inbound_encryption_key, VIEW_OF(key)) &&
           secret_set(&sa->outbound_encryption_key, VIEW_OF(key)) &&
           secret_set(&sa->outbound_integrity_key, VIEW_OF(key));
}

static void copies_all_of_it(void)
{
    struct child_sa sa;
    struct child_sa copy = {0};
    ok(make(&sa) && child_sa_copy(&sa, &copy), "an SA is copied");
    ok(copy.id == 7 && copy.has_esn && strcmp(copy.connection, "tunnel") == 0 &&
           strcmp(copy.child, "net") == 0,
       "values are the same");
    ok(secret_equals(secret_view(&copy.inbound_encryption_key), VIEW_OF(key)) &&
           secret_equals(secret_view(&copy.outbound_encryption_key), VIEW_OF(key)) &&
           secret_equals(secret_view(&copy.outbound_integrity_key), VIEW_OF(key)) &&
           copy.inbound_integrity_key.size == 0,
       "keys are the same");
    ok(copy.inbound_encryption_key.data != sa.inbound_encryption_key.data, "keys are its own");
    child_sa_clear(&sa);
    ok(secret_equals(secret_view(&copy.inbound_encryption_key), VIEW_OF(key)),
       "the copy outlives the original");
    child_sa_clear(&copy);
}

static void clears_all_of_it(void)
{
    struct child_sa sa;
    ok(make(&sa), "an SA is made");
    child_sa_clear(&sa);
    ok(sa.id == 0 && sa.connection[0] == '\0' && sa.inbound_encryption_key.data == NULL &&
           sa.outbound_encryption_key.data == NULL && sa.outbound_integrity_key.data == NULL,
       "nothing is left of it");
    child_sa_clear(&sa);
    ok(sa.id == 0, "clearing twice does no harm");
}

int main(void)
{
    copies_all_of_it();
    clears_all_of_it();
    return done_testing();
}
