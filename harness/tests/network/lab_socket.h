// lab_socket.h - UDP sockets inside the namespaces of a cell, for tests.
#ifndef HARNESS_TESTS_NETWORK_LAB_SOCKET_H
#define HARNESS_TESTS_NETWORK_LAB_SOCKET_H

#include "harness/network/cell_network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static inline bool lab_address(const char *text, uint16_t port, struct sockaddr_storage *out,
                               socklen_t *out_size)
{
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, text, &ipv4->sin_addr) == 1) {
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = htons(port);
        *out_size = sizeof(*ipv4);
        return true;
    }
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(port);
    *out_size = sizeof(*ipv6);
    return inet_pton(AF_INET6, text, &ipv6->sin6_addr) == 1;
}

// A socket in a namespace, bound to address and port; -1 on failure.
static inline int lab_socket(const struct cell_network *network, enum cell_role role,
                             const char *address, uint16_t port)
{
    char name[CELL_NAME_SIZE];
    struct sockaddr_storage here;
    socklen_t size = 0;
    const int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    cell_network_name(network, role, name);
    if (home < 0 || !lab_address(address, port, &here, &size) || !namespace_enter(name)) {
        return -1;
    }
    int opened = socket(here.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (opened >= 0 && bind(opened, (const struct sockaddr *)&here, size) != 0) {
        (void)close(opened);
        opened = -1;
    }
    if (setns(home, CLONE_NEWNET) != 0) {
        abort();
    }
    (void)close(home);
    return opened;
}

static inline bool lab_send(int from, const char *address, uint16_t port, struct byte_view bytes)
{
    struct sockaddr_storage to;
    socklen_t size = 0;
    return lab_address(address, port, &to, &size) &&
           sendto(from, bytes.data, bytes.size, 0, (const struct sockaddr *)&to, size) ==
               (ssize_t)bytes.size;
}

// Receives one datagram within the time limit; returns its size, or -1.
static inline ssize_t lab_receive(int at, int milliseconds, uint8_t *bytes, size_t size,
                                  struct sockaddr_storage *out_from)
{
    struct pollfd ready = {.fd = at, .events = POLLIN};
    socklen_t from_size = sizeof(*out_from);
    if (poll(&ready, 1, milliseconds) != 1) {
        return -1;
    }
    return recvfrom(at, bytes, size, 0, (struct sockaddr *)out_from, &from_size);
}

// Whether a datagram from one place of the cell gets to another within the time limit.
static inline bool lab_reaches(const struct cell_network *network, enum cell_role from,
                               const char *from_address, enum cell_role to, const char *to_address,
                               int milliseconds)
{
    static const uint8_t hello[] = "hello";
    uint8_t got[sizeof(hello) + 1];
    struct sockaddr_storage source;
    const int sender = lab_socket(network, from, from_address, 7000);
    const int receiver = lab_socket(network, to, to_address, 7000);
    const bool reached =
        sender >= 0 && receiver >= 0 && lab_send(sender, to_address, 7000, VIEW_OF(hello)) &&
        lab_receive(receiver, milliseconds, got, sizeof(got), &source) == (ssize_t)sizeof(hello);
    (void)close(sender);
    (void)close(receiver);
    return reached;
}

#endif
