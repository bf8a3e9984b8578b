#include <stdio.h>
#include <string.h>

#include "harness/command.h"
#include "harness/judge/judge.h"
#include "harness/run/lab_paths.h"
#include "harness/run/result_file.h"

static const char help[] =
    "usage: ikelab judge [--json] BUNDLE...\n"
    "\n"
    "Judges the evidence in a cell's folder again (OUT/cells/NAME) and writes messages.json and\n"
    "verdict.json there. Needs neither root nor peers.\n"
    "\n"
    "  ikelab judge build/results/latest/cells/basic.psk-tunnel_west=refgw@0.1.0_east=refgw@0.1.0\n";

static void print_verdict(const char *folder, const struct judge_summary *summary, bool is_json)
{
    char path[LAB_PATH_SIZE];
    char buffer[4096];
    size_t got;
    if (!is_json) {
        (void)printf("%s: %s\n", folder, verdict_name(summary->verdict));
        (void)printf("  %u of %u checks passed, %u failed, %u blind\n", summary->checks_passed,
                     summary->checks_total, summary->checks_failed, summary->checks_blind);
        if (summary->text[0] != '\0') {
            (void)printf("  %s: %s\n", summary->code, summary->text);
        }
        if (summary->attribution[0] != '\0') {
            (void)printf("  at fault: %s\n", summary->attribution);
        }
        return;
    }
    FILE *file = lab_path_join(folder, "verdict.json", path) ? fopen(path, "re") : NULL;
    while (file != NULL && (got = fread(buffer, 1, sizeof(buffer), file)) > 0) {
        (void)fwrite(buffer, 1, got, stdout);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    (void)printf("\n");
}

int command_judge(int argc, char **argv)
{
    int exit_code = EXIT_AS_EXPECTED;
    bool is_json = false;
    int judged = 0;
    if (command_wants_help(argc, argv, help)) {
        return EXIT_AS_EXPECTED;
    }
    for (int i = 1; i < argc; i++) {
        struct judge_summary summary = {0};
        if (strcmp(argv[i], "--json") == 0) {
            is_json = true;
            continue;
        }
        if (argv[i][0] == '-') {
            return command_refuse("judge", "'%s' is not understood", argv[i]);
        }
        judged++;
        if (!judge_cell(argv[i], &summary)) {
            (void)fprintf(stderr, "ikelab judge: %s: %s\n", argv[i], summary.text);
            exit_code = exit_code == EXIT_UNEXPECTED ? exit_code : EXIT_INCOMPLETE;
            continue;
        }
        print_verdict(argv[i], &summary, is_json);
        if (summary.verdict == VERDICT_FAIL || summary.verdict == VERDICT_CRASH) {
            exit_code = EXIT_UNEXPECTED;
        } else if (!verdict_is_success(summary.verdict) && exit_code != EXIT_UNEXPECTED) {
            exit_code = EXIT_INCOMPLETE;
        }
    }
    return judged > 0 ? exit_code : command_refuse("judge", "which folder?");
}
