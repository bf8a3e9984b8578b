#include "harness/tests/judge/cell_sample.h"

#include <assert.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEP_COUNT = 5, MILLISECOND = 1000 };

static const char STANDARD[] =
    "ikelab 1\n"
    "title \"Sample\"\n"
    "tags test\n"
    "timeout 40s\n"
    "req rfc7296:1.2\n"
    "needs { both auth.psk }\n"
    "topology { west-lan -- west -- wan -- east -- east-lan }\n"
    "intent tunnel {\n"
    "    ike aes128gcm16-prfsha256-x25519\n"
    "    esp aes128gcm16\n"
    "    auth psk\n"
    "    id west fqdn west.example.test\n"
    "    id east fqdn east.example.test\n"
    "    ts west-lan === east-lan\n"
    "    life child 1h ike 4h\n"
    "    dpd off\n"
    "}\n"
    "traffic probe { udp size 200 rate 200/s between west-lan east-lan }\n"
    "steps {\n"
    "    10 start east ; start west\n"
    "    20 up west until sa ike=1 child=1 both within 10s\n"
    "    30 traffic probe on until received >= 5 both within 10s\n"
    "    40 traffic probe off\n"
    "    50 down west until sa ike=0 child=0 both within 10s\n"
    "}\n"
    "expect {\n"
    "  wire {\n"
    "    must * west > east IKE_SA_INIT req $i { SA KE Ni N(NAT_DETECTION_SOURCE_IP)+ ... }\n"
    "    must +<3s east > west IKE_SA_INIT rsp $i { SA KE Nr ... }\n"
    "    must +<3s west > east IKE_AUTH req $a { IDi AUTH SA(ESP, encr aes128gcm16) TSi TSr ... }\n"
    "    must +<3s east > west IKE_AUTH rsp $a { IDr AUTH SA(ESP, encr aes128gcm16, n 1) TSi TSr "
    "... }\n"
    "    must #50+<5s west > east INFORMATIONAL req $d { D(IKE) ... }\n"
    "    must +<3s east > west INFORMATIONAL rsp $d { ... }\n"
    "    never east > west any rsp { N(error:any) ... }\n"
    "  }\n"
    "  esp {\n"
    "    must both-ways decrypted >= 5\n"
    "    must seq starts 1 increasing\n"
    "    must no-cleartext\n"
    "  }\n"
    "  traffic probe {\n"
    "    must lost-by-peers == 0\n"
    "    should gap < 200ms\n"
    "  }\n"
    "  state {\n"
    "    must after 20 sa ike=1 child=1 both\n"
    "    must after 50 sa ike=0 child=0 both\n"
    "  }\n"
    "}\n";

static const char *const step_texts[STEP_COUNT] = {
    "start east ; start west",
    "up west until sa ike=1 child=1 both within 10s",
    "traffic probe on until received >= 5 both within 10s",
    "traffic probe off",
    "down west until sa ike=0 child=0 both within 10s",
};

const char *cell_sample_scenario(void)
{
    return STANDARD;
}

// The sample's packets come a millisecond apart; down follows after a pause of 100 ms.
static json_int_t step_start(size_t index)
{
    static const json_int_t starts[STEP_COUNT] = {-20, -10, 4, 15, 80};
    return ((json_int_t)SAMPLE_START_S * 1000 + starts[index]) * (json_int_t)MILLISECOND;
}

static void make_path(const char *folder, const char *name, char out_path[SAMPLE_PATH_SIZE * 2])
{
    (void)snprintf(out_path, (size_t)SAMPLE_PATH_SIZE * 2, "%s/%s", folder, name);
}

static void save_text(const char *folder, const char *name, const char *text)
{
    char path[SAMPLE_PATH_SIZE * 2];
    make_path(folder, name, path);
    FILE *out = fopen(path, "we");
    assert(out != NULL);
    (void)fputs(text, out);
    (void)fclose(out);
}

static void save_json(const char *folder, const char *name, json_t *root)
{
    char path[SAMPLE_PATH_SIZE * 2];
    make_path(folder, name, path);
    const int result = json_dump_file(root, path, JSON_INDENT(1));
    assert(root != NULL && result == 0);
    (void)result;
    json_decref(root);
}

static json_t *make_side(const struct cell_sample *sample, bool is_east)
{
    const bool has_crashed = is_east && sample->crash != NULL;
    const char *capability = is_east && sample->capability != NULL ? sample->capability : "yes";
    return json_pack("{s:s, s:s, s:{s:s}, s:b, s:b, s:s?}", "peer", is_east ? "other" : "refgw",
                     "version", "1.0", "capabilities", "auth.psk", capability, "exports_keys",
                     !sample->without_keys, "alive_at_end", !has_crashed, "crash",
                     has_crashed ? sample->crash : NULL);
}

static json_t *make_steps(const struct cell_sample *sample)
{
    json_t *steps = json_array();
    for (size_t i = 0; i < STEP_COUNT; i++) {
        const char *result = sample->step_results[i] != NULL ? sample->step_results[i] : "ok";
        (void)json_array_append_new(steps, json_pack("{s:i, s:i, s:s, s:I, s:I, s:s, s:s}",
                                                     "number", (int)(i + 1) * 10, "line",
                                                     (int)i + 20, "text", step_texts[i],
                                                     "started_us", step_start(i), "ended_us",
                                                     step_start(i) + (json_int_t)5000 * MILLISECOND,
                                                     "result", result, "detail", ""));
    }
    return steps;
}

// Children exist from step 20 to before step 50.
static json_t *make_status(const struct cell_sample *sample, size_t step, bool is_east)
{
    const bool has_sa = (step >= 1 && step < 4) || (step == 4 && is_east && sample->sa_left);
    const char *west_in = "c0ffee01";
    const char *east_in = sample->spi_mismatch && is_east ? "00000bad" : "deadbe02";
    if (!has_sa) {
        return json_pack("{s:[]}", "ike");
    }
    return json_pack("{s:[{s:s, s:s, s:[{s:s, s:s}]}]}", "ike", "spi_i", "c1a2b3c4d5e6f708",
                     "state", "established", "children", "spi_in", is_east ? east_in : west_in,
                     "spi_out", is_east ? west_in : "deadbe02");
}

static json_t *make_snapshots(const struct cell_sample *sample, const char *folder)
{
    json_t *snapshots = json_array();
    for (size_t i = 0; i < (size_t)STEP_COUNT * 2; i++) {
        const size_t step = i / 2;
        const bool is_east = i % 2 == 1;
        char name[64];
        if (sample->step_results[step] != NULL && strcmp(sample->step_results[step], "ok") != 0) {
            continue;
        }
        (void)snprintf(name, sizeof(name), "status/%zu-%s.json", (step + 1) * 10,
                       is_east ? "east" : "west");
        save_json(folder, name, make_status(sample, step, is_east));
        (void)json_array_append_new(snapshots,
                                    json_pack("{s:i, s:s, s:I, s:s}", "step", (int)(step + 1) * 10,
                                              "side", is_east ? "east" : "west", "at_us",
                                              step_start(step) + 100, "file", name));
    }
    return snapshots;
}

static void save_cell(const struct cell_sample *sample, const char *folder)
{
    json_t *problem =
        sample->problem_kind == NULL
            ? json_null()
            : json_pack("{s:s, s:s}", "kind", sample->problem_kind, "text", "something about it");
    save_json(folder, "cell.json",
              json_pack("{s:s, s:s, s:s, s:{}, s:o, s:o, s:o, s:o, s:o}", "schema", "ikelab.cell/1",
                        "id", "test/sample:west=refgw@1.0,east=other@1.0", "scenario",
                        "test/sample", "variant", "west", make_side(sample, false), "east",
                        make_side(sample, true), "steps", make_steps(sample), "snapshots",
                        make_snapshots(sample, folder), "problem", problem));
}

static json_t *make_direction(const char *from, const char *to, unsigned lost, unsigned gap_us)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:{s:i, s:i}}", "name", "probe",
                     "from", from, "to", to, "sent", SAMPLE_ESP_PACKETS, "received",
                     SAMPLE_ESP_PACKETS - (int)lost, "lost", (int)lost, "duplicated", 0,
                     "reordered", 0, "longest_gap_us", (int)gap_us, "latency_us", "median", 200,
                     "p99", 900);
}

static void save_traffic(const struct cell_sample *sample, const char *folder)
{
    json_t *traffic = json_array();
    (void)json_array_append_new(
        traffic, make_direction("west-lan", "east-lan", sample->lost, sample->longest_gap_us));
    (void)json_array_append_new(traffic, make_direction("east-lan", "west-lan", 0, 0));
    save_json(folder, "traffic.json", traffic);
}

static void save_relay(const struct cell_sample *sample, const char *folder)
{
    json_t *rules = json_array();
    if (sample->has_rule) {
        (void)json_array_append_new(rules,
                                    json_pack("{s:i, s:s, s:i, s:i, s:[]}", "line", 22, "text",
                                              "drop 1st IKE_AUTH.rsp from east", "must_hit", 1,
                                              "hits", (int)sample->rule_hits, "frames"));
    }
    save_json(folder, "relay.json",
              json_pack("{s:s, s:i, s:{s:i, s:i}, s:o}", "schema", "ikelab.relay/1", "overruns",
                        (int)sample->overruns, "probe_dropped", "west",
                        (int)sample->dropped_by_relay, "east", 0, "rules", rules));
}

static void save_capture(const struct cell_sample *sample, const char *folder)
{
    char path[SAMPLE_PATH_SIZE * 2];
    struct capture_builder builder;
    make_path(folder, "wan.pcapng", path);
    sample_build(&sample->faults, &builder);
    const bool is_saved = builder_save(&builder, path);
    assert(is_saved);
    (void)is_saved;
    builder_clear(&builder);
}

static void make_folder(const char *folder, const char *name)
{
    char path[SAMPLE_PATH_SIZE * 2];
    make_path(folder, name, path);
    const int result = mkdir(path, 0700);
    assert(result == 0);
    (void)result;
}

void cell_sample_make(const struct cell_sample *sample, char out_folder[SAMPLE_PATH_SIZE])
{
    (void)snprintf(out_folder, SAMPLE_PATH_SIZE, "/tmp/ikelab-judge-test-XXXXXX");
    const char *made = mkdtemp(out_folder);
    assert(made != NULL);
    (void)made;
    make_folder(out_folder, "status");
    make_folder(out_folder, "keys");
    save_cell(sample, out_folder);
    save_text(out_folder, "scenario.scn", sample->scenario != NULL ? sample->scenario : STANDARD);
    save_traffic(sample, out_folder);
    save_relay(sample, out_folder);
    if (!sample->without_keys) {
        save_text(out_folder, "keys/ike.keys", sample_ike_keys());
        save_text(out_folder, "keys/esp.keys", sample_esp_keys());
    }
    if (!sample->without_capture) {
        save_capture(sample, out_folder);
    }
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void cell_sample_remove(const char *folder)
{
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct judge_summary cell_sample_judge(const struct cell_sample *sample, json_t **out_verdict)
{
    char folder[SAMPLE_PATH_SIZE];
    char path[SAMPLE_PATH_SIZE * 2];
    struct judge_summary summary;
    cell_sample_make(sample, folder);
    const bool is_written = judge_cell(folder, &summary);
    assert(is_written);
    (void)is_written;
    make_path(folder, "verdict.json", path);
    if (out_verdict != NULL) {
        *out_verdict = json_load_file(path, 0, NULL);
    }
    cell_sample_remove(folder);
    return summary;
}
