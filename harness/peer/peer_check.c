#include "harness/peer/peer_check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/network/process.h"
#include "harness/peer/adapter.h"
#include "harness/peer/capability.h"
#include "harness/peer/render.h"
#include "harness/peer/status.h"
#include "harness/tap/tap.h"

enum {
    PATH_SIZE = 1024,
    INTENT_TEXT_SIZE = 1024,
    COMMAND_MS = 5000,
    LISTING_SIZE = 16 * 1024,
    EXIT_ENVIRONMENT = 3,
};

struct check {
    const struct peer_check_options *options;
    struct peer_adapter adapter;
    char netns[PEER_NAME_SIZE];
    char directory[PATH_SIZE];
    char config[PATH_SIZE];
};

// --- Help ---------------------------------------------------------------------------------

static enum operation_outcome run(const struct check *check, const char *name, const char *argument,
                                  struct operation_result *out_result)
{
    adapter_run(&check->adapter, name, argument, adapter_budget_ms(check->adapter.manifest, name),
                out_result);
    return out_result->outcome;
}

// Runs an operation and reports whether it ended as wanted.
static bool expect(const struct check *check, const char *name, enum operation_outcome wanted,
                   const char *claim)
{
    struct operation_result result;
    const enum operation_outcome outcome = run(check, name, NULL, &result);
    const bool passed = ok(outcome == wanted, "%s", claim);
    if (!passed) {
        note("ctl %s: %s, wanted %s: %s", name, operation_outcome_name(outcome),
             operation_outcome_name(wanted), result.error);
    } else {
        note("ctl %s took %u ms", name, (unsigned)(result.took_us / 1000));
    }
    operation_result_clear(&result);
    return passed;
}

static int command(const char *const *arguments, char *out_text, size_t size)
{
    const struct process_options options = process_options_default(arguments);
    return process_run(&options, (struct byte_view){0}, COMMAND_MS, out_text, size);
}

static bool make_folder(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

// --- A world to run in --------------------------------------------------------------------

static bool make_world(struct check *check)
{
    char said[LAB_ERROR_SIZE];
    const char *const add[] = {"ip", "netns", "add", check->netns, NULL};
    const char *const up[] = {"ip", "-n", check->netns, "link", "set", "lo", "up", NULL};
    const char *const address[] = {"ip",           "-n",  check->netns, "addr", "add",
                                   "192.0.2.1/32", "dev", "lo",         NULL};
    if (!make_folder(check->directory) || !make_folder(check->config)) {
        note("%s: %s", check->directory, strerror(errno));
        return false;
    }
    if (command(add, said, sizeof(said)) != 0 || command(up, said, sizeof(said)) != 0 ||
        command(address, said, sizeof(said)) != 0) {
        note("a network namespace cannot be made: %s", said);
        return false;
    }
    return true;
}

static void remove_world(const struct check *check)
{
    char said[LAB_ERROR_SIZE];
    const char *const delete[] = {"ip", "netns", "del", check->netns, NULL};
    const char *const tidy[] = {"rm", "-rf", "--", check->directory, NULL};
    (void)command(delete, said, sizeof(said));
    (void)command(tidy, said, sizeof(said));
}

// Daemons that left ctl became our children: collects those that have ended.
static void collect_orphans(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

// What runs in the namespace, which devices are in it, and what is mounted for it.
static void expect_nothing_left(const struct check *check, const char *when)
{
    char *text = calloc(1, LISTING_SIZE);
    const char *const processes[] = {"ip", "netns", "pids", check->netns, NULL};
    const char *const links[] = {"ip", "-n", check->netns, "-o", "link", "show", NULL};
    const char *const mounts[] = {"grep", "-F", check->directory, "/proc/self/mountinfo", NULL};
    if (text == NULL) {
        (void)ok(false, "memory");
        return;
    }
    collect_orphans();
    (void)ok(command(processes, text, LISTING_SIZE) == 0 && text[0] == '\0',
             "no process is left %s", when);
    const bool has_links = command(links, text, LISTING_SIZE) == 0;
    const char *end = strchr(text, '\n');
    (void)ok(has_links && end != NULL && end[1] == '\0', "no network device is left %s", when);
    (void)ok(command(mounts, text, LISTING_SIZE) == 1, "no mount is left %s", when);
    free(text);
}

// --- Rendering ----------------------------------------------------------------------------

static bool read_intent(const char *ike, const char *esp, struct intent *out_intent)
{
    char text[INTENT_TEXT_SIZE];
    const struct scenario_topology topology = {0};
    struct block_fault fault;
    (void)snprintf(text, sizeof(text),
                   "intent tunnel {\nike %s\nesp %s\nauth psk\nid west fqdn west.example.test\n"
                   "id east fqdn east.example.test\nts west-lan === east-lan\n"
                   "life child 1h ike 4h\ndpd off\n}\n",
                   ike, esp);
    struct block_document *document = block_document_parse(
        (struct byte_view){.data = (const uint8_t *)text, .size = strlen(text)}, &fault);
    if (document == NULL) {
        return false;
    }
    const bool is_read = intent_read(block_document_root(document)->statements, &topology, NULL,
                                     "ikelab-peer-check", out_intent, &fault);
    block_document_free(document);
    return is_read;
}

// A suite that the peer can spell.
static bool read_usable_intent(const struct peer_manifest *manifest, struct intent *out_intent)
{
    const bool has_gcm = manifest_spelling(manifest, "aes128gcm16") != NULL &&
                         manifest_spelling(manifest, "x25519") != NULL;
    return has_gcm ? read_intent("aes128gcm16-prfsha256-x25519", "aes128gcm16", out_intent)
                   : read_intent("aes128-sha256-prfsha256-modp2048", "aes128-sha256", out_intent);
}

// An algorithm that exists and that the peer does not spell, or NULL.
static const char *unspelt_group(const struct peer_manifest *manifest)
{
    static const char *const groups[] = {"modp8192", "ecp512bp", "mlkem1024", "x448", "modp6144"};
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (manifest_spelling(manifest, groups[i]) == NULL) {
            return groups[i];
        }
    }
    return NULL;
}

static void refuses_what_it_cannot_spell(const struct check *check, struct intent *intent)
{
    char suite[PEER_NAME_SIZE];
    struct block_fault fault = {0};
    const char *group = unspelt_group(check->adapter.manifest);
    if (group == NULL) {
        note("this peer spells every group; nothing to refuse");
        return;
    }
    (void)snprintf(suite, sizeof(suite), "aes128gcm16-prfsha256-%s", group);
    const bool is_refused =
        read_intent(suite, "aes128gcm16", intent) &&
        render_config(check->adapter.manifest, intent, SIDE_WEST, check->directory, check->config,
                      &fault) == RENDER_UNSUPPORTED;
    (void)ok(is_refused && strstr(fault.message, group) != NULL,
             "an intent with %s, which it cannot spell, is refused by name", group);
}

static bool renders(const struct check *check)
{
    struct block_fault fault = {0};
    struct intent *intent = calloc(1, sizeof(*intent));
    if (intent == NULL) {
        return false;
    }
    refuses_what_it_cannot_spell(check, intent);
    (void)expect(check, "prepare", OPERATION_FAILED, "prepare fails without a configuration");
    const bool is_rendered = read_usable_intent(check->adapter.manifest, intent) &&
                             render_config(check->adapter.manifest, intent, SIDE_WEST,
                                           check->directory, check->config, &fault) == RENDER_DONE;
    if (!ok(is_rendered, "the templates render")) {
        note("%s", fault.message);
    }
    free(intent);
    return is_rendered && expect(check, "prepare", OPERATION_DONE, "prepare accepts them");
}

// --- Words --------------------------------------------------------------------------------

static void answers_unknown_operations(const struct check *check)
{
    struct operation_result result;
    char name[PEER_NAME_SIZE];
    (void)snprintf(name, sizeof(name), "no-such-operation-%d", (int)getpid());
    (void)ok(run(check, name, NULL, &result) == OPERATION_UNSUPPORTED,
             "an unknown operation is answered with 127");
    operation_result_clear(&result);
    (void)ok(run(check, "down", "sideways", &result) != OPERATION_DONE,
             "an unknown argument is not done");
    operation_result_clear(&result);
}

static bool is_probe_line(char *line)
{
    char *answer = strchr(line, ' ');
    if (answer == NULL) {
        return false;
    }
    *answer++ = '\0';
    return capability_is_known(line) && (strcmp(answer, "yes") == 0 || strcmp(answer, "no") == 0);
}

static void probes_known_capabilities(const struct check *check)
{
    struct operation_result result;
    bool is_right = run(check, "probe", NULL, &result) == OPERATION_DONE;
    char *rest = result.output;
    while (is_right && *rest != '\0') {
        char *line = rest;
        rest += strcspn(line, "\n");
        rest += *rest == '\n' ? 1 : 0;
        line[strcspn(line, "\n")] = '\0';
        is_right = is_probe_line(line);
    }
    (void)ok(is_right, "probe prints known capabilities with yes or no");
    operation_result_clear(&result);
}

static void tells_its_version(const struct operation_result *result)
{
    const char *end = strchr(result->output, '\n');
    (void)ok(result->outcome == OPERATION_DONE && end != NULL && end != result->output &&
                 end[1] == '\0',
             "version prints one line");
    note("version %.*s", (int)strcspn(result->output, "\n"), result->output);
}

// --- Life ---------------------------------------------------------------------------------

static bool status_is_empty(const struct check *check)
{
    char reason[STATUS_REASON_SIZE] = "";
    struct operation_result result;
    (void)run(check, "status", NULL, &result);
    json_t *status = status_parse(result.output, result.output_size, reason);
    const bool is_empty = status != NULL && status_count(status).ike == 0;
    if (!is_empty) {
        note("status: %s; %s", reason, result.error);
    }
    json_decref(status);
    operation_result_clear(&result);
    return is_empty;
}

static void names_a_living_process(const struct check *check)
{
    struct operation_result result;
    (void)run(check, "pid", NULL, &result);
    char *end = NULL;
    const long pid = strtol(result.output, &end, 10);
    (void)ok(pid > 1 && end != NULL && *end == '\n' && kill((pid_t)pid, 0) == 0,
             "pid names a living process");
    operation_result_clear(&result);
}

static bool starts(const struct check *check)
{
    return expect(check, "start", OPERATION_DONE, "start") &&
           expect(check, "wait-ready", OPERATION_DONE, "wait-ready");
}

static void lives_twice(const struct check *check)
{
    for (int round = 0; round < 2; round++) {
        note("round %d", round + 1);
        if (!starts(check)) {
            (void)expect(check, "cleanup", OPERATION_DONE, "cleanup after a failed start");
            return;
        }
        names_a_living_process(check);
        (void)ok(status_is_empty(check), "status fits the schema and lists nothing");
        (void)expect(check, "logs", OPERATION_DONE, "logs");
        (void)expect(check, "stop", OPERATION_DONE, "stop");
        expect_nothing_left(check, "after stop");
    }
}

static void notices_a_kill(const struct check *check)
{
    if (starts(check)) {
        (void)expect(check, "kill", OPERATION_DONE, "kill");
        (void)expect(check, "pid", OPERATION_FAILED, "pid fails after kill");
        (void)expect(check, "status", OPERATION_FAILED, "status fails after kill");
        (void)expect(check, "up", OPERATION_FAILED, "up fails after kill");
    }
    (void)expect(check, "cleanup", OPERATION_DONE, "cleanup");
    (void)expect(check, "cleanup", OPERATION_DONE, "cleanup again");
    expect_nothing_left(check, "after cleanup");
}

static void needs_its_namespace(struct check *check)
{
    check->adapter.netns = "ikelab-no-such-namespace";
    (void)expect(check, "start", OPERATION_TEMPORARY,
                 "start without its namespace is the environment's fault");
    check->adapter.netns = check->netns;
}

static void check_all(struct check *check)
{
    answers_unknown_operations(check);
    probes_known_capabilities(check);
    if (renders(check)) {
        needs_its_namespace(check);
        lives_twice(check);
        notices_a_kill(check);
    }
}

int peer_check(const struct peer_check_options *options)
{
    struct operation_result version;
    struct check *check = calloc(1, sizeof(*check));
    int result = EXIT_ENVIRONMENT;
    if (check == NULL) {
        return result;
    }
    check->options = options;
    (void)snprintf(check->netns, sizeof(check->netns), "ikl-%d-0-check", (int)getpid());
    (void)snprintf(check->directory, sizeof(check->directory), "%s/peer-check-%d", options->scratch,
                   (int)getpid());
    (void)snprintf(check->config, sizeof(check->config), "%.900s/config", check->directory);
    check->adapter = (struct peer_adapter){.manifest = options->manifest,
                                           .side = "west",
                                           .cell = "peer-check",
                                           .directory = check->directory,
                                           .config = check->config,
                                           .netns = check->netns,
                                           .root = options->root,
                                           .bin = options->bin,
                                           .connection = "tunnel",
                                           .child = "net"};
    // Nobody else may collect daemons that left their ctl: a zombie would look alive.
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (run(check, "version", NULL, &version) == OPERATION_CANNOT_RUN) {
        (void)printf("1..0 # SKIP %s\n", version.error);
        result = 0;
    } else if (make_world(check)) {
        tells_its_version(&version);
        check_all(check);
        result = done_testing();
    }
    operation_result_clear(&version);
    remove_world(check);
    free(check);
    return result;
}
