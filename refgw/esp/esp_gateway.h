// esp_gateway.h - the ESP side of a gateway: SAs, policies and the two batch operations
// (RFC 4301, RFC 4303). Reads no clock, opens nothing, draws no randomness.
#ifndef REFGW_ESP_ESP_GATEWAY_H
#define REFGW_ESP_ESP_GATEWAY_H

#include "refgw/esp/packet_batch.h"
#include "refgw/sa/child_sa.h"

struct esp_gateway;

struct esp_sa_counters {
    uint64_t packets_in;
    uint64_t bytes_in; // inner packets
    uint64_t packets_out;
    uint64_t bytes_out;
    uint64_t replayed;
    uint64_t not_authentic;
    uint64_t sequence_out; // last one used, 64 bits
    uint64_t sequence_in;  // highest authenticated one
};

// NULL when memory runs out.
MUST_USE struct esp_gateway *esp_gateway_new(const struct crypto_provider *crypto);
void esp_gateway_free(struct esp_gateway *gateway); // accepts NULL

// Copies what it needs. False when the cipher is unsupported or memory runs out. A newer SA
// with the same selectors takes the outbound traffic over; the older one still opens.
MUST_USE bool esp_gateway_install(struct esp_gateway *gateway, const struct child_sa *sa);
void esp_gateway_remove(struct esp_gateway *gateway, uint32_t child_sa_id);
// Whether the outbound traffic may use this SA; inbound it works in either case.
void esp_gateway_set_receive_only(struct esp_gateway *gateway, uint32_t child_sa_id,
                                  bool is_receive_only);
void esp_gateway_move(struct esp_gateway *gateway, uint32_t child_sa_id,
                      const struct network_path *path);
// A NAT has come or gone on the way: whether outbound packets travel in UDP from now on.
void esp_gateway_set_encapsulation(struct esp_gateway *gateway, uint32_t child_sa_id,
                                   bool is_udp_encapsulated);
// Moves the outbound counter forward so that `last_used` counts as used: after a hand-over, and
// to see what happens when numbers run out. False when there is no such SA, or the number lies
// behind the counter or beyond the SA's range; nothing changes then.
MUST_USE bool esp_gateway_skip_sequence(struct esp_gateway *gateway, uint32_t child_sa_id,
                                        uint64_t last_used);
// Traffic that matches these selectors and has no SA is PACKET_NO_SA, never NO_POLICY.
MUST_USE bool esp_gateway_add_policy(struct esp_gateway *gateway, const char *connection,
                                     const char *child, const struct selector_set *local,
                                     const struct selector_set *remote);

// Inner IP packets in; verdict and, when passed, the ESP packet (from the SPI on, no outer
// IP or UDP header) with path and encapsulation out.
void esp_gateway_seal(struct esp_gateway *gateway, struct packet_batch *batch);
// ESP packets (from the SPI on) in; inner IP packets out.
void esp_gateway_open(struct esp_gateway *gateway, struct packet_batch *batch);

MUST_USE bool esp_gateway_counters(const struct esp_gateway *gateway, uint32_t child_sa_id,
                                   struct esp_sa_counters *out_counters);
// Packets by verdict since the start, inbound and outbound apart.
uint64_t esp_gateway_verdicts(const struct esp_gateway *gateway, bool is_inbound,
                              enum packet_verdict verdict);

#endif
