// ike_sa.h - one IKE SA and the CHILD_SAs made under it.
#ifndef REFGW_IKE_IKE_SA_H
#define REFGW_IKE_IKE_SA_H

#include "refgw/crypto/key_schedule.h"
#include "refgw/ike/action_queue.h"
#include "refgw/ike/alarm_queue.h"
#include "refgw/ike/fragments.h"
#include "refgw/ike/initial_exchange.h"
#include "refgw/ike/message_protection.h"
#include "refgw/ike/message_window.h"
#include "refgw/ike/mobility.h"
#include "refgw/ike/nat_detection.h"
#include "refgw/ike/policy.h"
#include "refgw/ike/task.h"

enum { REQUEST_DIGEST_SIZE = 32 };

enum ike_sa_state {
    IKE_SA_NONE,          // there is none yet: only an IKE_SA_INIT request can come
    IKE_SA_INIT_SENT,     // initiator
    IKE_SA_INIT_ANSWERED, // responder; "half-open"
    IKE_SA_AUTH_SENT,     // initiator
    IKE_SA_ESTABLISHED,
    IKE_SA_REKEYED,  // a newer one has its children; only its end is awaited
    IKE_SA_DELETING, // our request that ends it is out
    IKE_SA_CLOSED,   // only repeats its last answer, for a while
};

struct ike_sa;

// One CHILD_SA. The action that removes it is made together with it and owns it, so that
// removing never fails.
struct ike_child {
    struct child_sa *sa; // owned by `removal`
    struct queued_action *removal;
    struct ike_sa *owner;
    struct ike_child *next;
    bool is_unwanted; // its deletion waits for its turn, or is under way
    bool is_deleting; // our request to delete it is out
    const struct policy_child *policy;
    const char *close_reason;   // when it is unwanted
    bool is_replaced;           // another one took its place; its deletion is awaited
    struct instant replaced_at; // since when
    bool awaits_confirmation;   // made by an answer of ours that may not have arrived yet
    // When it is rekeyed, and when it has to go (0: never). See lifetime.h.
    struct instant soft_end;
    struct instant hard_end;
    struct policy_lifetime soft_limits; // bytes and packets
};

struct ike_sa {
    struct ike_sa *previous, *next; // by age, in the table
    struct alarm alarm;
    enum ike_sa_state state;
    bool is_initiator;
    uint64_t initiator_spi;
    uint64_t responder_spi;
    uint8_t first_request[REQUEST_DIGEST_SIZE]; // responder: SHA-256 of the IKE_SA_INIT request
    // A responder's guess by address until the peer has told who it is.
    const struct policy_connection *connection;
    const struct policy_child *first_child; // initiator: what IKE_AUTH asks for; or NULL
    struct network_path path;               // where our requests go
    struct nat_findings nat;
    struct mobility mobility;
    bool has_suite;
    struct ike_suite suite;
    struct ike_keys keys;
    struct message_cipher outbound; // crypto is NULL before there are keys
    struct message_cipher inbound;
    uint64_t next_iv; // counter of the outbound cipher
    struct message_window window;
    bool uses_fragments;                    // announced by both ends (RFC 7383)
    struct fragment_assembly assemblies[2]; // a request, a response
    struct instant last_sent;               // anything, to `path`
    struct task_queue tasks;
    struct initial_exchange *initial; // NULL once authenticated
    struct policy_identity remote_identity;
    struct ike_child *children;
    size_t child_count;
    struct ike_child *retired; // deleted, but packets on the way may still come in
    uint32_t generation;       // rekeys so far
    struct instant soft_end;   // when it is rekeyed, and when it has to go; 0: never
    struct instant hard_end;
    // Our own SPI of the IKE SA that the peer made to replace this one while our request to do
    // the same was out; 0: none. Which of the two stays is not settled yet.
    uint64_t rival_spi;
    bool is_redundant;           // lost against another one; its maker deletes it
    struct instant replaced_at;  // IKE_SA_REKEYED: since when
    struct instant put_off_from; // TEMPORARY_FAILURE came since then, and nothing better; or 0
    bool counts_for_source;      // half-open: in the count of half_open_source
    uint64_t half_open_source;
    struct instant created;
    struct instant established;
    struct instant last_heard; // authenticated message, or traffic
    struct instant linger_until;
    bool repeats_answer;      // worth lingering when closed
    const char *close_reason; // of the close that is under way
};

// NULL when memory runs out.
MUST_USE struct ike_sa *ike_sa_new(void);
// Wipes all keys. Children that are still there go without a word.
void ike_sa_free(struct ike_sa *sa, const struct crypto_provider *crypto);
MUST_USE uint64_t ike_sa_own_spi(const struct ike_sa *sa);
// Derives the keys and keys both ciphers. `shared` is g^ir; SPIs, suite and nonces must be set.
// False when an algorithm is missing or memory runs out; nothing has changed then.
MUST_USE bool ike_sa_make_keys(struct ike_sa *sa, const struct crypto_provider *crypto,
                               struct byte_view shared);
// The same for an SA that replaces another: `old` gives SK_d and its prf (RFC 7296, section 2.18).
MUST_USE bool ike_sa_make_rekeyed_keys(struct ike_sa *sa, const struct ike_sa *old,
                                       const struct crypto_provider *crypto,
                                       struct byte_view shared);
// Whether it can send and open protected messages.
MUST_USE bool ike_sa_has_keys(const struct ike_sa *sa);
// Wipes what is no longer needed once no CHILD_SA will be made under it.
void ike_sa_wipe_derivation_keys(struct ike_sa *sa);
// The AUTH payload's inputs are needed no more.
void ike_sa_forget_initial(struct ike_sa *sa, const struct crypto_provider *crypto);
// NULL when there is none.
MUST_USE struct ike_child *ike_sa_find_child_by_outbound_spi(const struct ike_sa *sa, uint32_t spi);
MUST_USE struct ike_child *ike_sa_find_child_by_inbound_spi(const struct ike_sa *sa, uint32_t spi);
// "connecting", "established", "deleting".
MUST_USE const char *ike_sa_state_name(const struct ike_sa *sa);

#endif
