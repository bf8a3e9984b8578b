#include "refgw/tests/crafted_message.h"

#include <stdlib.h>

#include "refgw/wire/notify.h"

struct byte_view crafted_view(const struct crafted_message *message)
{
    return (struct byte_view){.data = message->bytes, .size = message->size};
}

void craft_notify_answer(struct byte_view request, uint16_t type, struct byte_view data,
                         struct crafted_message *out)
{
    struct byte_reader in = reader_over(request);
    struct byte_writer writer = writer_into(out->bytes, sizeof(out->bytes));
    const struct notify notify = {.type = type, .data = data};
    struct message_draft draft;
    struct ike_header header;
    struct wire_fault fault;
    struct byte_view bytes;

    if (!ike_header_read(&in, &header, &fault)) {
        abort();
    }
    header.flags = IKE_FLAG_RESPONSE;
    message_begin(&draft, &writer, &header);
    payload_begin(&draft, IKE_PAYLOAD_NOTIFY, false);
    notify_write(&writer, &notify);
    payload_end(&draft);
    if (!message_finish(&draft, &bytes)) {
        abort();
    }
    out->size = bytes.size;
}

struct message read_sent(const struct sent_datagram *sent)
{
    const size_t marker = sent->path.local.port == IKE_NAT_TRAVERSAL_PORT ? 4 : 0;
    const struct byte_view bytes = {.data = sent->bytes + marker, .size = sent->size - marker};
    struct message message;
    struct wire_fault fault;
    if (!message_read(bytes, &message, &fault)) {
        abort();
    }
    return message;
}

uint16_t notify_type_at(const struct message *message, size_t index)
{
    size_t seen = 0;
    for (size_t i = 0; i < message->payloads.count; i++) {
        struct notify notify;
        struct wire_fault fault;
        if (message->payloads.items[i].type != IKE_PAYLOAD_NOTIFY ||
            !notify_read(message->payloads.items[i].body, &notify, &fault)) {
            continue;
        }
        if (seen == index) {
            return notify.type;
        }
        seen++;
    }
    return 0;
}

struct network_path path_of(const struct ike_pair *pair, unsigned host)
{
    const unsigned other = host == WEST ? EAST : WEST;
    return (struct network_path){
        .local = {.address = pair->network.addresses[host],  .port = IKE_PORT},
        .remote = {.address = pair->network.addresses[other], .port = IKE_PORT},
    };
}
