// mobility.h - an IKE SA whose addresses change while it lives (MOBIKE, RFC 4555).
//
// Whoever initiated the first IKE SA decides on the path: it moves (ike_sa.path), tells the peer
// with UPDATE_SA_ADDRESSES, and looks for another path when the one in use breaks. The other end
// follows, after it has seen that the new address answers (COOKIE2).
#ifndef REFGW_IKE_MOBILITY_H
#define REFGW_IKE_MOBILITY_H

#include "refgw/base/address.h"
#include "refgw/ike/nat_detection.h"

struct ike_engine;
struct ike_sa;
struct ike_task;
struct exchange;
struct outgoing_draft;

enum {
    ADDRESS_LIST_MOST = 16,
    MOBILITY_MOST_CANDIDATES = 16, // paths tried at once
    COOKIE2_SIZE = 16,             // ours; 8 to 64 octets are allowed
};

struct address_list {
    size_t count;
    struct ip_address items[ADDRESS_LIST_MOST];
};
MUST_USE bool address_list_has(const struct address_list *list, const struct ip_address *address);
MUST_USE bool path_equals(const struct network_path *left, const struct network_path *right);

// The part of an IKE SA that concerns its path. A zeroed struct belongs to an SA that cannot move.
struct mobility {
    bool is_agreed; // both ends have sent MOBIKE_SUPPORTED
    bool may_move;  // we initiated the first IKE SA
    struct ip_address first_remote;
    struct address_list remote;    // further addresses of the peer
    struct address_list announced; // ours, as the peer knows them
    // Of the end that moves.
    bool is_searching;             // the path is broken: everything goes out on all candidates
    bool wants_update;             // even though the path is the confirmed one
    unsigned refusals;             // of UPDATE_SA_ADDRESSES in a row
    struct network_path confirmed; // the peer knows
    struct network_path requested; // of the update that is out
    bool has_seen_hash;
    uint8_t seen_hash[NAT_DETECTION_HASH_SIZE]; // of our address, as the peer sees it
    // Of the end that follows.
    bool is_checking;
    struct network_path checked; // to be found out whether it answers
    uint8_t next_cookie2[COOKIE2_SIZE];
    uint8_t sent_cookie2[COOKIE2_SIZE];
};

// --- Agreement, in IKE_AUTH --------------------------------------------------------------------

// Whether IKE_AUTH goes to port 4500 although no NAT was found (section 3.3).
MUST_USE bool mobility_wants_port_4500(const struct ike_sa *sa);
// Puts MOBIKE_SUPPORTED and what belongs to it, when the connection is for it. As responder only
// when the peer has sent it.
void mobility_put_support(struct ike_engine *engine, struct ike_sa *sa,
                          struct outgoing_draft *draft);
// Takes it from the peer's IKE_AUTH message. False when NO_NATS_ALLOWED in a request does not tell
// the path it came on.
MUST_USE bool mobility_take_support(struct exchange *exchange);
// The IKE SA that replaces another one has its path and all that belongs to it, fragments
// included. False when memory runs out.
MUST_USE bool mobility_inherit(const struct ike_sa *old, struct ike_sa *replacement);

// --- INFORMATIONAL -----------------------------------------------------------------------------

// Acts on a request's address notifies and answers them. False when it was refused as a whole:
// nothing else in it counts then.
MUST_USE bool mobility_answer(struct exchange *exchange);

bool write_address_update(struct ike_sa *sa, const struct ike_task *task,
                          struct outgoing_draft *draft);
void finish_address_update(struct exchange *exchange, const struct ike_task *task);
bool write_address_list(struct ike_sa *sa, const struct ike_task *task,
                        struct outgoing_draft *draft);
void finish_address_list(struct exchange *exchange, const struct ike_task *task);
bool write_return_check(struct ike_sa *sa, const struct ike_task *task,
                        struct outgoing_draft *draft);
void finish_return_check(struct exchange *exchange, const struct ike_task *task);
// NAT detection in a liveness check, when we are behind a NAT (section 3.8).
void mobility_put_nat_check(const struct ike_sa *sa, struct outgoing_draft *draft);
void mobility_finish_nat_check(struct exchange *exchange);
// How the peer sees our address, as IKE_SA_INIT tells.
void mobility_remember_hash(struct exchange *exchange);

// --- The path ----------------------------------------------------------------------------------

// Uses another path from now on, for what is outstanding too.
void mobility_move(struct ike_engine *engine, struct ike_sa *sa, const struct network_path *path);
// The path from one of our addresses to the peer; false when the peer has none of that family.
MUST_USE bool mobility_path_from(const struct ike_sa *sa, const struct ip_address *local,
                                 struct network_path *out_path);
// Our own addresses are these now.
void mobility_note_addresses(struct ike_engine *engine, struct ike_sa *sa);
// The way to the peer has gone, though our address is still there.
void mobility_note_no_route(struct ike_engine *engine, struct ike_sa *sa,
                            const struct ip_address *remote);
// The outstanding request again: on its path, and elsewhere when that does not seem to work.
void mobility_repeat_request(struct ike_engine *engine, struct ike_sa *sa);
// An authentic answer came on this path.
void mobility_note_answer(struct ike_engine *engine, struct ike_sa *sa,
                          const struct network_path *path);
// Wants the peer to be told when the path in use is not the one it knows.
void mobility_reconcile(struct ike_engine *engine, struct ike_sa *sa);
// ESP of a child came from there (RFC 7296, section 2.23; RFC 4555, section 3.8).
void mobility_note_esp_path(struct ike_engine *engine, struct ike_sa *sa,
                            const struct ip_endpoint *remote);

#endif
