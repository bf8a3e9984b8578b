// lab_rig.h - a cell, a relay and two probes for tests that need root.
#ifndef HARNESS_TESTS_NETWORK_LAB_RIG_H
#define HARNESS_TESTS_NETWORK_LAB_RIG_H

#include "harness/network/cell_network.h"
#include "harness/relay/relay.h"
#include "harness/tap/tap.h"
#include "harness/tests/network/lab_socket.h"
#include "harness/tests/relay/pcapng_walk.h"
#include "harness/traffic/traffic.h"

#include <jansson.h>

enum { RIG_PATH_SIZE = 128, RIG_MILLISECONDS = 10000 };

// Both LANs in the clear: there is no tunnel in these tests.
static const char *const rig_routes[] = {"203.0.113.0/26=west", "203.0.113.64/26=east", NULL};
static const char *const rig_routes_ipv6[] = {"2001:db8:1::/64=west", "2001:db8:2::/64=east", NULL};

struct rig {
    struct cell_network network;
    struct relay relay;
    struct traffic west;
    struct traffic east;
    char folder[RIG_PATH_SIZE / 2];
    char capture[RIG_PATH_SIZE];
    char report[RIG_PATH_SIZE];
    char rules[RIG_PATH_SIZE];
    char log[RIG_PATH_SIZE];
    char west_report[RIG_PATH_SIZE];
    char east_report[RIG_PATH_SIZE];
};

static inline void rig_paths(struct rig *rig)
{
    (void)snprintf(rig->folder, sizeof(rig->folder), "/tmp/ikelab-rig-XXXXXX");
    if (mkdtemp(rig->folder) == NULL) {
        perror("mkdtemp");
    }
    (void)snprintf(rig->capture, RIG_PATH_SIZE, "%s/wan.pcapng", rig->folder);
    (void)snprintf(rig->report, RIG_PATH_SIZE, "%s/relay.json", rig->folder);
    (void)snprintf(rig->rules, RIG_PATH_SIZE, "%s/relay.rules", rig->folder);
    (void)snprintf(rig->log, RIG_PATH_SIZE, "%s/log", rig->folder);
    (void)snprintf(rig->west_report, RIG_PATH_SIZE, "%s/west.json", rig->folder);
    (void)snprintf(rig->east_report, RIG_PATH_SIZE, "%s/east.json", rig->folder);
}

static inline bool rig_build(struct rig *rig, const struct cell_network_options *options)
{
    char error[LAB_ERROR_SIZE] = "";
    memset(rig, 0, sizeof(*rig));
    rig->relay.control = -1;
    rig_paths(rig);
    const bool built = cell_network_build(options, &rig->network, error);
    if (!built) {
        note("%s", error);
    }
    return built;
}

// `rules` is the text of a rules file, or NULL.
static inline bool rig_relay(struct rig *rig, const char *rules, char error[LAB_ERROR_SIZE])
{
    char name[CELL_NAME_SIZE];
    FILE *file = fopen(rig->rules, "we");
    if (file != NULL) {
        (void)fputs(rules != NULL ? rules : "", file);
        (void)fclose(file);
    }
    cell_network_name(&rig->network, CELL_WAN, name);
    const struct relay_options options = {.program = "/proc/self/exe",
                                          .namespace_name = name,
                                          .capture_path = rig->capture,
                                          .report_path = rig->report,
                                          .rules_path = rig->rules,
                                          .log_path = rig->log,
                                          .seed = 7,
                                          .routes = rig->network.options.ipv6 ? rig_routes_ipv6
                                                                              : rig_routes};
    error[0] = '\0';
    const bool started = relay_start(&options, RIG_MILLISECONDS, &rig->relay, error);
    if (!started) {
        note("%s", error);
    }
    return started;
}

static inline bool rig_probe(struct rig *rig, bool is_west, enum address_family family,
                             unsigned rate)
{
    char name[CELL_NAME_SIZE];
    char error[LAB_ERROR_SIZE] = "";
    const struct cell_network_options *network = &rig->network.options;
    const struct cell_addresses west = cell_network_addresses(network, CELL_SIDE_WEST, family);
    const struct cell_addresses east = cell_network_addresses(network, CELL_SIDE_EAST, family);
    cell_network_name(&rig->network, is_west ? CELL_WEST_LAN : CELL_EAST_LAN, name);
    const struct traffic_options options = {.program = "/proc/self/exe",
                                            .namespace_name = name,
                                            .name = "probe",
                                            .host = is_west ? "west-lan" : "east-lan",
                                            .local = is_west ? west.lan_host : east.lan_host,
                                            .remote = is_west ? east.lan_host : west.lan_host,
                                            .port = 7007,
                                            .size = 200,
                                            .rate = rate,
                                            .report_path =
                                                is_west ? rig->west_report : rig->east_report,
                                            .log_path = rig->log};
    const bool started = traffic_start(&options, is_west ? &rig->west : &rig->east, error);
    if (!started) {
        note("%s", error);
    }
    return started;
}

static inline bool rig_probes(struct rig *rig, enum address_family family, unsigned rate)
{
    return rig_probe(rig, true, family, rate) && rig_probe(rig, false, family, rate) &&
           traffic_on(&rig->west) && traffic_on(&rig->east);
}

// Waits until both ends have received so many.
static inline bool rig_received(struct rig *rig, uint64_t wanted)
{
    const uint64_t deadline = lab_monotonic_ms() + RIG_MILLISECONDS;
    struct traffic_counts west;
    struct traffic_counts east;
    while (traffic_stat(&rig->west, &west) && traffic_stat(&rig->east, &east)) {
        if (west.received >= wanted && east.received >= wanted) {
            return true;
        }
        if (lab_monotonic_ms() >= deadline) {
            note("received %llu and %llu", (unsigned long long)west.received,
                 (unsigned long long)east.received);
            return false;
        }
        (void)poll(NULL, 0, 5);
    }
    return false;
}

// Stops sending, lets `settle_ms` at most pass until all has arrived, and ends both probes.
static inline bool rig_finish_probes(struct rig *rig, unsigned settle_ms)
{
    const uint64_t deadline = lab_monotonic_ms() + settle_ms;
    bool off = traffic_off(&rig->west);
    off = traffic_off(&rig->east) && off;
    while (lab_monotonic_ms() < deadline &&
           !(traffic_settled(&rig->west, &rig->east) && traffic_settled(&rig->east, &rig->west))) {
        (void)poll(NULL, 0, 5);
    }
    const bool west = traffic_finish(&rig->west);
    const bool east = traffic_finish(&rig->east);
    return off && west && east;
}

static inline void rig_print_log(const struct rig *rig)
{
    char line[256];
    FILE *file = fopen(rig->log, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        note("log: %s", line);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

// Takes everything down; also after a failed build.
static inline bool rig_clear(struct rig *rig)
{
    const char *const files[] = {rig->capture, rig->report,      rig->rules,
                                 rig->log,     rig->west_report, rig->east_report};
    (void)relay_stop(&rig->relay, RIG_MILLISECONDS);
    process_end(&rig->west.process, 0);
    process_end(&rig->east.process, 0);
    const bool gone = cell_network_remove(&rig->network);
    rig_print_log(rig);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)unlink(files[i]);
    }
    (void)rmdir(rig->folder);
    return gone;
}

// Programs of the rig are this program: call it first in main(). Returns -1 when main() is to
// go on.
static inline int rig_dispatch(int count, char **words)
{
    if (count > 1 && strcmp(words[1], "relay") == 0) {
        return relay_main(count - 1, words + 1);
    }
    if (count > 1 && strcmp(words[1], "traffic") == 0) {
        return traffic_main(count - 1, words + 1);
    }
    return -1;
}

#endif
