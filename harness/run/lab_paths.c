#include "harness/run/lab_paths.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_OPEN_FOLDERS = 16 };

bool lab_path_join(const char *folder, const char *name, char out_path[LAB_PATH_SIZE])
{
    const int written = snprintf(out_path, LAB_PATH_SIZE, "%s/%s", folder, name);
    return written >= 0 && written < LAB_PATH_SIZE;
}

bool lab_path_absolute(const char *path, char out_path[LAB_PATH_SIZE])
{
    char here[PATH_MAX];
    if (path[0] == '/') {
        const int written = snprintf(out_path, LAB_PATH_SIZE, "%s", path);
        return written >= 0 && written < LAB_PATH_SIZE;
    }
    return getcwd(here, sizeof(here)) != NULL && lab_path_join(here, path, out_path);
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

// The first of: the environment variable, `here` in the working folder, or the same below one
// of the folders beside the program.
static bool find_folder(const struct lab_paths *paths, const char *variable, const char *here,
                        const char *installed, char out_path[LAB_PATH_SIZE])
{
    char candidate[LAB_PATH_SIZE];
    const char *given = getenv(variable);
    if (given != NULL && given[0] != '\0') {
        return lab_path_absolute(given, out_path) && is_folder(out_path);
    }
    if (is_folder(here)) {
        return lab_path_absolute(here, out_path);
    }
    // build/bin/ikelab and build/check/bin/ikelab in the source tree; bin/ikelab when installed
    const char *const places[] = {"../..", "../../..", "../share/ikelab"};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const int written = snprintf(candidate, sizeof(candidate), "%s/%s/%s", paths->bin,
                                     places[i], i == 2 ? installed : here);
        if (written > 0 && (size_t)written < sizeof(candidate) && is_folder(candidate)) {
            char *resolved = realpath(candidate, NULL);
            const bool fits = resolved != NULL && lab_path_absolute(resolved, out_path);
            free(resolved);
            return fits;
        }
    }
    return false;
}

bool lab_paths_find(struct lab_paths *out_paths, char *out_problem, size_t size)
{
    struct lab_paths paths = {0};
    const ssize_t length = readlink("/proc/self/exe", paths.program, sizeof(paths.program) - 1);
    if (length <= 0 || (size_t)length >= sizeof(paths.program) - 1) {
        (void)snprintf(out_problem, size, "cannot tell where this program is; is /proc mounted?");
        return false;
    }
    (void)memcpy(paths.bin, paths.program, sizeof(paths.bin));
    *strrchr(paths.bin, '/') = '\0';
    if (!find_folder(&paths, "IKELAB_SCENARIOS", "scenarios", "scenarios", paths.scenarios)) {
        (void)snprintf(out_problem, size,
                       "no folder with scenarios here; go to the source tree or set "
                       "IKELAB_SCENARIOS");
        return false;
    }
    if (!find_folder(&paths, "IKELAB_PEERS", "harness/peers", "peers", paths.peers)) {
        (void)snprintf(out_problem, size,
                       "no folder with peers here; go to the source tree or set IKELAB_PEERS");
        return false;
    }
    // Nothing has been fetched yet when this one does not exist.
    if (!find_folder(&paths, "IKELAB_ROOTS", "build/peers", "roots", paths.roots)) {
        const char *given = getenv("IKELAB_ROOTS");
        if (!lab_path_absolute(given != NULL ? given : "build/peers", paths.roots)) {
            (void)snprintf(out_problem, size, "the path of the working folder is too long");
            return false;
        }
    }
    *out_paths = paths;
    return true;
}

bool lab_folder_make(const char *path)
{
    char part[LAB_PATH_SIZE];
    const size_t length = strlen(path);
    if (length == 0 || length >= sizeof(part)) {
        errno = ENAMETOOLONG;
        return false;
    }
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST) {
            return false;
        }
    }
    errno = ENOTDIR;
    return is_folder(path);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

bool lab_folder_remove(const char *path)
{
    struct stat status;
    (void)nftw(path, remove_entry, MOST_OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    return lstat(path, &status) != 0 && errno == ENOENT;
}

bool lab_file_copy(const char *from, const char *to)
{
    char buffer[16384];
    FILE *source = fopen(from, "re");
    FILE *target = source != NULL ? fopen(to, "we") : NULL;
    bool is_good = target != NULL;
    while (is_good) {
        const size_t got = fread(buffer, 1, sizeof(buffer), source);
        if (got == 0) {
            is_good = ferror(source) == 0;
            break;
        }
        is_good = fwrite(buffer, 1, got, target) == got;
    }
    if (target != NULL && fclose(target) != 0) {
        is_good = false;
    }
    if (source != NULL) {
        (void)fclose(source);
    }
    return is_good;
}
