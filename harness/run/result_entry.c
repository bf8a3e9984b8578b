#include "harness/run/result_entry.h"

#include <string.h>
#include <sys/stat.h>

enum { REPRO_SIZE = 1024, PATH_SIZE = LAB_PATH_SIZE + CELL_ID_SIZE + 128 };

static json_t *variant_object(const struct cell *cell)
{
    json_t *object = json_object();
    for (size_t i = 0; i < cell->scenario->axis_count; i++) {
        const struct scenario_axis *axis = &cell->scenario->axes[i];
        (void)json_object_set_new(object, axis->name,
                                  json_string(axis->values[cell->variant.chosen[i]]));
    }
    return object;
}

// The members every entry has.
static json_t *new_entry(const struct cell *cell, const struct run_options *options)
{
    char repro[REPRO_SIZE];
    cell_repro(cell, options->seed, repro, sizeof(repro));
    return json_pack("{s:s, s:s, s:o, s:s, s:s, s:n, s:n, s:n, s:[], s:[], s:[], s:{}, s:{}, s:s}",
                     "id", cell->id, "scenario", cell->scenario->id, "variant",
                     variant_object(cell), "west", cell->peers.west->label, "east",
                     cell->peers.east->label, "reason", "attribution", "negotiated", "checks",
                     "impair", "metrics", "timing", "artifacts", "repro", repro);
}

static json_t *load(const char *folder, const char *name)
{
    char path[PATH_SIZE];
    const int written = snprintf(path, sizeof(path), "%s/%s", folder, name);
    return written > 0 && (size_t)written < sizeof(path) ? json_load_file(path, 0, NULL) : NULL;
}

static void add_artifacts(json_t *artifacts, const struct cell *cell, const char *folder)
{
    static const struct {
        const char *name;
        const char *file;
    } known[] = {
        {"pcapng",      "wan.pcapng"   },
        {"keys",        "keys"         },
        {"decoded",     "messages.json"},
        {"traffic",     "traffic.json" },
        {"relay",       "relay.json"   },
        {"events",      "events.jsonl" },
        {"status",      "status"       },
        {"config_west", "config/west"  },
        {"config_east", "config/east"  },
        {"log_west",    "logs/west"    },
        {"log_east",    "logs/east"    },
    };
    (void)json_object_set_new(artifacts, "folder", json_sprintf("cells/%s", cell->folder));
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        char path[PATH_SIZE];
        struct stat status;
        const int written = snprintf(path, sizeof(path), "%s/%s", folder, known[i].file);
        if (written > 0 && (size_t)written < sizeof(path) && stat(path, &status) == 0) {
            (void)json_object_set_new(artifacts, known[i].name,
                                      json_sprintf("cells/%s/%s", cell->folder, known[i].file));
        }
    }
}

static json_int_t between(const json_t *cell, const char *from, const char *to)
{
    const json_int_t start = json_integer_value(json_object_get(cell, from));
    const json_int_t end = json_integer_value(json_object_get(cell, to));
    return start > 0 && end >= start ? end - start : 0;
}

static void add_timing(json_t *timing, const json_t *cell)
{
    (void)json_object_set_new(timing, "setup_us",
                              json_integer(between(cell, "started_us", "ready_us")));
    (void)json_object_set_new(timing, "run_us",
                              json_integer(between(cell, "ready_us", "ended_us")));
    (void)json_object_set_new(timing, "total_us",
                              json_integer(between(cell, "started_us", "ended_us")));
}

// Takes what the judge found; a member it left out stays as it is.
static void take_verdict(json_t *entry, json_t *verdict)
{
    static const char *const members[] = {"verdict",    "reason",   "attribution",
                                          "negotiated", "checks",   "impair",
                                          "metrics",    "expected", "outcome_label"};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        json_t *member = json_object_get(verdict, members[i]);
        if (member != NULL) {
            (void)json_object_set(entry, members[i], member);
        }
    }
}

static void put_problem(json_t *entry, const char *verdict, const char *code, const char *text,
                        const char *who)
{
    (void)json_object_set_new(entry, "verdict", json_string(verdict));
    (void)json_object_set_new(entry, "reason",
                              json_pack("{s:s, s:s, s:n, s:n, s:n, s:n, s:n}", "code", code, "text",
                                        text, "check", "line", "step", "frame", "req"));
    if (who != NULL) {
        (void)json_object_set_new(
            entry, "attribution",
            json_pack("{s:s, s:s, s:s}", "who", who, "why", code, "confidence", "high"));
    }
}

json_t *result_entry_from_folder(const struct cell *cell, const struct run_options *options,
                                 const char *problem, enum verdict *out_verdict)
{
    char folder[PATH_SIZE];
    cell_run_folder(cell, options, folder, sizeof(folder));
    json_t *entry = new_entry(cell, options);
    json_t *verdict = load(folder, "verdict.json");
    json_t *record = load(folder, "cell.json");
    const char *name = json_string_value(json_object_get(verdict, "verdict"));

    if (entry != NULL) {
        *out_verdict = VERDICT_HARNESS_ERROR;
        if (problem == NULL && name != NULL && verdict_from_name(name, out_verdict)) {
            take_verdict(entry, verdict);
        } else {
            put_problem(entry, verdict_name(VERDICT_HARNESS_ERROR), "harness.no-verdict",
                        problem != NULL ? problem : "the cell left no verdict", "harness");
        }
        add_timing(json_object_get(entry, "timing"), record);
        add_artifacts(json_object_get(entry, "artifacts"), cell, folder);
    }
    json_decref(record);
    json_decref(verdict);
    return entry;
}

json_t *result_entry_unrun(const struct cell *cell, const struct run_options *options,
                           enum verdict *out_verdict)
{
    json_t *entry = new_entry(cell, options);
    const bool is_unsupported = cell->hindrance == CELL_UNSUPPORTED;
    *out_verdict = is_unsupported ? VERDICT_UNSUPPORTED : VERDICT_SKIPPED;
    if (entry != NULL) {
        put_problem(entry, verdict_name(*out_verdict),
                    is_unsupported ? "declared-no" : "peer-missing", cell->reason, NULL);
    }
    return entry;
}
