#include "harness/network/cell_network.h"

#include "harness/network/cell_plan.h"
#include "harness/network/cell_sweep.h"
#include "harness/network/interface.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    TOOL_MILLISECONDS = 10000,
    CARRIER_MILLISECONDS = 5000,
    OUTPUT_SIZE = 1024,
    BATCH_SIZE = 16 * 1024,
    PATH_SIZE = 128,
};

static const char *const role_names[CELL_ROLE_COUNT] = {
    [CELL_WEST_LAN] = "west-lan", [CELL_WEST] = "west", [CELL_WEST_NATGW] = "west-natgw",
    [CELL_WAN] = "wan",           [CELL_EAST] = "east", [CELL_EAST_NATGW] = "east-natgw",
    [CELL_EAST_LAN] = "east-lan",
};

// [side][IPv6][NAT]
static const struct cell_addresses addresses[2][2][2] = {
    {{{"192.0.2.1", "192.0.2.1", "192.0.2.254", "203.0.113.0/26", "203.0.113.1", "203.0.113.2"},
      {"192.0.2.1", "203.0.113.129", "203.0.113.190", "203.0.113.0/26", "203.0.113.1",
       "203.0.113.2"}},
     {{"2001:db8:a::1", "2001:db8:a::1", "2001:db8:a::fe", "2001:db8:1::/64", "2001:db8:1::1",
       "2001:db8:1::2"},
      {"2001:db8:a::1", "2001:db8:a1::1", "2001:db8:a1::fe", "2001:db8:1::/64", "2001:db8:1::1",
       "2001:db8:1::2"}}},
    {{{"198.51.100.1", "198.51.100.1", "198.51.100.254", "203.0.113.64/26", "203.0.113.65",
       "203.0.113.66"},
      {"198.51.100.1", "203.0.113.193", "203.0.113.254", "203.0.113.64/26", "203.0.113.65",
       "203.0.113.66"}},
     {{"2001:db8:b::1", "2001:db8:b::1", "2001:db8:b::fe", "2001:db8:2::/64", "2001:db8:2::1",
       "2001:db8:2::2"},
      {"2001:db8:b::1", "2001:db8:b1::1", "2001:db8:b1::fe", "2001:db8:2::/64", "2001:db8:2::1",
       "2001:db8:2::2"}}},
};

// A run of commands of the plan that one call of a tool can do.
struct plan_part {
    const struct cell_command *commands;
    size_t count;
};

const char *cell_role_name(enum cell_role role)
{
    return role_names[role];
}

bool cell_network_has(const struct cell_network_options *options, enum cell_role role)
{
    if (role == CELL_WEST_NATGW) {
        return options->west_nat;
    }
    return role != CELL_EAST_NATGW || options->east_nat;
}

void cell_network_name(const struct cell_network *network, enum cell_role role,
                       char out_name[CELL_NAME_SIZE])
{
    (void)snprintf(out_name, CELL_NAME_SIZE, CELL_NAME_PREFIX "%d-%u-%s", (int)network->owner,
                   network->options.number, role_names[role]);
}

struct cell_addresses cell_network_addresses(const struct cell_network_options *options,
                                             enum cell_side side, enum address_family family)
{
    const bool nat = side == CELL_SIDE_WEST ? options->west_nat : options->east_nat;
    return addresses[side == CELL_SIDE_EAST][family == ADDRESS_IPV6][nat];
}

// The program and the options before the commands; `arguments` needs room for 6.
static void tool_arguments(enum cell_tool tool, const char *name, const char **arguments)
{
    size_t count = 0;
    if (tool == CELL_TOOL_NFT) {
        arguments[count++] = "nft";
        arguments[count++] = "-f";
        arguments[count++] = "-";
    } else {
        arguments[count++] = "ip";
        if (tool != CELL_TOOL_NETNS) {
            arguments[count++] = "-netns";
            arguments[count++] = name;
        }
        arguments[count++] = "-batch";
        arguments[count++] = "-";
    }
    arguments[count] = NULL;
}

static bool write_batch(const struct plan_part *part, char *batch, size_t *out_size)
{
    size_t used = 0;
    for (size_t i = 0; i < part->count; i++) {
        const int wrote = snprintf(batch + used, BATCH_SIZE - used, "%s\n", part->commands[i].text);
        if (wrote < 0 || (size_t)wrote >= BATCH_SIZE - used) {
            return false;
        }
        used += (size_t)wrote;
    }
    *out_size = used;
    return true;
}

// Newlines and the like become spaces, so that the text is one sentence.
static void flatten(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n' || *text == '\t') {
            *text = ' ';
        }
    }
}

// Feeds all commands of the part to one `ip` or `nft`.
static bool run_tool(const struct plan_part *part, const char *name, char out_error[LAB_ERROR_SIZE])
{
    char batch[BATCH_SIZE];
    char output[OUTPUT_SIZE];
    const char *arguments[6];
    size_t size = 0;
    const enum cell_tool tool = part->commands[0].tool;

    tool_arguments(tool, name, arguments);
    struct process_options options = process_options_default(arguments);
    options.namespace_name = tool == CELL_TOOL_NFT ? name : NULL;
    if (!write_batch(part, batch, &size)) {
        (void)snprintf(out_error, LAB_ERROR_SIZE, "too many commands for %s", name);
        return false;
    }
    const struct byte_view input = {.data = (const uint8_t *)batch, .size = size};
    const int code = process_run(&options, input, TOOL_MILLISECONDS, output, sizeof(output));
    if (code != 0) {
        flatten(output);
        (void)snprintf(out_error, LAB_ERROR_SIZE, "%s in %.48s: %.190s", arguments[0], name,
                       output);
    }
    return code == 0;
}

// "net.ipv4.ip_forward=1" into /proc/sys/net/ipv4/ip_forward of the current namespace.
static bool sysctl_write(const char *setting)
{
    char path[PATH_SIZE];
    const char *value = strchr(setting, '=') + 1;
    (void)snprintf(path, sizeof(path), "/proc/sys/%.*s", (int)(value - setting - 1), setting);
    for (char *character = path; *character != '\0'; character++) {
        if (*character == '.') {
            *character = '/';
        }
    }
    const int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) {
        // A kernel without IPv6 has nothing to switch.
        return errno == ENOENT && strstr(path, "/ipv6/") != NULL;
    }
    const bool written = write(descriptor, value, strlen(value)) == (ssize_t)strlen(value);
    (void)close(descriptor);
    return written;
}

// Polls until the kernel has noticed that both ends are up: a matter of a few milliseconds.
static bool interface_comes_up(const char *interface)
{
    const uint64_t deadline = lab_monotonic_ms() + CARRIER_MILLISECONDS;
    while (!interface_is_running(interface)) {
        if (lab_monotonic_ms() >= deadline) {
            errno = ETIMEDOUT;
            return false;
        }
        (void)poll(NULL, 0, 1);
    }
    return true;
}

static bool run_here(const struct cell_command *command)
{
    switch (command->tool) {
    case CELL_TOOL_SYSCTL:
        return sysctl_write(command->text);
    case CELL_TOOL_OFFLOAD:
        return interface_offload_disable(command->text);
    case CELL_TOOL_CARRIER:
        return interface_comes_up(command->text);
    case CELL_TOOL_NETNS:
    case CELL_TOOL_LINK:
    case CELL_TOOL_IP:
    case CELL_TOOL_NFT:
        break;
    }
    errno = EINVAL;
    return false;
}

static bool run_all_here(const struct plan_part *part, const char *name,
                         char out_error[LAB_ERROR_SIZE])
{
    for (size_t i = 0; i < part->count; i++) {
        if (!run_here(&part->commands[i])) {
            (void)snprintf(out_error, LAB_ERROR_SIZE, "cannot set %.100s in %.48s: %s",
                           part->commands[i].text, name, strerror(errno));
            return false;
        }
    }
    return true;
}

// Does the part itself while this thread is in the namespace.
static bool run_inside(const struct plan_part *part, const char *name,
                       char out_error[LAB_ERROR_SIZE])
{
    const int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (home < 0 || !namespace_enter(name)) {
        (void)snprintf(out_error, LAB_ERROR_SIZE, "cannot enter namespace %s: %s", name,
                       strerror(errno));
        if (home >= 0) {
            (void)close(home);
        }
        return false;
    }
    const bool done = run_all_here(part, name, out_error);
    if (setns(home, CLONE_NEWNET) != 0) {
        abort(); // going on in the wrong namespace could change the user's network
    }
    (void)close(home);
    return done;
}

static bool run_part(const struct cell_network *network, const struct plan_part *part,
                     char out_error[LAB_ERROR_SIZE])
{
    char name[CELL_NAME_SIZE];
    const struct cell_command *first = &part->commands[0];
    cell_network_name(network, first->role, name);
    if (first->tool == CELL_TOOL_SYSCTL || first->tool == CELL_TOOL_OFFLOAD ||
        first->tool == CELL_TOOL_CARRIER) {
        return run_inside(part, name, out_error);
    }
    return run_tool(part, name, out_error);
}

// Whether two commands can go into one call of a tool. New namespaces need no place of their own.
static bool belong_together(const struct cell_command *left, const struct cell_command *right)
{
    return left->tool == right->tool &&
           (left->role == right->role || left->tool == CELL_TOOL_NETNS);
}

static bool run_plan(const struct cell_network *network, const struct cell_plan *plan,
                     char out_error[LAB_ERROR_SIZE])
{
    size_t start = 0;
    while (start < plan->count) {
        const struct cell_command *first = &plan->commands[start];
        struct plan_part part = {.commands = first, .count = 1};
        while (start + part.count < plan->count && belong_together(first, first + part.count)) {
            part.count++;
        }
        if (!run_part(network, &part, out_error)) {
            return false;
        }
        start += part.count;
    }
    return true;
}

bool cell_network_build(const struct cell_network_options *options,
                        struct cell_network *out_network, char out_error[LAB_ERROR_SIZE])
{
    struct cell_network network = {.options = *options, .owner = getpid(), .is_built = true};
    struct cell_plan *plan = malloc(sizeof(*plan));
    bool built = false;
    if (plan == NULL) {
        (void)snprintf(out_error, LAB_ERROR_SIZE, "out of memory");
        return false;
    }
    cell_plan_make(&network, plan);
    if (geteuid() != 0) {
        (void)snprintf(out_error, LAB_ERROR_SIZE, "network namespaces need root");
    } else {
        struct cell_network earlier = network;
        (void)cell_network_remove(&earlier);
        built = run_plan(&network, plan, out_error);
        if (!built) {
            (void)cell_network_remove(&network);
        }
    }
    free(plan);
    if (built) {
        *out_network = network;
    }
    return built;
}

bool cell_network_remove(struct cell_network *network)
{
    char names[CELL_ROLE_COUNT][CELL_NAME_SIZE];
    if (!network->is_built) {
        return true;
    }
    // All roles, also those this cell does not have: an earlier cell may have left them.
    for (int role = 0; role < CELL_ROLE_COUNT; role++) {
        cell_network_name(network, (enum cell_role)role, names[role]);
    }
    const bool gone = namespaces_remove(names, CELL_ROLE_COUNT);
    network->is_built = !gone;
    return gone;
}

static void print_command(const struct cell_command *command, const char *name, FILE *out)
{
    switch (command->tool) {
    case CELL_TOOL_NETNS:
        (void)fprintf(out, "ip %s\n", command->text);
        break;
    case CELL_TOOL_SYSCTL:
        (void)fprintf(out, "ip netns exec %s sysctl -qw %s\n", name, command->text);
        break;
    case CELL_TOOL_LINK:
    case CELL_TOOL_IP:
        (void)fprintf(out, "ip -netns %s %s\n", name, command->text);
        break;
    case CELL_TOOL_OFFLOAD:
        (void)fprintf(out, "ip netns exec %s ethtool -K %s tx off sg off tso off gso off gro off\n",
                      name, command->text);
        break;
    case CELL_TOOL_CARRIER:
        break; // comes up by itself
    case CELL_TOOL_NFT:
        (void)fprintf(out, "ip netns exec %s nft '%s'\n", name, command->text);
        break;
    }
}

void cell_network_print_commands(const struct cell_network *network, FILE *out)
{
    char name[CELL_NAME_SIZE];
    struct cell_plan *plan = malloc(sizeof(*plan));
    if (plan == NULL) {
        return;
    }
    cell_plan_make(network, plan);
    for (size_t i = 0; i < plan->count; i++) {
        cell_network_name(network, plan->commands[i].role, name);
        print_command(&plan->commands[i], name, out);
    }
    free(plan);
}
