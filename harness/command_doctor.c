// Tries what the lab needs instead of guessing it from versions.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/command.h"
#include "harness/network/process.h"
#include "harness/run/peer_list.h"
#include "harness/run/result_file.h"

enum { TRY_MILLISECONDS = 10000, SAID_SIZE = 400 };

static const char help[] =
    "usage: ikelab doctor\n"
    "\n"
    "Tries what the lab needs on this machine and names the command that mends what is missing.\n"
    "Exit 0 when refgw can meet refgw, 3 when not. Some tries need root.\n"
    "\n"
    "  sudo ikelab doctor\n";

enum importance {
    NEEDED, // without it no cell runs
    USEFUL, // without it some cells are skipped
};

struct doctor {
    unsigned missing; // of what is needed
};

static void report(struct doctor *doctor, enum importance importance, bool is_there,
                   const char *what, const char *cure)
{
    const char *word = is_there ? "ok" : importance == NEEDED ? "MISSING" : "no";
    (void)printf("%-8s %s\n", word, what);
    if (!is_there) {
        (void)printf("%-8s   -> %s\n", "", cure);
        doctor->missing += importance == NEEDED ? 1 : 0;
    }
    (void)fflush(stdout);
}

// Runs a program in a network namespace of its own that is gone afterwards.
static bool try_in_namespace(const char *const *arguments, const char *input)
{
    char said[SAID_SIZE];
    const pid_t child = fork();
    if (child == 0) {
        struct process_options options = process_options_default(arguments);
        const struct byte_view text = {.data = (const uint8_t *)input, .size = strlen(input)};
        if (unshare(CLONE_NEWNET) != 0) {
            _exit(1);
        }
        _exit(process_run(&options, text, TRY_MILLISECONDS, said, sizeof(said)) == 0 ? 0 : 1);
    }
    // The child ends by itself: what it runs has a limit.
    int status = 1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return child > 0 && status == 0;
}

static bool has_program(const char *name)
{
    const char *const arguments[] = {"sh", "-c", "command -v \"$0\" >/dev/null", name, NULL};
    const struct process_options options = process_options_default(arguments);
    char said[SAID_SIZE];
    const struct byte_view nothing = {0};
    return process_run(&options, nothing, TRY_MILLISECONDS, said, sizeof(said)) == 0;
}

static bool can_open(const char *path)
{
    const int descriptor = open(path, O_RDWR | O_CLOEXEC);
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    return descriptor >= 0;
}

static void check_kernel(struct doctor *doctor)
{
    static const char *const nothing[] = {"true", NULL};
    static const char *const veth[] = {"ip",   "link", "add",  "a0", "type",
                                       "veth", "peer", "name", "b0", NULL};
    static const char *const nft[] = {"nft", "-f", "-", NULL};
    static const char *const esp[] = {"ip",
                                      "xfrm",
                                      "state",
                                      "add",
                                      "src",
                                      "192.0.2.1",
                                      "dst",
                                      "192.0.2.2",
                                      "proto",
                                      "esp",
                                      "spi",
                                      "0x1001",
                                      "mode",
                                      "tunnel",
                                      "aead",
                                      "rfc4106(gcm(aes))",
                                      "0x0102030405060708091011121314151617181920",
                                      "128",
                                      NULL};
    report(doctor, NEEDED, can_open("/dev/net/tun"), "/dev/net/tun",
           "modprobe tun; in a container add --device /dev/net/tun --cap-add NET_ADMIN");
    report(doctor, NEEDED, try_in_namespace(nothing, ""), "network namespaces",
           "a kernel with CONFIG_NET_NS; in a container --cap-add SYS_ADMIN");
    report(doctor, NEEDED, try_in_namespace(veth, ""), "veth pairs", "modprobe veth");
    report(doctor, USEFUL,
           try_in_namespace(nft, "add table ip lab\n"
                                 "add chain ip lab out { type nat hook postrouting priority 100 ; "
                                 "}\n"
                                 "add rule ip lab out masquerade\n"),
           "nftables with NAT (scenarios below nat/)",
           "apt-get install nftables; a kernel with CONFIG_NFT_NAT and CONFIG_NFT_MASQ");
    report(doctor, USEFUL, try_in_namespace(esp, ""),
           "ESP in the kernel (peers use their own ESP or user-mode Linux without it)",
           "modprobe esp4; a kernel with CONFIG_INET_ESP and CONFIG_CRYPTO_GCM");
}

static void check_programs(struct doctor *doctor, const struct lab_paths *paths)
{
    char path[LAB_PATH_SIZE];
    report(doctor, NEEDED, has_program("ip"), "iproute2", "apt-get install iproute2");
    report(doctor, NEEDED, lab_path_join(paths->bin, "refgw", path) && access(path, X_OK) == 0,
           "refgw beside ikelab", "make");
    report(doctor, USEFUL, has_program("tshark"), "tshark (a second opinion in the tests)",
           "apt-get install tshark");
}

static void check_peers(struct doctor *doctor, const struct lab_paths *paths)
{
    struct peer_list *peers = calloc(1, sizeof(*peers));
    if (peers == NULL || !peer_list_load(paths, stdout, peers)) {
        free(peers);
        return;
    }
    for (size_t i = 0; i < peers->count; i++) {
        char what[PEER_LABEL_SIZE + 16];
        char cure[PEER_NAME_SIZE + PEER_REASON_SIZE + 64];
        const struct lab_peer *peer = &peers->peers[i];
        (void)snprintf(what, sizeof(what), "peer %s", peer->label);
        (void)snprintf(cure, sizeof(cure), "%s", peer->reason);
        report(doctor, strcmp(peer->manifest->name, "refgw") == 0 ? NEEDED : USEFUL,
               peer->is_available, what, cure);
    }
    peer_list_clear(peers);
    free(peers);
}

int command_doctor(int argc, char **argv)
{
    struct doctor doctor = {0};
    struct lab_paths paths;
    struct utsname name;
    char problem[SAID_SIZE];
    if (command_wants_help(argc, argv, help)) {
        return EXIT_AS_EXPECTED;
    }
    if (argc > 1) {
        return command_refuse("doctor", "'%s' is not understood", argv[1]);
    }
    if (uname(&name) == 0) {
        (void)printf("%-8s kernel %s, %ld cores\n", "ok", name.release,
                     sysconf(_SC_NPROCESSORS_ONLN));
    }
    report(&doctor, NEEDED, geteuid() == 0, "root, for network namespaces", "sudo ikelab doctor");
    check_kernel(&doctor);
    if (lab_paths_find(&paths, problem, sizeof(problem))) {
        check_programs(&doctor, &paths);
        check_peers(&doctor, &paths);
    } else {
        report(&doctor, NEEDED, false, "scenarios and peers", problem);
    }
    (void)printf("\n%s\n", doctor.missing == 0
                               ? "This machine can run cells: sudo ikelab run"
                               : "This machine cannot run cells yet: see MISSING above.");
    return doctor.missing == 0 ? EXIT_AS_EXPECTED : EXIT_INCOMPLETE;
}
