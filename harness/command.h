// command.h - the subcommands of ikelab. Each gets its own name as argv[0] and returns the exit
// code of the process: 0 as expected, 1 unexpected fail, 2 usage, 3 environment, 4 nothing ran.
#ifndef HARNESS_COMMAND_H
#define HARNESS_COMMAND_H

#include "refgw/base/bytes.h"

int command_run(int argc, char **argv);
int command_list(int argc, char **argv);
int command_lint(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_peer(int argc, char **argv);
int command_judge(int argc, char **argv);
int command_report(int argc, char **argv);

// Whether a help text was asked for (-h, --help as the first argument, or the word `help`); it is
// printed then.
MUST_USE bool command_wants_help(int argc, char **argv, const char *help);
// Tells on standard error what is wrong and where the help is. Gives 2.
int command_refuse(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
