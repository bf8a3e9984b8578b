#include <stdio.h>
#include <string.h>

#include "harness/judge/judging.h"

static void set(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value);
}

// "" becomes null: "not known" and "does not apply" are no words.
static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *number_or_null(uint64_t number)
{
    return number != 0 ? json_integer((json_int_t)number) : json_null();
}

static json_t *frames_of(const struct check *check)
{
    json_t *frames = json_array();
    for (size_t i = 0; i < check->frame_count; i++) {
        (void)json_array_append_new(frames, json_integer(check->frames[i]));
    }
    return frames;
}

// FNV-1a over a text and its final zero.
static uint64_t hash_text(uint64_t hash, const char *text)
{
    const size_t size = strlen(text) + 1;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3U;
    }
    return hash;
}

// The same failure in other cells and runs has the same signature: no SPIs, times or frames.
static json_t *signature_of(const char *code, const char *check, const char *who)
{
    char text[17];
    uint64_t hash = hash_text(0xcbf29ce484222325U, code);
    hash = hash_text(hash, check);
    hash = hash_text(hash, who);
    (void)snprintf(text, sizeof(text), "%016llx", (unsigned long long)hash);
    return json_string(text);
}

static json_t *reason_json(const struct cell_judgement *judgement)
{
    const struct check *check = judgement->reason;
    json_t *object = NULL;
    if (check == NULL && judgement->code[0] == '\0') {
        return json_null();
    }
    object = json_object();
    if (check == NULL) {
        set(object, "code", json_string(judgement->code));
        set(object, "text", json_string(judgement->text));
        set(object, "check", json_null());
        set(object, "line", json_null());
        set(object, "step", json_null());
        set(object, "frame", json_array());
        set(object, "req", json_null());
        set(object, "signature", signature_of(judgement->code, "", judgement->who));
        return object;
    }
    set(object, "code", json_string(judgement->code));
    set(object, "text", json_string(check->text));
    set(object, "check", json_string(check->id));
    set(object, "line", number_or_null(check->line));
    set(object, "step", number_or_null(check->step));
    set(object, "frame", frames_of(check));
    set(object, "req", text_or_null(check->requirement));
    set(object, "signature", signature_of(judgement->code, check->id, check->who));
    return object;
}

static json_t *attribution_json(const struct cell_judgement *judgement)
{
    const struct check *check = judgement->reason;
    if (judgement->who[0] == '\0') {
        return json_null();
    }
    json_t *object = json_object();
    json_t *evidence = json_array();
    for (size_t i = 0; check != NULL && i < check->frame_count; i++) {
        char text[32];
        (void)snprintf(text, sizeof(text), "frame %u", check->frames[i]);
        (void)json_array_append_new(evidence, json_string(text));
    }
    set(object, "who", json_string(judgement->who));
    set(object, "why", check != NULL ? text_or_null(check->why) : json_string(judgement->code));
    set(object, "confidence", json_string(check != NULL ? check->confidence : "high"));
    set(object, "evidence", evidence);
    return object;
}

static json_t *check_json(const struct check *check)
{
    json_t *object = json_object();
    set(object, "id", json_string(check->id));
    set(object, "sev", json_string(check_severity_name(check->severity)));
    set(object, "state", json_string(check_state_name(check->state)));
    set(object, "line", number_or_null(check->line));
    set(object, "step", number_or_null(check->step));
    set(object, "t_us", number_or_null(check->time_us));
    set(object, "frames", frames_of(check));
    set(object, "req", text_or_null(check->requirement));
    set(object, "code", text_or_null(check->code));
    set(object, "text", text_or_null(check->text));
    set(object, "who", text_or_null(check->who));
    return object;
}

static json_t *checks_json(const struct check_list *checks)
{
    json_t *array = json_array();
    for (size_t i = 0; i < checks->count; i++) {
        (void)json_array_append_new(array, check_json(&checks->items[i]));
    }
    return array;
}

static json_t *negotiated_json(const struct negotiated *negotiated)
{
    json_t *object = json_object();
    set(object, "ike", text_or_null(negotiated->ike));
    set(object, "esp", text_or_null(negotiated->esp));
    set(object, "natt", json_boolean(negotiated->has_nat_traversal));
    set(object, "frag", json_boolean(negotiated->has_fragments));
    set(object, "esn", json_boolean(negotiated->has_esn));
    set(object, "mobike", json_boolean(negotiated->has_mobike));
    return object;
}

static json_t *impair_json(const struct cell_evidence *evidence)
{
    json_t *array = json_array();
    size_t index = 0;
    json_t *rule = NULL;
    json_array_foreach(json_object_get(evidence->relay, "rules"), index, rule)
    {
        json_t *object = json_object();
        (void)json_object_set(object, "rule", json_object_get(rule, "text"));
        (void)json_object_set(object, "line", json_object_get(rule, "line"));
        (void)json_object_set(object, "planned", json_object_get(rule, "must_hit"));
        (void)json_object_set(object, "hit", json_object_get(rule, "hits"));
        (void)json_object_set(object, "frames", json_object_get(rule, "frames"));
        (void)json_array_append_new(array, object);
    }
    return array;
}

static void copy(json_t *object, const struct cell_evidence *evidence, const char *key)
{
    json_t *value = json_object_get(evidence->cell, key);
    (void)json_object_set(object, key, value != NULL ? value : json_null());
}

json_t *verdict_to_json(const struct cell_judgement *judgement)
{
    const struct cell_evidence *evidence = judgement->evidence;
    json_t *object = json_object();
    set(object, "schema", json_string("ikelab.verdict/1"));
    copy(object, evidence, "id");
    copy(object, evidence, "scenario");
    copy(object, evidence, "variant");
    set(object, "west", text_or_null(evidence->sides[CAPTURE_SIDE_WEST].label));
    set(object, "east", text_or_null(evidence->sides[CAPTURE_SIDE_EAST].label));
    set(object, "verdict", json_string(verdict_name(judgement->verdict)));
    set(object, "reason", reason_json(judgement));
    set(object, "attribution", attribution_json(judgement));
    set(object, "negotiated", negotiated_json(&judgement->negotiated));
    set(object, "checks", checks_json(&judgement->checks));
    set(object, "impair", impair_json(evidence));
    set(object, "metrics", metrics_to_json(evidence));
    return object;
}
