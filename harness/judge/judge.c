#include "harness/judge/judge.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/judge/esp_lines.h"
#include "harness/judge/free_checks.h"
#include "harness/judge/judging.h"
#include "harness/judge/state_lines.h"
#include "harness/judge/step_checks.h"
#include "harness/judge/traffic_lines.h"
#include "harness/judge/unsupported.h"
#include "harness/judge/wire_checks.h"
#include "pcap/message_json.h"

__attribute__((format(printf, 4, 5))) static void set_reason(struct cell_judgement *judgement,
                                                             const char *code, const char *who,
                                                             const char *format, ...)
{
    va_list arguments;
    judgement->reason = NULL;
    (void)snprintf(judgement->code, sizeof(judgement->code), "%s", code);
    (void)snprintf(judgement->who, sizeof(judgement->who), "%s", who);
    va_start(arguments, format);
    (void)vsnprintf(judgement->text, sizeof(judgement->text), format, arguments);
    va_end(arguments);
}

static void set_reason_check(struct cell_judgement *judgement, const struct check *check)
{
    judgement->reason = check;
    (void)snprintf(judgement->code, sizeof(judgement->code), "%s",
                   check->code[0] != '\0' ? check->code : check_state_name(check->state));
    (void)snprintf(judgement->who, sizeof(judgement->who), "%s", check->who);
    (void)snprintf(judgement->text, sizeof(judgement->text), "%.*s", JUDGE_TEXT_SIZE - 1,
                   check->text);
}

// The check that explains best: the lowest rank, then the first.
static const struct check *best_check(const struct check_list *checks, enum check_state state,
                                      bool is_binding)
{
    const struct check *best = NULL;
    for (size_t i = 0; i < checks->count; i++) {
        const struct check *check = &checks->items[i];
        const bool fits = check->state == state && check_is_binding(check) == is_binding &&
                          (is_binding || check->severity == SEVERITY_SHOULD);
        if (fits && (best == NULL || check->rank < best->rank)) {
            best = check;
        }
    }
    return best;
}

// --- running the checks -----------------------------------------------------------------------

static bool run_expectations(struct cell_judgement *judgement, struct block_fault *out_fault)
{
    const struct cell_evidence *evidence = judgement->evidence;
    const struct scenario *scenario = &evidence->scenario;
    struct check_list *checks = &judgement->checks;
    struct wire_result *wire = calloc(1, sizeof(*wire));
    *out_fault = (struct block_fault){.message = "out of memory"};
    const bool good = wire != NULL &&
                      wire_checks_run(evidence, scenario->expect_wire, checks, wire, out_fault) &&
                      esp_checks_run(evidence, scenario->expect_esp, wire, checks, out_fault) &&
                      traffic_checks_run(evidence, scenario->expect_traffic, checks, out_fault) &&
                      state_checks_run(evidence, scenario->expect_state, checks, out_fault);
    free(wire);
    return good;
}

// Environment trouble that only the files tell.
static bool environment_broke(struct cell_judgement *judgement)
{
    const struct cell_evidence *evidence = judgement->evidence;
    const json_int_t overruns = json_integer_value(json_object_get(evidence->relay, "overruns"));
    if (overruns > 0) {
        set_reason(judgement, "environment.overrun", "harness",
                   "the relay lost %lld packets because it could not keep up", (long long)overruns);
        return true;
    }
    for (size_t i = 0; i < evidence->step_count; i++) {
        const struct evidence_step *step = &evidence->steps[i];
        if (step->result == STEP_ENVIRONMENT) {
            set_reason(judgement, "environment.operation", "harness", "step %u \"%s\": %s",
                       step->number, step->text, step->detail);
            return true;
        }
    }
    return false;
}

const json_t *missed_rule(const struct cell_evidence *evidence)
{
    const json_t *rules = json_object_get(evidence->relay, "rules");
    for (size_t i = 0; i < json_array_size(rules); i++) {
        const json_t *rule = json_array_get(rules, i);
        const json_int_t planned = json_integer_value(json_object_get(rule, "must_hit"));
        if (json_integer_value(json_object_get(rule, "hits")) < planned) {
            return rule;
        }
    }
    return NULL;
}

static void run_checks(struct cell_judgement *judgement)
{
    const struct cell_evidence *evidence = judgement->evidence;
    struct verdict_findings *findings = &judgement->findings;
    struct unsupported_finding unsupported;
    struct block_fault fault;
    step_checks_run(evidence, &judgement->checks);
    if (!run_expectations(judgement, &fault) || judgement->checks.has_failed) {
        findings->harness_broke = true;
        set_reason(judgement, "harness.scenario", "harness", "scenario.scn:%u:%u: %s", fault.line,
                   fault.column, fault.message);
        return;
    }
    free_checks_run(evidence, &judgement->checks);
    unsupported_find(evidence, best_check(&judgement->checks, CHECK_FAIL, true) != NULL,
                     &unsupported);
    if (unsupported.is_unsupported) {
        unsupported_excuse(&unsupported, &judgement->checks);
        findings->is_unsupported = true;
        set_reason(judgement, "unsupported", "", "%s", unsupported.text);
    }
    findings->environment_broke = environment_broke(judgement);
    findings->rule_missed = missed_rule(evidence) != NULL;
    const struct check *failed = best_check(&judgement->checks, CHECK_FAIL, true);
    findings->daemon_crashed = failed != NULL && failed->rank == RANK_CRASH;
    findings->must_failed = failed != NULL;
    findings->must_blind = best_check(&judgement->checks, CHECK_BLIND, true) != NULL;
    findings->should_failed = best_check(&judgement->checks, CHECK_FAIL, false) != NULL;
}

static void note_problem(struct cell_judgement *judgement)
{
    const struct cell_evidence *evidence = judgement->evidence;
    switch (evidence->problem) {
    case EVIDENCE_SOUND:
        break;
    case EVIDENCE_SKIPPED:
        judgement->findings.never_ran = true;
        set_reason(judgement, "skipped", "", "%s", evidence->problem_text);
        break;
    case EVIDENCE_ENVIRONMENT:
        judgement->findings.environment_broke = true;
        set_reason(judgement, "environment", "harness", "%s", evidence->problem_text);
        break;
    case EVIDENCE_HARNESS:
        judgement->findings.harness_broke = true;
        set_reason(judgement, "harness.evidence", "harness", "%s", evidence->problem_text);
        break;
    }
}

// Verdicts that rest on a check get their reason from it; for the others it was set when they
// were found.
static void choose_reason(struct cell_judgement *judgement)
{
    const struct check *check = NULL;
    const json_t *rule = missed_rule(judgement->evidence);
    const char *rule_text = json_string_value(json_object_get(rule, "text"));
    switch (judgement->verdict) {
    case VERDICT_CRASH:
    case VERDICT_FAIL:
        check = best_check(&judgement->checks, CHECK_FAIL, true);
        break;
    case VERDICT_NONSTRICT:
        check = best_check(&judgement->checks, CHECK_FAIL, false);
        break;
    case VERDICT_INCONCLUSIVE:
        check = best_check(&judgement->checks, CHECK_BLIND, true);
        if (rule != NULL) {
            check = NULL;
            set_reason(judgement, "must-hit", "harness",
                       "line %lld \"%s\" did not hit: %lld of %lld",
                       (long long)json_integer_value(json_object_get(rule, "line")),
                       rule_text != NULL ? rule_text : "",
                       (long long)json_integer_value(json_object_get(rule, "hits")),
                       (long long)json_integer_value(json_object_get(rule, "must_hit")));
        }
        break;
    case VERDICT_PASS:
        set_reason(judgement, "", "", "%s", "");
        break;
    case VERDICT_HARNESS_ERROR:
    case VERDICT_ENV_ERROR:
    case VERDICT_UNSUPPORTED:
    case VERDICT_SKIPPED:
    case VERDICT_COUNT:
        break;
    }
    if (check != NULL) {
        set_reason_check(judgement, check);
    }
}

static void decide(struct cell_judgement *judgement)
{
    note_problem(judgement);
    if (judgement->evidence->problem == EVIDENCE_SOUND) {
        run_checks(judgement);
    }
    if (judgement->evidence->has_capture) {
        negotiated_read(&judgement->evidence->capture, &judgement->negotiated);
    }
    judgement->verdict = verdict_decide(&judgement->findings);
    choose_reason(judgement);
}

// --- writing ----------------------------------------------------------------------------------

static bool write_json(const struct cell_evidence *evidence, const char *name, json_t *root)
{
    char path[EVIDENCE_PATH_SIZE];
    const bool good = root != NULL && evidence_path(evidence, name, path) &&
                      json_dump_file(root, path, JSON_INDENT(1)) == 0;
    json_decref(root);
    return good;
}

static bool write_table(const struct cell_evidence *evidence, const char *name,
                        bool (*write)(const struct key_file *keys, FILE *out))
{
    char path[EVIDENCE_PATH_SIZE];
    FILE *out = evidence_path(evidence, name, path) ? fopen(path, "we") : NULL;
    if (out == NULL) {
        return false;
    }
    const bool is_written = write(&evidence->keys, out);
    return fclose(out) == 0 && is_written;
}

// For people with Wireshark; a bundle without keys gets no tables.
static bool write_tables(const struct cell_evidence *evidence)
{
    char path[EVIDENCE_PATH_SIZE];
    if (evidence->keys.ike_count == 0 && evidence->keys.esp_count == 0) {
        return true;
    }
    if (!evidence_path(evidence, "keys", path) || (mkdir(path, 0777) != 0 && errno != EEXIST)) {
        return false;
    }
    return write_table(evidence, "keys/ikev2_decryption_table", key_file_write_ike_table) &&
           write_table(evidence, "keys/esp_sa", key_file_write_esp_table);
}

static bool write_files(const struct cell_judgement *judgement)
{
    const struct cell_evidence *evidence = judgement->evidence;
    const bool has_messages =
        !evidence->has_capture ||
        write_json(evidence, "messages.json", messages_to_json(&evidence->capture));
    return write_json(evidence, "verdict.json", verdict_to_json(judgement)) && has_messages &&
           write_tables(evidence);
}

static void count_checks(const struct check_list *checks, struct judge_summary *summary)
{
    summary->checks_total = (unsigned)checks->count;
    for (size_t i = 0; i < checks->count; i++) {
        const struct check *check = &checks->items[i];
        summary->checks_passed += check->state == CHECK_PASS ? 1 : 0;
        summary->checks_blind += check->state == CHECK_BLIND ? 1 : 0;
        summary->checks_failed += check->state == CHECK_FAIL && check_is_binding(check) ? 1 : 0;
    }
}

#define COPY(to, from) (void)snprintf(to, sizeof(to), "%.*s", (int)sizeof(to) - 1, from)

static void summarise(const struct cell_judgement *judgement, struct judge_summary *out_summary)
{
    *out_summary = (struct judge_summary){.verdict = judgement->verdict};
    COPY(out_summary->code, judgement->code);
    COPY(out_summary->text, judgement->text);
    COPY(out_summary->attribution, judgement->who);
    COPY(out_summary->ike_suite, judgement->negotiated.ike);
    COPY(out_summary->esp_suite, judgement->negotiated.esp);
    if (judgement->reason != NULL) {
        COPY(out_summary->check, judgement->reason->id);
        COPY(out_summary->requirement, judgement->reason->requirement);
        out_summary->line = judgement->reason->line;
        out_summary->frame = judgement->reason->frame_count > 0 ? judgement->reason->frames[0] : 0;
    }
    count_checks(&judgement->checks, out_summary);
}

bool judge_cell(const char *cell_folder, struct judge_summary *out_summary)
{
    struct cell_evidence *evidence = cell_evidence_load(cell_folder);
    struct cell_judgement judgement = {.evidence = evidence};
    if (evidence == NULL) {
        *out_summary = (struct judge_summary){
            .verdict = VERDICT_HARNESS_ERROR, .code = "harness.memory", .text = "out of memory"};
        return false;
    }
    decide(&judgement);
    const bool is_written = write_files(&judgement);
    if (!is_written) {
        judgement.verdict = VERDICT_HARNESS_ERROR;
        set_reason(&judgement, "harness.write", "harness", "cannot write to %s", cell_folder);
    }
    summarise(&judgement, out_summary);
    check_list_clear(&judgement.checks);
    cell_evidence_free(evidence);
    return is_written;
}
