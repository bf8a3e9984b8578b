#include "harness/run/result_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum { TIME_SIZE = 40, CPU_SIZE = 128 };

// RFC 3339 in UTC with microseconds.
static json_t *time_text(uint64_t time_us)
{
    char text[TIME_SIZE];
    struct tm parts;
    const time_t seconds = (time_t)(time_us / 1000000);
    if (gmtime_r(&seconds, &parts) == NULL ||
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts) == 0) {
        return json_string("1970-01-01T00:00:00Z");
    }
    return json_sprintf("%s.%06uZ", text, (unsigned)(time_us % 1000000));
}

// The value of the first "model name" in /proc/cpuinfo, or "".
static void read_cpu(char out_cpu[CPU_SIZE])
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "re");
    out_cpu[0] = '\0';
    while (file != NULL && out_cpu[0] == '\0' && fgets(line, sizeof(line), file) != NULL) {
        const char *value = strchr(line, ':');
        if (strncmp(line, "model name", strlen("model name")) == 0 && value != NULL) {
            (void)snprintf(out_cpu, CPU_SIZE, "%.*s", (int)strcspn(value + 2, "\n"), value + 2);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
}

static json_t *host_object(void)
{
    struct utsname name;
    char cpu[CPU_SIZE];
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    read_cpu(cpu);
    return json_pack("{s:s, s:s, s:i}", "kernel", uname(&name) == 0 ? name.release : "unknown",
                     "cpu", cpu, "cores", cores > 0 ? (int)cores : 1);
}

static json_t *run_object(const struct run_summary *summary)
{
    json_t *arguments = json_array();
    for (int i = 0; i < summary->options->argument_count; i++) {
        (void)json_array_append_new(arguments, json_string(summary->options->arguments[i]));
    }
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:s, s:o, s:I}", "id",
        json_sprintf("%llu-%d", (unsigned long long)summary->started_us, (int)getpid()), "started",
        time_text(summary->started_us), "ended", time_text(summary->ended_us), "argv", arguments,
        "version", IKELAB_VERSION, "host", host_object(), "seed",
        (json_int_t)summary->options->seed);
}

static const char *kind_name(enum peer_kind kind)
{
    switch (kind) {
    case PEER_KIND_NETNS:
        return "netns";
    case PEER_KIND_UML:
        return "uml";
    case PEER_KIND_REMOTE:
        return "remote";
    case PEER_KIND_MANUAL:
        break;
    }
    return "manual";
}

static void add_peer(json_t *peers, const struct lab_peer *peer)
{
    const struct peer_manifest *manifest = peer->manifest;
    json_t *capabilities = json_object();
    for (size_t i = 0; i < manifest->capability_count; i++) {
        const struct peer_capability *capability = &manifest->capabilities[i];
        (void)json_object_set_new(
            capabilities, capability->name,
            json_pack("{s:s}", "declared", peer_answer_name(capability->answer)));
    }
    (void)json_object_set_new(peers, peer->label,
                              json_pack("{s:s, s:s, s:s, s:s, s:{s:b, s:b}, s:o, s:b, s:s}", "name",
                                        manifest->name, "version", peer->version, "vendor",
                                        manifest->vendor, "kind", kind_name(manifest->kind), "keys",
                                        "ike", manifest->ike_keys.is_exported, "esp",
                                        manifest->esp_keys.is_exported, "caps", capabilities,
                                        "available", peer->is_available, "why", peer->reason));
}

static json_t *words_of(const struct block_statement *statement)
{
    json_t *words = json_array();
    for (size_t i = 1; statement != NULL && i < statement->count; i++) {
        (void)json_array_append_new(words, json_string(statement->items[i].text));
    }
    return words;
}

static void add_scenario(json_t *scenarios, const struct scenario *scenario)
{
    (void)json_object_set_new(scenarios, scenario->id,
                              json_pack("{s:s, s:s, s:o, s:o}", "title", scenario->title, "file",
                                        scenario->file, "reqs", words_of(scenario->requirements),
                                        "tags", words_of(scenario->tags)));
}

json_t *result_file_make(const struct run_summary *summary)
{
    json_t *peers = json_object();
    json_t *scenarios = json_object();
    json_t *results = json_array();
    for (size_t i = 0; i < summary->plan->count; i++) {
        const struct cell *cell = &summary->plan->cells[i];
        if (!summary->results[i].is_done) {
            continue;
        }
        add_peer(peers, cell->peers.west);
        add_peer(peers, cell->peers.east);
        add_scenario(scenarios, cell->scenario);
        (void)json_array_append(results, summary->results[i].entry);
    }
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "schema", "ikelab.result/1", "run",
                     run_object(summary), "peers", peers, "scenarios", scenarios, "results",
                     results);
}

int run_exit_code(const struct run_result *results, size_t count)
{
    size_t failed = 0;
    size_t incomplete = 0;
    size_t ran = 0;
    for (size_t i = 0; i < count; i++) {
        const enum verdict verdict = results[i].verdict;
        if (!results[i].is_done || verdict == VERDICT_HARNESS_ERROR ||
            verdict == VERDICT_ENV_ERROR) {
            incomplete++;
        } else if (verdict == VERDICT_FAIL || verdict == VERDICT_CRASH) {
            failed++;
        } else if (verdict != VERDICT_SKIPPED && verdict != VERDICT_UNSUPPORTED) {
            ran++;
        }
    }
    if (failed > 0) {
        return EXIT_UNEXPECTED;
    }
    if (incomplete > 0) {
        return EXIT_INCOMPLETE;
    }
    return ran > 0 ? EXIT_AS_EXPECTED : EXIT_NOTHING_RAN;
}
