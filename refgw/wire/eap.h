// eap.h - the EAP payload (RFC 7296, section 3.16; RFC 3748, section 4).
#ifndef REFGW_WIRE_EAP_H
#define REFGW_WIRE_EAP_H

#include "refgw/wire/wire_fault.h"

enum eap_code { EAP_REQUEST = 1, EAP_RESPONSE = 2, EAP_SUCCESS = 3, EAP_FAILURE = 4 };

struct eap {
    uint8_t code; // enum eap_code
    uint8_t identifier;
    uint8_t type; // 0 for success and failure
    struct byte_view data;
};

MUST_USE bool eap_read(struct byte_view body, struct eap *out_eap, struct wire_fault *out_fault);
void eap_write(struct byte_writer *out, const struct eap *eap);

#endif
