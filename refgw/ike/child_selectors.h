// child_selectors.h - between TSi/TSr payloads and selector sets.
#ifndef REFGW_IKE_CHILD_SELECTORS_H
#define REFGW_IKE_CHILD_SELECTORS_H

#include "refgw/sa/selector_set.h"
#include "refgw/wire/message.h"

// Puts a TSi or TSr payload.
void selectors_put(struct message_draft *draft, uint8_t payload_type,
                   const struct selector_set *set);
// Reads the body of one. Of more than SELECTOR_SET_MOST selectors only the first ones are
// taken, which is a way of narrowing. False when it is malformed.
MUST_USE bool selectors_read(struct byte_view body, struct selector_set *out_set);

#endif
