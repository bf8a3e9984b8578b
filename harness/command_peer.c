#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/command.h"
#include "harness/peer/adapter.h"
#include "harness/peer/peer_check.h"
#include "harness/peer/render.h"
#include "harness/run/peer_list.h"
#include "harness/run/result_file.h"
#include "harness/run/scenario_list.h"

enum { PROBLEM_SIZE = 512, FETCH_MILLISECONDS = 10 * 60 * 1000 };

static const char help[] =
    "usage: ikelab peer list [--json]\n"
    "       ikelab peer fetch [NAME...]\n"
    "       ikelab peer check NAME\n"
    "       ikelab peer render NAME SCENARIO [west|east]\n"
    "\n"
    "  list    peers, their versions, and why one cannot run here\n"
    "  fetch   unpacks packaged peers below build/peers; without NAME those of the default matrix\n"
    "  check   proves that the adapter keeps its contract (root)\n"
    "  render  prints the configuration that the peer would get; west when no side is named\n"
    "\n"
    "  ikelab peer render strongswan basic/psk-tunnel east\n";

static int load(struct lab_paths *out_paths, struct peer_list *out_peers)
{
    char problem[PROBLEM_SIZE];
    if (!lab_paths_find(out_paths, problem, sizeof(problem))) {
        (void)fprintf(stderr, "ikelab peer: %s\n", problem);
        return EXIT_INCOMPLETE;
    }
    if (!peer_list_load(out_paths, stderr, out_peers)) {
        (void)fprintf(stderr, "ikelab peer: out of memory\n");
        return EXIT_INCOMPLETE;
    }
    return EXIT_AS_EXPECTED;
}

static void print_list(const struct peer_list *peers)
{
    for (size_t i = 0; i < peers->count; i++) {
        const struct lab_peer *peer = &peers->peers[i];
        (void)printf("%-28s %s\n", peer->label, peer->is_available ? "available" : peer->reason);
    }
}

static void print_list_json(const struct peer_list *peers)
{
    json_t *list = json_array();
    for (size_t i = 0; i < peers->count; i++) {
        const struct lab_peer *peer = &peers->peers[i];
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:b, s:s, s:s}", "name", peer->manifest->name,
                            "version", peer->version, "label", peer->label, "available",
                            peer->is_available, "reason", peer->reason, "root", peer->root));
    }
    (void)json_dumpf(list, stdout, JSON_INDENT(1));
    (void)printf("\n");
    json_decref(list);
}

static int run_list(int argc, char **argv)
{
    struct lab_paths paths;
    struct peer_list *peers = calloc(1, sizeof(*peers));
    int exit_code = peers != NULL ? load(&paths, peers) : EXIT_INCOMPLETE;
    if (exit_code == EXIT_AS_EXPECTED) {
        if (argc > 0 && strcmp(argv[0], "--json") == 0) {
            print_list_json(peers);
        } else {
            print_list(peers);
        }
        exit_code = peers->count > 0 ? EXIT_AS_EXPECTED : EXIT_NOTHING_RAN;
        peer_list_clear(peers);
    }
    free(peers);
    return exit_code;
}

// 0 fetched or nothing to fetch, 3 it did not work.
static int fetch_one(const struct lab_paths *paths, const struct peer_manifest *manifest)
{
    char folder[LAB_PATH_SIZE];
    struct operation_result result;
    const struct peer_adapter adapter = {.manifest = manifest, .bin = paths->bin};
    int exit_code = EXIT_AS_EXPECTED;
    if (!lab_path_join(paths->roots, manifest->name, folder)) {
        return EXIT_INCOMPLETE;
    }
    (void)fprintf(stderr, "%s: ", manifest->name);
    adapter_run(&adapter, "fetch", folder, FETCH_MILLISECONDS, &result);
    if (result.outcome == OPERATION_DONE) {
        (void)fprintf(stderr, "is here\n");
    } else if (result.outcome == OPERATION_UNSUPPORTED) {
        (void)fprintf(stderr, "needs no fetching\n");
    } else {
        (void)fprintf(stderr, "%s: %s\n", operation_outcome_name(result.outcome), result.error);
        exit_code = EXIT_INCOMPLETE;
    }
    operation_result_clear(&result);
    return exit_code;
}

static bool is_named(const char *name, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return true;
        }
    }
    return argc == 0;
}

static int run_fetch(int argc, char **argv)
{
    char names[PEER_LIST_MOST][PEER_NAME_SIZE];
    char problem[PROBLEM_SIZE];
    struct lab_paths paths;
    int exit_code = EXIT_AS_EXPECTED;
    int found = 0;
    if (!lab_paths_find(&paths, problem, sizeof(problem))) {
        (void)fprintf(stderr, "ikelab peer: %s\n", problem);
        return EXIT_INCOMPLETE;
    }
    const size_t count = peer_names(paths.peers, names, PEER_LIST_MOST);
    for (size_t i = 0; i < count; i++) {
        char folder[LAB_PATH_SIZE];
        struct peer_manifest manifest = {0};
        struct block_fault fault = {0};
        if (!is_named(names[i], argc, argv) || !lab_path_join(paths.peers, names[i], folder)) {
            continue;
        }
        found++;
        if (!manifest_load(folder, &manifest, &fault)) {
            (void)fprintf(stderr, "%s/peer.conf:%u:%u: %s\n", folder, fault.line, fault.column,
                          fault.message);
            exit_code = EXIT_INCOMPLETE;
            continue;
        }
        if ((argc > 0 || manifest.kind == PEER_KIND_NETNS) &&
            fetch_one(&paths, &manifest) != EXIT_AS_EXPECTED) {
            exit_code = EXIT_INCOMPLETE;
        }
        manifest_clear(&manifest);
    }
    return found < argc ? command_refuse("peer", "a peer of this name is not there") : exit_code;
}

static int check_peer(const struct lab_paths *paths, const struct lab_peer *peer)
{
    char scratch[] = "/tmp/ikl-check-XXXXXX";
    if (mkdtemp(scratch) == NULL) {
        (void)fprintf(stderr, "ikelab peer: /tmp cannot be written\n");
        return EXIT_INCOMPLETE;
    }
    const struct peer_check_options options = {.manifest = peer->manifest,
                                               .root = peer->root[0] != '\0' ? peer->root : NULL,
                                               .bin = paths->bin,
                                               .scratch = scratch};
    const int exit_code = peer_check(&options);
    (void)lab_folder_remove(scratch);
    return exit_code;
}

static int run_check(int argc, char **argv)
{
    struct lab_paths paths;
    struct peer_list *peers = calloc(1, sizeof(*peers));
    if (argc != 1) {
        free(peers);
        return command_refuse("peer", "check takes the name of one peer");
    }
    int exit_code = peers != NULL ? load(&paths, peers) : EXIT_INCOMPLETE;
    if (exit_code == EXIT_AS_EXPECTED) {
        const struct lab_peer *peer = peer_list_find(peers, argv[0]);
        exit_code = peer != NULL ? check_peer(&paths, peer)
                                 : command_refuse("peer", "there is no peer '%s'", argv[0]);
        peer_list_clear(peers);
    }
    free(peers);
    return exit_code;
}

static void print_files(const char *folder)
{
    char path[LAB_PATH_SIZE];
    char buffer[4096];
    size_t got;
    const struct dirent *entry;
    DIR *directory = opendir(folder);
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (entry->d_type != DT_REG || !lab_path_join(folder, entry->d_name, path)) {
            continue;
        }
        FILE *file = fopen(path, "re");
        (void)printf("### %s\n", entry->d_name);
        while (file != NULL && (got = fread(buffer, 1, sizeof(buffer), file)) > 0) {
            (void)fwrite(buffer, 1, got, stdout);
        }
        if (file != NULL) {
            (void)fclose(file);
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
}

static int render_to(const struct peer_manifest *manifest, const struct intent *intent,
                     enum scenario_side side)
{
    char folder[] = "/tmp/ikl-render-XXXXXX";
    struct block_fault fault = {0};
    if (mkdtemp(folder) == NULL) {
        (void)fprintf(stderr, "ikelab peer: /tmp cannot be written\n");
        return EXIT_INCOMPLETE;
    }
    const enum render_result result =
        render_config(manifest, intent, side, "/run/ikelab", folder, &fault);
    if (result == RENDER_DONE) {
        print_files(folder);
    } else {
        (void)fprintf(stderr, "ikelab peer: %s: %s\n",
                      result == RENDER_UNSUPPORTED ? "unsupported" : "broken", fault.message);
    }
    (void)lab_folder_remove(folder);
    return result == RENDER_DONE ? EXIT_AS_EXPECTED : EXIT_UNEXPECTED;
}

// SCENARIO is an id below the scenarios folder, or a file.
static int render_scenario(const struct lab_paths *paths, const struct peer_manifest *manifest,
                           const char *name, enum scenario_side side)
{
    char path[LAB_PATH_SIZE + 8];
    char id[128];
    struct scenario scenario;
    struct block_fault fault = {0};
    (void)snprintf(path, sizeof(path), "%s", name);
    if (access(path, R_OK) != 0) {
        (void)snprintf(path, sizeof(path), "%.*s/%.128s.scn", LAB_PATH_SIZE - 140, paths->scenarios,
                       name);
    }
    scenario_id_from_path(path, id, sizeof(id));
    struct intent *intent = calloc(1, sizeof(*intent));
    if (intent == NULL || !scenario_load(path, id, &scenario, &fault)) {
        (void)fprintf(stderr, "%s:%u:%u: %s\n", path, fault.line, fault.column, fault.message);
        free(intent);
        return EXIT_USAGE;
    }
    const struct scenario_variant variant = scenario_variant_at(&scenario, 0);
    int exit_code = EXIT_USAGE;
    if (intent_from_scenario(&scenario, &variant, "ikelab-example", intent, &fault)) {
        exit_code = render_to(manifest, intent, side);
    } else {
        (void)fprintf(stderr, "%s:%u:%u: %s\n", path, fault.line, fault.column, fault.message);
    }
    free(intent);
    scenario_clear(&scenario);
    return exit_code;
}

static int run_render(int argc, char **argv)
{
    char folder[LAB_PATH_SIZE];
    char problem[PROBLEM_SIZE];
    struct lab_paths paths;
    struct block_fault fault = {0};
    const char *side = argc == 3 ? argv[2] : "west";
    if (argc < 2 || argc > 3 || (strcmp(side, "west") != 0 && strcmp(side, "east") != 0)) {
        return command_refuse("peer", "render takes NAME SCENARIO [west|east]");
    }
    if (!lab_paths_find(&paths, problem, sizeof(problem))) {
        (void)fprintf(stderr, "ikelab peer: %s\n", problem);
        return EXIT_INCOMPLETE;
    }
    struct peer_manifest *manifest = calloc(1, sizeof(*manifest));
    if (manifest == NULL || !lab_path_join(paths.peers, argv[0], folder) ||
        !manifest_load(folder, manifest, &fault)) {
        (void)fprintf(stderr, "%s/peer.conf:%u:%u: %s\n", argv[0], fault.line, fault.column,
                      fault.message);
        free(manifest);
        return EXIT_USAGE;
    }
    const int exit_code = render_scenario(&paths, manifest, argv[1],
                                          strcmp(side, "west") == 0 ? SIDE_WEST : SIDE_EAST);
    manifest_clear(manifest);
    free(manifest);
    return exit_code;
}

int command_peer(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } actions[] = {
        {"list",   run_list  },
        {"fetch",  run_fetch },
        {"check",  run_check },
        {"render", run_render},
    };
    if (command_wants_help(argc, argv, help)) {
        return EXIT_AS_EXPECTED;
    }
    for (size_t i = 0; argc > 1 && i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(argv[1], actions[i].name) == 0) {
            return actions[i].run(argc - 2, argv + 2);
        }
    }
    return command_refuse("peer", "list, fetch, check or render?");
}
