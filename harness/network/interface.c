#include "harness/network/interface.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

// Checksums first: the kernel then drops what depends on them by itself.
static const uint32_t switches[] = {
    ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO, ETHTOOL_SSG,
};

enum { SWITCH_COUNT = sizeof(switches) / sizeof(switches[0]) };

static bool ethtool_call(int socket_descriptor, const char *interface, uint32_t command)
{
    struct ethtool_value value = {.cmd = command, .data = 0};
    struct ifreq request = {0};
    (void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
    request.ifr_data = (char *)&value;
    return ioctl(socket_descriptor, SIOCETHTOOL, &request) == 0;
}

bool interface_offload_disable(const char *interface)
{
    const int socket_descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool done = socket_descriptor >= 0;
    for (size_t i = 0; done && i < SWITCH_COUNT; i++) {
        // A kernel that does not know a switch has nothing to switch off.
        done = ethtool_call(socket_descriptor, interface, switches[i]) || errno == EOPNOTSUPP;
    }
    const int error = errno;
    if (socket_descriptor >= 0) {
        (void)close(socket_descriptor);
    }
    errno = error;
    return done;
}

bool interface_is_running(const char *interface)
{
    const int socket_descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {0};
    (void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
    if (socket_descriptor < 0) {
        return false;
    }
    // Linux 6.8 and later bring the state up to date when asked for the link; before, and without
    // the question, it takes up to a second.
    (void)ethtool_call(socket_descriptor, interface, ETHTOOL_GLINK);
    const bool known = ioctl(socket_descriptor, SIOCGIFFLAGS, &request) == 0;
    const int wanted = IFF_UP | IFF_RUNNING;
    (void)close(socket_descriptor);
    return known && (request.ifr_flags & wanted) == wanted;
}
