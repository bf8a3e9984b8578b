#include <string.h>

#include "harness/run/interrupt.h"
#include "harness/run/session.h"
#include "harness/traffic/traffic_report.h"

enum {
    PROBE_PORT = 7001,
    SETTLE_MILLISECONDS = 600,
    SETTLE_PAUSE = 10,
};

static const enum cell_role host_roles[SESSION_SIDES] = {CELL_WEST_LAN, CELL_EAST_LAN};
static const enum cell_side host_sides[SESSION_SIDES] = {CELL_SIDE_WEST, CELL_SIDE_EAST};

static void report_path(const struct session *session, size_t index,
                        char out_path[SESSION_PATH_SIZE])
{
    static const char *const names[SESSION_SIDES] = {"logs/traffic-west.json",
                                                     "logs/traffic-east.json"};
    session_path(session, names[index], out_path);
}

static bool start_one(struct session *session, size_t index)
{
    const struct cell_network_options *network = &session->network.options;
    const enum address_family family = session->probe.family;
    char netns[CELL_NAME_SIZE];
    char report[SESSION_PATH_SIZE];
    char log[SESSION_PATH_SIZE];
    char error[LAB_ERROR_SIZE];
    cell_network_name(&session->network, host_roles[index], netns);
    report_path(session, index, report);
    session_path(session, "logs/traffic.log", log);
    const struct traffic_options options = {
        .program = session->options->paths.program,
        .namespace_name = netns,
        .name = session->cell->scenario->traffic->items[1].text,
        .host = cell_role_name(host_roles[index]),
        .local = cell_network_addresses(network, host_sides[index], family).lan_host,
        .remote = cell_network_addresses(network, host_sides[1 - index], family).lan_host,
        .port = PROBE_PORT,
        .size = session->probe.size,
        .rate = session->probe.rate,
        .report_path = report,
        .log_path = log,
    };
    if (!traffic_start(&options, &session->sides[index].traffic, error)) {
        session_fail(session, PROBLEM_HARNESS, "traffic: %s", error);
        return false;
    }
    return true;
}

bool session_traffic_start(struct session *session)
{
    if (session->cell->scenario->traffic == NULL) {
        return true;
    }
    session->has_traffic = true;
    return start_one(session, SIDE_WEST) && start_one(session, SIDE_EAST);
}

void session_traffic_on(struct session *session)
{
    bool is_good = true;
    for (size_t i = 0; i < SESSION_SIDES; i++) {
        struct traffic_counts counts = {0};
        is_good = is_good && traffic_stat(&session->sides[i].traffic, &counts);
        session->sides[i].received_before = counts.received;
    }
    for (size_t i = 0; i < SESSION_SIDES; i++) {
        is_good = is_good && traffic_on(&session->sides[i].traffic);
    }
    session->is_traffic_on = true;
    if (!is_good) {
        session_fail(session, PROBLEM_HARNESS, "traffic: a probe does not answer");
    }
}

void session_traffic_off(struct session *session)
{
    struct traffic *west = &session->sides[SIDE_WEST].traffic;
    struct traffic *east = &session->sides[SIDE_EAST].traffic;
    const bool west_answered = traffic_off(west);
    const bool east_answered = traffic_off(east);
    session->is_traffic_on = false;
    if (!west_answered || !east_answered) {
        session_fail(session, PROBLEM_HARNESS, "traffic: a probe does not answer");
        return;
    }
    // What is lost on the way never settles; the path is far quicker than this.
    const uint64_t deadline = lab_monotonic_ms() + SETTLE_MILLISECONDS;
    while (lab_monotonic_ms() < deadline &&
           !(traffic_settled(west, east) && traffic_settled(east, west))) {
        interrupt_wait(SETTLE_PAUSE);
    }
}

void session_traffic_finish(struct session *session)
{
    char west[SESSION_PATH_SIZE];
    char east[SESSION_PATH_SIZE];
    char merged[SESSION_PATH_SIZE];
    char error[LAB_ERROR_SIZE];
    if (!session->has_traffic) {
        return;
    }
    if (session->is_traffic_on) {
        session_traffic_off(session);
    }
    const bool west_ended = traffic_finish(&session->sides[SIDE_WEST].traffic);
    const bool east_ended = traffic_finish(&session->sides[SIDE_EAST].traffic);
    report_path(session, SIDE_WEST, west);
    report_path(session, SIDE_EAST, east);
    session_path(session, "traffic.json", merged);
    if (!west_ended || !east_ended) {
        session_fail(session, PROBLEM_HARNESS, "traffic: a probe did not end in order");
    } else if (!traffic_merge_files(west, east, merged, error)) {
        session_fail(session, PROBLEM_HARNESS, "traffic: %s", error);
    }
}
