// nat_detection.h - is there a NAT between the two ends (RFC 7296, section 2.23)?
#ifndef REFGW_IKE_NAT_DETECTION_H
#define REFGW_IKE_NAT_DETECTION_H

#include "refgw/base/address.h"
#include "refgw/crypto/provider.h"
#include "refgw/wire/message.h"

enum { NAT_DETECTION_HASH_SIZE = 20 };

struct nat_findings {
    bool is_supported; // the peer sent both kinds of NAT_DETECTION notify
    bool local_is_behind_nat;
    bool remote_is_behind_nat;
};

struct ike_spis {
    uint64_t initiator;
    uint64_t responder;
};

// SHA-1(SPIi | SPIr | address | port). False when the provider has no SHA-1 or fails.
MUST_USE bool nat_detection_hash(const struct crypto_provider *crypto, struct ike_spis spis,
                                 const struct ip_endpoint *endpoint,
                                 uint8_t out_hash[NAT_DETECTION_HASH_SIZE]);
// Puts both notifies for a message that leaves on `path`. With `claims_nat` the source hash is
// wrong on purpose, so that the peer encapsulates ESP in UDP.
MUST_USE bool nat_detection_put(const struct crypto_provider *crypto, struct message_draft *draft,
                                struct ike_spis spis, const struct network_path *path,
                                bool claims_nat);
// Compares the notifies of a received IKE_SA_INIT message with the path it came on.
void nat_detection_judge(const struct crypto_provider *crypto, const struct message *message,
                         const struct network_path *path, struct nat_findings *out_findings);

#endif
