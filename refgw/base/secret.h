// secret.h - key material: one type, one owner, wiped on every way out, compared in
// constant time, never formatted.
#ifndef REFGW_BASE_SECRET_H
#define REFGW_BASE_SECRET_H

#include "refgw/base/bytes.h"

// Owns its bytes on the heap. A zeroed struct is an empty secret. Never copy the
// struct itself: move it with secret_move() or copy its bytes with secret_set().
struct secret {
    uint8_t *data;
    size_t size;
};

// Makes room for `size` zero bytes and wipes what was there before. False when memory
// runs out; the secret is unchanged then.
MUST_USE bool secret_allocate(struct secret *secret, size_t size);
// Replaces the content by a copy of `bytes`. False when memory runs out, content unchanged.
MUST_USE bool secret_set(struct secret *secret, struct byte_view bytes);
// Hands the content over to `to` (whose old content is wiped); `from` is empty afterwards.
void secret_move(struct secret *to, struct secret *from);
// Wipes and releases. Safe on an empty secret, and more than once.
void secret_clear(struct secret *secret);
// Borrowed until the secret changes.
struct byte_view secret_view(const struct secret *secret);
// Sizes are compared first, then all bytes in constant time. Also right for ICVs and AUTH data.
MUST_USE bool secret_equals(struct byte_view left, struct byte_view right);
// Wipes memory in a way the compiler keeps.
void secret_wipe(void *data, size_t size);

#endif
