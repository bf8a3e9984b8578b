// engine.h - the IKEv2 state machine, without input or output.
//
// Whoever owns an engine feeds it datagrams, commands and the time, then drains the
// actions it asks for. The engine opens no socket, reads no clock, starts no thread, draws
// randomness only from what it was given. The daemon, the capture replayer, the unit tests
// and the fuzzers all own one.
#ifndef REFGW_IKE_ENGINE_H
#define REFGW_IKE_ENGINE_H

#include "refgw/base/clock.h"
#include "refgw/base/random.h"
#include "refgw/ike/policy.h"
#include "refgw/ike/report.h"
#include "refgw/sa/child_sa.h"

struct ike_engine;
struct message_hook; // message_hook.h: sees and may change every message

struct ike_engine_setup {
    const struct ike_policy *policy;      // borrowed for the engine's whole life
    const struct crypto_provider *crypto; // borrowed
    struct random_source randomness;      // the system's, or a fixed sequence in tests
    const struct message_hook *hook;      // borrowed; NULL in an honest gateway
    int64_t calendar_start;               // seconds since 1970 UTC when instants were 0
};

// Everything an engine can ask of its owner.
enum ike_action_kind {
    IKE_SEND_DATAGRAM,    // path, datagram (non-ESP marker included where the path needs it)
    IKE_INSTALL_CHILD_SA, // child_sa: both directions
    IKE_REMOVE_CHILD_SA,  // child_sa: both directions; same id as when installed
    IKE_MOVE_CHILD_SA,    // child_sa: new path (NAT rebinding, MOBIKE)
    IKE_SWITCH_CHILD_SA,  // child_sa: is_receive_only has changed
    IKE_LOG_KEYS,         // keys: for the key log, if its owner keeps one
    IKE_REPORT,           // report: something worth logging happened
};

// Keys of an IKE SA epoch, for the key log.
struct ike_key_report {
    uint64_t initiator_spi;
    uint64_t responder_spi;
    const struct ike_suite *suite;
    const struct ike_keys *keys;
};

// Only the members named at the kind are set. Everything pointed to stays valid until the
// next call on the same engine.
struct ike_action {
    enum ike_action_kind kind;
    struct network_path path;
    struct byte_view datagram;
    const struct child_sa *child_sa;
    const struct ike_key_report *keys;
    const struct ike_report *report;
};

enum ike_command_kind {
    IKE_COMMAND_UP,       // bring up connection (and child, or all its children)
    IKE_COMMAND_DOWN,     // delete: connection with child empty: the IKE SA; else that child
    IKE_COMMAND_LIVENESS, // send an empty INFORMATIONAL now
    IKE_COMMAND_REKEY_IKE,
    IKE_COMMAND_REKEY_CHILD,
    IKE_COMMAND_ROAM, // MOBIKE: use the path from `address` from now on
};

struct ike_command {
    enum ike_command_kind kind;
    const char *connection;    // borrowed during the call
    const char *child;         // "" for all
    struct ip_address address; // of IKE_COMMAND_ROAM: one of ours
};

// Returns NULL when memory runs out. The caller releases it with ike_engine_free().
MUST_USE struct ike_engine *ike_engine_new(const struct ike_engine_setup *setup);
void ike_engine_free(struct ike_engine *engine); // accepts NULL; wipes all keys; sends nothing

// The calendar time of instant 0, by which certificates are judged; again when it was corrected.
void ike_engine_set_calendar(struct ike_engine *engine, int64_t calendar_start);

// Inputs. What goes wrong on the wire becomes an action, never a failure.
// `datagram` is a UDP payload as it arrived, with the non-ESP marker when path->local.port or
// path->remote.port says port 4500; ESP datagrams must not be handed in.
void ike_engine_receive(struct ike_engine *engine, struct instant now,
                        const struct network_path *path, struct byte_view datagram);
void ike_engine_pass_time(struct ike_engine *engine, struct instant now);
// False, with a sentence for the operator in out_problem (of `problem_size` bytes), when
// the command cannot be started (unknown name, nothing up).
MUST_USE bool ike_engine_command(struct ike_engine *engine, struct instant now,
                                 const struct ike_command *command, char *out_problem,
                                 size_t problem_size);
// ESP arrived for this child SA: counts as a sign of life of its peer.
void ike_engine_note_traffic(struct ike_engine *engine, struct instant now, uint32_t child_sa_id);
// Authentic ESP of this child SA came on that path: when a NAT in front of the peer has a new
// mapping, we send there from now on (RFC 7296, section 2.23).
void ike_engine_note_path(struct ike_engine *engine, struct instant now, uint32_t child_sa_id,
                          const struct network_path *path);
// The addresses that packets can leave from, whenever they change; SAs with MOBIKE leave an
// address that is gone. Without it an SA only knows the address it was made with. More than
// ADDRESS_LIST_MOST are cut off.
void ike_engine_note_addresses(struct ike_engine *engine, struct instant now,
                               const struct ip_address *addresses, size_t count);
// There is no route to this peer any more.
void ike_engine_note_no_route(struct ike_engine *engine, struct instant now,
                              const struct ip_address *remote);
// How much a child SA has carried so far, in the direction that carried more: told now and then,
// so that one with a limit is rekeyed in time.
struct ike_usage {
    uint64_t bytes; // of inner packets
    uint64_t packets;
};
void ike_engine_note_usage(struct ike_engine *engine, struct instant now, uint32_t child_sa_id,
                           const struct ike_usage *usage);

// Outputs. Drain until false after each input.
MUST_USE bool ike_engine_next_action(struct ike_engine *engine, struct ike_action *out_action);
// The moment ike_engine_pass_time() wants to be called; false when there is none.
MUST_USE bool ike_engine_next_deadline(const struct ike_engine *engine, struct instant *out_when);

// A snapshot for status and tests: calls `visit` for every IKE SA, oldest first.
struct ike_sa_status {
    const char *connection;
    const char *state; // "connecting", "established", "rekeying", "deleting"
    uint64_t initiator_spi;
    uint64_t responder_spi;
    bool is_initiator;
    bool local_is_behind_nat;
    bool remote_is_behind_nat;
    const struct ike_suite *suite; // NULL before it is known
    struct network_path path;
    const struct policy_identity *local_identity;
    const struct policy_identity *remote_identity; // type 0 before it is authenticated
    struct instant established;                    // 0 before
    uint32_t generation;                           // IKE rekeys so far
    size_t child_count;
    const struct child_sa *const *children;
};
void ike_engine_visit(const struct ike_engine *engine,
                      void (*visit)(void *context, const struct ike_sa_status *status),
                      void *context);

#endif
