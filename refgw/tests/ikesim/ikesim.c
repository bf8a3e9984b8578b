// ikesim - thousands of lives of two gateways in virtual time, and what must hold in each.
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "refgw/tests/ikesim/schedule.h"
#include "refgw/tests/ikesim/step_script.h"

enum { USAGE_STATUS = 2, MOST_TOLD = 10, MEMORY_ATTEMPTS = 3, HANG_SECONDS = 20 };

// The seed that is running, for when it never ends.
static char current_seed[64];

static void tell_hang(int signal_number)
{
    (void)signal_number;
    static const char END[] = " hangs: an engine does not come back\n";
    (void)!write(STDOUT_FILENO, current_seed, strlen(current_seed));
    (void)!write(STDOUT_FILENO, END, sizeof(END) - 1);
    _exit(EXIT_FAILURE);
}

static void watch_seed(uint64_t seed)
{
    (void)snprintf(current_seed, sizeof(current_seed), "seed %" PRIu64, seed);
    (void)fflush(stdout);
    (void)alarm(HANG_SECONDS);
}

struct options {
    uint64_t first_seed;
    uint64_t seeds;
    bool is_verbose;
    bool counts_memory;
    int first_file; // of argv; argc: none
};

static int usage(void)
{
    (void)fprintf(stderr,
                  "usage: ikesim [--seeds N] [--seed FIRST] [--verbose]\n"
                  "       ikesim FILE.steps...\n"
                  "Runs two IKE engines in virtual time over a network that loses, doubles,\n"
                  "delays and cuts as the seed says. Prints the step script of seeds that break\n"
                  "an invariant; with --verbose of all. Given files, runs these scripts.\n"
                  "Status: 0 nothing violated, 1 something violated, 2 usage.\n");
    return USAGE_STATUS;
}

static bool take_number(const char *text, uint64_t *out_number)
{
    char *end = NULL;
    if (text == NULL || *text < '0' || *text > '9') {
        return false;
    }
    *out_number = strtoull(text, &end, 10);
    return *end == '\0';
}

static bool read_options(int argc, char **argv, struct options *options)
{
    *options = (struct options){.seeds = 1000, .first_file = 1};
    while (options->first_file < argc && strncmp(argv[options->first_file], "--", 2) == 0) {
        const char *word = argv[options->first_file];
        const char *value = argv[options->first_file + 1]; // NULL behind the last
        if (strcmp(word, "--verbose") == 0) {
            options->is_verbose = true;
            options->first_file++;
            continue;
        }
        const bool is_count = strcmp(word, "--seeds") == 0;
        if ((!is_count && strcmp(word, "--seed") != 0) ||
            !take_number(value, is_count ? &options->seeds : &options->first_seed)) {
            return false;
        }
        options->first_file += 2;
    }
    return true;
}

// Once more, this time telling everything: the same seed takes the same course.
static void tell_seed(uint64_t seed)
{
    struct seed_result result;
    (void)printf("# --- seed %" PRIu64 " ---\n", seed);
    schedule_run(seed, stdout, stdout, &result);
    (void)printf("# --- end of seed %" PRIu64 " ---\n", seed);
}

static void report_violation(uint64_t seed, const struct seed_result *result)
{
    (void)printf("seed %" PRIu64 ": %s at %.6f s: %s\n", seed, result->violation.invariant,
                 (double)result->violation.when.nanoseconds / 1e9, result->violation.text);
}

static const char MALLOC_TUNING[] = "glibc.malloc.tcache_count=0";

// glibc counts what its per-thread cache keeps as in use, so the program starts itself again
// without that cache. Where this fails the count is merely useless.
static bool counts_memory(char **argv)
{
    const char *tuning = getenv("GLIBC_TUNABLES");
    if (tuning != NULL) {
        return strcmp(tuning, MALLOC_TUNING) == 0;
    }
    if (setenv("GLIBC_TUNABLES", MALLOC_TUNING, 1) == 0) {
        (void)execv("/proc/self/exe", argv);
    }
    return false;
}

// Bytes on the heap; always 0 under AddressSanitizer, which looks for leaks itself.
static size_t memory_in_use(void)
{
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

// A library may keep something the first time it does a thing. What is lost every time is lost.
static void run_seed(uint64_t seed, bool counts, struct seed_result *result)
{
    for (unsigned attempt = 0; attempt < MEMORY_ATTEMPTS; attempt++) {
        const size_t before = memory_in_use();
        schedule_run(seed, NULL, NULL, result);
        const size_t after = memory_in_use();
        if (!counts || after <= before || result->violation.invariant != NULL) {
            return;
        }
        if (attempt + 1 == MEMORY_ATTEMPTS) {
            result->violation = (struct violation){.invariant = "memory-baseline"};
            (void)snprintf(result->violation.text, sizeof(result->violation.text),
                           "%zu bytes are left behind", after - before);
        }
    }
}

struct totals {
    uint64_t violations;
    uint64_t datagrams;
    uint64_t packets;
    uint64_t lost;
    uint64_t late;
    uint64_t ended;
    uint64_t commands;
    double seconds;
};

static void add(struct totals *totals, const struct seed_result *result)
{
    totals->violations += result->violation.invariant != NULL ? 1 : 0;
    totals->datagrams += result->datagrams;
    totals->packets += result->packets;
    totals->lost += result->packets_lost;
    totals->ended += result->lifetimes_ended;
    totals->late += result->packets_late;
    totals->commands += result->commands;
    totals->seconds += (double)result->end.nanoseconds / 1e9;
}

static int run_seeds(const struct options *options)
{
    struct totals totals = {.violations = 0};
    (void)signal(SIGALRM, tell_hang);
    for (uint64_t i = 0; i < options->seeds; i++) {
        const uint64_t seed = options->first_seed + i;
        struct seed_result result;
        watch_seed(seed);
        run_seed(seed, options->counts_memory, &result);
        add(&totals, &result);
        const bool is_bad = result.violation.invariant != NULL;
        if (options->is_verbose || (is_bad && totals.violations == 1)) {
            tell_seed(seed);
        }
        if (is_bad && totals.violations <= MOST_TOLD) {
            report_violation(seed, &result);
        }
    }
    (void)printf("%" PRIu64 " seeds, %" PRIu64 " violations\n", options->seeds, totals.violations);
    (void)printf("%" PRIu64 " commands, %" PRIu64 " datagrams, %" PRIu64 " packets, %.0f virtual "
                 "hours\n",
                 totals.commands, totals.datagrams, totals.packets, totals.seconds / 3600);
    (void)printf("%" PRIu64 " packets lost while nothing was promised, %" PRIu64
                 " overtaken by a deletion, %" PRIu64 " lifetimes ended in a bad network\n",
                 totals.lost, totals.late, totals.ended);
    return totals.violations == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run_files(char **files, bool is_verbose)
{
    int status = EXIT_SUCCESS;
    for (; *files != NULL; files++) {
        struct block_fault fault;
        if (step_script_run(*files, is_verbose ? stdout : NULL, &fault)) {
            (void)printf("%s: as expected\n", *files);
        } else {
            (void)printf("%s:%u: %s\n", *files, fault.line, fault.message);
            status = EXIT_FAILURE;
        }
    }
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    if (!read_options(argc, argv, &options)) {
        return usage();
    }
    if (options.first_file < argc) {
        return run_files(&argv[options.first_file], options.is_verbose);
    }
    options.counts_memory = counts_memory(argv);
    return run_seeds(&options);
}
