#include "harness/peer/manifest.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int compare_names(const void *left, const void *right)
{
    return strcmp(left, right);
}

static bool is_peer_folder(const char *peers_folder, const char *name)
{
    char path[MANIFEST_PATH_SIZE];
    if (name[0] == '.' || strlen(name) >= PEER_NAME_SIZE) {
        return false;
    }
    const int length = snprintf(path, sizeof(path), "%s/%s/peer.conf", peers_folder, name);
    return length > 0 && (size_t)length < sizeof(path) && access(path, R_OK) == 0;
}

size_t peer_names(const char *peers_folder, char out_names[][PEER_NAME_SIZE], size_t most)
{
    DIR *folder = opendir(peers_folder);
    if (folder == NULL) {
        return 0;
    }
    size_t count = 0;
    const struct dirent *entry = readdir(folder);
    while (entry != NULL && count < most) {
        if (is_peer_folder(peers_folder, entry->d_name)) {
            memcpy(out_names[count++], entry->d_name, strlen(entry->d_name) + 1);
        }
        entry = readdir(folder);
    }
    (void)closedir(folder);
    qsort(out_names, count, PEER_NAME_SIZE, compare_names);
    return count;
}
