// Every step script below scenarios/replay, or those named as arguments.
#include <glob.h>

#include "harness/tap/tap.h"
#include "refgw/tests/ikesim/step_script.h"

static void plays_as_written(const char *path)
{
    struct block_fault fault;
    const bool is_good = step_script_run(path, NULL, &fault);
    ok(is_good, "%s", path);
    if (!is_good) {
        note("%s:%u: %s", path, fault.line, fault.message);
    }
}

static void all_scripts_play_as_written(void)
{
    glob_t files;
    const bool is_found = glob("scenarios/replay/*/*.steps", 0, NULL, &files) == 0;
    ok(is_found, "there are step scripts");
    for (size_t i = 0; is_found && i < files.gl_pathc; i++) {
        plays_as_written(files.gl_pathv[i]);
    }
    if (is_found) {
        globfree(&files);
    }
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        plays_as_written(argv[i]);
    }
    if (argc < 2) {
        all_scripts_play_as_written();
    }
    return done_testing();
}
