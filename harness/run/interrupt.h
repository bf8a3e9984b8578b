// interrupt.h - SIGINT, SIGTERM and SIGHUP as a flag that every wait of the runner looks at.
#ifndef HARNESS_RUN_INTERRUPT_H
#define HARNESS_RUN_INTERRUPT_H

#include <stdbool.h>

// From now on these signals set the flag instead of ending the process.
void interrupt_catch(void);
bool interrupt_requested(void);
// Forgets a request: for a cell that was kept up until Ctrl-C and is taken down in order now.
void interrupt_forget(void);
// Waits `milliseconds` at most, less when a signal arrives.
void interrupt_wait(unsigned milliseconds);

#endif
