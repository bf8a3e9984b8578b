#include "harness/relay/neighbours.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    MOST_ENTRIES = 64,
    ASK_AGAIN_MILLISECONDS = 250,
    REQUEST_SIZE = 256,
    ANSWER_SIZE = 32 * 1024,
    NUD_USABLE = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP,
};

struct entry {
    unsigned interface_index;
    struct ip_address address;
    bool is_known;
    uint8_t hardware[HARDWARE_ADDRESS_SIZE];
    uint64_t ask_again_ms;
};

struct neighbours {
    struct mnl_socket *socket;
    size_t count;
    size_t oldest; // is replaced when the table is full
    struct entry entries[MOST_ENTRIES];
};

static struct entry *find(struct neighbours *neighbours, unsigned interface_index,
                          const struct ip_address *address)
{
    for (size_t i = 0; i < neighbours->count; i++) {
        struct entry *entry = &neighbours->entries[i];
        if (entry->interface_index == interface_index && address_equals(&entry->address, address)) {
            return entry;
        }
    }
    return NULL;
}

static struct entry *find_or_add(struct neighbours *neighbours, unsigned interface_index,
                                 const struct ip_address *address)
{
    struct entry *entry = find(neighbours, interface_index, address);
    if (entry != NULL) {
        return entry;
    }
    if (neighbours->count < MOST_ENTRIES) {
        entry = &neighbours->entries[neighbours->count++];
    } else {
        entry = &neighbours->entries[neighbours->oldest];
        neighbours->oldest = (neighbours->oldest + 1) % MOST_ENTRIES;
    }
    *entry = (struct entry){.interface_index = interface_index, .address = *address};
    return entry;
}

static bool request_table(struct neighbours *neighbours)
{
    _Alignas(struct nlmsghdr) char buffer[REQUEST_SIZE];
    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
    header->nlmsg_type = RTM_GETNEIGH;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    struct ndmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
    message->ndm_family = AF_UNSPEC;
    return mnl_socket_sendto(neighbours->socket, header, header->nlmsg_len) >= 0;
}

static bool join_group(const struct neighbours *neighbours)
{
    int group = RTNLGRP_NEIGH;
    return mnl_socket_setsockopt(neighbours->socket, NETLINK_ADD_MEMBERSHIP, &group,
                                 sizeof(group)) == 0;
}

struct neighbours *neighbours_open(void)
{
    struct neighbours *neighbours = calloc(1, sizeof(*neighbours));
    if (neighbours == NULL) {
        return NULL;
    }
    neighbours->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (neighbours->socket == NULL || mnl_socket_bind(neighbours->socket, 0, 0) != 0 ||
        !join_group(neighbours) || !request_table(neighbours)) {
        const int error = errno;
        neighbours_close(neighbours);
        errno = error;
        return NULL;
    }
    return neighbours;
}

void neighbours_close(struct neighbours *neighbours)
{
    if (neighbours == NULL) {
        return;
    }
    if (neighbours->socket != NULL) {
        (void)mnl_socket_close(neighbours->socket);
    }
    free(neighbours);
}

int neighbours_descriptor(const struct neighbours *neighbours)
{
    return mnl_socket_get_fd(neighbours->socket);
}

struct attributes {
    struct byte_view address;
    struct byte_view hardware;
};

static int note_attribute(const struct nlattr *attribute, void *context)
{
    struct attributes *found = context;
    const struct byte_view value = {.data = mnl_attr_get_payload(attribute),
                                    .size = mnl_attr_get_payload_len(attribute)};
    if (mnl_attr_get_type(attribute) == NDA_DST) {
        found->address = value;
    } else if (mnl_attr_get_type(attribute) == NDA_LLADDR) {
        found->hardware = value;
    }
    return MNL_CB_OK;
}

static int note_neighbour(const struct nlmsghdr *header, void *context)
{
    struct neighbours *neighbours = context;
    const struct ndmsg *message = mnl_nlmsg_get_payload(header);
    struct attributes found = {0};
    struct ip_address address;
    if (header->nlmsg_type != RTM_NEWNEIGH && header->nlmsg_type != RTM_DELNEIGH) {
        return MNL_CB_OK;
    }
    if (mnl_attr_parse(header, sizeof(*message), note_attribute, &found) < 0 ||
        !address_from_bytes(found.address, &address)) {
        return MNL_CB_OK;
    }
    const bool usable = header->nlmsg_type == RTM_NEWNEIGH &&
                        (message->ndm_state & NUD_USABLE) != 0 &&
                        found.hardware.size == HARDWARE_ADDRESS_SIZE;
    if (usable) {
        struct entry *entry = find_or_add(neighbours, (unsigned)message->ndm_ifindex, &address);
        entry->is_known = true;
        memcpy(entry->hardware, found.hardware.data, HARDWARE_ADDRESS_SIZE);
        return MNL_CB_OK;
    }
    struct entry *entry = find(neighbours, (unsigned)message->ndm_ifindex, &address);
    if (entry != NULL) {
        entry->is_known = false;
    }
    return MNL_CB_OK;
}

void neighbours_read(struct neighbours *neighbours)
{
    _Alignas(struct nlmsghdr) char buffer[ANSWER_SIZE];
    for (;;) {
        const ssize_t got = mnl_socket_recvfrom(neighbours->socket, buffer, sizeof(buffer));
        if (got > 0) {
            (void)mnl_cb_run(buffer, (size_t)got, 0, 0, note_neighbour, neighbours);
        } else if (errno == ENOBUFS) {
            (void)request_table(neighbours); // news were lost: start over
        } else if (errno != EINTR) {
            return;
        }
    }
}

// Makes the kernel resolve the address as if it wanted to send there itself.
static void ask(const struct neighbours *neighbours, unsigned interface_index,
                const struct ip_address *address)
{
    _Alignas(struct nlmsghdr) char buffer[REQUEST_SIZE];
    const struct byte_view bytes = address_view(address);
    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
    header->nlmsg_type = RTM_NEWNEIGH;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE;
    struct ndmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));
    message->ndm_family = address->family == ADDRESS_IPV4 ? AF_INET : AF_INET6;
    message->ndm_ifindex = (int)interface_index;
    message->ndm_state = NUD_NONE;
    message->ndm_flags = NTF_USE;
    mnl_attr_put(header, NDA_DST, bytes.size, bytes.data);
    (void)mnl_socket_sendto(neighbours->socket, header, header->nlmsg_len);
}

bool neighbours_lookup(struct neighbours *neighbours, unsigned interface_index,
                       const struct ip_address *address, uint64_t now_ms,
                       uint8_t out_hardware[HARDWARE_ADDRESS_SIZE])
{
    struct entry *entry = find_or_add(neighbours, interface_index, address);
    if (entry->is_known) {
        memcpy(out_hardware, entry->hardware, HARDWARE_ADDRESS_SIZE);
        return true;
    }
    if (now_ms >= entry->ask_again_ms) {
        entry->ask_again_ms = now_ms + ASK_AGAIN_MILLISECONDS;
        ask(neighbours, interface_index, address);
    }
    return false;
}
