// message_hook.h - a look at every message before it is sealed and after it is opened.
// Misbehaviour on purpose and tests plug in here; an honest gateway has none.
#ifndef REFGW_IKE_MESSAGE_HOOK_H
#define REFGW_IKE_MESSAGE_HOOK_H

#include "refgw/wire/message.h"

// What a hook may do with one outgoing message. The plain payload chain (inside SK, or the
// whole chain of an unprotected message) can be replaced; so can header fields.
struct outgoing_message {
    struct ike_header *header;
    uint8_t *first_payload; // type of the chain's first payload
    uint8_t *chain;         // the plain chain; may be changed in place
    size_t *chain_size;     // may grow up to chain_capacity
    size_t chain_capacity;
};

enum hook_verdict {
    HOOK_CONTINUE,
    HOOK_DROP, // pretend the message was sent, or never received
};

struct message_hook {
    enum hook_verdict (*before_send)(void *context, struct outgoing_message *message);
    enum hook_verdict (*after_receive)(void *context, const struct message *message);
    void *context;
};

#endif
