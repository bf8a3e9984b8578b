#include "harness/network/cell_network.h"
#include "harness/tap/tap.h"
#include "harness/tests/network/lab_socket.h"

#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG_ENOUGH = 10000, NOT_LONG = 200, BUILD_LIMIT_US = 500000 };

static bool exists(const struct cell_network *network, enum cell_role role)
{
    char name[CELL_NAME_SIZE];
    char path[CELL_NAME_SIZE + 16];
    cell_network_name(network, role, name);
    (void)snprintf(path, sizeof(path), "/run/netns/%s", name);
    return access(path, F_OK) == 0;
}

static size_t count_existing(const struct cell_network *network)
{
    size_t count = 0;
    for (int role = 0; role < CELL_ROLE_COUNT; role++) {
        count += exists(network, (enum cell_role)role);
    }
    return count;
}

// Runs a shell command inside a namespace; true when it answers 0.
static bool inside(const struct cell_network *network, enum cell_role role, const char *command)
{
    char name[CELL_NAME_SIZE];
    char output[512];
    cell_network_name(network, role, name);
    const char *const arguments[] = {"sh", "-c", command, NULL};
    struct process_options options = process_options_default(arguments);
    options.namespace_name = name;
    const int code =
        process_run(&options, (struct byte_view){0}, LONG_ENOUGH, output, sizeof(output));
    if (code != 0) {
        note("%s: %d: %s", command, code, output);
    }
    return code == 0;
}

static bool build(const struct cell_network_options *options, struct cell_network *network)
{
    char error[LAB_ERROR_SIZE] = "";
    const bool built = cell_network_build(options, network, error);
    if (!built) {
        note("%s", error);
    }
    return built;
}

static void builds_a_plain_cell(void)
{
    struct cell_network network = {0};
    const struct cell_network_options options = {.number = 1, .ipv6 = true};
    const uint64_t before = lab_time_us();
    ok(build(&options, &network), "a cell is built");
    const uint64_t took = lab_time_us() - before;
    ok(took < BUILD_LIMIT_US, "within half a second: %d us", (int)took);
    ok(count_existing(&network) == 5 && !exists(&network, CELL_WEST_NATGW), "five namespaces");
    ok(lab_reaches(&network, CELL_WEST, "192.0.2.1", CELL_WAN, "192.0.2.254", LONG_ENOUGH) &&
           lab_reaches(&network, CELL_WEST_LAN, "203.0.113.2", CELL_WEST, "192.0.2.1", LONG_ENOUGH),
       "west reaches the WAN, and its LAN reaches west");
    const uint64_t ipv6_started = lab_monotonic_ms();
    ok(lab_reaches(&network, CELL_EAST, "2001:db8:b::1", CELL_WAN, "2001:db8:b::fe", LONG_ENOUGH) &&
           lab_reaches(&network, CELL_EAST_LAN, "2001:db8:2::2", CELL_EAST, "2001:db8:b::1",
                       LONG_ENOUGH),
       "in the east over IPv6");
    ok(lab_monotonic_ms() - ipv6_started < 500, "at once: no address is tentative");
    ok(!lab_reaches(&network, CELL_WEST, "192.0.2.1", CELL_EAST, "198.51.100.1", NOT_LONG),
       "nothing crosses without a relay");
    ok(inside(&network, CELL_WEST_LAN, "ip route get 203.0.113.66 | grep -q 'via 203.0.113.1 '") &&
           inside(&network, CELL_EAST, "ip route get 192.0.2.1 | grep -q 'via 198.51.100.254 '"),
       "routes lead where they should");
    ok(inside(&network, CELL_WAN, "test $(cat /proc/sys/net/ipv4/ip_forward) = 0") &&
           inside(&network, CELL_EAST, "test $(cat /proc/sys/net/ipv4/ip_forward) = 1"),
       "gateways forward, the WAN does not");
    ok(cell_network_remove(&network) && count_existing(&network) == 0, "nothing is left");
    ok(cell_network_remove(&network), "removing it again does no harm");
}

static void builds_a_cell_with_nat(void)
{
    struct cell_network network = {0};
    const struct cell_network_options options = {.number = 2, .west_nat = true, .east_nat = true};
    const uint64_t before = lab_time_us();
    ok(build(&options, &network), "a cell with NAT on both sides is built");
    const uint64_t took = lab_time_us() - before;
    ok(took < BUILD_LIMIT_US, "within half a second: %d us", (int)took);
    ok(count_existing(&network) == 7, "seven namespaces");
    ok(lab_reaches(&network, CELL_WEST, "203.0.113.129", CELL_WAN, "192.0.2.254", LONG_ENOUGH),
       "west reaches the WAN through it");
    ok(inside(&network, CELL_WEST, "ip address show dev wan0 | grep -q 203.0.113.129/26"),
       "west has an address of its own");
    ok(inside(&network, CELL_EAST, "test $(ip -6 address | wc -l) = 0"), "IPv6 is off");
    ok(cell_network_remove(&network) && count_existing(&network) == 0, "nothing is left");
}

static void takes_over_what_an_earlier_run_left(void)
{
    struct cell_network first = {0};
    struct cell_network second = {0};
    const struct cell_network_options with_nat = {.number = 3, .west_nat = true};
    const struct cell_network_options plain = {.number = 3};
    ok(build(&with_nat, &first), "a cell is built and forgotten");
    ok(build(&plain, &second) && !exists(&second, CELL_WEST_NATGW),
       "the same names can be used again");
    ok(cell_network_remove(&second) && count_existing(&second) == 0, "nothing is left");
}

static void kills_what_runs_inside(void)
{
    static const char *const sleeper[] = {"sleep", "1000", NULL};
    char name[CELL_NAME_SIZE];
    char error[LAB_ERROR_SIZE];
    struct cell_network network = {0};
    struct process process = {0};
    const struct cell_network_options options = {.number = 4};
    ok(build(&options, &network), "a cell");
    cell_network_name(&network, CELL_EAST, name);
    ok(namespace_spawn(name, sleeper, NULL, &process, error), "with a process in it");
    ok(cell_network_remove(&network), "is removed");
    ok(process_wait(&process, LONG_ENOUGH), "and the process with it");
}

// What an engineer would type must do the same as what we do: it is run by a shell.
static void prints_commands_that_work(void)
{
    struct cell_network network = {
        .options = {.number = 5, .west_nat = true, .ipv6 = true},
        .owner = getpid(),
        .is_built = true
    };
    char *text = NULL;
    size_t size = 0;
    char output[512];
    static const char *const shell[] = {"sh", "-e", NULL};
    const struct process_options options = process_options_default(shell);
    FILE *out = open_memstream(&text, &size);
    // Neither tool need be there: lines for them are left out.
    (void)fputs("ip() { case \"$*\" in *ethtool*|*sysctl*) ;; *) command ip \"$@\" ;; esac; }\n",
                out);
    cell_network_print_commands(&network, out);
    (void)fclose(out);
    const struct byte_view input = {.data = (const uint8_t *)text, .size = size};
    const int code = process_run(&options, input, LONG_ENOUGH, output, sizeof(output));
    ok(code == 0, "a shell carries out the printed commands %s", code == 0 ? "" : output);
    ok(count_existing(&network) == 6, "and the namespaces are there");
    ok(inside(&network, CELL_WEST_NATGW, "nft list ruleset | grep -q masquerade"), "with NAT");
    ok(cell_network_remove(&network) && count_existing(&network) == 0, "nothing is left");
    free(text);
}

// A run that is killed in the middle: builds a cell, leaves a process in it, and waits.
_Noreturn static void be_a_run_that_gets_killed(int report)
{
    static const char *const daemon[] = {"sh", "-c", "setsid sleep 1000 & exit 0", NULL};
    char name[CELL_NAME_SIZE];
    char error[LAB_ERROR_SIZE];
    struct cell_network network = {0};
    struct process process = {0};
    const struct cell_network_options options = {.number = 6};
    if (cell_network_build(&options, &network, error)) {
        cell_network_name(&network, CELL_WEST, name);
        if (namespace_spawn(name, daemon, NULL, &process, error)) {
            (void)process_wait(&process, LONG_ENOUGH);
        }
    }
    const ssize_t ignored = write(report, &network, sizeof(network));
    (void)ignored;
    for (;;) {
        (void)pause();
    }
}

static void sweeps_after_a_killed_run(void)
{
    struct cell_network network = {0};
    struct cell_network living = {0};
    const struct cell_network_options options = {.number = 7};
    int ends[2];
    if (pipe(ends) != 0) {
        ok(false, "a pipe");
        return;
    }
    (void)fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        be_a_run_that_gets_killed(ends[1]);
    }
    ok(read(ends[0], &network, sizeof(network)) == (ssize_t)sizeof(network) &&
           count_existing(&network) == 5,
       "another run builds a cell");
    ok(build(&options, &living), "and so do we");
    (void)cell_network_sweep();
    ok(count_existing(&network) == 5 && count_existing(&living) == 5,
       "while both live, nothing is swept");
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    ok(cell_network_sweep() >= 5, "when the other one was killed, its cell is swept");
    ok(count_existing(&network) == 0 && count_existing(&living) == 5, "and ours is not");
    ok(cell_network_remove(&living), "ours is removed");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void names_follow_the_lab_page(void)
{
    char name[CELL_NAME_SIZE];
    const struct cell_network network = {.options = {.number = 12}, .owner = 345};
    cell_network_name(&network, CELL_WEST_LAN, name);
    ok(strcmp(name, "ikl-345-12-west-lan") == 0, "a name has process, number and role: %s", name);
    const struct cell_network_options nat = {.west_nat = true};
    const struct cell_addresses west = cell_network_addresses(&nat, CELL_SIDE_WEST, ADDRESS_IPV4);
    ok(strcmp(west.wan, "192.0.2.1") == 0 && strcmp(west.gateway, "203.0.113.129") == 0,
       "behind NAT a gateway has two addresses");
    const struct cell_addresses east = cell_network_addresses(&nat, CELL_SIDE_EAST, ADDRESS_IPV6);
    ok(strcmp(east.wan, "2001:db8:b::1") == 0 && strcmp(east.gateway, "2001:db8:b::1") == 0 &&
           strcmp(east.lan, "2001:db8:2::/64") == 0,
       "without NAT they are the same");
}

int main(void)
{
    names_follow_the_lab_page();
    if (geteuid() != 0) {
        ok(true, "builds cells # SKIP network namespaces need root");
        return done_testing();
    }
    builds_a_plain_cell();
    builds_a_cell_with_nat();
    takes_over_what_an_earlier_run_left();
    kills_what_runs_inside();
    prints_commands_that_work();
    sweeps_after_a_killed_run();
    return done_testing();
}
