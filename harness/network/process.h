// process.h - a child process of the lab: started inside a namespace, watched, ended.
//
// Every child leads a process group of its own and dies with its starter (SIGKILL when the
// thread that started it ends), so a killed `ikelab` leaves no process behind. Nothing here
// waits without a limit.
#ifndef HARNESS_NETWORK_PROCESS_H
#define HARNESS_NETWORK_PROCESS_H

#include "refgw/base/bytes.h"

#include <sys/types.h>

enum { LAB_ERROR_SIZE = 256 }; // one sentence for people

struct process_options {
    const char *namespace_name;     // "ikl-412-1-west", or NULL: where the caller is
    const char *const *arguments;   // ends with NULL; [0] is a path or is looked up in PATH
    const char *const *environment; // "NAME=value" added to ours, ends with NULL; or NULL
    const char *directory;          // working directory, or NULL
    const char *output_path;        // gets standard output and error, appended; NULL: nowhere
    int input;                      // becomes standard input (is not closed here); -1: nothing
    int output;                     // becomes standard output instead of output_path; -1: unused
};

// What a caller starts from: everything NULL, descriptors -1.
struct process_options process_options_default(const char *const *arguments);

struct process {
    pid_t pid;      // also the process group; 0: never started
    int descriptor; // pidfd, readable when the process has ended; -1 once it was collected
    bool has_ended;
    int wait_status; // as from waitpid(), once has_ended
};

// Starts the program; returns when it runs. False with the reason in `out_error` when the
// namespace, a file or the program is missing; nothing is left then.
MUST_USE bool process_start(const struct process_options *options, struct process *out_process,
                            char out_error[LAB_ERROR_SIZE]);
// Whether it has ended; collects it then. Never blocks.
bool process_has_ended(struct process *process);
// Waits for the end, `milliseconds` at most. False when it still runs.
bool process_wait(struct process *process, unsigned milliseconds);
// Sends the signal to the whole process group. Harmless after the end.
void process_signal(const struct process *process, int signal_number);
// Ends the process group: SIGTERM, then SIGKILL after `grace_milliseconds` (0: at once),
// and collects the process. Safe on a process that was never started, and more than once.
void process_end(struct process *process, unsigned grace_milliseconds);
// "still running", "exit 0", "exit 1", "signal 11".
void process_describe(const struct process *process, char *out_text, size_t size);

// Runs a program to its end. Its standard input is `input`; what it prints (both streams) lands
// in `out_text`, cut to `size` with a final zero. Returns the exit code, or -1 when it could
// not be started, ended by a signal, or ran longer than `milliseconds` (its group is killed);
// `out_text` then holds the reason. Programs that print more than fits are not disturbed.
int process_run(const struct process_options *options, struct byte_view input,
                unsigned milliseconds, char *out_text, size_t size);

// Puts the calling process into a namespace. False with errno set.
MUST_USE bool namespace_enter(const char *name);
// Starts a program inside a namespace with output to a file: process_start() for the usual case.
MUST_USE bool namespace_spawn(const char *name, const char *const *arguments,
                              const char *output_path, struct process *out_process,
                              char out_error[LAB_ERROR_SIZE]);

// Microseconds of CLOCK_REALTIME: the time line of all evidence.
uint64_t lab_time_us(void);
// Milliseconds of CLOCK_MONOTONIC, for deadlines.
uint64_t lab_monotonic_ms(void);

#endif
