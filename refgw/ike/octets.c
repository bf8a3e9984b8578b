#include "refgw/ike/octets.h"

#include <stdlib.h>
#include <string.h>

bool octets_set(struct octets *octets, struct byte_view bytes)
{
    uint8_t *data = NULL;
    if (bytes.size > 0) {
        data = malloc(bytes.size);
        if (data == NULL) {
            return false;
        }
        memcpy(data, bytes.data, bytes.size);
    }
    free(octets->data);
    *octets = (struct octets){.data = data, .size = bytes.size};
    return true;
}

void octets_clear(struct octets *octets)
{
    free(octets->data);
    *octets = (struct octets){.data = NULL};
}

struct byte_view octets_view(const struct octets *octets)
{
    return (struct byte_view){.data = octets->data, .size = octets->size};
}
