#include "harness/relay/relay_arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

const char relay_usage[] =
    "usage: ikelab relay [--west IF] [--east IF] [--capture FILE] [--report FILE]\n"
    "                    [--rules FILE] [--seed N] [--route PREFIX=SIDE]... [--control FD]\n";

static bool parse_whole_number(const char *text, uint64_t most, uint64_t *out_number)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || number > most) {
        return false;
    }
    *out_number = number;
    return true;
}

static bool take_option(int option, struct relay_arguments *arguments)
{
    uint64_t number = 0;
    switch (option) {
    case 'w':
        arguments->interfaces[RELAY_WEST] = optarg;
        return true;
    case 'e':
        arguments->interfaces[RELAY_EAST] = optarg;
        return true;
    case 'c':
        arguments->capture_path = optarg;
        return true;
    case 'r':
        arguments->report_path = optarg;
        return true;
    case 'u':
        arguments->rules_path = optarg;
        return true;
    case 's':
        return parse_whole_number(optarg, UINT64_MAX, &arguments->seed);
    case 'd':
        if (!parse_whole_number(optarg, INT32_MAX, &number)) {
            return false;
        }
        arguments->control_input = (int)number;
        arguments->control_output = (int)number;
        return true;
    case 'o':
        if (arguments->route_count == RELAY_MOST_ROUTES) {
            return false;
        }
        arguments->routes[arguments->route_count++] = optarg;
        return true;
    default:
        return false;
    }
}

bool relay_arguments_read(int count, char **words, struct relay_arguments *out_arguments)
{
    static const struct option options[] = {
        {"west",    required_argument, NULL, 'w'},
        {"east",    required_argument, NULL, 'e'},
        {"capture", required_argument, NULL, 'c'},
        {"report",  required_argument, NULL, 'r'},
        {"rules",   required_argument, NULL, 'u'},
        {"seed",    required_argument, NULL, 's'},
        {"control", required_argument, NULL, 'd'},
        {"route",   required_argument, NULL, 'o'},
        {NULL,      0,                 NULL, 0  },
    };
    *out_arguments = (struct relay_arguments){
        .interfaces = {"west0", "east0"},
        .seed = 1,
        .control_input = STDIN_FILENO,
        .control_output = STDOUT_FILENO
    };
    optind = 0;
    for (;;) {
        const int option = getopt_long(count, words, "", options, NULL);
        if (option == -1) {
            return optind == count;
        }
        if (!take_option(option, out_arguments)) {
            return false;
        }
    }
}
