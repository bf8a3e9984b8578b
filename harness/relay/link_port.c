#include "harness/relay/link_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    RECEIVE_MEMORY = 64 * 1024 * 1024,
    PACKET_ROOM = 65536, // with GRO off nothing comes near it
    CONTROL_ROOM = 64,
    TABLE_LINE_SIZE = 512,
    RECEIVE_DROPS_COLUMN = 3, // bytes packets errors drops
};

// Memory of one message to receive.
struct receive_slot {
    struct sockaddr_ll from;
    struct iovec vector;
    _Alignas(struct cmsghdr) char control[CONTROL_ROOM];
};

struct link_port {
    int descriptor;
    unsigned interface_index;
    uint64_t overruns;
    uint8_t *memory; // LINK_PORT_BATCH times PACKET_ROOM
    struct receive_slot slots[LINK_PORT_BATCH];
    struct mmsghdr messages[LINK_PORT_BATCH];
    struct link_arrival arrivals[LINK_PORT_BATCH];
};

static bool set_option(int descriptor, int level, int option, int value)
{
    return setsockopt(descriptor, level, option, &value, sizeof(value)) == 0;
}

static bool open_socket(struct link_port *port, const char *interface)
{
    port->interface_index = if_nametoindex(interface);
    if (port->interface_index == 0) {
        return false;
    }
    // Bound to no protocol at first: nothing of another interface may slip in.
    port->descriptor = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const struct sockaddr_ll here = {.sll_family = AF_PACKET,
                                     .sll_protocol = htons(ETH_P_ALL),
                                     .sll_ifindex = (int)port->interface_index};
    return port->descriptor >= 0 &&
           set_option(port->descriptor, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_MEMORY) &&
           set_option(port->descriptor, SOL_SOCKET, SO_SNDBUFFORCE, RECEIVE_MEMORY) &&
           set_option(port->descriptor, SOL_SOCKET, SO_TIMESTAMPNS, 1) &&
           set_option(port->descriptor, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1) &&
           bind(port->descriptor, (const struct sockaddr *)&here, sizeof(here)) == 0;
}

static void prepare_slots(struct link_port *port)
{
    for (size_t i = 0; i < LINK_PORT_BATCH; i++) {
        struct receive_slot *slot = &port->slots[i];
        slot->vector.iov_base = port->memory + i * PACKET_ROOM;
        slot->vector.iov_len = PACKET_ROOM;
        port->messages[i].msg_hdr = (struct msghdr){.msg_name = &slot->from,
                                                    .msg_namelen = sizeof(slot->from),
                                                    .msg_iov = &slot->vector,
                                                    .msg_iovlen = 1,
                                                    .msg_control = slot->control,
                                                    .msg_controllen = sizeof(slot->control)};
    }
}

struct link_port *link_port_open(const char *interface)
{
    struct link_port *port = calloc(1, sizeof(*port));
    if (port == NULL) {
        return NULL;
    }
    port->descriptor = -1;
    port->memory = malloc((size_t)LINK_PORT_BATCH * PACKET_ROOM);
    if (port->memory == NULL || !open_socket(port, interface)) {
        const int error = errno;
        link_port_close(port);
        errno = error;
        return NULL;
    }
    prepare_slots(port);
    return port;
}

void link_port_close(struct link_port *port)
{
    if (port == NULL) {
        return;
    }
    if (port->descriptor >= 0) {
        (void)close(port->descriptor);
    }
    free(port->memory);
    free(port);
}

int link_port_descriptor(const struct link_port *port)
{
    return port->descriptor;
}

unsigned link_port_interface_index(const struct link_port *port)
{
    return port->interface_index;
}

static uint64_t to_nanoseconds(const struct timespec *time)
{
    return (uint64_t)time->tv_sec * 1000000000U + (uint64_t)time->tv_nsec;
}

static uint64_t arrival_time(struct msghdr *header)
{
    struct timespec time;
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL;
         control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS) {
            memcpy(&time, CMSG_DATA(control), sizeof(time));
            return to_nanoseconds(&time);
        }
    }
    (void)clock_gettime(CLOCK_REALTIME, &time);
    return to_nanoseconds(&time);
}

static bool is_for_us(const struct receive_slot *slot, const struct msghdr *header)
{
    const uint16_t protocol = ntohs(slot->from.sll_protocol);
    return slot->from.sll_pkttype == PACKET_HOST && (header->msg_flags & MSG_TRUNC) == 0 &&
           (protocol == ETH_P_IP || protocol == ETH_P_IPV6);
}

size_t link_port_receive(struct link_port *port, const struct link_arrival **out_arrivals)
{
    size_t count = 0;
    const int got = recvmmsg(port->descriptor, port->messages, LINK_PORT_BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < got; i++) {
        struct mmsghdr *message = &port->messages[i];
        const struct receive_slot *slot = &port->slots[i];
        if (is_for_us(slot, &message->msg_hdr)) {
            port->arrivals[count++] =
                (struct link_arrival){.bytes = slot->vector.iov_base,
                                      .size = message->msg_len,
                                      .time_ns = arrival_time(&message->msg_hdr)};
        }
        message->msg_hdr.msg_namelen = sizeof(slot->from);
        message->msg_hdr.msg_controllen = sizeof(slot->control);
    }
    *out_arrivals = port->arrivals;
    return count;
}

static uint16_t protocol_of(struct byte_view packet)
{
    return packet.size > 0 && packet.data[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP;
}

static void prepare_departure(const struct link_port *port, const struct link_departure *departure,
                              struct sockaddr_ll *to, struct iovec *vector)
{
    *to = (struct sockaddr_ll){.sll_family = AF_PACKET,
                               .sll_protocol = htons(protocol_of(departure->packet)),
                               .sll_ifindex = (int)port->interface_index,
                               .sll_halen = HARDWARE_ADDRESS_SIZE};
    memcpy(to->sll_addr, departure->hardware, HARDWARE_ADDRESS_SIZE);
    // The kernel only reads, but struct iovec has no const.
    memcpy(&vector->iov_base, &departure->packet.data, sizeof(vector->iov_base));
    vector->iov_len = departure->packet.size;
}

void link_port_send(struct link_port *port, const struct link_departure *departures, size_t count,
                    bool *out_sent)
{
    struct sockaddr_ll to[LINK_PORT_BATCH];
    struct iovec vectors[LINK_PORT_BATCH];
    struct mmsghdr messages[LINK_PORT_BATCH] = {0};
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        prepare_departure(port, &departures[i], &to[i], &vectors[i]);
        messages[i].msg_hdr = (struct msghdr){.msg_name = &to[i],
                                              .msg_namelen = sizeof(to[i]),
                                              .msg_iov = &vectors[i],
                                              .msg_iovlen = 1};
        out_sent[i] = false;
    }
    while (done < count) {
        const int sent =
            sendmmsg(port->descriptor, messages + done, (unsigned)(count - done), MSG_DONTWAIT);
        if (sent > 0) {
            memset(out_sent + done, true, (size_t)sent);
            done += (size_t)sent;
        } else if (errno != EINTR) {
            done++; // the interface does not take this one: too large, or full
        }
    }
}

// The number at position `index` of a row of numbers; 0 when the row is shorter.
static uint64_t number_in_row(const char *row, int index)
{
    char *end = NULL;
    for (;;) {
        const unsigned long long number = strtoull(row, &end, 10);
        if (end == row) {
            return 0;
        }
        if (index == 0) {
            return number;
        }
        index--;
        row = end;
    }
}

// Packets that the kernel threw away before the socket saw them, from /proc/net/dev.
static uint64_t interface_drops(const char *interface)
{
    char line[TABLE_LINE_SIZE];
    uint64_t drops = 0;
    const size_t size = strlen(interface);
    FILE *table = fopen("/proc/thread-self/net/dev", "re");
    while (table != NULL && fgets(line, sizeof(line), table) != NULL) {
        const char *name = line + strspn(line, " ");
        if (strncmp(name, interface, size) == 0 && name[size] == ':') {
            drops = number_in_row(name + size + 1, RECEIVE_DROPS_COLUMN);
        }
    }
    if (table != NULL) {
        (void)fclose(table);
    }
    return drops;
}

uint64_t link_port_overruns(struct link_port *port)
{
    // Reading the statistics sets them to zero.
    struct tpacket_stats statistics = {0};
    socklen_t size = sizeof(statistics);
    char name[IF_NAMESIZE] = "";
    if (getsockopt(port->descriptor, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) == 0) {
        port->overruns += statistics.tp_drops;
    }
    (void)if_indextoname(port->interface_index, name);
    return port->overruns + interface_drops(name);
}
