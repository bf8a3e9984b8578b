#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "harness/command.h"
#include "harness/run/result_file.h"
#include "harness/run/run_matrix.h"

enum { PROBLEM_SIZE = 512 };

static const char help[] =
    "usage: ikelab list [PATTERN...] [--west PEER] [--east PEER] [--all] [--json]\n"
    "\n"
    "Shows the cells that `ikelab run` would run, one id a line, with the reason for those that\n"
    "cannot run here. Needs no root.\n"
    "\n"
    "  ikelab list\n"
    "  ikelab list 'nat/*' --east strongswan\n"
    "  ikelab list --json | jq -r '.[].scenario' | sort -u\n";

static const struct option options[] = {
    {"west", required_argument, NULL, 'w'},
    {"east", required_argument, NULL, 'e'},
    {"all",  no_argument,       NULL, 'a'},
    {"json", no_argument,       NULL, 'J'},
    {NULL,   0,                 NULL, 0  },
};

static const char *state_name(const struct cell *cell)
{
    switch (cell->hindrance) {
    case CELL_RUNS:
        break;
    case CELL_SKIPPED:
        return "skipped";
    case CELL_UNSUPPORTED:
        return "unsupported";
    }
    return "runs";
}

static void print_text(const struct run_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct cell *cell = &plan->cells[i];
        (void)printf("%s", cell->id);
        if (cell->hindrance != CELL_RUNS) {
            (void)printf("  # %s: %s", state_name(cell), cell->reason);
        }
        (void)printf("\n");
    }
}

static void print_json(const struct run_plan *plan)
{
    json_t *cells = json_array();
    for (size_t i = 0; i < plan->count; i++) {
        const struct cell *cell = &plan->cells[i];
        (void)json_array_append_new(
            cells, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", cell->id, "scenario",
                             cell->scenario->id, "title", cell->scenario->title, "west",
                             cell->peers.west->label, "east", cell->peers.east->label, "state",
                             state_name(cell), "reason", cell->reason));
    }
    (void)json_dumpf(cells, stdout, JSON_INDENT(1));
    (void)printf("\n");
    json_decref(cells);
}

int command_list(int argc, char **argv)
{
    struct run_request request = {0};
    struct run_inventory inventory;
    char problem[PROBLEM_SIZE];
    const char *west = NULL;
    const char *east = NULL;
    bool is_json = false;
    int letter;
    int exit_code;
    if (command_wants_help(argc, argv, help)) {
        return EXIT_AS_EXPECTED;
    }
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (letter == 'w') {
            west = optarg;
        } else if (letter == 'e') {
            east = optarg;
        } else if (letter == 'a') {
            request.pairs.kind = PAIRS_ALL;
        } else if (letter == 'J') {
            is_json = true;
        } else {
            return command_refuse("list", "'%s' is not understood", argv[optind - 1]);
        }
    }
    if (west != NULL || east != NULL) {
        request.pairs = (struct pair_choice){.kind = PAIRS_NAMED,
                                             .west = &west,
                                             .west_count = west != NULL,
                                             .east = &east,
                                             .east_count = east != NULL};
    }
    request.patterns = (const char *const *)(argv + optind);
    request.pattern_count = (size_t)(argc - optind);
    if (!lab_paths_find(&request.options.paths, problem, sizeof(problem))) {
        (void)fprintf(stderr, "ikelab list: %s\n", problem);
        return EXIT_INCOMPLETE;
    }
    if (run_inventory_make(&request.options.paths, &request, &inventory, &exit_code)) {
        if (is_json) {
            print_json(&inventory.plan);
        } else {
            print_text(&inventory.plan);
        }
    }
    run_inventory_clear(&inventory);
    return exit_code;
}
