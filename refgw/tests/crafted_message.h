// crafted_message.h - messages nobody would send, for handing to an engine.
#ifndef REFGW_TESTS_CRAFTED_MESSAGE_H
#define REFGW_TESTS_CRAFTED_MESSAGE_H

#include "refgw/tests/ike_pair.h"
#include "refgw/wire/message.h"

enum { CRAFTED_MOST = 2048 };

struct crafted_message {
    uint8_t bytes[CRAFTED_MOST];
    size_t size;
};

struct byte_view crafted_view(const struct crafted_message *message);
// An unprotected answer to an IKE_SA_INIT request with nothing but one notify.
void craft_notify_answer(struct byte_view request, uint16_t type, struct byte_view data,
                         struct crafted_message *out);
// Reads a datagram that some host sent, without non-ESP marker; aborts when it is not one.
struct message read_sent(const struct sent_datagram *sent);
// The type of a message's notify payload number `index`; 0 when there are fewer.
uint16_t notify_type_at(const struct message *message, size_t index);

// A path as `host` sees it: between the two hosts on port 500.
struct network_path path_of(const struct ike_pair *pair, unsigned host);

#endif
