#include "refgw/io/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { EVENTS_PER_WAIT = 32 };

// Lives until no event of the current wait can name it any more.
struct watch {
    struct watch *next;
    int descriptor; // -1 after unwatch
    loop_handler *handler;
    void *context;
};

struct loop {
    int epoll;
    int timer;
    int signals; // -1 before loop_take_signals()
    bool stops;
    struct watch *watches;
    loop_deadline_handler *on_deadline;
    void *deadline_context;
    loop_signal_handler *on_signal;
    void *signal_context;
};

static void handle_timer(void *context, unsigned events)
{
    struct loop *loop = context;
    uint64_t expirations = 0;
    (void)events;
    if (read(loop->timer, &expirations, sizeof(expirations)) == sizeof(expirations) &&
        loop->on_deadline != NULL) {
        loop->on_deadline(loop->deadline_context);
    }
}

static void handle_signal(void *context, unsigned events)
{
    struct loop *loop = context;
    struct signalfd_siginfo signal;
    (void)events;
    if (read(loop->signals, &signal, sizeof(signal)) == sizeof(signal)) {
        loop->on_signal(loop->signal_context, (int)signal.ssi_signo);
    }
}

struct loop *loop_new(struct problem *out_problem)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    if (loop == NULL) {
        (void)problem_set(out_problem, "out of memory");
        return NULL;
    }
    loop->signals = -1;
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (loop->epoll < 0 || loop->timer < 0 ||
        !loop_watch(loop, loop->timer, LOOP_READABLE, handle_timer, loop)) {
        (void)problem_set_errno(out_problem, errno, "cannot make an event loop");
        loop_free(loop);
        return NULL;
    }
    return loop;
}

static void close_if_open(int descriptor)
{
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
}

void loop_free(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    struct watch *watch = loop->watches;
    while (watch != NULL) {
        struct watch *next = watch->next;
        free(watch);
        watch = next;
    }
    close_if_open(loop->signals);
    close_if_open(loop->timer);
    close_if_open(loop->epoll);
    free(loop);
}

static uint32_t epoll_events(unsigned events)
{
    return ((events & LOOP_READABLE) != 0 ? (uint32_t)EPOLLIN : 0U) |
           ((events & LOOP_WRITABLE) != 0 ? (uint32_t)EPOLLOUT : 0U);
}

bool loop_watch(struct loop *loop, int descriptor, unsigned events, loop_handler *handler,
                void *context)
{
    struct watch *watch = malloc(sizeof(*watch));
    if (watch == NULL) {
        return false;
    }
    *watch = (struct watch){
        .next = loop->watches, .descriptor = descriptor, .handler = handler, .context = context};
    struct epoll_event event = {.events = epoll_events(events), .data.ptr = watch};
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, descriptor, &event) != 0) {
        free(watch);
        return false;
    }
    loop->watches = watch;
    return true;
}

static struct watch *find_watch(const struct loop *loop, int descriptor)
{
    struct watch *watch = loop->watches;
    while (watch != NULL && watch->descriptor != descriptor) {
        watch = watch->next;
    }
    return watch;
}

void loop_change(struct loop *loop, int descriptor, unsigned events)
{
    struct watch *watch = find_watch(loop, descriptor);
    if (watch != NULL) {
        struct epoll_event event = {.events = epoll_events(events), .data.ptr = watch};
        (void)epoll_ctl(loop->epoll, EPOLL_CTL_MOD, descriptor, &event);
    }
}

void loop_unwatch(struct loop *loop, int descriptor)
{
    struct watch *watch = find_watch(loop, descriptor);
    if (watch != NULL) {
        (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, descriptor, NULL);
        watch->descriptor = -1;
    }
}

static void release_unwatched(struct loop *loop)
{
    struct watch **link = &loop->watches;
    while (*link != NULL) {
        struct watch *watch = *link;
        if (watch->descriptor < 0) {
            *link = watch->next;
            free(watch);
        } else {
            link = &watch->next;
        }
    }
}

void loop_set_deadline_handler(struct loop *loop, loop_deadline_handler *handler, void *context)
{
    loop->on_deadline = handler;
    loop->deadline_context = context;
}

static void set_timer(struct loop *loop, uint64_t nanoseconds)
{
    const struct itimerspec setting = {
        .it_value = {.tv_sec = (time_t)(nanoseconds / 1000000000U),
                     .tv_nsec = (long)(nanoseconds % 1000000000U)},
    };
    (void)timerfd_settime(loop->timer, TFD_TIMER_ABSTIME, &setting, NULL);
}

void loop_set_deadline(struct loop *loop, struct instant when)
{
    // All zero would disarm the timer.
    set_timer(loop, when.nanoseconds == 0 ? 1 : when.nanoseconds);
}

void loop_clear_deadline(struct loop *loop)
{
    set_timer(loop, 0);
}

bool loop_take_signals(struct loop *loop, const int *signals, size_t count,
                       loop_signal_handler *handler, void *context)
{
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < count; i++) {
        (void)sigaddset(&set, signals[i]);
    }
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return false;
    }
    loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    loop->on_signal = handler;
    loop->signal_context = context;
    return loop->signals >= 0 &&
           loop_watch(loop, loop->signals, LOOP_READABLE, handle_signal, loop);
}

static unsigned loop_events_of(uint32_t events)
{
    const uint32_t readable = (uint32_t)EPOLLIN | (uint32_t)EPOLLERR | (uint32_t)EPOLLHUP;
    return ((events & readable) != 0 ? (unsigned)LOOP_READABLE : 0U) |
           ((events & (uint32_t)EPOLLOUT) != 0 ? (unsigned)LOOP_WRITABLE : 0U);
}

static void dispatch(const struct epoll_event *events, int count)
{
    for (int i = 0; i < count; i++) {
        const struct watch *watch = events[i].data.ptr;
        if (watch->descriptor >= 0) {
            watch->handler(watch->context, loop_events_of(events[i].events));
        }
    }
}

bool loop_run(struct loop *loop)
{
    struct epoll_event events[EVENTS_PER_WAIT];
    loop->stops = false;
    while (!loop->stops) {
        const int count = epoll_wait(loop->epoll, events, EVENTS_PER_WAIT, -1);
        if (count < 0 && errno != EINTR) {
            return false;
        }
        dispatch(events, count);
        release_unwatched(loop);
    }
    return true;
}

void loop_stop(struct loop *loop)
{
    loop->stops = true;
}
