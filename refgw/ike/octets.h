// octets.h - bytes on the heap with one owner, for messages and nonces that outlive a call.
#ifndef REFGW_IKE_OCTETS_H
#define REFGW_IKE_OCTETS_H

#include "refgw/base/bytes.h"

// A zeroed struct is empty. Not for keys: see struct secret.
struct octets {
    uint8_t *data;
    size_t size;
};

// Replaces the content by a copy of `bytes`, which may be a part of the old content. False
// when memory runs out, content unchanged.
MUST_USE bool octets_set(struct octets *octets, struct byte_view bytes);
void octets_clear(struct octets *octets);
// Borrowed until the octets change.
struct byte_view octets_view(const struct octets *octets);

#endif
