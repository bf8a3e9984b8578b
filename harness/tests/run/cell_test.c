#include "harness/run/cell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/tap/tap.h"

static struct peer_capability no_pfs[] = {
    {.name = "child.pfs", .answer = PEER_NO}
};

struct world {
    struct peer_manifest manifests[3];
    struct peer_list peers;
    struct scenario_list list;
    struct scenario scenarios[2];
    struct peer_pair pairs[CELL_MOST_PAIRS];
};

static bool load_scenario(const char *id, const char *middle, struct scenario *out_scenario)
{
    char text[1024];
    char path[] = "/tmp/ikelab-cell-XXXXXX";
    struct block_fault fault = {0};
    (void)snprintf(text, sizeof(text),
                   "ikelab 1\ntitle \"t\"\n%s\n"
                   "topology { west-lan -- west -- wan -- east -- east-lan }\n"
                   "intent tunnel { auth psk }\nsteps { 10 hold 1s }\n"
                   "expect { state { must a } }\n",
                   middle);
    const int descriptor = mkstemp(path);
    const bool wrote =
        descriptor >= 0 && write(descriptor, text, strlen(text)) == (ssize_t)strlen(text);
    (void)close(descriptor);
    const bool loaded = wrote && scenario_load(path, id, out_scenario, &fault);
    (void)unlink(path);
    return loaded;
}

static void add_peer(struct world *world, const char *name, const char *version, bool is_available)
{
    struct peer_manifest *manifest = &world->manifests[world->peers.count];
    struct lab_peer *peer = &world->peers.peers[world->peers.count++];
    manifest->name = name;
    peer->manifest = manifest;
    peer->is_available = is_available;
    (void)snprintf(peer->version, sizeof(peer->version), "%s", version);
    (void)snprintf(peer->label, sizeof(peer->label), "%s@%s", name, version);
    (void)snprintf(peer->reason, sizeof(peer->reason), "%s",
                   is_available ? "" : "it is not here; fetch it");
}

static struct world *make_world(void)
{
    struct world *world = calloc(1, sizeof(*world));
    if (world == NULL || !load_scenario("basic/plain", "", &world->scenarios[0]) ||
        !load_scenario("rekey/varied",
                       "needs { $who child.pfs }\nvary { who west | east\n pfs on | off }",
                       &world->scenarios[1])) {
        abort();
    }
    world->list = (struct scenario_list){.scenarios = world->scenarios, .count = 2};
    add_peer(world, "refgw", "0.1.0", true);
    add_peer(world, "other", "2.0", true);
    add_peer(world, "absent", "unknown", false);
    return world;
}

static void free_world(struct world *world)
{
    scenario_clear(&world->scenarios[0]);
    scenario_clear(&world->scenarios[1]);
    free(world);
}

static size_t choose(struct world *world, enum pair_choice_kind kind, const char *west,
                     const char *east, char problem[256])
{
    const struct pair_choice choice = {.kind = kind,
                                       .west = &west,
                                       .west_count = west != NULL,
                                       .east = &east,
                                       .east_count = east != NULL};
    return peer_pairs_choose(&world->peers, &choice, world->pairs, problem, 256);
}

static bool make_plan(struct world *world, size_t pairs, const char *pattern,
                      struct run_plan *out_plan)
{
    const struct run_plan_input input = {.scenarios = &world->list,
                                         .pairs = world->pairs,
                                         .pair_count = pairs,
                                         .patterns = &pattern,
                                         .pattern_count = pattern != NULL};
    return run_plan_make(&input, out_plan);
}

static bool is_pair(const struct world *world, size_t index, const char *west, const char *east)
{
    return strcmp(world->pairs[index].west->manifest->name, west) == 0 &&
           strcmp(world->pairs[index].east->manifest->name, east) == 0;
}

static void chooses_pairs(struct world *world)
{
    char problem[256];
    ok(choose(world, PAIRS_DEFAULT, NULL, NULL, problem) == 3 &&
           is_pair(world, 0, "refgw", "refgw") && is_pair(world, 1, "refgw", "other") &&
           is_pair(world, 2, "other", "refgw"),
       "by default refgw meets itself and each available peer in both roles");
    ok(choose(world, PAIRS_ALL, NULL, NULL, problem) == 4, "--all pairs every available peer");
    ok(choose(world, PAIRS_NAMED, "other", NULL, problem) == 1 &&
           is_pair(world, 0, "other", "refgw"),
       "a single --west meets refgw");
    ok(choose(world, PAIRS_NAMED, NULL, "other@2.0", problem) == 1 &&
           is_pair(world, 0, "refgw", "other"),
       "a peer can be named with its version");
    ok(choose(world, PAIRS_NAMED, "absent", "other", problem) == 1,
       "a peer that is not here can be named: its cells are skipped");
    ok(choose(world, PAIRS_NAMED, "nobody", NULL, problem) == 0 &&
           strcmp(problem, "there is no peer 'nobody'; there are: none") == 0,
       "an unknown name is refused with the names there are");
    ok(choose(world, PAIRS_NAMED, "other@3.0", NULL, problem) == 0, "so is an unknown version");
}

static void makes_ids(struct world *world)
{
    static const char *const wanted[] = {
        "basic/plain:west=refgw@0.1.0,east=other@2.0",
        "rekey/varied[who=west,pfs=on]:west=refgw@0.1.0,east=other@2.0",
        "rekey/varied[who=west,pfs=off]:west=refgw@0.1.0,east=other@2.0",
        "rekey/varied[who=east,pfs=on]:west=refgw@0.1.0,east=other@2.0",
        "rekey/varied[who=east,pfs=off]:west=refgw@0.1.0,east=other@2.0",
    };
    struct run_plan plan;
    char problem[256];
    const size_t pairs = choose(world, PAIRS_NAMED, NULL, "other", problem);
    if (!ok(make_plan(world, pairs, NULL, &plan) && plan.count == 5, "the plan has five cells")) {
        return;
    }
    for (size_t i = 0; i < plan.count; i++) {
        ok(strcmp(plan.cells[i].id, wanted[i]) == 0, "cell %zu is %s", i, wanted[i]);
        ok(plan.cells[i].number == i + 1, "and has number %zu", i + 1);
    }
    ok(strcmp(plan.cells[1].folder,
              "rekey.varied_who=west_pfs=on_west=refgw@0.1.0_east=other@2.0") == 0,
       "its folder has nothing that a shell or a mount option minds");
    char repro[512];
    cell_repro(&plan.cells[1], 7, repro, sizeof(repro));
    ok(strcmp(repro, "sudo ikelab run 'rekey/varied[who=west,pfs=on]' --west refgw@0.1.0 --east "
                     "other@2.0 --seed 7") == 0,
       "a command brings it back");
    run_plan_clear(&plan);
}

static void selects_by_pattern(struct world *world)
{
    static const struct {
        const char *pattern;
        size_t count;
    } patterns[] = {
        {"*",                                                             15},
        {"basic/*",                                                       3 },
        {"basic/plain",                                                   3 },
        {"basic",                                                         0 },
        {"rekey/varied",                                                  12},
        {"rekey/varied[who=west,pfs=on]",                                 3 },
        {"*pfs=on*",                                                      6 },
        {"*:west=other@*",                                                5 },
        {"basic/plain:west=refgw@0.1.0,east=refgw@0.1.0",                 1 },
        {"rekey/varied[who=west,pfs=on]:west=refgw@0.1.0,east=other@2.0", 1 },
        {"nothing",                                                       0 },
        {"[",                                                             0 },
    };
    char problem[256];
    const size_t pairs = choose(world, PAIRS_DEFAULT, NULL, NULL, problem);
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        struct run_plan plan = {0};
        ok(make_plan(world, pairs, patterns[i].pattern, &plan) && plan.count == patterns[i].count,
           "'%s' selects %zu cells", patterns[i].pattern, patterns[i].count);
        run_plan_clear(&plan);
    }
}

static void says_why_a_cell_does_not_run(struct world *world)
{
    struct run_plan plan;
    char problem[256];
    world->manifests[1].capability_count = 1;
    (void)memcpy(world->manifests[1].capabilities, no_pfs, sizeof(no_pfs));
    size_t pairs = choose(world, PAIRS_NAMED, "refgw", "other", problem);
    if (!ok(make_plan(world, pairs, "rekey/varied*", &plan) && plan.count == 4, "a plan is made")) {
        return;
    }
    ok(plan.cells[0].hindrance == CELL_RUNS, "a need of west does not concern east");
    ok(plan.cells[2].hindrance == CELL_UNSUPPORTED && plan.cells[2].reason_side == SIDE_EAST &&
           strcmp(plan.cells[2].reason, "east (other) declares that it has no child.pfs") == 0,
       "a declared no is unsupported, with its reason");
    run_plan_clear(&plan);

    pairs = choose(world, PAIRS_NAMED, "absent", "other", problem);
    if (ok(make_plan(world, pairs, "basic/*", &plan) && plan.count == 1, "a plan is made")) {
        ok(plan.cells[0].hindrance == CELL_SKIPPED &&
               strcmp(plan.cells[0].reason, "it is not here; fetch it") == 0,
           "a missing peer is skipped, with what to do");
        run_plan_clear(&plan);
    }
}

int main(void)
{
    struct world *world = make_world();
    chooses_pairs(world);
    makes_ids(world);
    selects_by_pattern(world);
    says_why_a_cell_does_not_run(world);
    free_world(world);
    return done_testing();
}
