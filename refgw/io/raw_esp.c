#include "refgw/io/raw_esp.h"

#include "refgw/iana/ikev2_numbers.h"
#include "refgw/io/datagram_socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IPV4_LEAST_HEADER_SIZE = 20 };

static int open_family(enum address_family family, uint32_t mark, struct problem *out_problem)
{
    const struct datagram_socket_setup setup = {
        .type = SOCK_RAW,
        .protocol = IP_PROTOCOL_ESP,
        .local = {.address = {.family = family}},
        .mark = mark,
    };
    return datagram_socket_open(&setup, out_problem);
}

bool raw_esp_open(uint32_t mark, struct raw_esp *out_sockets, struct problem *out_problem)
{
    const int ipv4 = open_family(ADDRESS_IPV4, mark, out_problem);
    if (ipv4 < 0) {
        return false;
    }
    const int ipv6 = open_family(ADDRESS_IPV6, mark, out_problem);
    if (ipv6 < 0 && errno != EAFNOSUPPORT) {
        (void)close(ipv4);
        return false;
    }
    *out_sockets = (struct raw_esp){.ipv4 = ipv4, .ipv6 = ipv6};
    return true;
}

void raw_esp_close(struct raw_esp *sockets)
{
    if (sockets->ipv4 >= 0) {
        (void)close(sockets->ipv4);
    }
    if (sockets->ipv6 >= 0) {
        (void)close(sockets->ipv6);
    }
    *sockets = (struct raw_esp){.ipv4 = -1, .ipv6 = -1};
}

// Raw IPv4 sockets hand over the IP header as well, raw IPv6 sockets do not. What is too
// short for its own header becomes an empty packet, which ESP calls malformed.
static void strip_ipv4_header(struct packet *packet)
{
    size_t header_size = packet->size;
    if (packet->size >= IPV4_LEAST_HEADER_SIZE) {
        const size_t told = (size_t)(packet->data[0] & 0x0fU) * 4;
        header_size = told < packet->size ? told : packet->size;
    }
    packet->data += header_size;
    packet->size -= header_size;
}

void raw_esp_receive(const struct raw_esp *sockets, int descriptor, struct packet_batch *batch)
{
    datagram_socket_receive(descriptor, batch);
    for (size_t i = 0; i < batch->count; i++) {
        batch->packets[i].path.remote.port = 0;
        if (descriptor == sockets->ipv4) {
            strip_ipv4_header(&batch->packets[i]);
        }
    }
}

bool raw_esp_send(const struct raw_esp *sockets, const struct network_path *path,
                  struct byte_view packet)
{
    // A port in a raw socket's address would be taken for a protocol number.
    struct network_path without_ports = *path;
    without_ports.local.port = 0;
    without_ports.remote.port = 0;
    const bool is_ipv6 = path->remote.address.family == ADDRESS_IPV6;
    return datagram_socket_send(is_ipv6 ? sockets->ipv6 : sockets->ipv4, &without_ports, packet);
}
