#include "harness/relay/relay_links.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <string.h>
#include <sys/socket.h>

static unsigned prefix_length_of(const struct sockaddr *mask, size_t size)
{
    const uint8_t *bytes =
        mask->sa_family == AF_INET
            ? (const uint8_t *)&((const struct sockaddr_in *)(const void *)mask)->sin_addr
            : (const uint8_t *)&((const struct sockaddr_in6 *)(const void *)mask)->sin6_addr;
    unsigned length = 0;
    for (size_t i = 0; i < size; i++) {
        length += (unsigned)__builtin_popcount(bytes[i]);
    }
    return length;
}

static bool address_of(const struct sockaddr *socket_address, struct ip_address *out_address)
{
    char text[ADDRESS_TEXT_SIZE];
    const void *bytes = NULL;
    if (socket_address == NULL) {
        return false;
    }
    if (socket_address->sa_family == AF_INET) {
        bytes = &((const struct sockaddr_in *)(const void *)socket_address)->sin_addr;
    } else if (socket_address->sa_family == AF_INET6) {
        bytes = &((const struct sockaddr_in6 *)(const void *)socket_address)->sin6_addr;
    }
    return bytes != NULL && inet_ntop(socket_address->sa_family, bytes, text, sizeof(text)) &&
           address_parse(text, out_address);
}

bool router_learn_links(struct router *router, enum relay_side side, const char *interface)
{
    struct ifaddrs *all = NULL;
    bool learned = getifaddrs(&all) == 0;
    for (const struct ifaddrs *entry = all; learned && entry != NULL; entry = entry->ifa_next) {
        struct ip_address own;
        if (strcmp(entry->ifa_name, interface) == 0 && entry->ifa_netmask != NULL &&
            address_of(entry->ifa_addr, &own)) {
            const size_t size = address_size(own.family);
            learned =
                router_add_link(router, side, &own, prefix_length_of(entry->ifa_netmask, size));
        }
    }
    freeifaddrs(all);
    return learned;
}
