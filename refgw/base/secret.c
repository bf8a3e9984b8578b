#include "refgw/base/secret.h"

#include <stdlib.h>
#include <string.h>

void secret_wipe(void *data, size_t size)
{
    if (size > 0) {
        explicit_bzero(data, size);
    }
}

bool secret_allocate(struct secret *secret, size_t size)
{
    uint8_t *data = NULL;
    if (size > 0) {
        data = calloc(1, size);
        if (data == NULL) {
            return false;
        }
    }
    secret_clear(secret);
    *secret = (struct secret){.data = data, .size = size};
    return true;
}

bool secret_set(struct secret *secret, struct byte_view bytes)
{
    struct secret copy = {0};
    if (!secret_allocate(&copy, bytes.size)) {
        return false;
    }
    if (bytes.size > 0) {
        memcpy(copy.data, bytes.data, bytes.size);
    }
    secret_move(secret, &copy);
    return true;
}

void secret_move(struct secret *to, struct secret *from)
{
    if (to == from) {
        return;
    }
    secret_clear(to);
    *to = *from;
    *from = (struct secret){0};
}

void secret_clear(struct secret *secret)
{
    if (secret->data != NULL) {
        secret_wipe(secret->data, secret->size);
        free(secret->data);
    }
    *secret = (struct secret){0};
}

struct byte_view secret_view(const struct secret *secret)
{
    return (struct byte_view){.data = secret->data, .size = secret->size};
}

bool secret_equals(struct byte_view left, struct byte_view right)
{
    if (left.size != right.size) {
        return false;
    }
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < left.size; i++) {
        difference = (uint8_t)(difference | (left.data[i] ^ right.data[i]));
    }
    return difference == 0;
}
