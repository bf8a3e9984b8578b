#include "refgw/wire/wire_fault.h"

const char *wire_fault_name(enum wire_fault_kind kind)
{
    switch (kind) {
    case WIRE_OK:
        return "ok";
    case WIRE_TRUNCATED:
        return "truncated";
    case WIRE_BAD_LENGTH:
        return "bad length";
    case WIRE_BAD_VALUE:
        return "bad value";
    case WIRE_UNKNOWN_TYPE:
        return "unknown type";
    case WIRE_TRAILING_BYTES:
        return "trailing bytes";
    case WIRE_TOO_MANY:
        return "too many";
    }
    return "unknown fault";
}
