#include "refgw/io/network_events.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENT_SIZE = 8192 };

int network_events_open(struct problem *out_problem)
{
    const struct sockaddr_nl local = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                     RTMGRP_IPV6_ROUTE,
    };
    const int descriptor =
        socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (descriptor >= 0 && bind(descriptor, (const struct sockaddr *)&local, sizeof(local)) == 0) {
        return descriptor;
    }
    (void)problem_set_errno(out_problem, errno, "cannot watch addresses and routes");
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    return -1;
}

void network_events_drain(int descriptor)
{
    uint8_t event[EVENT_SIZE];
    // Events that were lost (ENOBUFS) are news all the same: only an empty queue ends this.
    while (recv(descriptor, event, sizeof(event), 0) > 0 || errno == ENOBUFS || errno == EINTR) {
    }
}

static bool read_address(const struct sockaddr *from, struct ip_address *out_address)
{
    struct ip_address address = {0};
    if (from == NULL) {
        return false;
    }
    if (from->sa_family == AF_INET) {
        struct sockaddr_in ipv4;
        memcpy(&ipv4, from, sizeof(ipv4));
        address.family = ADDRESS_IPV4;
        memcpy(address.bytes, &ipv4.sin_addr, sizeof(ipv4.sin_addr));
    } else if (from->sa_family == AF_INET6) {
        struct sockaddr_in6 ipv6;
        memcpy(&ipv6, from, sizeof(ipv6));
        if (IN6_IS_ADDR_LINKLOCAL(&ipv6.sin6_addr)) {
            return false;
        }
        address.family = ADDRESS_IPV6;
        memcpy(address.bytes, &ipv6.sin6_addr, sizeof(ipv6.sin6_addr));
    } else {
        return false;
    }
    *out_address = address;
    return true;
}

static bool is_usable(const struct ifaddrs *entry, const char *without_interface)
{
    const unsigned wanted = IFF_UP | IFF_RUNNING;
    return (entry->ifa_flags & wanted) == wanted && (entry->ifa_flags & IFF_LOOPBACK) == 0 &&
           strcmp(entry->ifa_name, without_interface) != 0;
}

size_t network_own_addresses(const char *without_interface, struct ip_address *out_list,
                             size_t capacity)
{
    struct ifaddrs *list = NULL;
    size_t count = 0;
    if (getifaddrs(&list) != 0) {
        return 0;
    }
    for (const struct ifaddrs *entry = list; entry != NULL && count < capacity;
         entry = entry->ifa_next) {
        if (is_usable(entry, without_interface) &&
            read_address(entry->ifa_addr, &out_list[count])) {
            count++;
        }
    }
    freeifaddrs(list);
    return count;
}
