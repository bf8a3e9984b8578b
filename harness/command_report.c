#include <stdio.h>

#include "harness/command.h"
#include "harness/run/result_file.h"
#include "reports/report.h"

static const char help[] =
    "usage: ikelab report DIR\n"
    "\n"
    "Makes index.html, junit.xml and summary.md again from DIR/result.json.\n"
    "\n"
    "  ikelab report build/results/latest\n";

int command_report(int argc, char **argv)
{
    char problem[512];
    if (command_wants_help(argc, argv, help)) {
        return EXIT_AS_EXPECTED;
    }
    if (argc != 2 || argv[1][0] == '-') {
        return command_refuse("report", "one folder is needed");
    }
    if (!report_render(argv[1], problem, sizeof(problem))) {
        (void)fprintf(stderr, "ikelab report: %s\n", problem);
        return EXIT_INCOMPLETE;
    }
    return EXIT_AS_EXPECTED;
}
