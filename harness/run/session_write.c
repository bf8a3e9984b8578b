#include <string.h>

#include "harness/run/session.h"

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

// What the peer states, and of what the scenario needs also that it states nothing.
static json_t *capability_object(const struct session *session, size_t index)
{
    const struct cell *cell = session->cell;
    const struct peer_manifest *manifest = session->sides[index].peer->manifest;
    json_t *object = json_object();
    for (size_t i = 0; i < manifest->capability_count; i++) {
        const struct peer_capability *capability = &manifest->capabilities[i];
        (void)json_object_set_new(object, capability->name,
                                  json_string(peer_answer_name(capability->answer)));
    }
    for (size_t i = 0; i < cell->scenario->need_count; i++) {
        char word[SCENARIO_WORD_SIZE];
        if (scenario_word(cell->scenario, &cell->variant, cell->scenario->needs[i].capability,
                          word)) {
            const enum peer_answer answer = manifest_capability(manifest, word);
            (void)json_object_set_new(object, word, json_string(peer_answer_name(answer)));
        }
    }
    return object;
}

static json_t *side_object(const struct session *session, size_t index)
{
    const struct session_side *side = &session->sides[index];
    const struct peer_manifest *manifest = side->peer->manifest;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:b, s:s?}", "peer", manifest->name,
                     "version", side->peer->version, "wan", side->addresses.wan, "address",
                     side->addresses.gateway, "lan", side->addresses.lan, "capabilities",
                     capability_object(session, index), "exports_keys",
                     manifest->ike_keys.is_exported, "alive_at_end", side->is_alive_at_end, "crash",
                     side->crash[0] != '\0' ? side->crash : NULL);
}

static json_t *problem_object(const struct session *session)
{
    static const char *const kinds[] = {"none", "environment", "harness", "skipped"};
    if (session->problem == PROBLEM_NONE) {
        return json_null();
    }
    return json_pack("{s:s, s:s}", "kind", kinds[session->problem], "text", session->problem_text);
}

bool session_write(struct session *session)
{
    const struct cell *cell = session->cell;
    char path[SESSION_PATH_SIZE];
    session_path(session, "cell.json", path);
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:O, s:O, s:o}", "schema",
        "ikelab.cell/1", "id", cell->id, "scenario", cell->scenario->id, "title",
        cell->scenario->title, "variant", variant_object(cell), "seed",
        (json_int_t)session->options->seed, "started_us", (json_int_t)session->started_us,
        "ready_us", (json_int_t)session->ready_us, "ended_us", (json_int_t)session->ended_us,
        "west", side_object(session, SIDE_WEST), "east", side_object(session, SIDE_EAST), "steps",
        session->step_records, "snapshots", session->snapshots, "problem", problem_object(session));
    const bool is_good = object != NULL && json_dump_file(object, path, JSON_INDENT(2)) == 0;
    json_decref(object);
    return is_good;
}
