#include "harness/run/interrupt.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t is_requested;

static void remember(int signal_number)
{
    (void)signal_number;
    is_requested = 1;
}

void interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = remember};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
    // A reader of our standard output that went away shows as a failed write.
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL);
}

bool interrupt_requested(void)
{
    return is_requested != 0;
}

void interrupt_forget(void)
{
    is_requested = 0;
}

void interrupt_wait(unsigned milliseconds)
{
    (void)poll(NULL, 0, (int)milliseconds);
}
