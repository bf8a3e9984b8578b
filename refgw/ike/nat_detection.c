#include "refgw/ike/nat_detection.h"

#include "refgw/wire/notify.h"

bool nat_detection_hash(const struct crypto_provider *crypto, struct ike_spis spis,
                        const struct ip_endpoint *endpoint,
                        uint8_t out_hash[NAT_DETECTION_HASH_SIZE])
{
    uint8_t bytes[2 * sizeof(uint64_t) + sizeof(endpoint->address.bytes) + sizeof(uint16_t)];
    struct byte_writer out = writer_into(bytes, sizeof(bytes));
    struct byte_view text;

    writer_put_u64(&out, spis.initiator);
    writer_put_u64(&out, spis.responder);
    writer_put_bytes(&out, address_view(&endpoint->address));
    writer_put_u16(&out, endpoint->port);
    return writer_finish(&out, &text) && crypto->sha1(&text, 1, out_hash);
}

static void put_hash(struct message_draft *draft, uint16_t type, const uint8_t *hash)
{
    const struct notify notify = {
        .type = type,
        .data = {.data = hash, .size = NAT_DETECTION_HASH_SIZE},
    };
    payload_begin(draft, IKE_PAYLOAD_NOTIFY, false);
    notify_write(draft->out, &notify);
    payload_end(draft);
}

bool nat_detection_put(const struct crypto_provider *crypto, struct message_draft *draft,
                       struct ike_spis spis, const struct network_path *path, bool claims_nat)
{
    uint8_t source[NAT_DETECTION_HASH_SIZE];
    uint8_t destination[NAT_DETECTION_HASH_SIZE];

    if (!nat_detection_hash(crypto, spis, &path->local, source) ||
        !nat_detection_hash(crypto, spis, &path->remote, destination)) {
        return false;
    }
    if (claims_nat) {
        source[0] = (uint8_t)~source[0];
    }
    put_hash(draft, NOTIFY_NAT_DETECTION_SOURCE_IP, source);
    put_hash(draft, NOTIFY_NAT_DETECTION_DESTINATION_IP, destination);
    return true;
}

struct hash_search {
    bool is_there;
    bool matches;
};

// A sender with several addresses may list several source hashes; one match is enough.
static struct hash_search search_hashes(const struct message *message, uint16_t type,
                                        const uint8_t *wanted)
{
    struct hash_search search = {.is_there = false};
    const struct byte_view hash = {.data = wanted, .size = NAT_DETECTION_HASH_SIZE};
    for (size_t i = 0; i < message->payloads.count; i++) {
        const struct payload *payload = &message->payloads.items[i];
        struct notify notify;
        struct wire_fault fault;
        if (payload->type != IKE_PAYLOAD_NOTIFY || !notify_read(payload->body, &notify, &fault) ||
            notify.type != type || notify.data.size != NAT_DETECTION_HASH_SIZE) {
            continue;
        }
        search.is_there = true;
        search.matches = search.matches || view_equals(notify.data, hash);
    }
    return search;
}

void nat_detection_judge(const struct crypto_provider *crypto, const struct message *message,
                         const struct network_path *path, struct nat_findings *out_findings)
{
    const struct ike_spis spis = {.initiator = message->header.initiator_spi,
                                  .responder = message->header.responder_spi};
    uint8_t local[NAT_DETECTION_HASH_SIZE];
    uint8_t remote[NAT_DETECTION_HASH_SIZE];

    *out_findings = (struct nat_findings){.is_supported = false};
    if (!nat_detection_hash(crypto, spis, &path->local, local) ||
        !nat_detection_hash(crypto, spis, &path->remote, remote)) {
        return;
    }
    const struct hash_search source =
        search_hashes(message, NOTIFY_NAT_DETECTION_SOURCE_IP, remote);
    const struct hash_search destination =
        search_hashes(message, NOTIFY_NAT_DETECTION_DESTINATION_IP, local);
    if (source.is_there && destination.is_there) {
        *out_findings = (struct nat_findings){
            .is_supported = true,
            .local_is_behind_nat = !destination.matches,
            .remote_is_behind_nat = !source.matches,
        };
    }
}
