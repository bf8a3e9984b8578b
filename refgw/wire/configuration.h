// configuration.h - the CP payload (RFC 7296, section 3.15).
#ifndef REFGW_WIRE_CONFIGURATION_H
#define REFGW_WIRE_CONFIGURATION_H

#include "refgw/wire/wire_fault.h"

enum { CP_MOST_ATTRIBUTES = 64 };
enum configuration_type { CP_REQUEST = 1, CP_REPLY = 2, CP_SET = 3, CP_ACK = 4 };

struct configuration_attribute {
    uint16_t type;
    struct byte_view value;
};

struct configuration {
    uint8_t type; // enum configuration_type
    size_t count;
    struct configuration_attribute attributes[CP_MOST_ATTRIBUTES];
};

MUST_USE bool configuration_read(struct byte_view body, struct configuration *out_configuration,
                                 struct wire_fault *out_fault);
void configuration_write(struct byte_writer *out, const struct configuration *configuration);

#endif
