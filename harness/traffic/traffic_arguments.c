#include "harness/traffic/traffic_arguments.h"

#include "harness/traffic/probe_packet.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

enum { DEFAULT_SIZE = 200, DEFAULT_RATE = 200, FASTEST = 100000 };

const char traffic_usage[] =
    "usage: ikelab traffic --name NAME --host HOST --local ADDRESS --remote ADDRESS --port N\n"
    "                      [--size BYTES] [--rate N] [--control FD] [--report FILE]\n";

static bool parse_whole_number(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || number < least ||
        number > most) {
        return false;
    }
    *out = number;
    return true;
}

static bool take_option(int option, struct traffic_arguments *arguments)
{
    uint64_t number = 0;
    switch (option) {
    case 'n':
        arguments->name = optarg;
        return true;
    case 'h':
        arguments->host = optarg;
        return true;
    case 'l':
        arguments->local = optarg;
        return true;
    case 'r':
        arguments->remote = optarg;
        return true;
    case 'o':
        arguments->report_path = optarg;
        return true;
    case 'p':
        return parse_whole_number(optarg, 1, UINT16_MAX, &arguments->port);
    case 's':
        return parse_whole_number(optarg, PROBE_SMALLEST, PROBE_LARGEST, &arguments->size);
    case 'a':
        return parse_whole_number(optarg, 1, FASTEST, &arguments->rate);
    case 'd':
        if (!parse_whole_number(optarg, 0, INT32_MAX, &number)) {
            return false;
        }
        arguments->control_input = (int)number;
        arguments->control_output = (int)number;
        return true;
    default:
        return false;
    }
}

bool traffic_arguments_read(int count, char **words, struct traffic_arguments *out_arguments)
{
    static const struct option options[] = {
        {"name",    required_argument, NULL, 'n'},
        {"host",    required_argument, NULL, 'h'},
        {"local",   required_argument, NULL, 'l'},
        {"remote",  required_argument, NULL, 'r'},
        {"report",  required_argument, NULL, 'o'},
        {"port",    required_argument, NULL, 'p'},
        {"size",    required_argument, NULL, 's'},
        {"rate",    required_argument, NULL, 'a'},
        {"control", required_argument, NULL, 'd'},
        {NULL,      0,                 NULL, 0  },
    };
    *out_arguments = (struct traffic_arguments){.size = DEFAULT_SIZE,
                                                .rate = DEFAULT_RATE,
                                                .control_input = STDIN_FILENO,
                                                .control_output = STDOUT_FILENO};
    optind = 0;
    for (;;) {
        const int option = getopt_long(count, words, "", options, NULL);
        if (option == -1) {
            break;
        }
        if (!take_option(option, out_arguments)) {
            return false;
        }
    }
    return optind == count && out_arguments->name != NULL && out_arguments->host != NULL &&
           out_arguments->local != NULL && out_arguments->remote != NULL &&
           out_arguments->port != 0;
}
