#include "refgw/io/netlink_route.h"

#include "refgw/io/prefix_list.h"

#include <errno.h>
#include <ifaddrs.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MESSAGE_SIZE = 8192, FAMILY_COUNT = 2 };

// A route of ours: into the tunnel, or "throw", which means: go on with the next rule.
struct route {
    struct prefix destination;
    bool is_throw;
    struct ip_address preferred_source; // ADDRESS_NONE: none
};

struct netlink_route {
    struct netlink_route_setup setup;
    struct mnl_socket *socket;
    unsigned sequence;
    bool has_rule[FAMILY_COUNT]; // IPv4, IPv6
    size_t route_count;
    size_t route_capacity;
    struct route *routes;
};

static uint8_t family_number(enum address_family family)
{
    return family == ADDRESS_IPV6 ? (uint8_t)AF_INET6 : (uint8_t)AF_INET;
}

// Sends one request and waits for the kernel's answer. False with errno set.
static bool request(struct netlink_route *routing, struct nlmsghdr *message)
{
    uint8_t answer[MESSAGE_SIZE];
    const unsigned port = mnl_socket_get_portid(routing->socket);
    routing->sequence++;
    message->nlmsg_seq = routing->sequence;
    message->nlmsg_flags = (uint16_t)(message->nlmsg_flags | NLM_F_REQUEST | NLM_F_ACK);
    if (mnl_socket_sendto(routing->socket, message, message->nlmsg_len) < 0) {
        return false;
    }
    const ssize_t size = mnl_socket_recvfrom(routing->socket, answer, sizeof(answer));
    return size >= 0 && mnl_cb_run(answer, (size_t)size, routing->sequence, port, NULL, NULL) >= 0;
}

// IPv6 would give the device a link-local address and send router solicitations into it.
static void put_no_link_local(struct nlmsghdr *message)
{
    struct nlattr *families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
    struct nlattr *ipv6 = mnl_attr_nest_start(message, AF_INET6);
    mnl_attr_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    mnl_attr_nest_end(message, ipv6);
    mnl_attr_nest_end(message, families);
}

static bool change_link(struct netlink_route *routing, bool with_ipv6)
{
    uint8_t buffer[MESSAGE_SIZE] = {0};
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    message->nlmsg_type = RTM_NEWLINK;
    struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof(*link));
    link->ifi_family = AF_UNSPEC;
    link->ifi_index = routing->setup.tun_index;
    link->ifi_flags = IFF_UP;
    link->ifi_change = IFF_UP;
    mnl_attr_put_u32(message, IFLA_MTU, routing->setup.tun_mtu);
    if (with_ipv6) {
        put_no_link_local(message);
    }
    return request(routing, message);
}

static bool change_rule(struct netlink_route *routing, enum address_family family, bool is_added)
{
    uint8_t buffer[MESSAGE_SIZE] = {0};
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    message->nlmsg_type = is_added ? RTM_NEWRULE : RTM_DELRULE;
    message->nlmsg_flags = is_added ? NLM_F_CREATE | NLM_F_EXCL : 0;
    struct fib_rule_hdr *rule = mnl_nlmsg_put_extra_header(message, sizeof(*rule));
    rule->family = family_number(family);
    rule->action = FR_ACT_TO_TBL;
    rule->flags = FIB_RULE_INVERT; // "not fwmark"
    mnl_attr_put_u32(message, FRA_TABLE, routing->setup.table);
    mnl_attr_put_u32(message, FRA_PRIORITY, routing->setup.priority);
    mnl_attr_put_u32(message, FRA_FWMARK, routing->setup.mark);
    mnl_attr_put_u32(message, FRA_FWMASK, UINT32_MAX);
    return request(routing, message);
}

static bool change_route(struct netlink_route *routing, const struct route *route, bool is_added)
{
    uint8_t buffer[MESSAGE_SIZE] = {0};
    const struct ip_address *destination = &route->destination.address;
    const size_t size = address_size(destination->family);
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    message->nlmsg_type = is_added ? RTM_NEWROUTE : RTM_DELROUTE;
    message->nlmsg_flags = is_added ? NLM_F_CREATE | NLM_F_REPLACE : 0;
    struct rtmsg *entry = mnl_nlmsg_put_extra_header(message, sizeof(*entry));
    entry->rtm_family = family_number(destination->family);
    entry->rtm_dst_len = route->destination.length;
    entry->rtm_table = RT_TABLE_UNSPEC; // RTA_TABLE has room for larger numbers
    entry->rtm_protocol = RTPROT_STATIC;
    entry->rtm_scope = is_added && !route->is_throw ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    entry->rtm_type = route->is_throw ? RTN_THROW : RTN_UNICAST;
    if (!is_added) {
        entry->rtm_scope = RT_SCOPE_NOWHERE;
    }
    mnl_attr_put(message, RTA_DST, size, destination->bytes);
    mnl_attr_put_u32(message, RTA_TABLE, routing->setup.table);
    if (!route->is_throw) {
        mnl_attr_put_u32(message, RTA_OIF, (uint32_t)routing->setup.tun_index);
    }
    if (is_added && route->preferred_source.family != ADDRESS_NONE) {
        mnl_attr_put(message, RTA_PREFSRC, size, route->preferred_source.bytes);
    }
    return request(routing, message);
}

static bool add_rules(struct netlink_route *routing, struct problem *out_problem)
{
    const enum address_family families[FAMILY_COUNT] = {ADDRESS_IPV4, ADDRESS_IPV6};
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        // A rule of a gateway that was killed does no harm and is ours from now on.
        const bool added = change_rule(routing, families[i], true) || errno == EEXIST;
        const bool missing_ipv6 =
            families[i] == ADDRESS_IPV6 && !added && (errno == EAFNOSUPPORT || errno == EOPNOTSUPP);
        if (!added && !missing_ipv6) {
            return problem_set_errno(out_problem, errno, "cannot add the routing rule %u",
                                     routing->setup.priority);
        }
        routing->has_rule[i] = added;
    }
    return true;
}

static bool set_up(struct netlink_route *routing, struct problem *out_problem)
{
    routing->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    if (routing->socket == NULL || mnl_socket_bind(routing->socket, 0, MNL_SOCKET_AUTOPID) != 0) {
        return problem_set_errno(out_problem, errno, "cannot talk to the kernel's routing");
    }
    if (!change_link(routing, true) && !change_link(routing, false)) {
        return problem_set_errno(out_problem, errno, "cannot bring the tunnel device up");
    }
    return add_rules(routing, out_problem);
}

struct netlink_route *netlink_route_open(const struct netlink_route_setup *setup,
                                         struct problem *out_problem)
{
    struct netlink_route *routing = calloc(1, sizeof(*routing));
    if (routing == NULL) {
        (void)problem_set(out_problem, "out of memory");
        return NULL;
    }
    routing->setup = *setup;
    if (!set_up(routing, out_problem)) {
        netlink_route_close(routing);
        return NULL;
    }
    return routing;
}

void netlink_route_close(struct netlink_route *routing)
{
    if (routing == NULL) {
        return;
    }
    for (size_t i = routing->route_count; i > 0; i--) {
        (void)change_route(routing, &routing->routes[i - 1], false);
    }
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        if (routing->has_rule[i]) {
            (void)change_rule(routing, i == 0 ? ADDRESS_IPV4 : ADDRESS_IPV6, false);
        }
    }
    if (routing->socket != NULL) {
        (void)mnl_socket_close(routing->socket);
    }
    free(routing->routes);
    free(routing);
}

static bool remember(struct netlink_route *routing, const struct route *route)
{
    if (routing->route_count == routing->route_capacity) {
        const size_t capacity = routing->route_capacity == 0 ? 16 : 2 * routing->route_capacity;
        struct route *routes = realloc(routing->routes, capacity * sizeof(*routes));
        if (routes == NULL) {
            return false;
        }
        routing->routes = routes;
        routing->route_capacity = capacity;
    }
    routing->routes[routing->route_count] = *route;
    routing->route_count++;
    return true;
}

static bool add_route(struct netlink_route *routing, const struct route *wanted,
                      struct problem *out_problem)
{
    struct route route = *wanted;
    char text[ADDRESS_TEXT_SIZE];
    bool added = change_route(routing, &route, true);
    if (!added && errno == EINVAL && route.preferred_source.family != ADDRESS_NONE) {
        // The address cannot be a source now, an IPv6 address still being probed for instance.
        route.preferred_source = (struct ip_address){0};
        added = change_route(routing, &route, true);
    }
    if (!added) {
        const int error = errno;
        address_format(&route.destination.address, text);
        return problem_set_errno(out_problem, error, "cannot add the route to %s/%u", text,
                                 route.destination.length);
    }
    return remember(routing, &route) || problem_set(out_problem, "out of memory");
}

static struct ip_address address_of(const struct sockaddr *from)
{
    struct ip_address address = {0};
    if (from != NULL && from->sa_family == AF_INET) {
        struct sockaddr_in ipv4;
        memcpy(&ipv4, from, sizeof(ipv4));
        address.family = ADDRESS_IPV4;
        memcpy(address.bytes, &ipv4.sin_addr, 4);
    } else if (from != NULL && from->sa_family == AF_INET6) {
        struct sockaddr_in6 ipv6;
        memcpy(&ipv6, from, sizeof(ipv6));
        address.family = ADDRESS_IPV6;
        memcpy(address.bytes, &ipv6.sin6_addr, 16);
    }
    return address;
}

static bool is_in_range(const struct ip_address *address, const struct selector *range)
{
    return address->family == range->start_address.family &&
           address_compare(&range->start_address, address) <= 0 &&
           address_compare(address, &range->end_address) <= 0;
}

static bool is_in_set(const struct ip_address *address, const struct selector_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (is_in_range(address, &set->items[i])) {
            return true;
        }
    }
    return false;
}

// An own address inside the selectors, of this family; ADDRESS_NONE when there is none.
static struct ip_address own_address_in(const struct selector_set *set, enum address_family family)
{
    struct ifaddrs *list = NULL;
    struct ip_address found = {0};
    if (getifaddrs(&list) != 0) {
        return found;
    }
    for (const struct ifaddrs *entry = list; entry != NULL; entry = entry->ifa_next) {
        const struct ip_address address = address_of(entry->ifa_addr);
        if (address.family == family && (entry->ifa_flags & IFF_LOOPBACK) == 0 &&
            is_in_set(&address, set)) {
            found = address;
            break;
        }
    }
    freeifaddrs(list);
    return found;
}

static bool add_range(struct netlink_route *routing, const struct selector *range,
                      const struct route *pattern, struct problem *out_problem)
{
    struct prefix_list prefixes;
    struct route route = *pattern;
    prefix_list_from_range(&range->start_address, &range->end_address, &prefixes);
    for (size_t i = 0; i < prefixes.count; i++) {
        route.destination = prefixes.items[i];
        if (!add_route(routing, &route, out_problem)) {
            return false;
        }
    }
    return true;
}

// Whether `inner` lies inside one of the set's ranges without being equal to it.
static bool is_strictly_inside(const struct selector *inner, const struct selector_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct selector *outer = &set->items[i];
        const bool is_equal = address_equals(&inner->start_address, &outer->start_address) &&
                              address_equals(&inner->end_address, &outer->end_address);
        if (!is_equal && is_in_range(&inner->start_address, outer) &&
            is_in_range(&inner->end_address, outer)) {
            return true;
        }
    }
    return false;
}

bool netlink_route_add_policy(struct netlink_route *routing, const struct selector_set *local,
                              const struct selector_set *remote, struct problem *out_problem)
{
    for (size_t i = 0; i < remote->count; i++) {
        const struct selector *range = &remote->items[i];
        const struct route into_tunnel = {.preferred_source =
                                              own_address_in(local, range->start_address.family)};
        if (!add_range(routing, range, &into_tunnel, out_problem)) {
            return false;
        }
    }
    for (size_t i = 0; i < local->count; i++) {
        const struct route elsewhere = {.is_throw = true};
        if (is_strictly_inside(&local->items[i], remote) &&
            !add_range(routing, &local->items[i], &elsewhere, out_problem)) {
            return false;
        }
    }
    return true;
}
