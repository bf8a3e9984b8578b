#include "harness/peer/render.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/peer/capability.h"
#include "harness/peer/template.h"

enum {
    PATH_SIZE = 1024,
    TEXT_SIZE = 512,
    MOST_TEMPLATE = 256 * 1024,
    MILLISECONDS = 1000,
    PERCENT = 100,
};

static const char template_suffix[] = ".tmpl";

// --- Data ---------------------------------------------------------------------------------

static const char *const kind_names[] = {
    [ALGORITHM_ENCRYPTION] = "encryption",
    [ALGORITHM_INTEGRITY] = "integrity",
    [ALGORITHM_PRF] = "prf",
    [ALGORITHM_GROUP] = "group",
    [ALGORITHM_SEQUENCE] = "sequence",
};

// Every kind is there, empty when the proposal has none, so that templates can ask for it.
static json_t *empty_proposal(void)
{
    json_t *item = json_pack("{s:[], s:s}", "words", "text", "");
    for (size_t i = ALGORITHM_ENCRYPTION; i <= ALGORITHM_SEQUENCE; i++) {
        (void)json_object_set_new(item, kind_names[i], json_string(""));
    }
    return item;
}

static json_t *proposal_data(const struct peer_manifest *manifest,
                             const struct intent_proposal *proposal, struct block_fault *fault)
{
    char text[TEXT_SIZE] = "";
    size_t used = 0;
    json_t *item = empty_proposal();
    for (size_t i = 0; i < proposal->count; i++) {
        const char *spelling = manifest_spelling(manifest, proposal->words[i]);
        if (spelling == NULL) {
            (void)snprintf(fault->message, sizeof(fault->message),
                           "%s cannot be configured for '%s': its peer.conf has no spelling of it",
                           manifest->name, proposal->words[i]);
            json_decref(item);
            return NULL;
        }
        used +=
            (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i == 0 ? "" : "-", spelling);
        used = used < sizeof(text) ? used : sizeof(text) - 1;
        (void)json_array_append_new(json_object_get(item, "words"), json_string(spelling));
        (void)json_object_set_new(item, kind_names[algorithm_kind_of(proposal->words[i])],
                                  json_string(spelling));
    }
    (void)json_object_set_new(item, "text", json_string(text));
    return item;
}

static json_t *proposals_data(const struct peer_manifest *manifest,
                              const struct intent_proposals *proposals, struct block_fault *fault)
{
    json_t *list = json_array();
    for (size_t i = 0; i < proposals->count; i++) {
        json_t *item = proposal_data(manifest, &proposals->proposals[i], fault);
        if (item == NULL) {
            json_decref(list);
            return NULL;
        }
        (void)json_array_append_new(list, item);
    }
    return list;
}

static void set_text(json_t *data, const char *prefix, const char *name, const char *value)
{
    char key[TEXT_SIZE];
    (void)snprintf(key, sizeof(key), "%s_%s", prefix, name);
    (void)json_object_set_new(data, key, json_string(value));
}

static const char *identity_type(const struct intent_side *side)
{
    switch (side->identity_kind) {
    case INTENT_IDENTITY_FQDN:
        return "fqdn";
    case INTENT_IDENTITY_EMAIL:
        return "email";
    case INTENT_IDENTITY_ADDRESS:
        break;
    }
    return strchr(side->identity, ':') == NULL ? "ipv4" : "ipv6";
}

static void set_side(json_t *data, const char *prefix, const struct intent_side *side)
{
    char key[TEXT_SIZE];
    json_t *selectors = json_array();
    for (size_t i = 0; i < side->selector_count; i++) {
        (void)json_array_append_new(selectors, json_string(side->selectors[i]));
    }
    set_text(data, prefix, "address", side->address);
    set_text(data, prefix, "world", side->world);
    set_text(data, prefix, "id", side->identity);
    set_text(data, prefix, "id_type", identity_type(side));
    (void)snprintf(key, sizeof(key), "%s_selectors", prefix);
    (void)json_object_set_new(data, key, selectors);
}

static void set_seconds(json_t *data, const char *name, uint64_t milliseconds)
{
    const uint64_t seconds = (milliseconds + MILLISECONDS - 1) / MILLISECONDS;
    (void)json_object_set_new(data, name, json_integer((json_int_t)seconds));
}

static void set_timers(json_t *data, const struct peer_timers *timers, const struct intent *intent)
{
    char text[TEXT_SIZE];
    set_seconds(data, "child_life_s", intent->child_life_ms);
    set_seconds(data, "ike_life_s", intent->ike_life_ms);
    (void)json_object_set_new(data, "retransmit_first_ms",
                              json_integer((json_int_t)timers->retransmit_first_ms));
    (void)json_object_set_new(data, "retransmit_factor_percent",
                              json_integer((json_int_t)timers->retransmit_factor_percent));
    (void)json_object_set_new(data, "retransmit_tries",
                              json_integer((json_int_t)timers->retransmit_tries));
    (void)snprintf(text, sizeof(text), "%u.%03u",
                   (unsigned)(timers->retransmit_first_ms / MILLISECONDS),
                   (unsigned)(timers->retransmit_first_ms % MILLISECONDS));
    (void)json_object_set_new(data, "retransmit_first_s", json_string(text));
    (void)snprintf(text, sizeof(text), "%u.%02u", timers->retransmit_factor_percent / PERCENT,
                   timers->retransmit_factor_percent % PERCENT);
    (void)json_object_set_new(data, "retransmit_factor", json_string(text));
}

// What the intent asks for beyond algorithms and the peer says it cannot do, or NULL.
static const char *refused_capability(const struct peer_manifest *manifest,
                                      const struct intent *intent)
{
    const char *const wanted[] = {
        "auth.psk",
        intent->has_pfs ? "child.pfs" : "auth.psk",
        intent->is_over_ipv6 ? "outer.ipv6" : "outer.ipv4",
    };
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (manifest_capability(manifest, wanted[i]) == PEER_NO) {
            return wanted[i];
        }
    }
    return NULL;
}

json_t *render_data(const struct peer_manifest *manifest, const struct intent *intent,
                    enum scenario_side side, const char *directory, enum render_result *out_result,
                    struct block_fault *out_fault)
{
    const struct intent_side *local = &intent->sides[side];
    const struct intent_side *remote = &intent->sides[side == SIDE_WEST ? SIDE_EAST : SIDE_WEST];
    const char *refused = refused_capability(manifest, intent);
    *out_fault = (struct block_fault){0};
    *out_result = RENDER_UNSUPPORTED;
    if (refused != NULL) {
        (void)snprintf(out_fault->message, sizeof(out_fault->message), "%s answers '%s' with no",
                       manifest->name, refused);
        return NULL;
    }
    json_t *ike = proposals_data(manifest, &local->ike, out_fault);
    json_t *esp = ike == NULL ? NULL : proposals_data(manifest, &local->esp, out_fault);
    if (esp == NULL) {
        json_decref(ike);
        return NULL;
    }
    json_t *data = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:o, s:o}", "peer",
                             manifest->name, "side", side == SIDE_WEST ? "west" : "east",
                             "connection", intent->connection, "child", intent->child, "directory",
                             directory, "psk", local->psk, "has_pfs", intent->has_pfs, "over_ipv6",
                             intent->is_over_ipv6, "ike_proposals", ike, "esp_proposals", esp);
    if (data == NULL) {
        *out_result = RENDER_BROKEN;
        (void)snprintf(out_fault->message, sizeof(out_fault->message), "out of memory");
        return NULL;
    }
    set_side(data, "local", local);
    set_side(data, "remote", remote);
    set_timers(data, &manifest->timers, intent);
    set_seconds(data, "dpd_s", local->dpd_ms);
    *out_result = RENDER_DONE;
    return data;
}

// --- Files --------------------------------------------------------------------------------

static bool read_text(const char *path, char *out_text, size_t size)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    const size_t got = fread(out_text, 1, size - 1, file);
    const bool is_whole = feof(file) != 0 && memchr(out_text, '\0', got) == NULL;
    out_text[got] = '\0';
    (void)fclose(file);
    return is_whole;
}

static bool write_text(const char *path, const char *text)
{
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return false;
    }
    const size_t size = strlen(text);
    const bool is_written = write(descriptor, text, size) == (ssize_t)size;
    return close(descriptor) == 0 && is_written;
}

static bool name_fault(struct block_fault *fault, const char *template_name)
{
    char message[sizeof(fault->message)];
    memcpy(message, fault->message, sizeof(message));
    (void)snprintf(fault->message, sizeof(fault->message), "%.60s:%u: %.120s", template_name,
                   fault->line, message);
    return false;
}

static bool render_file(const char *folder, const char *name, const json_t *data,
                        const char *config_folder, struct block_fault *fault)
{
    char path[PATH_SIZE];
    char *text = malloc(MOST_TEMPLATE);
    char *rendered = NULL;
    bool is_done = false;
    *fault = (struct block_fault){.message = "the template cannot be read"};
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (text == NULL || !read_text(path, text, MOST_TEMPLATE)) {
        goto out;
    }
    rendered = template_render(text, data, fault);
    if (rendered == NULL) {
        goto out;
    }
    (void)snprintf(path, sizeof(path), "%s/%.*s", config_folder,
                   (int)(strlen(name) - strlen(template_suffix)), name);
    is_done = write_text(path, rendered);
    if (!is_done) {
        *fault = (struct block_fault){0};
        (void)snprintf(fault->message, sizeof(fault->message), "%.120s: %s", path, strerror(errno));
    }
out:
    free(rendered);
    free(text);
    return is_done || name_fault(fault, name);
}

static bool is_template(const char *name)
{
    const size_t size = strlen(name);
    const size_t suffix = strlen(template_suffix);
    return name[0] != '.' && size > suffix && strcmp(name + size - suffix, template_suffix) == 0;
}

static bool render_folder(const char *folder, const json_t *data, const char *config_folder,
                          struct block_fault *fault)
{
    DIR *directory = opendir(folder);
    if (directory == NULL) {
        (void)snprintf(fault->message, sizeof(fault->message), "%.120s: %s", folder,
                       strerror(errno));
        return false;
    }
    bool is_done = true;
    const struct dirent *entry = readdir(directory);
    while (is_done && entry != NULL) {
        is_done = !is_template(entry->d_name) ||
                  render_file(folder, entry->d_name, data, config_folder, fault);
        entry = readdir(directory);
    }
    (void)closedir(directory);
    return is_done;
}

enum render_result render_config(const struct peer_manifest *manifest, const struct intent *intent,
                                 enum scenario_side side, const char *directory,
                                 const char *config_folder, struct block_fault *out_fault)
{
    enum render_result result = RENDER_BROKEN;
    json_t *data = render_data(manifest, intent, side, directory, &result, out_fault);
    if (data == NULL) {
        return result;
    }
    const bool is_done = render_folder(manifest->folder, data, config_folder, out_fault);
    json_decref(data);
    return is_done ? RENDER_DONE : RENDER_BROKEN;
}
