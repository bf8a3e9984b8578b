// child_sa.h - one installed CHILD_SA: what IKE negotiates and ESP needs.
#ifndef REFGW_SA_CHILD_SA_H
#define REFGW_SA_CHILD_SA_H

#include "refgw/base/address.h"
#include "refgw/crypto/key_schedule.h"
#include "refgw/sa/selector_set.h"

enum { SA_NAME_SIZE = 64 }; // names of connections and children, with the final zero

enum child_sa_mode {
    CHILD_SA_TUNNEL,
    CHILD_SA_TRANSPORT,
};

// Owned by whoever holds it; keys are wiped by child_sa_clear().
struct child_sa {
    char connection[SA_NAME_SIZE];
    char child[SA_NAME_SIZE];
    uint32_t id;           // unique in one engine, never reused; names this SA in events
    uint32_t replaces;     // id of the SA this one rekeys, or 0
    uint32_t inbound_spi;  // chosen by us
    uint32_t outbound_spi; // chosen by the peer
    enum child_sa_mode mode;
    struct aead_choice aead;
    enum key_exchange_method key_exchange; // of this CHILD_SA's own exchange; KE_NONE without PFS
    struct secret inbound_encryption_key;
    struct secret inbound_integrity_key;
    struct secret outbound_encryption_key;
    struct secret outbound_integrity_key;
    bool has_esn;
    uint32_t replay_window; // packets; 0 switches the check off
    bool is_receive_only;   // outbound traffic does not use it yet, or no more
    bool is_udp_encapsulated;
    struct network_path path; // outer addresses; ports only count with UDP encapsulation
    struct selector_set local_selectors;
    struct selector_set remote_selectors;
};

void child_sa_clear(struct child_sa *sa);
// A deep copy; false when memory runs out, `out_copy` is unchanged then.
MUST_USE bool child_sa_copy(const struct child_sa *sa, struct child_sa *out_copy);

#endif
