#include "refgw/io/udp.h"

#include "refgw/iana/ikev2_numbers.h"
#include "refgw/io/datagram_socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

static bool open_one(const struct udp_setup *setup, const struct ip_address *listen, uint16_t port,
                     struct udp_sockets *sockets, struct problem *out_problem)
{
    const uint16_t real_port =
        port == IKE_NAT_TRAVERSAL_PORT ? setup->nat_traversal_port : setup->ike_port;
    const struct datagram_socket_setup socket_setup = {
        .type = SOCK_DGRAM,
        .local = {.address = *listen, .port = real_port},
        .mark = setup->mark,
    };
    const int descriptor = datagram_socket_open(&socket_setup, out_problem);
    if (descriptor < 0) {
        return false;
    }
    sockets->items[sockets->count] =
        (struct udp_socket){.descriptor = descriptor, .listen = *listen, .port = port};
    sockets->count++;
    return true;
}

static bool open_both_ports(const struct udp_setup *setup, const struct ip_address *listen,
                            struct udp_sockets *sockets, struct problem *out_problem)
{
    return open_one(setup, listen, IKE_PORT, sockets, out_problem) &&
           open_one(setup, listen, IKE_NAT_TRAVERSAL_PORT, sockets, out_problem);
}

static bool open_any(const struct udp_setup *setup, struct udp_sockets *sockets,
                     struct problem *out_problem)
{
    const struct ip_address any_ipv4 = {.family = ADDRESS_IPV4};
    const struct ip_address any_ipv6 = {.family = ADDRESS_IPV6};
    if (!open_both_ports(setup, &any_ipv4, sockets, out_problem)) {
        return false;
    }
    return open_both_ports(setup, &any_ipv6, sockets, out_problem) || errno == EAFNOSUPPORT;
}

bool udp_open(const struct udp_setup *setup, struct udp_sockets *out_sockets,
              struct problem *out_problem)
{
    struct udp_sockets sockets = {0};
    bool opened = setup->listen_count > 0 || open_any(setup, &sockets, out_problem);
    for (size_t i = 0; opened && i < setup->listen_count; i++) {
        opened = open_both_ports(setup, &setup->listen[i], &sockets, out_problem);
    }
    if (!opened) {
        udp_close(&sockets);
        return false;
    }
    *out_sockets = sockets;
    return true;
}

void udp_close(struct udp_sockets *sockets)
{
    for (size_t i = 0; i < sockets->count; i++) {
        (void)close(sockets->items[i].descriptor);
    }
    sockets->count = 0;
}

void udp_receive(const struct udp_socket *socket, struct packet_batch *batch)
{
    datagram_socket_receive(socket->descriptor, batch);
    for (size_t i = 0; i < batch->count; i++) {
        batch->packets[i].path.local.port = socket->port;
    }
}

static bool is_any(const struct ip_address *address)
{
    const struct ip_address any = {.family = address->family};
    return address_equals(address, &any);
}

static bool socket_suits(const struct udp_socket *socket, const struct network_path *path)
{
    return socket->port == path->local.port &&
           socket->listen.family == path->remote.address.family &&
           (path->local.address.family == ADDRESS_NONE || is_any(&socket->listen) ||
            address_equals(&socket->listen, &path->local.address));
}

bool udp_send(const struct udp_sockets *sockets, const struct network_path *path,
              struct byte_view payload)
{
    for (size_t i = 0; i < sockets->count; i++) {
        if (socket_suits(&sockets->items[i], path)) {
            return datagram_socket_send(sockets->items[i].descriptor, path, payload);
        }
    }
    errno = EADDRNOTAVAIL;
    return false;
}
