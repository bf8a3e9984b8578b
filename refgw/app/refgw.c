// refgw.c - the gateway daemon: reads its configuration, opens everything, runs.
#include "refgw/app/gateway.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_USAGE = 2 };

static const char HELP[] =
    "refgw - reference IKEv2/ESP gateway\n"
    "\n"
    "usage: refgw -c FILE [--check]\n"
    "\n"
    "  -c, --config FILE   configuration; every word is explained in refgw.conf.example\n"
    "      --check         read the configuration, say what is wrong with it, and exit\n"
    "  -f, --foreground    stay in the foreground (always so; accepted for service managers)\n"
    "  -V, --version       print the version\n"
    "  -h, --help          print this text\n"
    "\n"
    "It stays in the foreground and logs one event per line to standard error. It needs root,\n"
    "or the capabilities CAP_NET_ADMIN and CAP_NET_RAW (and CAP_NET_BIND_SERVICE for port 500).\n"
    "SIGTERM or SIGINT: deletes its SAs, removes device, routes and socket, and exits.\n"
    "Control it with refgwctl.\n"
    "\n"
    "examples:\n"
    "  refgw --check -c /etc/refgw.conf      is this configuration right?\n"
    "  refgw -c /etc/refgw.conf              run\n"
    "  refgwctl up west-east                 bring the connection \"west-east\" up\n"
    "  refgwctl status                       what is up\n"
    "\n"
    "exit status: 0 stopped as asked, configuration right; 1 failed; 2 wrong usage\n";

struct options {
    const char *config_path;
    bool only_checks;
    bool is_done; // help or version was printed
};

static bool parse_options(int argc, char **argv, struct options *out_options)
{
    static const struct option table[] = {
        {"config",     required_argument, NULL, 'c'},
        {"check",      no_argument,       NULL, 'k'},
        {"foreground", no_argument,       NULL, 'f'},
        {"version",    no_argument,       NULL, 'V'},
        {"help",       no_argument,       NULL, 'h'},
        {NULL,         0,                 NULL, 0  },
    };
    int option = 0;
    *out_options = (struct options){0};
    while ((option = getopt_long(argc, argv, "c:fVh", table, NULL)) != -1) {
        switch (option) {
        case 'c':
            out_options->config_path = optarg;
            break;
        case 'k':
            out_options->only_checks = true;
            break;
        case 'f':
            break;
        case 'V':
            (void)puts("refgw " IKELAB_VERSION);
            out_options->is_done = true;
            return true;
        case 'h':
            (void)fputs(HELP, stdout);
            out_options->is_done = true;
            return true;
        default:
            return false;
        }
    }
    return optind == argc && out_options->config_path != NULL;
}

static void print_faults(const char *path, const struct config_faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct config_fault *fault = &faults->items[i];
        if (fault->line == 0) {
            (void)fprintf(stderr, "%s: %s\n", path, fault->message);
        } else {
            (void)fprintf(stderr, "%s:%u: %s\n", path, fault->line, fault->message);
        }
    }
    if (faults->count == CONFIG_MOST_FAULTS) {
        (void)fprintf(stderr, "%s: there may be more; only the first %d are shown\n", path,
                      CONFIG_MOST_FAULTS);
    }
}

static int run(struct config *config)
{
    struct problem problem = {0};
    struct gateway *gateway = gateway_open(config, &problem);
    if (gateway == NULL) {
        (void)fprintf(stderr, "refgw: %s\n", problem.text);
        return EXIT_FAILURE;
    }
    const bool has_run = gateway_run(gateway);
    gateway_close(gateway);
    return has_run ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct options options;
    struct config config;
    struct config_faults faults = {0};
    if (!parse_options(argc, argv, &options)) {
        (void)fputs("usage: refgw -c FILE [--check]; refgw --help says more\n", stderr);
        return EXIT_USAGE;
    }
    if (options.is_done) {
        return EXIT_SUCCESS;
    }
    if (!config_load(options.config_path, &config, &faults)) {
        print_faults(options.config_path, &faults);
        return EXIT_FAILURE;
    }
    // A control client that goes away must not end the gateway.
    (void)signal(SIGPIPE, SIG_IGN);
    const int status = options.only_checks ? EXIT_SUCCESS : run(&config);
    config_clear(&config);
    return status;
}
