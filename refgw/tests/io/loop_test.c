// loop_test.c - descriptors, the deadline and signals in one loop.
#include "refgw/io/loop.h"

#include "harness/tap/tap.h"
#include "refgw/io/system_clock.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct seen {
    struct loop *loop;
    int descriptor;
    unsigned calls;
    unsigned events;
    int signal;
    struct instant when;
};

static struct loop *new_loop(void)
{
    struct problem problem;
    struct loop *loop = loop_new(&problem);
    if (loop == NULL) {
        note("%s", problem.text);
    }
    return loop;
}

static void stop_at_deadline(void *context)
{
    struct seen *seen = context;
    seen->calls++;
    seen->when = system_clock_now();
    loop_stop(seen->loop);
}

static void a_deadline_is_kept_and_never_early(void)
{
    struct seen seen = {.loop = new_loop()};
    const struct instant wanted = instant_after(system_clock_now(), duration_milliseconds(20));
    loop_set_deadline_handler(seen.loop, stop_at_deadline, &seen);
    loop_set_deadline(seen.loop, instant_after(wanted, duration_seconds(100)));
    loop_set_deadline(seen.loop, wanted);
    ok(loop_run(seen.loop), "runs");
    ok(seen.calls == 1 && !instant_is_before(seen.when, wanted),
       "the later setting counts; not before its time");
    loop_free(seen.loop);
}

static void a_deadline_in_the_past_is_now(void)
{
    struct seen seen = {.loop = new_loop()};
    loop_set_deadline_handler(seen.loop, stop_at_deadline, &seen);
    loop_set_deadline(seen.loop, (struct instant){0});
    ok(loop_run(seen.loop) && seen.calls == 1, "time zero has passed");
    loop_free(seen.loop);
}

static void read_one_byte(void *context, unsigned events)
{
    struct seen *seen = context;
    char byte = 0;
    seen->events |= events;
    seen->calls += read(seen->descriptor, &byte, 1) == 1;
    if (byte == '.') {
        loop_stop(seen->loop);
    }
}

static void a_readable_descriptor_is_handled_until_it_is_empty(void)
{
    int ends[2];
    struct seen seen = {.loop = new_loop()};
    if (pipe(ends) != 0 || write(ends[1], "ab.", 3) != 3) {
        note("no pipe");
        return;
    }
    seen.descriptor = ends[0];
    ok(loop_watch(seen.loop, ends[0], LOOP_READABLE, read_one_byte, &seen), "watches");
    ok(loop_run(seen.loop) && seen.calls == 3, "called for every byte");
    ok(seen.events == LOOP_READABLE, "readable only");
    loop_unwatch(seen.loop, ends[0]);
    (void)close(ends[0]);
    (void)close(ends[1]);
    loop_free(seen.loop);
}

struct pair {
    struct seen *seen;
    int other;
};

static void unwatch_both(void *context, unsigned events)
{
    struct pair *pair = context;
    (void)events;
    pair->seen->calls++;
    loop_unwatch(pair->seen->loop, pair->seen->descriptor);
    loop_unwatch(pair->seen->loop, pair->other);
}

static void an_unwatched_descriptor_is_not_called_in_the_same_round(void)
{
    int first[2];
    int second[2];
    struct seen seen = {.loop = new_loop()};
    if (pipe(first) != 0 || pipe(second) != 0 || write(first[1], "x", 1) != 1 ||
        write(second[1], "x", 1) != 1) {
        note("no pipes");
        return;
    }
    seen.descriptor = first[0];
    struct pair pair = {.seen = &seen, .other = second[0]};
    struct seen end = {.loop = seen.loop};
    loop_set_deadline_handler(seen.loop, stop_at_deadline, &end);
    ok(loop_watch(seen.loop, first[0], LOOP_READABLE, unwatch_both, &pair) &&
           loop_watch(seen.loop, second[0], LOOP_READABLE, unwatch_both, &pair),
       "watches two");
    loop_set_deadline(seen.loop, instant_after(system_clock_now(), duration_milliseconds(20)));
    ok(loop_run(seen.loop) && seen.calls == 1, "whoever comes first ends both");
    (void)close(first[0]);
    (void)close(first[1]);
    (void)close(second[0]);
    (void)close(second[1]);
    loop_free(seen.loop);
}

static void stop_at_signal(void *context, int signal)
{
    struct seen *seen = context;
    seen->signal = signal;
    loop_stop(seen->loop);
}

static void a_signal_is_a_call_inside_the_loop(void)
{
    const int signals[] = {SIGUSR1};
    struct seen seen = {.loop = new_loop()};
    ok(loop_take_signals(seen.loop, signals, 1, stop_at_signal, &seen), "takes SIGUSR1");
    (void)raise(SIGUSR1);
    ok(seen.signal == 0, "outside of the loop nothing happens");
    ok(loop_run(seen.loop) && seen.signal == SIGUSR1, "inside it is handled");
    loop_free(seen.loop);
}

int main(void)
{
    a_deadline_is_kept_and_never_early();
    a_deadline_in_the_past_is_now();
    a_readable_descriptor_is_handled_until_it_is_empty();
    an_unwatched_descriptor_is_not_called_in_the_same_round();
    a_signal_is_a_call_inside_the_loop();
    return done_testing();
}
