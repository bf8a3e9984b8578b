#include "refgw/wire/configuration.h"

#include <assert.h>

// Payload:
//                      1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |   CFG Type    |                    RESERVED                   |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                   Configuration Attributes                    ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//
// Attribute:
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |R|         Attribute Type      |            Length             |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                             Value                             ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

enum { RESERVED_SIZE = 3, ATTRIBUTE_TYPE_MASK = 0x7fff };

static const char payload_section[] = "rfc7296#section-3.15";
static const char attribute_section[] = "rfc7296#section-3.15.1";

static bool take_attribute(struct byte_reader *in, struct configuration_attribute *attribute,
                           struct wire_fault *out_fault)
{
    uint16_t type;
    uint16_t length;

    if (!reader_take_u16(in, &type) || !reader_take_u16(in, &length)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, attribute_section);
    }
    if (!reader_take_bytes(in, length, &attribute->value)) {
        return wire_reject(out_fault, WIRE_BAD_LENGTH, attribute_section);
    }
    attribute->type = type & ATTRIBUTE_TYPE_MASK;
    return true;
}

bool configuration_read(struct byte_view body, struct configuration *out_configuration,
                        struct wire_fault *out_fault)
{
    struct configuration configuration = {0};
    struct byte_reader in = reader_over(body);
    struct byte_view reserved;

    if (!reader_take_u8(&in, &configuration.type) ||
        !reader_take_bytes(&in, RESERVED_SIZE, &reserved)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, payload_section);
    }
    while (in.left > 0) {
        if (configuration.count == CP_MOST_ATTRIBUTES) {
            return wire_reject(out_fault, WIRE_TOO_MANY, payload_section);
        }
        if (!take_attribute(&in, &configuration.attributes[configuration.count], out_fault)) {
            return false;
        }
        configuration.count++;
    }
    *out_configuration = configuration;
    return true;
}

void configuration_write(struct byte_writer *out, const struct configuration *configuration)
{
    assert(configuration->count <= CP_MOST_ATTRIBUTES);
    writer_put_u8(out, configuration->type);
    writer_put_zeros(out, RESERVED_SIZE);
    for (size_t i = 0; i < configuration->count; i++) {
        const struct configuration_attribute *attribute = &configuration->attributes[i];
        assert(attribute->value.size <= UINT16_MAX);
        writer_put_u16(out, attribute->type & ATTRIBUTE_TYPE_MASK);
        writer_put_u16(out, (uint16_t)attribute->value.size);
        writer_put_bytes(out, attribute->value);
    }
}
