#include "refgw/app/gateway.h"

#include "refgw/app/gateway_network.h"
#include "refgw/app/gateway_state.h"
#include "refgw/app/policy_support.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/io/datagram_socket.h"
#include "refgw/io/packet_pool.h"
#include "refgw/io/system_clock.h"
#include "refgw/io/system_random.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void handle_deadline(void *context)
{
    struct gateway *gateway = context;
    ike_engine_pass_time(gateway->engine, system_clock_now());
    gateway_settle(gateway);
}

static void handle_signal(void *context, int signal)
{
    (void)signal;
    gateway_stop(context);
}

// Peers hash our address in NAT_DETECTION_SOURCE_IP, so an initiator must know it.
static void fill_in_local_addresses(struct config *config)
{
    for (size_t i = 0; i < config->policy.connection_count; i++) {
        struct policy_connection *connection = &config->policy.connections[i];
        struct ip_address source;
        if (connection->local_address.family == ADDRESS_NONE &&
            connection->remote_address.family != ADDRESS_NONE &&
            datagram_source_address(&connection->remote_address, config->udp.mark, &source)) {
            connection->local_address = source;
        }
    }
}

static bool open_engine(struct gateway *gateway, struct problem *out_problem)
{
    const struct crypto_provider *crypto = openssl_provider();
    const struct ike_engine_setup setup = {
        .policy = &gateway->config->policy,
        .crypto = crypto,
        .randomness = system_random(),
        .calendar_start = system_clock_calendar_start(),
    };
    if (!policy_is_supported(&gateway->config->policy, crypto, out_problem)) {
        return false;
    }
    gateway->esp = esp_gateway_new(crypto);
    gateway->engine = ike_engine_new(&setup);
    return (gateway->esp != NULL && gateway->engine != NULL &&
            packet_batch_allocate(&gateway->inbound) && packet_batch_allocate(&gateway->outbound))
               ? true
               : problem_set(out_problem, "out of memory");
}

static bool add_child_policy(struct gateway *gateway, const struct policy_connection *connection,
                             const struct policy_child *child, struct problem *out_problem)
{
    if (!esp_gateway_add_policy(gateway->esp, connection->name, child->name,
                                &child->local_selectors, &child->remote_selectors)) {
        return problem_set(out_problem, "out of memory");
    }
    return netlink_route_add_policy(gateway->routing, &child->local_selectors,
                                    &child->remote_selectors, out_problem);
}

static bool add_connection_policies(struct gateway *gateway,
                                    const struct policy_connection *connection,
                                    struct problem *out_problem)
{
    for (size_t i = 0; i < connection->child_count; i++) {
        if (!add_child_policy(gateway, connection, &connection->children[i], out_problem)) {
            return false;
        }
    }
    return true;
}

static bool add_policies(struct gateway *gateway, struct problem *out_problem)
{
    const struct ike_policy *policy = &gateway->config->policy;
    for (size_t i = 0; i < policy->connection_count; i++) {
        if (!add_connection_policies(gateway, &policy->connections[i], out_problem)) {
            return false;
        }
    }
    return true;
}

static bool open_network(struct gateway *gateway, struct problem *out_problem)
{
    const struct config *config = gateway->config;
    if (!udp_open(&config->udp, &gateway->udp, out_problem) ||
        !raw_esp_open(config->udp.mark, &gateway->raw, out_problem) ||
        !tun_open(config->tun_name, &gateway->tun, out_problem)) {
        return false;
    }
    const struct netlink_route_setup setup = {
        .tun_index = gateway->tun.index,
        .tun_mtu = config->tun_mtu,
        .table = config->routing_table,
        .priority = config->routing_priority,
        .mark = config->udp.mark,
    };
    gateway->routing = netlink_route_open(&setup, out_problem);
    return gateway->routing != NULL && add_policies(gateway, out_problem);
}

static bool open_key_log(struct gateway *gateway, struct problem *out_problem)
{
    const char *path = gateway->config->key_log_path;
    struct log_event event;
    if (path[0] == '\0') {
        return true;
    }
    if (!key_log_open(path, &gateway->key_log, out_problem)) {
        return false;
    }
    gateway_log_begin(&event, LOG_LEVEL_WARNING, "key-log-enabled");
    log_event_text(&event, "file", path);
    log_event_text(&event, "text",
                   "ALL KEYS ARE WRITTEN TO THIS FILE: whoever has it reads all traffic. "
                   "For the lab only");
    gateway_log(gateway, &event);
    return true;
}

static bool write_pid_file(struct gateway *gateway, struct problem *out_problem)
{
    const char *path = gateway->config->pid_path;
    if (path[0] == '\0') {
        return true;
    }
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                                S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH);
    if (descriptor < 0 || dprintf(descriptor, "%d\n", (int)getpid()) < 0) {
        (void)problem_set_errno(out_problem, errno, "cannot write the pid file %s", path);
        if (descriptor >= 0) {
            (void)close(descriptor);
        }
        return false;
    }
    (void)close(descriptor);
    gateway->has_pid_file = true;
    return true;
}

static bool open_loop(struct gateway *gateway, struct problem *out_problem)
{
    const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    const struct control_handlers handlers = {
        .on_request = gateway_handle_request,
        .on_close = gateway_forget_client,
        .context = gateway,
    };
    gateway->loop = loop_new(out_problem);
    if (gateway->loop == NULL) {
        return false;
    }
    loop_set_deadline_handler(gateway->loop, handle_deadline, gateway);
    gateway->control = control_new(gateway->loop, &handlers);
    if (gateway->control == NULL ||
        !loop_take_signals(gateway->loop, signals, sizeof(signals) / sizeof(signals[0]),
                           handle_signal, gateway)) {
        return problem_set_errno(out_problem, errno, "cannot take signals");
    }
    return true;
}

// The control socket comes last: whoever can connect finds a gateway that works.
static bool open_all(struct gateway *gateway, struct problem *out_problem)
{
    if (!open_loop(gateway, out_problem) || !open_key_log(gateway, out_problem)) {
        return false;
    }
    fill_in_local_addresses(gateway->config);
    if (!open_engine(gateway, out_problem) || !open_network(gateway, out_problem)) {
        return false;
    }
    if (!gateway_watch_packets(gateway)) {
        return problem_set_errno(out_problem, errno, "cannot watch the sockets");
    }
    if (!gateway_watch_network(gateway, out_problem)) {
        return false;
    }
    return write_pid_file(gateway, out_problem) &&
           control_listen(gateway->control, gateway->config->control_path, out_problem);
}

struct gateway *gateway_open(struct config *config, struct problem *out_problem)
{
    struct gateway *gateway = calloc(1, sizeof(*gateway));
    if (gateway == NULL) {
        (void)problem_set(out_problem, "out of memory");
        return NULL;
    }
    gateway->config = config;
    gateway->raw = (struct raw_esp){.ipv4 = -1, .ipv6 = -1};
    gateway->tun.descriptor = -1;
    gateway->network_events = -1;
    gateway->key_log.descriptor = -1;
    if (!open_all(gateway, out_problem)) {
        gateway_close(gateway);
        return NULL;
    }
    return gateway;
}

static bool child_has_family(const struct policy_child *child, enum address_family family)
{
    for (size_t i = 0; i < child->local_selectors.count; i++) {
        if (child->local_selectors.items[i].start_address.family == family) {
            return true;
        }
    }
    return false;
}

static bool connection_has_family(const struct policy_connection *connection,
                                  enum address_family family)
{
    for (size_t i = 0; i < connection->child_count; i++) {
        if (child_has_family(&connection->children[i], family)) {
            return true;
        }
    }
    return false;
}

static bool policy_has_family(const struct ike_policy *policy, enum address_family family)
{
    for (size_t i = 0; i < policy->connection_count; i++) {
        if (connection_has_family(&policy->connections[i], family)) {
            return true;
        }
    }
    return false;
}

// The most frequent reason why a new tunnel is up and passes nothing.
static void warn_without_forwarding(struct gateway *gateway, enum address_family family,
                                    const char *path)
{
    struct log_event event;
    char value = '1';
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return;
    }
    const bool is_off = read(descriptor, &value, 1) == 1 && value == '0';
    (void)close(descriptor);
    if (is_off && policy_has_family(&gateway->config->policy, family)) {
        gateway_log_begin(&event, LOG_LEVEL_WARNING, "forwarding-is-off");
        log_event_format(&event, "text",
                         "hosts behind this gateway cannot use the tunnel; write 1 to %s", path);
        gateway_log(gateway, &event);
    }
}

static void bring_up(struct gateway *gateway, const char *connection, const char *child)
{
    struct log_event event;
    char problem[PROBLEM_SIZE] = "";
    const struct ike_command command = {
        .kind = IKE_COMMAND_UP, .connection = connection, .child = child};
    if (!ike_engine_command(gateway->engine, system_clock_now(), &command, problem,
                            sizeof(problem))) {
        gateway_log_begin(&event, LOG_LEVEL_WARNING, "start-failed");
        log_event_text(&event, "connection", connection);
        log_event_text(&event, "child", child);
        log_event_text(&event, "text", problem);
        gateway_log(gateway, &event);
    }
    gateway_drain(gateway);
}

static void start_connection(struct gateway *gateway, const struct policy_connection *connection)
{
    size_t count = 0;
    for (size_t i = 0; i < connection->child_count; i++) {
        count += connection->children[i].starts_by_itself;
    }
    if (count == connection->child_count && count > 0) {
        bring_up(gateway, connection->name, "");
        return;
    }
    for (size_t i = 0; i < connection->child_count; i++) {
        if (connection->children[i].starts_by_itself) {
            bring_up(gateway, connection->name, connection->children[i].name);
        }
    }
}

bool gateway_run(struct gateway *gateway)
{
    struct log_event event;
    const struct config *config = gateway->config;
    warn_without_forwarding(gateway, ADDRESS_IPV4, "/proc/sys/net/ipv4/ip_forward");
    warn_without_forwarding(gateway, ADDRESS_IPV6, "/proc/sys/net/ipv6/conf/all/forwarding");
    gateway_log_begin(&event, LOG_LEVEL_INFO, "ready");
    log_event_text(&event, "version", IKELAB_VERSION);
    log_event_text(&event, "crypto", openssl_provider()->name);
    log_event_text(&event, "control", config->control_path);
    log_event_text(&event, "tun", config->tun_name);
    log_event_number(&event, "connections", config->policy.connection_count);
    gateway_log(gateway, &event);
    for (size_t i = 0; i < config->policy.connection_count; i++) {
        start_connection(gateway, &config->policy.connections[i]);
    }
    gateway_settle(gateway);
    return loop_run(gateway->loop);
}

static void free_clients(struct gateway *gateway)
{
    struct monitor *monitor = gateway->monitors;
    gateway_forget_waiters(gateway, NULL);
    while (monitor != NULL) {
        struct monitor *next = monitor->next;
        free(monitor);
        monitor = next;
    }
    gateway->monitors = NULL;
}

void gateway_close(struct gateway *gateway)
{
    if (gateway == NULL) {
        return;
    }
    free_clients(gateway);
    netlink_route_close(gateway->routing);
    tun_close(&gateway->tun);
    raw_esp_close(&gateway->raw);
    if (gateway->network_events >= 0) {
        (void)close(gateway->network_events);
    }
    udp_close(&gateway->udp);
    key_log_close(&gateway->key_log);
    ike_engine_free(gateway->engine);
    esp_gateway_free(gateway->esp);
    packet_batch_release(&gateway->inbound);
    packet_batch_release(&gateway->outbound);
    if (gateway->has_pid_file) {
        (void)unlink(gateway->config->pid_path);
    }
    // Last: a client of `stop` sees its connection close when all is gone.
    control_free(gateway->control);
    loop_free(gateway->loop);
    free(gateway->generations);
    free(gateway);
}
