// ikelab: the lab's one program. What it does is in the subcommands.
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "harness/command.h"
#include "harness/relay/relay.h"
#include "harness/run/result_file.h"
#include "harness/traffic/traffic.h"
#include "pcap/command_pcap.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *what; // NULL: the lab starts it itself
} commands[] = {
    {"run",     command_run,    "runs cells and writes result.json, TAP and the report"    },
    {"list",    command_list,   "shows the cells with their ids"                           },
    {"lint",    command_lint,   "checks scenarios without running them"                    },
    {"doctor",  command_doctor, "tells what this machine can run, and what to do about it" },
    {"peer",    command_peer,   "lists, fetches, checks peers; renders their configuration"},
    {"judge",   command_judge,  "judges the evidence of a cell again"                      },
    {"report",  command_report, "makes HTML, JUnit and Markdown from result.json again"    },
    {"pcap",    command_pcap,   "explains captures"                                        },
    {"relay",   relay_main,     NULL                                                       },
    {"traffic", traffic_main,   NULL                                                       },
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void print_help(FILE *out)
{
    (void)fprintf(out, "usage: ikelab COMMAND [ARGUMENT...]\n\n"
                       "Proves that IKEv2/IPsec gateways work together.\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (commands[i].what != NULL) {
            (void)fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].what);
        }
    }
    (void)fprintf(out,
                  "\n`ikelab COMMAND --help` tells more. For example\n\n"
                  "  ikelab doctor\n"
                  "  sudo ikelab peer fetch\n"
                  "  sudo ikelab run 'basic/*' --east strongswan\n\n"
                  "Exit codes: 0 as expected, 1 a fail or crash, 2 usage, 3 the environment or "
                  "the lab\nbroke, 4 nothing ran.\n");
}

bool command_wants_help(int argc, char **argv, const char *help)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0 ||
            (i == 1 && strcmp(argv[i], "help") == 0)) {
            (void)fputs(help, stdout);
            return true;
        }
    }
    return false;
}

int command_refuse(const char *command, const char *format, ...)
{
    va_list arguments;
    (void)fprintf(stderr, "ikelab %s: ", command);
    va_start(arguments, format);
    (void)vfprintf(stderr, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "\n`ikelab %s --help` tells how it is used\n", command);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        (void)printf("ikelab %s\n", IKELAB_VERSION);
        return EXIT_AS_EXPECTED;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(stdout);
        return EXIT_AS_EXPECTED;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    if (name[0] != '\0') {
        (void)fprintf(stderr, "ikelab: there is no command '%s'\n\n", name);
    }
    print_help(stderr);
    return EXIT_USAGE;
}
