#include "refgw/app/gateway_state.h"

#include "refgw/iana/ikev2_numbers.h"
#include "refgw/io/packet_pool.h"
#include "refgw/io/system_clock.h"
#include "refgw/wire/udp_encapsulation.h"

#include <errno.h>

static struct byte_view view_of_packet(const struct packet *packet)
{
    return (struct byte_view){.data = packet->data, .size = packet->size};
}

static void send_sealed(struct gateway *gateway, const struct packet *packet)
{
    const struct byte_view bytes = view_of_packet(packet);
    const bool sent = packet->is_udp_encapsulated
                          ? udp_send(&gateway->udp, &packet->path, bytes)
                          : raw_esp_send(&gateway->raw, &packet->path, bytes);
    // A full send buffer loses packets as any busy link does.
    if (!sent && errno != EAGAIN && errno != ENOBUFS) {
        gateway_log_send_failure(gateway, &packet->path, errno);
    }
}

// Whether the destination is a multicast address: what the kernel says on every interface
// (multicast listener reports, IGMP) is no traffic that somebody will miss.
static bool is_multicast(const struct packet *packet)
{
    const unsigned version = packet->size > 0 ? packet->data[0] >> 4 : 0;
    if (version == 6) {
        return packet->size >= 40 && packet->data[24] == 0xff;
    }
    return version == 4 && packet->size >= 20 && (packet->data[16] & 0xf0U) == 0xe0U;
}

static void handle_tun(void *context, unsigned events)
{
    struct gateway *gateway = context;
    struct packet_batch *batch = &gateway->outbound;
    (void)events;
    packet_batch_reset(batch);
    tun_receive(&gateway->tun, batch);
    esp_gateway_seal(gateway->esp, batch);
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->packets[i].verdict == PACKET_PASSED) {
            send_sealed(gateway, &batch->packets[i]);
        } else if (!is_multicast(&batch->packets[i])) {
            gateway_log_drop(gateway, &batch->packets[i], false);
        }
    }
}

// Opens the ESP packets of the inbound batch and hands what is inside to the kernel.
static void open_inbound(struct gateway *gateway)
{
    const struct instant now = system_clock_now();
    struct packet_batch *batch = &gateway->inbound;
    uint32_t noted = 0;
    if (batch->count == 0) {
        return;
    }
    esp_gateway_open(gateway->esp, batch);
    for (size_t i = 0; i < batch->count; i++) {
        const struct packet *packet = &batch->packets[i];
        if (packet->verdict != PACKET_PASSED) {
            gateway_log_drop(gateway, packet, true);
            continue;
        }
        // A full queue of the device loses the packet, as above.
        (void)!tun_send(&gateway->tun, view_of_packet(packet));
        if (packet->child_sa_id != noted) {
            ike_engine_note_traffic(gateway->engine, now, packet->child_sa_id);
            ike_engine_note_path(gateway->engine, now, packet->child_sa_id, &packet->path);
            noted = packet->child_sa_id;
        }
    }
    gateway_settle(gateway);
}

static void receive_ike(struct gateway *gateway, const struct packet *packet)
{
    // The clock may have been set since the last certificate was judged.
    ike_engine_set_calendar(gateway->engine, system_clock_calendar_start());
    ike_engine_receive(gateway->engine, system_clock_now(), &packet->path, view_of_packet(packet));
    gateway_drain(gateway);
}

// Port 4500: IKE goes to the engine at once, ESP gathers at the front of the batch.
static void demultiplex(struct gateway *gateway, struct packet_batch *batch)
{
    size_t esp_count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct byte_view content;
        switch (udp_encapsulation_read(view_of_packet(&batch->packets[i]), &content)) {
        case UDP_ENCAPSULATED_IKE:
            receive_ike(gateway, &batch->packets[i]);
            break;
        case UDP_ENCAPSULATED_ESP:
            packet_swap(&batch->packets[esp_count], &batch->packets[i]);
            esp_count++;
            break;
        case UDP_NAT_KEEPALIVE:
        case UDP_ENCAPSULATED_JUNK:
            break;
        }
    }
    batch->count = esp_count;
}

static void handle_udp(void *context, unsigned events)
{
    const struct udp_watch *watch = context;
    struct gateway *gateway = watch->gateway;
    const struct udp_socket *socket = &gateway->udp.items[watch->index];
    struct packet_batch *batch = &gateway->inbound;
    (void)events;
    packet_batch_reset(batch);
    udp_receive(socket, batch);
    if (socket->port == IKE_NAT_TRAVERSAL_PORT) {
        demultiplex(gateway, batch);
        open_inbound(gateway);
    } else {
        for (size_t i = 0; i < batch->count; i++) {
            receive_ike(gateway, &batch->packets[i]);
        }
    }
    gateway_settle(gateway);
}

static void receive_raw(struct gateway *gateway, int descriptor)
{
    packet_batch_reset(&gateway->inbound);
    raw_esp_receive(&gateway->raw, descriptor, &gateway->inbound);
    open_inbound(gateway);
}

static void handle_raw_ipv4(void *context, unsigned events)
{
    struct gateway *gateway = context;
    (void)events;
    receive_raw(gateway, gateway->raw.ipv4);
}

static void handle_raw_ipv6(void *context, unsigned events)
{
    struct gateway *gateway = context;
    (void)events;
    receive_raw(gateway, gateway->raw.ipv6);
}

bool gateway_watch_packets(struct gateway *gateway)
{
    for (size_t i = 0; i < gateway->udp.count; i++) {
        gateway->udp_watches[i] = (struct udp_watch){.gateway = gateway, .index = i};
        if (!loop_watch(gateway->loop, gateway->udp.items[i].descriptor, LOOP_READABLE, handle_udp,
                        &gateway->udp_watches[i])) {
            return false;
        }
    }
    return loop_watch(gateway->loop, gateway->raw.ipv4, LOOP_READABLE, handle_raw_ipv4, gateway) &&
           (gateway->raw.ipv6 < 0 || loop_watch(gateway->loop, gateway->raw.ipv6, LOOP_READABLE,
                                                handle_raw_ipv6, gateway)) &&
           loop_watch(gateway->loop, gateway->tun.descriptor, LOOP_READABLE, handle_tun, gateway);
}
