#include "refgw/tests/ikesim/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "refgw/tests/ikesim/invariants.h"

enum {
    PERCENT = 100,
    MOST_CUTS = 3,
    // Longer than a request is repeated before its sender gives up, plus some.
    QUIET_SECONDS = 320,
    QUIET_PACKET_SECONDS = 5,
    UP_SECONDS = 10,
    DOWN_SECONDS = 60,
    SETTLING_SECONDS = 40,
};

enum plan_kind {
    PLAN_ARRIVAL,
    PLAN_LOSS,
    PLAN_FORGERY,
    PLAN_REPLAY,
    PLAN_PACKET,
    PLAN_PACKET_ARRIVAL,
    PLAN_COMMAND,
    PLAN_RESTART,
    PLAN_REBIND,
};

struct planned {
    struct instant when;
    uint64_t order; // of what was planned for the same instant
    enum plan_kind kind;
    unsigned host;
    size_t number;
    enum ike_command_kind command;
    const char *child;
};

// What the network does to what is sent.
struct weather {
    unsigned lost_percent;
    unsigned doubled_percent;
    unsigned delay_ms;
    unsigned jitter_ms;
    unsigned forged_percent;
    struct instant cut_from[MOST_CUTS];
    struct instant cut_to[MOST_CUTS];
    size_t cut_count;
};

struct schedule {
    struct simulation *simulation;
    struct deterministic_random random;
    struct weather weather;
    struct planned *plans; // latest first
    size_t count;
    size_t capacity;
    uint64_t order;
    struct duration packet_interval;
    bool is_quiet;
    unsigned commands;
};

// --- Chance -----------------------------------------------------------------------------------

static unsigned below(struct schedule *schedule, unsigned limit)
{
    return limit == 0 ? 0 : (unsigned)(deterministic_random_next(&schedule->random) % limit);
}

static bool chance(struct schedule *schedule, unsigned percent)
{
    return below(schedule, PERCENT) < percent;
}

static struct duration up_to_ms(struct schedule *schedule, unsigned milliseconds)
{
    // To the microsecond, so that two things rarely happen at the same instant.
    return (struct duration){.nanoseconds = (uint64_t)below(schedule, milliseconds * 1000) * 1000};
}

// --- The plan ---------------------------------------------------------------------------------

static struct instant now_of(const struct schedule *schedule)
{
    return schedule->simulation->pair->network.now;
}

static bool is_later(const struct planned *left, const struct planned *right)
{
    return instant_is_before(right->when, left->when) ||
           (left->when.nanoseconds == right->when.nanoseconds && left->order > right->order);
}

static void plan(struct schedule *schedule, const struct planned *wanted)
{
    if (schedule->count == schedule->capacity) {
        schedule->capacity = schedule->capacity == 0 ? 64 : 2 * schedule->capacity;
        struct planned *larger =
            realloc(schedule->plans, schedule->capacity * sizeof(*schedule->plans));
        if (larger == NULL) {
            abort();
        }
        schedule->plans = larger;
    }
    struct planned item = *wanted;
    item.order = schedule->order;
    schedule->order++;
    size_t place = schedule->count;
    while (place > 0 && is_later(&item, &schedule->plans[place - 1])) {
        schedule->plans[place] = schedule->plans[place - 1];
        place--;
    }
    schedule->plans[place] = item;
    schedule->count++;
}

// --- The network ------------------------------------------------------------------------------

static bool is_cut(const struct schedule *schedule)
{
    const struct weather *weather = &schedule->weather;
    for (size_t i = 0; i < weather->cut_count; i++) {
        if (!instant_is_before(now_of(schedule), weather->cut_from[i]) &&
            instant_is_before(now_of(schedule), weather->cut_to[i])) {
            return true;
        }
    }
    return false;
}

static bool is_lost(struct schedule *schedule)
{
    return is_cut(schedule) || chance(schedule, schedule->weather.lost_percent);
}

static struct instant arrival_time(struct schedule *schedule)
{
    const struct instant earliest =
        instant_after(now_of(schedule), duration_milliseconds(schedule->weather.delay_ms));
    return instant_after(earliest, up_to_ms(schedule, schedule->weather.jitter_ms));
}

// Somebody who reads along sends copies a while later.
static void plan_forgery(struct schedule *schedule, unsigned host, size_t number)
{
    if (chance(schedule, schedule->weather.forged_percent)) {
        plan(schedule, &(struct planned){
                           .kind = chance(schedule, 50) ? PLAN_FORGERY : PLAN_REPLAY,
                           .when = instant_after(arrival_time(schedule), up_to_ms(schedule, 3000)),
                           .host = host,
                           .number = number});
    }
}

static void plan_fate(void *context, unsigned host, size_t number)
{
    struct schedule *schedule = context;
    struct planned fate = {.kind = PLAN_ARRIVAL, .host = host, .number = number};
    if (is_lost(schedule)) {
        fate.kind = PLAN_LOSS;
        fate.when = now_of(schedule);
        plan(schedule, &fate);
        return;
    }
    fate.when = arrival_time(schedule);
    plan(schedule, &fate);
    if (chance(schedule, schedule->weather.doubled_percent)) {
        fate.when = arrival_time(schedule);
        plan(schedule, &fate);
    }
    plan_forgery(schedule, host, number);
}

static void clear_up(struct schedule *schedule)
{
    schedule->weather = (struct weather){.delay_ms = schedule->weather.delay_ms};
    schedule->is_quiet = true;
}

// --- Doing what is planned --------------------------------------------------------------------

static void send_packet(struct schedule *schedule, unsigned host)
{
    const size_t number = simulation_send_packet(schedule->simulation, host);
    if (number != 0 && !is_lost(schedule)) {
        plan(schedule, &(struct planned){.kind = PLAN_PACKET_ARRIVAL,
                                         .when = arrival_time(schedule),
                                         .host = host,
                                         .number = number});
    }
    const struct duration pause =
        schedule->is_quiet ? duration_seconds(QUIET_PACKET_SECONDS) : schedule->packet_interval;
    plan(schedule, &(struct planned){.kind = PLAN_PACKET,
                                     .when = instant_after(now_of(schedule), pause),
                                     .host = host});
}

static void perform(struct schedule *schedule, const struct planned *item)
{
    struct simulation *simulation = schedule->simulation;
    switch (item->kind) {
    case PLAN_ARRIVAL:
        (void)simulation_deliver(simulation, item->host, item->number);
        break;
    case PLAN_LOSS:
        (void)simulation_drop(simulation, item->host, item->number);
        break;
    case PLAN_FORGERY:
    case PLAN_REPLAY:
        (void)simulation_forge(simulation, item->host, item->number, item->kind == PLAN_FORGERY);
        break;
    case PLAN_PACKET:
        send_packet(schedule, item->host);
        break;
    case PLAN_PACKET_ARRIVAL:
        simulation_deliver_packet(simulation, item->host, item->number);
        break;
    case PLAN_COMMAND:
        schedule->commands++;
        (void)simulation_command(simulation, item->host, item->command, item->child);
        break;
    case PLAN_RESTART:
        schedule->commands++;
        simulation_restart(simulation, item->host);
        break;
    case PLAN_REBIND:
        schedule->commands++;
        simulation_rebind(simulation);
        break;
    }
}

// The next moment at which an engine or the plan wants something; `end` when that is later.
static struct instant next_moment(const struct schedule *schedule, struct instant end)
{
    struct instant next = end;
    struct instant when;
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        if (ike_engine_next_deadline(schedule->simulation->pair->network.hosts[host].engine,
                                     &when) &&
            instant_is_before(when, next)) {
            next = when;
        }
    }
    if (schedule->count > 0 && instant_is_before(schedule->plans[schedule->count - 1].when, next)) {
        next = schedule->plans[schedule->count - 1].when;
    }
    return next;
}

static void run_until(struct schedule *schedule, struct instant end)
{
    while (schedule->simulation->violation.invariant == NULL) {
        const struct instant next = next_moment(schedule, end);
        simulation_pass_time(schedule->simulation, instant_until(now_of(schedule), next));
        while (schedule->count > 0 &&
               !instant_is_before(now_of(schedule), schedule->plans[schedule->count - 1].when)) {
            schedule->count--;
            const struct planned item = schedule->plans[schedule->count];
            perform(schedule, &item);
        }
        if (!instant_is_before(next, end)) {
            break;
        }
    }
}

static void run_for(struct schedule *schedule, unsigned seconds)
{
    run_until(schedule, instant_after(now_of(schedule), duration_seconds(seconds)));
}

// --- One seed ---------------------------------------------------------------------------------

static void draw_setup(struct schedule *schedule, struct simulation_setup *setup)
{
    setup->has_nat = chance(schedule, 20);
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        if (chance(schedule, 40)) {
            setup->liveness[host] = duration_seconds(2 + below(schedule, 30));
        }
        if (chance(schedule, 25)) {
            setup->child_lifetime[host] = duration_seconds(20 + below(schedule, 100));
        }
        if (chance(schedule, 20)) {
            setup->ike_lifetime[host] = duration_seconds(30 + below(schedule, 300));
        }
        setup->wants_cookies[host] = chance(schedule, 15);
        setup->fragment_size[host] =
            chance(schedule, 15) ? (uint16_t)(180 + below(schedule, 200)) : 0;
    }
    if (chance(schedule, 15)) {
        // West's first guess is refused with INVALID_KE_PAYLOAD.
        (void)snprintf(setup->ike[WEST], sizeof(setup->ike[WEST]), "%s",
                       "aes128gcm16-prfsha256-x25519-ecp256");
        (void)snprintf(setup->ike[EAST], sizeof(setup->ike[EAST]), "%s",
                       "aes128gcm16-prfsha256-ecp256");
    }
    if (chance(schedule, 30)) {
        for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
            (void)snprintf(setup->esp[host], sizeof(setup->esp[host]), "%s",
                           "aes128gcm16-x25519-noesn");
        }
    }
}

static void draw_weather(struct schedule *schedule)
{
    struct weather *weather = &schedule->weather;
    weather->delay_ms = 1 + below(schedule, 60);
    weather->jitter_ms = chance(schedule, 60) ? below(schedule, 400) : 0;
    weather->lost_percent = chance(schedule, 60) ? below(schedule, 35) : 0;
    weather->forged_percent = chance(schedule, 30) ? below(schedule, 40) : 0;
    weather->doubled_percent = chance(schedule, 40) ? below(schedule, 30) : 0;
}

static void draw_cuts(struct schedule *schedule, unsigned active_seconds)
{
    struct weather *weather = &schedule->weather;
    weather->cut_count = chance(schedule, 40) ? below(schedule, MOST_CUTS) + 1 : 0;
    for (size_t i = 0; i < weather->cut_count; i++) {
        const unsigned seconds = chance(schedule, 10) ? 400 : 1 + below(schedule, 20);
        weather->cut_from[i] =
            instant_after(now_of(schedule), up_to_ms(schedule, active_seconds * 1000));
        weather->cut_to[i] = instant_after(weather->cut_from[i], duration_seconds(seconds));
    }
}

static enum ike_command_kind draw_command(struct schedule *schedule, bool is_gentle)
{
    const unsigned number = below(schedule, is_gentle ? 11 : 16);
    if (number < 5) {
        return IKE_COMMAND_REKEY_CHILD;
    }
    if (number < 9) {
        return IKE_COMMAND_REKEY_IKE;
    }
    if (number < 11) {
        return IKE_COMMAND_LIVENESS;
    }
    return number < 14 ? IKE_COMMAND_UP : IKE_COMMAND_DOWN;
}

static void plan_trouble(struct schedule *schedule, struct instant when, bool is_gentle)
{
    struct planned item = {.kind = PLAN_COMMAND, .when = when, .host = below(schedule, 2)};
    if (!is_gentle && chance(schedule, 6)) {
        item.kind = PLAN_RESTART;
    } else if (schedule->simulation->setup.has_nat && chance(schedule, 15)) {
        item.kind = PLAN_REBIND;
    } else {
        item.command = draw_command(schedule, is_gentle);
        const bool is_for_child = item.command == IKE_COMMAND_REKEY_CHILD ||
                                  (item.command == IKE_COMMAND_DOWN && chance(schedule, 60));
        item.child = is_for_child ? "net" : "";
    }
    plan(schedule, &item);
}

// Troubles come alone, or several within a moment, so that they meet.
static void plan_troubles(struct schedule *schedule, unsigned active_seconds)
{
    const bool is_gentle = chance(schedule, 50);
    const unsigned groups = 1 + below(schedule, 12);
    for (unsigned i = 0; i < groups; i++) {
        const struct instant start =
            instant_after(now_of(schedule), up_to_ms(schedule, active_seconds * 1000));
        const unsigned members = chance(schedule, 60) ? 2 + below(schedule, 3) : 1;
        const unsigned spread = chance(schedule, 50) ? 50 : 500;
        for (unsigned member = 0; member < members; member++) {
            plan_trouble(schedule, instant_after(start, up_to_ms(schedule, spread)), is_gentle);
        }
    }
}

static void begin(struct schedule *schedule)
{
    const unsigned active_seconds = 20 + below(schedule, 120);
    draw_weather(schedule);
    draw_cuts(schedule, active_seconds);
    schedule->packet_interval = duration_milliseconds(20 + below(schedule, 1000));
    simulation_hold(schedule->simulation);
    plan(schedule, &(struct planned){.kind = PLAN_COMMAND,
                                     .when = now_of(schedule),
                                     .host = WEST,
                                     .command = IKE_COMMAND_UP,
                                     .child = ""});
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        plan(schedule,
             &(struct planned){.kind = PLAN_PACKET,
                               .when = instant_after(now_of(schedule), up_to_ms(schedule, 1000)),
                               .host = host});
    }
    plan_troubles(schedule, active_seconds);
    run_for(schedule, active_seconds + 1);
}

// Both ask whether the other one is still there, so that nobody keeps what the other forgot.
static void calm_down(struct schedule *schedule)
{
    clear_up(schedule);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
            (void)simulation_command(schedule->simulation, host, IKE_COMMAND_LIVENESS, "");
        }
        run_for(schedule, QUIET_SECONDS);
        simulation_keep_lifetimes(schedule->simulation);
    }
}

// Whatever has happened: the connection can be brought up now, and taken down.
static void bring_up(struct schedule *schedule)
{
    struct simulation *simulation = schedule->simulation;
    struct seen_sas seen;
    if (simulation_is_calm(simulation)) {
        return;
    }
    simulation_see(simulation, WEST, &seen);
    // Two IKE SAs, when both ends began, would share what comes up.
    if (seen.count > 1 || !simulation_command(simulation, WEST, IKE_COMMAND_UP, "")) {
        (void)simulation_command(simulation, WEST, IKE_COMMAND_DOWN, "");
        run_for(schedule, UP_SECONDS);
        (void)simulation_command(simulation, WEST, IKE_COMMAND_UP, "");
    }
    for (unsigned i = 0; i < UP_SECONDS; i++) {
        run_for(schedule, 1);
        if (simulation_is_calm(simulation)) {
            return;
        }
    }
    violate(simulation, "comes-up", "the connection is not up %d s after it was started",
            UP_SECONDS);
}

// Lifetimes end at any time: what counts is that both ends agree again and again.
static bool settles(struct schedule *schedule)
{
    struct simulation *simulation = schedule->simulation;
    struct violation last = {.invariant = NULL};
    for (unsigned i = 0; simulation->violation.invariant == NULL && i < SETTLING_SECONDS; i++) {
        invariants_once_quiet(simulation);
        if (simulation->violation.invariant == NULL) {
            return true;
        }
        last = simulation->violation;
        simulation->violation = (struct violation){.invariant = NULL};
        run_for(schedule, 1);
    }
    if (simulation->violation.invariant == NULL) {
        simulation->violation = last;
    }
    return false;
}

static void end(struct schedule *schedule)
{
    struct simulation *simulation = schedule->simulation;
    calm_down(schedule);
    if (settles(schedule)) {
        bring_up(schedule);
    }
    if (simulation->violation.invariant == NULL) {
        (void)simulation_command(simulation, WEST, IKE_COMMAND_DOWN, "");
        run_for(schedule, DOWN_SECONDS);
        invariants_once_down(simulation);
    }
}

static void keep_result(const struct schedule *schedule, struct seed_result *result)
{
    const struct simulation *simulation = schedule->simulation;
    *result = (struct seed_result){
        .violation = simulation->violation,
        .packets_lost = simulation->packets_lost,
        .lifetimes_ended = simulation->lifetimes_ended,
        .packets_late = simulation->packets_late,
        .commands = schedule->commands,
        .end = now_of(schedule),
    };
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        result->datagrams += simulation->gateways[host].datagram_count;
        result->packets += simulation->gateways[host].packet_count;
    }
}

void schedule_run(uint64_t seed, FILE *trace, FILE *script, struct seed_result *out_result)
{
    struct schedule schedule = {.count = 0};
    struct simulation_setup setup = {.seed = seed};
    deterministic_random_init(&schedule.random, seed ^ UINT64_C(0x5eed5eed5eed5eed));
    draw_setup(&schedule, &setup);
    schedule.simulation = simulation_new(&setup, trace, script);
    schedule.simulation->on_send = plan_fate;
    schedule.simulation->on_send_context = &schedule;
    begin(&schedule);
    end(&schedule);
    keep_result(&schedule, out_result);
    simulation_free(schedule.simulation);
    free(schedule.plans);
}
