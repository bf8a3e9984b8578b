#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "harness/command.h"
#include "harness/peer/capability.h"
#include "harness/run/lab_paths.h"
#include "harness/run/peer_list.h"
#include "harness/run/result_file.h"
#include "harness/run/scenario_list.h"

enum { ID_SIZE = 128, PROBLEM_SIZE = 512, MOST_OPEN_FOLDERS = 16 };

static const char help[] =
    "usage: ikelab lint [FILE...]\n"
    "       ikelab lint --capabilities\n"
    "\n"
    "Checks scenarios under every variant without running anything: order of blocks, every word,\n"
    "steps, expectations, intent, capabilities. Without FILE all scenarios and all manifests.\n"
    "Prints `file:line:column: message`; exit 1 when there is one.\n"
    "\n"
    "  ikelab lint scenarios/basic/psk-tunnel.scn\n";

// nftw() takes no context. Set only while lint_all() runs.
static size_t fault_count;
static size_t file_count;

static void lint_file(const char *path)
{
    struct scenario scenario;
    struct block_fault fault = {0};
    char id[ID_SIZE];
    scenario_id_from_path(path, id, sizeof(id));
    file_count++;
    if (scenario_lint(path, id, &scenario, &fault)) {
        scenario_clear(&scenario);
        return;
    }
    fault_count++;
    (void)printf("%s:%u:%u: %s\n", path, fault.line, fault.column, fault.message);
}

static int lint_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    const size_t length = strlen(path);
    (void)status;
    (void)place;
    if (kind == FTW_F && length > 4 && strcmp(path + length - 4, ".scn") == 0) {
        lint_file(path);
    }
    return 0;
}

static void lint_manifests(const struct lab_paths *paths)
{
    char names[PEER_LIST_MOST][PEER_NAME_SIZE];
    const size_t count = peer_names(paths->peers, names, PEER_LIST_MOST);
    for (size_t i = 0; i < count; i++) {
        char folder[LAB_PATH_SIZE];
        struct peer_manifest manifest = {0};
        struct block_fault fault = {0};
        file_count++;
        if (lab_path_join(paths->peers, names[i], folder) &&
            manifest_load(folder, &manifest, &fault)) {
            manifest_clear(&manifest);
            continue;
        }
        fault_count++;
        (void)printf("%s/peer.conf:%u:%u: %s\n", folder, fault.line, fault.column, fault.message);
    }
}

static void print_capabilities(void)
{
    const char *word;
    for (size_t i = 0; (word = capability_at(i)) != NULL; i++) {
        (void)printf("%s\n", word);
    }
    (void)printf("ike.ALGORITHM\nesp.ALGORITHM\n");
}

int command_lint(int argc, char **argv)
{
    struct lab_paths paths;
    char problem[PROBLEM_SIZE];
    if (command_wants_help(argc, argv, help)) {
        return EXIT_AS_EXPECTED;
    }
    if (argc == 2 && strcmp(argv[1], "--capabilities") == 0) {
        print_capabilities();
        return EXIT_AS_EXPECTED;
    }
    fault_count = 0;
    file_count = 0;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') {
            return command_refuse("lint", "'%s' is not understood", argv[i]);
        }
        lint_file(argv[i]);
    }
    if (argc == 1) {
        if (!lab_paths_find(&paths, problem, sizeof(problem))) {
            (void)fprintf(stderr, "ikelab lint: %s\n", problem);
            return EXIT_INCOMPLETE;
        }
        (void)nftw(paths.scenarios, lint_entry, MOST_OPEN_FOLDERS, FTW_PHYS);
        lint_manifests(&paths);
    }
    (void)fprintf(stderr, "# %zu files, %zu with a fault\n", file_count, fault_count);
    if (file_count == 0) {
        return EXIT_NOTHING_RAN;
    }
    return fault_count > 0 ? EXIT_UNEXPECTED : EXIT_AS_EXPECTED;
}
