// lab_paths.h - where the lab's data and programs are.
#ifndef HARNESS_RUN_LAB_PATHS_H
#define HARNESS_RUN_LAB_PATHS_H

#include "refgw/base/bytes.h"

enum { LAB_PATH_SIZE = 1024 };

// Absolute paths. Looked for in the environment (IKELAB_SCENARIOS, IKELAB_PEERS, IKELAB_ROOTS),
// then in the working folder, then beside the running program (source tree, installation).
struct lab_paths {
    char program[LAB_PATH_SIZE];   // this ikelab
    char bin[LAB_PATH_SIZE];       // its folder, where refgw and refgwctl are too
    char scenarios[LAB_PATH_SIZE]; // AREA/NAME.scn
    char peers[LAB_PATH_SIZE];     // NAME/peer.conf
    char roots[LAB_PATH_SIZE];     // NAME/VERSION/root: fetched peers
};

// False with one sentence in `out_problem` when scenarios or peers are nowhere.
MUST_USE bool lab_paths_find(struct lab_paths *out_paths, char *out_problem, size_t size);
// Writes `path` as an absolute one; it need not exist. False when it does not fit.
MUST_USE bool lab_path_absolute(const char *path, char out_path[LAB_PATH_SIZE]);
// Makes the folder and those above it. False with errno set.
MUST_USE bool lab_folder_make(const char *path);
// Removes a folder with everything in it, without following links or crossing into another file
// system. True when it is gone (also when it never was there).
bool lab_folder_remove(const char *path);
// Joins with '/'. False when it does not fit.
MUST_USE bool lab_path_join(const char *folder, const char *name, char out_path[LAB_PATH_SIZE]);
// Copies a file's bytes, mode 0644. False when one of the two cannot be used.
MUST_USE bool lab_file_copy(const char *from, const char *to);

#endif
