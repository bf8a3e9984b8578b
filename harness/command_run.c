#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/command.h"
#include "harness/run/result_file.h"
#include "harness/run/run_matrix.h"

enum { MOST_NAMES = 16, MOST_JOBS = 64, PROBLEM_SIZE = 512 };

static const char help[] =
    "usage: ikelab run [PATTERN...] [--west PEER] [--east PEER] [--all] [--jobs N]\n"
    "                  [--seed S] [--out DIR] [--keep] [--print-commands] [--json]\n"
    "\n"
    "Runs cells: scenario x variant x (west, east). Needs root for network namespaces.\n"
    "A PATTERN is a glob on the scenario, the scenario with its variant, or the whole id.\n"
    "\n"
    "  --west P, --east P  peers, NAME or NAME@VERSION; may be repeated. One of them alone meets\n"
    "                      refgw. Without both: refgw with itself and with each available peer,\n"
    "                      in both roles\n"
    "  --all               every available peer with every other, those under user-mode Linux too\n"
    "  --jobs N            cells side by side; as many as there are cores when left out\n"
    "  --seed S            of everything random in the relay; 1 when left out\n"
    "  --out DIR           where results go; build/results/latest when left out\n"
    "  --keep              leaves each cell up after its steps until Ctrl-C\n"
    "  --print-commands    tells on standard error what a person would type\n"
    "  --json              result.json on standard output instead of TAP\n"
    "\n"
    "  sudo ikelab run                                   the default matrix\n"
    "  sudo ikelab run 'basic/*' --west refgw --east strongswan\n"
    "  sudo ikelab run basic/psk-tunnel --keep           look around in a running cell\n";

struct names {
    size_t count;
    const char *names[MOST_NAMES];
};

struct run_arguments {
    struct run_request request;
    struct names west;
    struct names east;
    bool is_all;
};

enum option_letter {
    OPTION_WEST = 'w',
    OPTION_EAST = 'e',
    OPTION_ALL = 'a',
    OPTION_JOBS = 'j',
    OPTION_SEED = 's',
    OPTION_OUT = 'o',
    OPTION_KEEP = 'k',
    OPTION_PRINT = 'p',
    OPTION_JSON = 'J',
};

static const struct option options[] = {
    {"west",           required_argument, NULL, OPTION_WEST },
    {"east",           required_argument, NULL, OPTION_EAST },
    {"all",            no_argument,       NULL, OPTION_ALL  },
    {"jobs",           required_argument, NULL, OPTION_JOBS },
    {"seed",           required_argument, NULL, OPTION_SEED },
    {"out",            required_argument, NULL, OPTION_OUT  },
    {"keep",           no_argument,       NULL, OPTION_KEEP },
    {"print-commands", no_argument,       NULL, OPTION_PRINT},
    {"json",           no_argument,       NULL, OPTION_JSON },
    {NULL,             0,                 NULL, 0           },
};

static bool add_name(struct names *names, const char *name)
{
    if (names->count == MOST_NAMES) {
        return false;
    }
    names->names[names->count++] = name;
    return true;
}

static bool read_number(const char *text, unsigned long long least, unsigned long long most,
                        unsigned long long *out_number)
{
    char *end = NULL;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    *out_number = strtoull(text, &end, 10);
    return *end == '\0' && *out_number >= least && *out_number <= most;
}

// False when the value of an option is not one.
static bool take_option(int letter, const char *value, struct run_arguments *arguments)
{
    struct run_options *run = &arguments->request.options;
    unsigned long long number = 0;
    bool is_good = true;
    switch (letter) {
    case OPTION_WEST:
        return add_name(&arguments->west, value);
    case OPTION_EAST:
        return add_name(&arguments->east, value);
    case OPTION_ALL:
        arguments->is_all = true;
        return true;
    case OPTION_JOBS:
        is_good = read_number(value, 1, MOST_JOBS, &number);
        run->jobs = (unsigned)number;
        return is_good;
    case OPTION_SEED:
        is_good = read_number(value, 0, INT64_MAX, &number);
        run->seed = number;
        return is_good;
    case OPTION_OUT:
        return value[0] != '\0' && lab_path_absolute(value, run->out);
    case OPTION_KEEP:
        run->keeps = true;
        return true;
    case OPTION_PRINT:
        run->prints_commands = true;
        return true;
    case OPTION_JSON:
        run->prints_json = true;
        return true;
    default:
        return false;
    }
}

static bool set_defaults(struct run_arguments *arguments, int argc, char **argv)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct run_options *run = &arguments->request.options;
    run->seed = 1;
    run->jobs = cores > 0 && cores < MOST_JOBS ? (unsigned)cores : 1;
    run->argument_count = argc;
    run->arguments = argv;
    return lab_path_absolute("build/results/latest", run->out);
}

static int run(struct run_arguments *arguments, char **patterns, int pattern_count)
{
    struct run_request *request = &arguments->request;
    char problem[PROBLEM_SIZE];
    request->patterns = (const char *const *)patterns;
    request->pattern_count = (size_t)pattern_count;
    request->pairs = (struct pair_choice){
        .kind = arguments->is_all                                   ? PAIRS_ALL
                : arguments->west.count + arguments->east.count > 0 ? PAIRS_NAMED
                                                                    : PAIRS_DEFAULT,
        .west = arguments->west.names,
        .west_count = arguments->west.count,
        .east = arguments->east.names,
        .east_count = arguments->east.count,
    };
    if (!lab_paths_find(&request->options.paths, problem, sizeof(problem))) {
        (void)fprintf(stderr, "ikelab run: %s\n", problem);
        return EXIT_INCOMPLETE;
    }
    return run_matrix(request);
}

int command_run(int argc, char **argv)
{
    if (command_wants_help(argc, argv, help)) {
        return EXIT_AS_EXPECTED;
    }
    struct run_arguments *arguments = calloc(1, sizeof(*arguments));
    if (arguments == NULL || !set_defaults(arguments, argc, argv)) {
        free(arguments);
        return EXIT_INCOMPLETE;
    }
    int exit_code = EXIT_AS_EXPECTED;
    int letter;
    opterr = 0;
    optind = 1;
    while (exit_code == EXIT_AS_EXPECTED &&
           (letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!take_option(letter, optarg, arguments)) {
            exit_code = command_refuse("run", "'%s' is not understood", argv[optind - 1]);
        }
    }
    if (exit_code == EXIT_AS_EXPECTED && arguments->is_all &&
        arguments->west.count + arguments->east.count > 0) {
        exit_code = command_refuse("run", "--all stands without --west and --east");
    }
    if (exit_code == EXIT_AS_EXPECTED) {
        exit_code = run(arguments, argv + optind, argc - optind);
    }
    free(arguments);
    return exit_code;
}
