// wire_fault.h - why bytes were rejected. The codec names the fault; only ike/ turns one
// into a Notify.
#ifndef REFGW_WIRE_WIRE_FAULT_H
#define REFGW_WIRE_WIRE_FAULT_H

#include "refgw/base/bytes.h"

enum wire_fault_kind {
    WIRE_OK = 0,
    WIRE_TRUNCATED,    // ends before a field does
    WIRE_BAD_LENGTH,   // a length field contradicts what is there
    WIRE_BAD_VALUE,    // a field has a value the section forbids
    WIRE_UNKNOWN_TYPE, // a type that cannot be skipped
    WIRE_TRAILING_BYTES,
    WIRE_TOO_MANY, // more items than this implementation takes
};

// `section` names what was broken ("rfc7296#section-3.3"); a constant string.
struct wire_fault {
    enum wire_fault_kind kind;
    const char *section;
};

MUST_USE const char *wire_fault_name(enum wire_fault_kind kind);

// Writes the fault and returns false, so that a reader can end with it.
MUST_USE static inline bool wire_reject(struct wire_fault *out_fault, enum wire_fault_kind kind,
                                        const char *section)
{
    *out_fault = (struct wire_fault){.kind = kind, .section = section};
    return false;
}

#endif
