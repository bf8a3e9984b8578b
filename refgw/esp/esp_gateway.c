#include "refgw/esp/esp_gateway.h"

#include <stdlib.h>
#include <string.h>

#include "refgw/esp/open.h"
#include "refgw/esp/policy_lookup.h"
#include "refgw/esp/seal.h"
#include "refgw/esp/spi_table.h"

enum { FIRST_FREE_SPI = 256 }; // 1 to 255 are reserved (RFC 4303, section 2.1)

// One installed CHILD_SA, both directions.
struct installed_sa {
    uint32_t id;
    bool is_receive_only;
    bool is_udp_encapsulated;
    char connection[SA_NAME_SIZE];
    char child[SA_NAME_SIZE];
    const struct esp_policy *policy; // of the same name, or NULL
    struct network_path path;
    struct selector_set local;
    struct selector_set remote;
    struct outbound_sa outbound;
    struct inbound_sa inbound;
    struct esp_sa_counters counters; // without the sequence numbers
    struct installed_sa *older;
};

struct esp_gateway {
    const struct crypto_provider *crypto;
    struct installed_sa *newest; // owns the list
    struct spi_table by_inbound_spi;
    struct policy_list policies;
    uint64_t verdicts[2][PACKET_VERDICT_COUNT]; // outbound, inbound
};

struct esp_gateway *esp_gateway_new(const struct crypto_provider *crypto)
{
    struct esp_gateway *gateway = calloc(1, sizeof(*gateway));
    if (gateway != NULL) {
        gateway->crypto = crypto;
    }
    return gateway;
}

static void installed_sa_free(struct installed_sa *sa)
{
    outbound_sa_clear(&sa->outbound);
    inbound_sa_clear(&sa->inbound);
    free(sa);
}

void esp_gateway_free(struct esp_gateway *gateway)
{
    if (gateway == NULL) {
        return;
    }
    while (gateway->newest != NULL) {
        struct installed_sa *older = gateway->newest->older;
        installed_sa_free(gateway->newest);
        gateway->newest = older;
    }
    spi_table_clear(&gateway->by_inbound_spi);
    policy_list_clear(&gateway->policies);
    free(gateway);
}

static bool set_keys(struct installed_sa *installed, const struct crypto_provider *crypto,
                     const struct child_sa *sa)
{
    const struct inbound_parameters parameters = {.replay_window = sa->replay_window,
                                                  .has_esn = sa->has_esn};
    if (!outbound_sa_init(&installed->outbound, crypto, &sa->aead,
                          secret_view(&sa->outbound_encryption_key),
                          secret_view(&sa->outbound_integrity_key)) ||
        !inbound_sa_init(&installed->inbound, crypto, &sa->aead,
                         secret_view(&sa->inbound_encryption_key),
                         secret_view(&sa->inbound_integrity_key), &parameters)) {
        return false;
    }
    installed->outbound.spi = sa->outbound_spi;
    outbound_sequence_init(&installed->outbound.sequence, sa->has_esn);
    installed->inbound.spi = sa->inbound_spi;
    return true;
}

static struct installed_sa *installed_sa_new(const struct esp_gateway *gateway,
                                             const struct child_sa *sa)
{
    struct installed_sa *installed = calloc(1, sizeof(*installed));
    if (installed == NULL) {
        return NULL;
    }
    if (!set_keys(installed, gateway->crypto, sa)) {
        installed_sa_free(installed);
        return NULL;
    }
    installed->id = sa->id;
    installed->is_receive_only = sa->is_receive_only;
    installed->is_udp_encapsulated = sa->is_udp_encapsulated;
    memcpy(installed->connection, sa->connection, sizeof(installed->connection));
    memcpy(installed->child, sa->child, sizeof(installed->child));
    installed->policy = policy_list_by_name(&gateway->policies, sa->connection, sa->child);
    installed->path = sa->path;
    installed->local = sa->local_selectors;
    installed->remote = sa->remote_selectors;
    return installed;
}

static struct installed_sa *find_by_id(const struct esp_gateway *gateway, uint32_t child_sa_id)
{
    struct installed_sa *sa = gateway->newest;
    while (sa != NULL && sa->id != child_sa_id) {
        sa = sa->older;
    }
    return sa;
}

bool esp_gateway_install(struct esp_gateway *gateway, const struct child_sa *sa)
{
    // Transport mode needs the outer addresses in the inner packet; it is refused in the open.
    if (sa->mode != CHILD_SA_TUNNEL || sa->inbound_spi < FIRST_FREE_SPI ||
        sa->outbound_spi < FIRST_FREE_SPI || find_by_id(gateway, sa->id) != NULL) {
        return false;
    }
    struct installed_sa *installed = installed_sa_new(gateway, sa);
    if (installed == NULL) {
        return false;
    }
    if (!spi_table_add(&gateway->by_inbound_spi, sa->inbound_spi, installed)) {
        installed_sa_free(installed);
        return false;
    }
    installed->older = gateway->newest;
    gateway->newest = installed;
    return true;
}

void esp_gateway_remove(struct esp_gateway *gateway, uint32_t child_sa_id)
{
    struct installed_sa **place = &gateway->newest;
    while (*place != NULL && (*place)->id != child_sa_id) {
        place = &(*place)->older;
    }
    struct installed_sa *sa = *place;
    if (sa != NULL) {
        *place = sa->older;
        spi_table_remove(&gateway->by_inbound_spi, sa->inbound.spi);
        installed_sa_free(sa);
    }
}

void esp_gateway_set_receive_only(struct esp_gateway *gateway, uint32_t child_sa_id,
                                  bool is_receive_only)
{
    struct installed_sa *sa = find_by_id(gateway, child_sa_id);
    if (sa != NULL) {
        sa->is_receive_only = is_receive_only;
    }
}

void esp_gateway_move(struct esp_gateway *gateway, uint32_t child_sa_id,
                      const struct network_path *path)
{
    struct installed_sa *sa = find_by_id(gateway, child_sa_id);
    if (sa != NULL) {
        sa->path = *path;
    }
}

void esp_gateway_set_encapsulation(struct esp_gateway *gateway, uint32_t child_sa_id,
                                   bool is_udp_encapsulated)
{
    struct installed_sa *sa = find_by_id(gateway, child_sa_id);
    if (sa != NULL) {
        sa->is_udp_encapsulated = is_udp_encapsulated;
    }
}

bool esp_gateway_skip_sequence(struct esp_gateway *gateway, uint32_t child_sa_id,
                               uint64_t last_used)
{
    struct installed_sa *sa = find_by_id(gateway, child_sa_id);
    return sa != NULL && outbound_sequence_skip(&sa->outbound.sequence, last_used);
}

bool esp_gateway_add_policy(struct esp_gateway *gateway, const char *connection, const char *child,
                            const struct selector_set *local, const struct selector_set *remote)
{
    struct esp_policy policy = {.local = *local, .remote = *remote};
    if (strlen(connection) >= SA_NAME_SIZE || strlen(child) >= SA_NAME_SIZE) {
        return false;
    }
    memcpy(policy.connection, connection, strlen(connection));
    memcpy(policy.child, child, strlen(child));
    if (!policy_list_add(&gateway->policies, &policy)) {
        return false;
    }
    for (struct installed_sa *sa = gateway->newest; sa != NULL; sa = sa->older) {
        sa->policy = policy_list_by_name(&gateway->policies, sa->connection, sa->child);
    }
    return true;
}

// The first policy that matches decides which SAs may carry the packet; of these the newest.
// Without a policy any SA that was negotiated for the packet may.
static struct installed_sa *find_outbound(const struct esp_gateway *gateway,
                                          const struct packet_fields *fields, bool *out_has_policy)
{
    const struct esp_policy *policy = policy_list_match(&gateway->policies, fields);
    *out_has_policy = policy != NULL;
    for (struct installed_sa *sa = gateway->newest; sa != NULL; sa = sa->older) {
        if (!sa->is_receive_only && (policy == NULL || sa->policy == policy) &&
            selectors_match_packet(&sa->local, &sa->remote, fields)) {
            return sa;
        }
    }
    return NULL;
}

static enum packet_verdict seal_packet(struct esp_gateway *gateway, struct packet *packet)
{
    struct packet_fields fields;
    bool has_policy;

    if (!packet_fields_read((struct byte_view){.data = packet->data, .size = packet->size},
                            &fields)) {
        return PACKET_MALFORMED;
    }
    struct installed_sa *sa = find_outbound(gateway, &fields, &has_policy);
    if (sa == NULL) {
        return has_policy ? PACKET_NO_SA : PACKET_NO_POLICY;
    }
    packet->child_sa_id = sa->id;
    const size_t inner_size = packet->size;
    const uint8_t next_header =
        fields.source.family == ADDRESS_IPV4 ? IP_PROTOCOL_IPV4 : IP_PROTOCOL_IPV6;
    const enum packet_verdict verdict = esp_seal(&sa->outbound, next_header, packet);
    if (verdict == PACKET_PASSED) {
        packet->is_udp_encapsulated = sa->is_udp_encapsulated;
        packet->path = sa->path;
        sa->counters.packets_out++;
        sa->counters.bytes_out += inner_size;
    }
    return verdict;
}

void esp_gateway_seal(struct esp_gateway *gateway, struct packet_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct packet *packet = &batch->packets[i];
        packet->child_sa_id = 0;
        packet->verdict = seal_packet(gateway, packet);
        gateway->verdicts[0][packet->verdict]++;
    }
}

// Whether the decrypted packet is an IP packet of the announced version that the SA may carry.
// Cuts off what stands behind it: TFC padding (RFC 4303, section 2.7).
static enum packet_verdict check_inner(const struct installed_sa *sa, uint8_t next_header,
                                       struct packet *packet)
{
    struct packet_fields fields;
    if (!packet_fields_read((struct byte_view){.data = packet->data, .size = packet->size},
                            &fields)) {
        return PACKET_MALFORMED;
    }
    const bool is_ipv4 = fields.source.family == ADDRESS_IPV4;
    if (next_header != (is_ipv4 ? IP_PROTOCOL_IPV4 : IP_PROTOCOL_IPV6)) {
        return PACKET_MALFORMED;
    }
    if (!selectors_match_packet(&sa->remote, &sa->local, &fields)) {
        return PACKET_SELECTOR_MISMATCH;
    }
    packet->size = fields.ip_size;
    return PACKET_PASSED;
}

static void count_inbound(struct installed_sa *sa, enum packet_verdict verdict, size_t inner_size)
{
    if (verdict == PACKET_PASSED) {
        sa->counters.packets_in++;
        sa->counters.bytes_in += inner_size;
    }
    sa->counters.replayed += verdict == PACKET_REPLAYED;
    sa->counters.not_authentic += verdict == PACKET_NOT_AUTHENTIC;
}

static enum packet_verdict open_packet(struct esp_gateway *gateway, struct packet *packet)
{
    struct byte_reader in =
        reader_over((struct byte_view){.data = packet->data, .size = packet->size});
    struct packet opened = *packet;
    uint8_t next_header;
    uint32_t spi;

    if (!reader_take_u32(&in, &spi)) {
        return PACKET_MALFORMED;
    }
    struct installed_sa *sa = spi_table_find(&gateway->by_inbound_spi, spi);
    if (sa == NULL) {
        return PACKET_NO_SA;
    }
    packet->child_sa_id = sa->id;
    enum packet_verdict verdict = esp_open(&sa->inbound, &opened, &next_header);
    if (verdict == PACKET_PASSED) {
        verdict = check_inner(sa, next_header, &opened);
    }
    if (verdict == PACKET_PASSED) {
        packet->data = opened.data;
        packet->size = opened.size;
    }
    count_inbound(sa, verdict, packet->size);
    return verdict;
}

void esp_gateway_open(struct esp_gateway *gateway, struct packet_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct packet *packet = &batch->packets[i];
        packet->child_sa_id = 0;
        packet->verdict = open_packet(gateway, packet);
        gateway->verdicts[1][packet->verdict]++;
    }
}

bool esp_gateway_counters(const struct esp_gateway *gateway, uint32_t child_sa_id,
                          struct esp_sa_counters *out_counters)
{
    const struct installed_sa *sa = find_by_id(gateway, child_sa_id);
    if (sa == NULL) {
        return false;
    }
    *out_counters = sa->counters;
    out_counters->sequence_out = sa->outbound.sequence.last;
    out_counters->sequence_in = sa->inbound.window.top;
    return true;
}

uint64_t esp_gateway_verdicts(const struct esp_gateway *gateway, bool is_inbound,
                              enum packet_verdict verdict)
{
    return verdict < PACKET_VERDICT_COUNT ? gateway->verdicts[is_inbound][verdict] : 0;
}
