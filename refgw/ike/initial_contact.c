#include "refgw/ike/initial_contact.h"

#include "refgw/ike/connection_choice.h"
#include "refgw/ike/ike_sa_life.h"

static bool is_authenticated(const struct ike_sa *sa)
{
    return sa->state == IKE_SA_ESTABLISHED || sa->state == IKE_SA_REKEYED ||
           (sa->state == IKE_SA_DELETING && sa->remote_identity.type != 0);
}

bool initial_contact_is_due(const struct ike_engine *engine, const struct ike_sa *sa)
{
    for (const struct ike_sa *other = engine->table.first; other != NULL; other = other->next) {
        if (other != sa && other->connection == sa->connection && is_authenticated(other)) {
            return false;
        }
    }
    return true;
}

static bool same_identities(const struct ike_sa *left, const struct ike_sa *right)
{
    return identity_equals(&left->remote_identity, &right->remote_identity) &&
           identity_equals(&left->connection->local_identity, &right->connection->local_identity);
}

void initial_contact_honour(struct ike_engine *engine, const struct ike_sa *sa)
{
    struct ike_sa *other = engine->table.first;
    while (other != NULL) {
        struct ike_sa *next = other->next;
        if (other != sa && is_authenticated(other) && same_identities(other, sa)) {
            ike_sa_close(engine, other, "initial-contact");
            ike_sa_settle(engine, other);
        }
        other = next;
    }
}
