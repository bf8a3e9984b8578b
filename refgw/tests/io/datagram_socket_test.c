// datagram_socket_test.c - over the loopback interface: local addresses of what arrives, the
// choice of source addresses, batches. Runs in a network namespace of its own; needs root.
#include "refgw/io/udp.h"

#include "harness/tap/tap.h"
#include "refgw/io/datagram_socket.h"
#include "refgw/io/packet_pool.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct packet_batch batch;

static struct ip_address address(const char *text)
{
    struct ip_address result = {0};
    if (!address_parse(text, &result)) {
        note("%s is no address", text);
    }
    return result;
}

static uint16_t port_of(int descriptor)
{
    struct sockaddr_in6 bound = {0};
    socklen_t size = sizeof(bound);
    if (getsockname(descriptor, (struct sockaddr *)&bound, &size) != 0) {
        return 0;
    }
    return ntohs(bound.sin6_port); // at the same place in IPv4's
}

static void wait_readable(int descriptor)
{
    struct pollfd poll_for = {.fd = descriptor, .events = POLLIN};
    if (poll(&poll_for, 1, 2000) != 1) {
        note("nothing arrived within 2 s");
    }
}

static void a_datagram_knows_both_addresses(const char *listen, const char *from, const char *to)
{
    struct problem problem = {0};
    const struct datagram_socket_setup setup = {
        .type = SOCK_DGRAM, .local = {.address = address(listen)}, .mark = 1};
    const int here = datagram_socket_open(&setup, &problem);
    const int there = datagram_socket_open(&setup, &problem);
    if (here < 0 || there < 0) {
        ok(false, "sockets on %s: %s", listen, problem.text);
        return;
    }
    const struct network_path path = {
        .local = {.address = address(from)},
        .remote = { .address = address(to),  .port = port_of(there)},
    };
    static const uint8_t text[] = {1, 2, 3};
    ok(datagram_socket_send(here, &path, VIEW_OF(text)), "%s sends to %s", from, to);
    wait_readable(there);
    packet_batch_reset(&batch);
    datagram_socket_receive(there, &batch);
    const struct packet *packet = &batch.packets[0];
    ok(batch.count == 1 && packet->size == 3 && packet->data[2] == 3, "it arrives whole");
    ok(address_equals(&packet->path.local.address, &path.remote.address),
       "the destination address is known");
    ok(address_equals(&packet->path.remote.address, &path.local.address) &&
           packet->path.remote.port == port_of(here),
       "the source address was ours to choose");
    datagram_socket_receive(there, &batch);
    ok(batch.count == 0, "and then there is nothing more");
    (void)close(here);
    (void)close(there);
}

static void ports_in_paths_are_what_sockets_stand_for(void)
{
    struct problem problem = {0};
    struct udp_sockets sockets = {0};
    const struct udp_setup setup = {
        .listen_count = 1,
        .listen = {address("127.0.0.77")},
        .ike_port = 20500,
        .nat_traversal_port = 24500,
        .mark = 1,
    };
    if (!ok(udp_open(&setup, &sockets, &problem), "two sockets %s", problem.text)) {
        return;
    }
    ok(sockets.count == 2 && sockets.items[0].port == 500 && sockets.items[1].port == 4500,
       "they stand for 500 and 4500");
    const struct network_path path = {
        .local = {.address = address("127.0.0.77"), .port = 500  },
        .remote = {.address = address("127.0.0.77"), .port = 24500},
    };
    static const uint8_t text[] = {9};
    ok(udp_send(&sockets, &path, VIEW_OF(text)), "sends from the one to the other");
    wait_readable(sockets.items[1].descriptor);
    packet_batch_reset(&batch);
    udp_receive(&sockets.items[1], &batch);
    ok(batch.count == 1 && batch.packets[0].path.local.port == 4500 &&
           batch.packets[0].path.remote.port == 20500,
       "the local port is 4500, the remote one the real one");
    struct udp_sockets again = {0};
    ok(!udp_open(&setup, &again, &problem) && strstr(problem.text, "another IKE daemon") != NULL,
       "a port in use is explained: %s", problem.text);
    const struct network_path foreign = {
        .local = {.address = address("127.0.0.78"), .port = 500  },
        .remote = {.address = address("127.0.0.77"), .port = 24500},
    };
    ok(!udp_send(&sockets, &foreign, VIEW_OF(text)) && errno == EADDRNOTAVAIL,
       "no socket of another address is used");
    udp_close(&sockets);
}

static void the_source_address_follows_the_route(void)
{
    const struct ip_address loopback = address("127.0.0.1");
    struct ip_address source;
    ok(datagram_source_address(&loopback, 1, &source) && address_equals(&source, &loopback),
       "to reach 127.0.0.1 we send from 127.0.0.1");
}

// A network namespace of our own with nothing but a loopback interface.
static bool enter_empty_network(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    if (unshare(CLONE_NEWNET) != 0) {
        return false;
    }
    const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool is_up = descriptor >= 0 && ioctl(descriptor, SIOCSIFFLAGS, &request) == 0;
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    return is_up;
}

int main(void)
{
    if (!enter_empty_network()) {
        (void)puts("1..0 # SKIP needs root for a network namespace");
        return 0;
    }
    if (!packet_batch_allocate(&batch)) {
        return 1;
    }
    a_datagram_knows_both_addresses("0.0.0.0", "127.0.0.2", "127.0.0.3");
    a_datagram_knows_both_addresses("::", "::1", "::1");
    ports_in_paths_are_what_sockets_stand_for();
    the_source_address_follows_the_route();
    packet_batch_release(&batch);
    return done_testing();
}
