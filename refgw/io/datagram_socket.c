#include "refgw/io/datagram_socket.h"

#include "refgw/io/packet_pool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECEIVE_BUFFER_SIZE = 4 * 1024 * 1024, CONTROL_SIZE = 128 };

union socket_address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

// Ancillary data must be aligned like its header.
struct control_buffer {
    _Alignas(struct cmsghdr) uint8_t bytes[CONTROL_SIZE];
};

static socklen_t put_endpoint(const struct ip_endpoint *endpoint, union socket_address *out)
{
    *out = (union socket_address){0};
    if (endpoint->address.family == ADDRESS_IPV6) {
        out->ipv6.sin6_family = AF_INET6;
        out->ipv6.sin6_port = htons(endpoint->port);
        memcpy(&out->ipv6.sin6_addr, endpoint->address.bytes, 16);
        return sizeof(out->ipv6);
    }
    out->ipv4.sin_family = AF_INET;
    out->ipv4.sin_port = htons(endpoint->port);
    memcpy(&out->ipv4.sin_addr, endpoint->address.bytes, 4);
    return sizeof(out->ipv4);
}

static struct ip_endpoint take_endpoint(const union socket_address *from)
{
    struct ip_endpoint endpoint = {0};
    if (from->any.sa_family == AF_INET6) {
        endpoint.address.family = ADDRESS_IPV6;
        endpoint.port = ntohs(from->ipv6.sin6_port);
        memcpy(endpoint.address.bytes, &from->ipv6.sin6_addr, 16);
    } else if (from->any.sa_family == AF_INET) {
        endpoint.address.family = ADDRESS_IPV4;
        endpoint.port = ntohs(from->ipv4.sin_port);
        memcpy(endpoint.address.bytes, &from->ipv4.sin_addr, 4);
    }
    return endpoint;
}

static bool set_option(int descriptor, int level, int option, int value)
{
    return setsockopt(descriptor, level, option, &value, sizeof(value)) == 0;
}

static bool set_ip_options(int descriptor, const struct datagram_socket_setup *setup)
{
    if (setup->local.address.family == ADDRESS_IPV6) {
        // Raw IPv6 sockets never see IPv4 and do not know the option.
        return (setup->type == SOCK_RAW || set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
               set_option(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
               set_option(descriptor, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
    }
    return set_option(descriptor, IPPROTO_IP, IP_PKTINFO, 1) &&
           set_option(descriptor, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
}

static bool prepare(int descriptor, const struct datagram_socket_setup *setup)
{
    union socket_address local;
    const socklen_t size = put_endpoint(&setup->local, &local);
    // A burst of 64 KiB packets fits; without CAP_NET_ADMIN the system's limit has to do.
    if (!set_option(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_SIZE)) {
        (void)set_option(descriptor, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_SIZE);
    }
    return set_ip_options(descriptor, setup) &&
           setsockopt(descriptor, SOL_SOCKET, SO_MARK, &setup->mark, sizeof(setup->mark)) == 0 &&
           bind(descriptor, &local.any, size) == 0;
}

int datagram_socket_open(const struct datagram_socket_setup *setup, struct problem *out_problem)
{
    const int family = setup->local.address.family == ADDRESS_IPV6 ? AF_INET6 : AF_INET;
    char text[ADDRESS_TEXT_SIZE];
    const int descriptor =
        socket(family, setup->type | SOCK_NONBLOCK | SOCK_CLOEXEC, setup->protocol);
    if (descriptor >= 0 && prepare(descriptor, setup)) {
        return descriptor;
    }
    const int error = errno;
    endpoint_format(&setup->local, text);
    (void)problem_set_errno(out_problem, error, "cannot open a %s socket on %s",
                            setup->type == SOCK_RAW ? "raw ESP" : "UDP", text);
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    errno = error;
    return -1;
}

// The destination address of a packet that arrived.
static struct ip_address take_local_address(struct msghdr *message)
{
    struct ip_address address = {0};
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(header), sizeof(info));
            address.family = ADDRESS_IPV4;
            memcpy(address.bytes, &info.ipi_addr, 4);
        } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(header), sizeof(info));
            address.family = ADDRESS_IPV6;
            memcpy(address.bytes, &info.ipi6_addr, 16);
        }
    }
    return address;
}

void datagram_socket_receive(int descriptor, struct packet_batch *batch)
{
    struct mmsghdr messages[BATCH_MOST_PACKETS] = {0};
    struct iovec parts[BATCH_MOST_PACKETS];
    union socket_address senders[BATCH_MOST_PACKETS];
    struct control_buffer controls[BATCH_MOST_PACKETS];

    for (size_t i = 0; i < BATCH_MOST_PACKETS; i++) {
        parts[i] = (struct iovec){.iov_base = batch->packets[i].data, .iov_len = PACKET_MOST_SIZE};
        messages[i].msg_hdr = (struct msghdr){.msg_name = &senders[i],
                                              .msg_namelen = sizeof(senders[i]),
                                              .msg_iov = &parts[i],
                                              .msg_iovlen = 1,
                                              .msg_control = &controls[i],
                                              .msg_controllen = sizeof(controls[i])};
    }
    const int count = recvmmsg(descriptor, messages, BATCH_MOST_PACKETS, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
        struct packet *packet = &batch->packets[i];
        packet->size = messages[i].msg_len;
        packet->path.remote = take_endpoint(&senders[i]);
        packet->path.local.address = take_local_address(&messages[i].msg_hdr);
    }
    batch->count = count > 0 ? (size_t)count : 0;
}

static void put_control(struct msghdr *message, int level, int type, const void *data, size_t size)
{
    struct cmsghdr *header = message->msg_control;
    message->msg_controllen = CMSG_SPACE(size);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(header), data, size);
}

static void put_source(struct msghdr *message, const struct ip_address *source)
{
    if (source->family == ADDRESS_IPV6) {
        struct in6_pktinfo info = {0};
        memcpy(&info.ipi6_addr, source->bytes, 16);
        put_control(message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
    } else {
        struct in_pktinfo info = {0};
        memcpy(&info.ipi_spec_dst, source->bytes, 4);
        put_control(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
    }
}

bool datagram_socket_send(int descriptor, const struct network_path *path, struct byte_view bytes)
{
    union socket_address remote;
    struct control_buffer control = {0};
    // sendmsg() only reads, but struct iovec serves both directions.
    struct iovec part = {.iov_len = bytes.size};
    memcpy(&part.iov_base, &bytes.data, sizeof(part.iov_base));
    struct msghdr message = {.msg_name = &remote,
                             .msg_namelen = put_endpoint(&path->remote, &remote),
                             .msg_iov = &part,
                             .msg_iovlen = 1};
    if (path->local.address.family != ADDRESS_NONE) {
        message.msg_control = &control;
        put_source(&message, &path->local.address);
    }
    return sendmsg(descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

bool datagram_source_address(const struct ip_address *remote, uint32_t mark,
                             struct ip_address *out_source)
{
    const struct ip_endpoint endpoint = {.address = *remote, .port = 500};
    const int family = remote->family == ADDRESS_IPV6 ? AF_INET6 : AF_INET;
    union socket_address address;
    socklen_t size = put_endpoint(&endpoint, &address);
    const int descriptor = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return false;
    }
    // Connecting a UDP socket sends nothing; it only looks up the route.
    bool found = setsockopt(descriptor, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0 &&
                 connect(descriptor, &address.any, size) == 0;
    size = sizeof(address);
    found = found && getsockname(descriptor, &address.any, &size) == 0;
    (void)close(descriptor);
    if (found) {
        *out_source = take_endpoint(&address).address;
    }
    return found;
}
