#include "refgw/ike/mobility.h"

#include "refgw/ike/children.h"
#include "refgw/ike/mobility_notifies.h"
#include "refgw/ike/reporting.h"

enum {
    // Repetitions without an answer until other paths are tried too.
    PATIENT_REPETITIONS = 2,
};

bool address_list_has(const struct address_list *list, const struct ip_address *address)
{
    for (size_t i = 0; i < list->count; i++) {
        if (address_equals(&list->items[i], address)) {
            return true;
        }
    }
    return false;
}

bool path_equals(const struct network_path *left, const struct network_path *right)
{
    return endpoint_equals(&left->local, &right->local) &&
           endpoint_equals(&left->remote, &right->remote);
}

static bool lists_are_equal(const struct address_list *left, const struct address_list *right)
{
    for (size_t i = 0; i < left->count; i++) {
        if (!address_list_has(right, &left->items[i])) {
            return false;
        }
    }
    return left->count == right->count;
}

static bool can_move(const struct ike_sa *sa)
{
    return sa->mobility.is_agreed && sa->mobility.may_move && sa->state == IKE_SA_ESTABLISHED;
}

// --- Agreement, in IKE_AUTH --------------------------------------------------------------------

bool mobility_wants_port_4500(const struct ike_sa *sa)
{
    //= rfc4555#section-3.3
    //# To simplify things, implementations that support both this specification
    //# and NAT Traversal MUST change to port 4500 if the correspondent also
    //# supports both, even if no NAT was detected between them (this way, there
    //# is no need to change the ports later if a NAT is detected on some other
    //# path).
    return sa->connection->uses_mobike && sa->nat.is_supported;
}

void mobility_put_support(struct ike_engine *engine, struct ike_sa *sa,
                          struct outgoing_draft *draft)
{
    struct mobility *mobility = &sa->mobility;
    if (sa->is_initiator ? !sa->connection->uses_mobike : !mobility->is_agreed) {
        return;
    }
    mobility->announced = engine->local_addresses;
    //= rfc4555#section-3.2
    //# Implementations that wish to use MOBIKE for a particular IKE_SA MUST
    //# include a MOBIKE_SUPPORTED notification in the IKE_AUTH exchange
    //= rfc4555#section-4.2.1
    //# The notification data field MUST be left empty (zero-length) when
    //# sending, and its contents (if any) MUST be ignored when this
    //# notification is received.
    outgoing_draft_put_notify(draft, NOTIFY_MOBIKE_SUPPORTED, (struct byte_view){.size = 0});
    mobility_notifies_put_addresses(sa, false, draft);
    if (sa->is_initiator && sa->connection->forbids_nat) {
        mobility_notifies_put_no_nats(&sa->path, draft);
    }
}

bool mobility_take_support(struct exchange *exchange)
{
    struct ike_sa *sa = exchange->sa;
    struct byte_view nothing;

    if (!sa->connection->uses_mobike ||
        !exchange_find_notify(exchange, NOTIFY_MOBIKE_SUPPORTED, &nothing)) {
        return true;
    }
    if (!sa->is_initiator && !mobility_notifies_allow_path(exchange)) {
        return false;
    }
    sa->mobility.is_agreed = true;
    sa->mobility.may_move = sa->is_initiator;
    sa->mobility.first_remote = sa->path.remote.address;
    sa->mobility.confirmed = sa->path;
    (void)mobility_notifies_take_addresses(exchange, &sa->mobility.remote);
    return true;
}

bool mobility_inherit(const struct ike_sa *old, struct ike_sa *replacement)
{
    replacement->path = old->path;
    replacement->nat = old->nat;
    replacement->uses_fragments = old->uses_fragments;
    replacement->mobility = old->mobility;
    // The peer hashes our address together with the SPIs, which are others now.
    replacement->mobility.has_seen_hash = false;
    return !old->mobility.is_checking || task_queue_add(&replacement->tasks, TASK_CHECK_RETURN, 0);
}

// --- Choosing a path ---------------------------------------------------------------------------

struct candidates {
    size_t count;
    struct network_path paths[MOBILITY_MOST_CANDIDATES];
};

static void add_candidate(struct candidates *candidates, const struct network_path *path)
{
    for (size_t i = 0; i < candidates->count; i++) {
        if (path_equals(&candidates->paths[i], path)) {
            return;
        }
    }
    if (candidates->count < MOBILITY_MOST_CANDIDATES) {
        candidates->paths[candidates->count] = *path;
        candidates->count++;
    }
}

// A NAT in front of the peer may show another port, but only at the address in use.
static struct ip_endpoint remote_at(const struct ike_sa *sa, const struct ip_address *address)
{
    struct ip_endpoint remote = {.address = *address, .port = sa->path.remote.port};
    if (!address_equals(address, &sa->path.remote.address) &&
        sa->path.local.port == IKE_NAT_TRAVERSAL_PORT) {
        remote.port = IKE_NAT_TRAVERSAL_PORT;
    }
    return remote;
}

static void add_paths_to(const struct ike_engine *engine, const struct ike_sa *sa,
                         const struct ip_address *remote, struct candidates *candidates)
{
    const struct address_list *locals = &engine->local_addresses;
    struct network_path path = {.local = sa->path.local, .remote = remote_at(sa, remote)};
    const bool has_old = locals->count == 0 || address_list_has(locals, &path.local.address);
    if (has_old && path.local.address.family == remote->family) {
        add_candidate(candidates, &path);
    }
    for (size_t i = 0; i < locals->count; i++) {
        if (locals->items[i].family == remote->family) {
            path.local.address = locals->items[i];
            add_candidate(candidates, &path);
        }
    }
}

// All paths that could work, the peer's address in use first.
static void find_candidates(const struct ike_engine *engine, const struct ike_sa *sa,
                            struct candidates *out)
{
    const struct mobility *mobility = &sa->mobility;
    out->count = 0;
    add_paths_to(engine, sa, &sa->path.remote.address, out);
    add_paths_to(engine, sa, &mobility->first_remote, out);
    for (size_t i = 0; i < mobility->remote.count; i++) {
        add_paths_to(engine, sa, &mobility->remote.items[i], out);
    }
}

bool mobility_path_from(const struct ike_sa *sa, const struct ip_address *local,
                        struct network_path *out_path)
{
    const struct mobility *mobility = &sa->mobility;
    const struct ip_address *remote = NULL;
    if (sa->path.remote.address.family == local->family) {
        remote = &sa->path.remote.address;
    } else if (mobility->first_remote.family == local->family) {
        remote = &mobility->first_remote;
    }
    for (size_t i = 0; remote == NULL && i < mobility->remote.count; i++) {
        if (mobility->remote.items[i].family == local->family) {
            remote = &mobility->remote.items[i];
        }
    }
    if (remote == NULL) {
        return false;
    }
    *out_path = (struct network_path){
        .local = {.address = *local, .port = sa->path.local.port},
        .remote = remote_at(sa, remote),
    };
    return true;
}

// --- Moving ------------------------------------------------------------------------------------

static void change_path(struct ike_engine *engine, struct ike_sa *sa,
                        const struct network_path *path)
{
    sa->path = *path;
    children_move(engine, sa);
    report_sa(engine, IKE_REPORT_PATH_CHANGED, sa, "");
}

void mobility_move(struct ike_engine *engine, struct ike_sa *sa, const struct network_path *path)
{
    change_path(engine, sa, path);
    // Whatever is unanswered may have been lost on the old path (section 3.5).
    if (sa->window.is_waiting) {
        retransmission_start(&sa->window.timer, &engine->setup.policy->retransmission, engine->now);
        send_request_again(engine, sa);
    }
}

// Leaves a path that has broken for the first that may work; the others are tried with it.
static void leave_path(struct ike_engine *engine, struct ike_sa *sa,
                       const struct ip_address *avoided_remote)
{
    struct candidates candidates;
    find_candidates(engine, sa, &candidates);
    sa->mobility.is_searching = true;
    for (size_t i = 0; i < candidates.count; i++) {
        const struct network_path *path = &candidates.paths[i];
        if (!path_equals(path, &sa->path) &&
            (avoided_remote == NULL || !address_equals(&path->remote.address, avoided_remote))) {
            mobility_move(engine, sa, path);
            return;
        }
    }
}

static void wish(struct ike_sa *sa, enum ike_task_kind kind)
{
    // Without memory the wish is forgotten; the next event brings it up again.
    if (!task_queue_has(&sa->tasks, kind)) {
        (void)!task_queue_add(&sa->tasks, kind, 0);
    }
}

// The end that follows keeps using an address it still has, and says so.
static void leave_lost_address(struct ike_engine *engine, struct ike_sa *sa)
{
    const struct address_list *locals = &engine->local_addresses;
    for (size_t i = 0; i < locals->count; i++) {
        if (locals->items[i].family == sa->path.remote.address.family) {
            struct network_path path = sa->path;
            path.local.address = locals->items[i];
            mobility_move(engine, sa, &path);
            return;
        }
    }
}

void mobility_note_addresses(struct ike_engine *engine, struct ike_sa *sa)
{
    struct mobility *mobility = &sa->mobility;
    const struct address_list *locals = &engine->local_addresses;
    if (!mobility->is_agreed || sa->state != IKE_SA_ESTABLISHED) {
        return;
    }
    const bool has_changed = !lists_are_equal(&mobility->announced, locals);
    const bool is_lost = !address_list_has(locals, &sa->path.local.address);
    mobility->announced = *locals;
    if (is_lost && mobility->may_move) {
        leave_path(engine, sa, NULL);
    } else if (is_lost) {
        leave_lost_address(engine, sa);
    } else if (mobility->is_searching && sa->window.is_waiting) {
        mobility_repeat_request(engine, sa);
    }
    // An update of the path tells the addresses too.
    if (has_changed && !(is_lost && mobility->may_move)) {
        wish(sa, TASK_ANNOUNCE_ADDRESSES);
    }
}

void mobility_note_no_route(struct ike_engine *engine, struct ike_sa *sa,
                            const struct ip_address *remote)
{
    if (can_move(sa) && address_equals(&sa->path.remote.address, remote)) {
        leave_path(engine, sa, remote);
    }
}

void mobility_repeat_request(struct ike_engine *engine, struct ike_sa *sa)
{
    struct candidates candidates = {.count = 0};
    send_request_again(engine, sa);
    if (!can_move(sa)) {
        return;
    }
    if (sa->window.timer.repeated > PATIENT_REPETITIONS) {
        sa->mobility.is_searching = true;
    }
    if (sa->mobility.is_searching) {
        find_candidates(engine, sa, &candidates);
    }
    for (size_t i = 0; i < candidates.count; i++) {
        if (!path_equals(&candidates.paths[i], &sa->path)) {
            send_request_elsewhere(engine, sa, &candidates.paths[i]);
        }
    }
}

void mobility_note_answer(struct ike_engine *engine, struct ike_sa *sa,
                          const struct network_path *path)
{
    if (!can_move(sa) || !sa->mobility.is_searching) {
        return;
    }
    sa->mobility.is_searching = false;
    if (!path_equals(&sa->path, path)) {
        change_path(engine, sa, path);
    }
}

void mobility_reconcile(struct ike_engine *engine, struct ike_sa *sa)
{
    struct mobility *mobility = &sa->mobility;
    (void)engine;
    if (!can_move(sa) || task_queue_has(&sa->tasks, TASK_UPDATE_ADDRESSES) ||
        (!mobility->wants_update && path_equals(&mobility->confirmed, &sa->path))) {
        return;
    }
    if (task_queue_add_first(&sa->tasks, TASK_UPDATE_ADDRESSES)) {
        mobility->wants_update = false;
    }
}

void mobility_note_esp_path(struct ike_engine *engine, struct ike_sa *sa,
                            const struct ip_endpoint *remote)
{
    const bool is_same_address = address_equals(&sa->path.remote.address, &remote->address);
    if (sa->nat.local_is_behind_nat || !sa->nat.remote_is_behind_nat ||
        sa->state != IKE_SA_ESTABLISHED || endpoint_equals(&sa->path.remote, remote)) {
        return;
    }
    // With MOBIKE a packet that was long on its way must not undo a move: only a new port of the
    // NAT counts, another address comes with UPDATE_SA_ADDRESSES.
    if (sa->mobility.is_agreed && !is_same_address) {
        return;
    }
    struct network_path path = sa->path;
    path.remote = *remote;
    change_path(engine, sa, &path);
    sa->mobility.confirmed = path;
}
