#include "harness/run/peer_list.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/peer/adapter.h"

enum { MOST_VERSIONS = 8, VERSION_MILLISECONDS = 15000 };

struct versions {
    size_t count;
    char names[MOST_VERSIONS][PEER_VERSION_SIZE];
};

static int compare_names(const void *left, const void *right)
{
    return strverscmp(left, right);
}

// The versions that were fetched: folders ROOTS/NAME/VERSION/root, in order of version.
static void find_versions(const struct lab_paths *paths, const char *name, struct versions *out)
{
    char folder[LAB_PATH_SIZE];
    char root[LAB_PATH_SIZE + PEER_VERSION_SIZE + 8];
    const struct dirent *entry;
    struct stat status;
    *out = (struct versions){0};
    if (!lab_path_join(paths->roots, name, folder)) {
        return;
    }
    DIR *directory = opendir(folder);
    while (directory != NULL && out->count < MOST_VERSIONS &&
           (entry = readdir(directory)) != NULL) {
        (void)snprintf(root, sizeof(root), "%s/%.60s/root", folder, entry->d_name);
        if (entry->d_name[0] != '.' && strlen(entry->d_name) < PEER_VERSION_SIZE &&
            stat(root, &status) == 0 && S_ISDIR(status.st_mode)) {
            (void)snprintf(out->names[out->count], PEER_VERSION_SIZE, "%.63s", entry->d_name);
            out->count++;
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    qsort(out->names, out->count, sizeof(out->names[0]), compare_names);
}

// Takes the first line of `ctl version`, without what cannot stand in a cell's id.
static void take_version(const char *output, struct lab_peer *peer)
{
    size_t used = 0;
    for (const char *at = output; *at != '\0' && *at != '\n' && used + 1 < sizeof(peer->version);
         at++) {
        const bool is_good = (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'z') ||
                             (*at >= 'A' && *at <= 'Z') || strchr(".-+~_", *at) != NULL;
        if (is_good) {
            peer->version[used++] = *at;
        }
    }
    peer->version[used] = '\0';
}

static void explain(struct lab_peer *peer, const struct operation_result *result)
{
    const char *name = peer->manifest->name;
    const char *why = result->error[0] != '\0' ? result->error : "it does not tell its version";
    const int length = (int)strcspn(why, "\n");
    // refgw is built, not fetched, and says so itself.
    if (peer->root[0] == '\0' && result->outcome == OPERATION_CANNOT_RUN &&
        strcmp(name, "refgw") != 0) {
        (void)snprintf(peer->reason, sizeof(peer->reason), "%.*s; `ikelab peer fetch %s` gets it",
                       length, why, name);
        return;
    }
    (void)snprintf(peer->reason, sizeof(peer->reason), "%s cannot run here (%s): %.*s", name,
                   operation_outcome_name(result->outcome), length, why);
}

static void ask_version(const struct lab_paths *paths, struct lab_peer *peer)
{
    const struct peer_adapter adapter = {
        .manifest = peer->manifest, .root = peer->root, .bin = paths->bin};
    struct operation_result result;
    adapter_run(&adapter, "version", NULL, VERSION_MILLISECONDS, &result);
    if (result.outcome == OPERATION_DONE) {
        take_version(result.output, peer);
    }
    peer->is_available = result.outcome == OPERATION_DONE && peer->version[0] != '\0';
    if (!peer->is_available) {
        explain(peer, &result);
        (void)snprintf(peer->version, sizeof(peer->version), "unknown");
    }
    char label[PEER_LABEL_SIZE];
    (void)snprintf(label, sizeof(label), "%s@%s", peer->manifest->name, peer->version);
    memcpy(peer->label, label, sizeof(label));
    operation_result_clear(&result);
}

static void add_peer(const struct lab_paths *paths, const struct peer_manifest *manifest,
                     struct peer_list *list)
{
    struct versions versions;
    find_versions(paths, manifest->name, &versions);
    for (size_t i = 0; i < versions.count || i == 0; i++) {
        if (list->count == PEER_LIST_MOST) {
            return;
        }
        struct lab_peer *peer = &list->peers[list->count];
        *peer = (struct lab_peer){.manifest = manifest};
        if (i < versions.count &&
            (size_t)snprintf(peer->root, sizeof(peer->root), "%s/%s/%s/root", paths->roots,
                             manifest->name, versions.names[i]) >= sizeof(peer->root)) {
            continue;
        }
        ask_version(paths, peer);
        list->count++;
    }
}

bool peer_list_load(const struct lab_paths *paths, FILE *errors, struct peer_list *out_list)
{
    char names[PEER_LIST_MOST][PEER_NAME_SIZE];
    char folder[LAB_PATH_SIZE];
    const size_t count = peer_names(paths->peers, names, PEER_LIST_MOST);
    struct peer_manifest *manifests = calloc(count + 1, sizeof(manifests[0]));
    if (manifests == NULL) {
        return false;
    }
    *out_list = (struct peer_list){.manifests = manifests};
    for (size_t i = 0; i < count; i++) {
        struct block_fault fault = {0};
        struct peer_manifest *manifest = &manifests[out_list->manifest_count];
        if (!lab_path_join(paths->peers, names[i], folder)) {
            continue;
        }
        if (!manifest_load(folder, manifest, &fault)) {
            (void)fprintf(errors, "%s/peer.conf:%u:%u: %s\n", folder, fault.line, fault.column,
                          fault.message);
            continue;
        }
        out_list->manifest_count++;
        add_peer(paths, manifest, out_list);
    }
    return true;
}

void peer_list_clear(struct peer_list *list)
{
    for (size_t i = 0; i < list->manifest_count; i++) {
        manifest_clear(&list->manifests[i]);
    }
    free(list->manifests);
    *list = (struct peer_list){0};
}

const struct lab_peer *peer_list_find(const struct peer_list *list, const char *name)
{
    const struct lab_peer *best = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const struct lab_peer *peer = &list->peers[i];
        const bool is_asked =
            strcmp(peer->manifest->name, name) == 0 || strcmp(peer->label, name) == 0;
        // Later folders are newer; one that cannot run never hides one that can.
        if (is_asked && (best == NULL || peer->is_available || !best->is_available)) {
            best = peer;
        }
    }
    return best;
}

void peer_list_names(const struct peer_list *list, char *out_text, size_t size)
{
    size_t used = 0;
    (void)snprintf(out_text, size, "none");
    for (size_t i = 0; i < list->manifest_count && used < size; i++) {
        const int added = snprintf(out_text + used, size - used, "%s%s", i == 0 ? "" : " ",
                                   list->manifests[i].name);
        used += added > 0 ? (size_t)added : 0;
    }
}
