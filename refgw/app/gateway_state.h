// gateway_state.h - the inside of a gateway, shared by the gateway_*.c files only.
#ifndef REFGW_APP_GATEWAY_STATE_H
#define REFGW_APP_GATEWAY_STATE_H

#include "refgw/app/gateway.h"
#include "refgw/esp/esp_gateway.h"
#include "refgw/ike/engine.h"
#include "refgw/io/control.h"
#include "refgw/io/key_log.h"
#include "refgw/io/loop.h"
#include "refgw/io/netlink_route.h"
#include "refgw/io/raw_esp.h"
#include "refgw/io/tun.h"

#include <jansson.h>

// A control client that waits for the outcome of `up` or `down`.
struct waiter {
    struct waiter *next;
    struct control_client *client;
    bool is_up;
    char connection[SA_NAME_SIZE];
    char child[SA_NAME_SIZE]; // "": all
    struct instant deadline;
    uint32_t timeout_s;
    bool child_has_failed;
    bool ike_has_closed;
    const char *reason; // a constant, NULL before something went wrong
    const char *section;
    char text[IKE_REPORT_TEXT_SIZE];
};

struct monitor {
    struct monitor *next;
    struct control_client *client;
    enum log_format format;
};

// How often the line of SAs that ends in this one was rekeyed.
struct child_generation {
    uint32_t child_sa_id;
    uint32_t generation;
};

// Lets `burst` events through at once and `per_second` in the long run.
struct rate_limit {
    struct instant last;
    uint64_t tokens;
    uint64_t suppressed;
};

struct udp_watch {
    struct gateway *gateway;
    size_t index; // of the socket
};

struct gateway {
    struct config *config; // borrowed
    struct loop *loop;
    struct control *control;
    struct ike_engine *engine;
    struct esp_gateway *esp;
    struct netlink_route *routing;
    struct udp_sockets udp;
    struct udp_watch udp_watches[UDP_MOST_SOCKETS];
    struct raw_esp raw;
    int network_events; // -1: nobody needs them
    struct tun tun;
    struct key_log key_log;
    bool has_pid_file;
    struct packet_batch inbound;  // from UDP and raw sockets
    struct packet_batch outbound; // from the tunnel device
    size_t generation_count;
    size_t generation_capacity;
    struct child_generation *generations;
    struct waiter *waiters;
    struct monitor *monitors;
    struct rate_limit rejections;
    struct rate_limit send_failures;
    bool is_stopping;
    struct instant stop_deadline;
};

// --- gateway_log.c ---
void gateway_log_begin(struct log_event *event, enum log_level level, const char *name);
// To standard error and to every monitor.
void gateway_log(struct gateway *gateway, const struct log_event *event);
void gateway_log_report(struct gateway *gateway, const struct ike_report *report);
// A packet that ESP did not let through. Counted by ESP, logged ever more rarely.
void gateway_log_drop(struct gateway *gateway, const struct packet *packet, bool is_inbound);
void gateway_log_send_failure(struct gateway *gateway, const struct network_path *path, int error);

// --- gateway_actions.c ---
// Does what the engine asks for, answers waiters, sets the next deadline. After every input.
void gateway_settle(struct gateway *gateway);
// Only the first of these: where several inputs follow each other.
void gateway_drain(struct gateway *gateway);
uint32_t gateway_child_generation(const struct gateway *gateway, uint32_t child_sa_id);
void gateway_stop(struct gateway *gateway);

// --- gateway_packets.c ---
MUST_USE bool gateway_watch_packets(struct gateway *gateway);

// --- gateway_commands.c ---
void gateway_handle_request(void *context, struct control_client *client, const char *line);
void gateway_forget_client(void *context, struct control_client *client);

// --- gateway_waiters.c ---
struct waiter_request {
    bool is_up;
    const char *connection;
    const char *child;
    uint32_t timeout_s;
};
// False when memory runs out.
MUST_USE bool gateway_add_waiter(struct gateway *gateway, struct control_client *client,
                                 const struct waiter_request *request);
// Whether what a waiter would wait for is so already.
MUST_USE bool gateway_is_reached(const struct gateway *gateway,
                                 const struct waiter_request *request);
// Whether an IKE SA of the connection is being set up.
MUST_USE bool gateway_is_connecting(const struct gateway *gateway, const char *connection);
void gateway_note_report(struct gateway *gateway, const struct ike_report *report);
// Answers every waiter whose outcome is known.
void gateway_answer_waiters(struct gateway *gateway);
void gateway_forget_waiters(struct gateway *gateway, const struct control_client *client);
// False when nobody waits.
MUST_USE bool gateway_waiter_deadline(const struct gateway *gateway, struct instant *out_when);
MUST_USE size_t gateway_ike_sa_count(const struct gateway *gateway);
MUST_USE const struct policy_connection *gateway_find_connection(const struct gateway *gateway,
                                                                 const char *name);
// Takes the object over.
void gateway_send_json(struct control_client *client, json_t *object);

#endif
