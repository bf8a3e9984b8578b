#include "refgw/wire/encrypted.h"

// SK body; SKF has Fragment Number and Total Fragments (16 bits each) in front:
//                      1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |                     Initialization Vector                     |
// |         (length is block size for encryption algorithm)       |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                    Encrypted IKE Payloads                     ~
// +               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |               |             Padding (0-255 octets)            |
// +-+-+-+-+-+-+-+-+                               +-+-+-+-+-+-+-+-+
// |                                               |  Pad Length   |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// ~                    Integrity Checksum Data                    ~
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

static const char sk_section[] = "rfc7296#section-3.14";
static const char skf_section[] = "rfc7383#section-2.5";

static bool take_fragment_fields(struct byte_reader *in, struct encrypted_part *part,
                                 struct wire_fault *out_fault)
{
    if (!reader_take_u16(in, &part->fragment_number) ||
        !reader_take_u16(in, &part->fragment_count)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, skf_section);
    }
    if (part->fragment_number == 0 || part->fragment_number > part->fragment_count) {
        return wire_reject(out_fault, WIRE_BAD_VALUE, skf_section);
    }
    return true;
}

bool encrypted_part_find(const struct message *message, size_t iv_size, size_t icv_size,
                         struct encrypted_part *out_part, struct wire_fault *out_fault)
{
    const struct payload_list *payloads = &message->payloads;
    struct encrypted_part part = {.first_inside = payloads->first_inside};

    const struct payload *last =
        payloads->count == 0 ? NULL : &payloads->items[payloads->count - 1];
    if (last == NULL || (last->type != IKE_PAYLOAD_SK && last->type != IKE_PAYLOAD_SKF)) {
        return wire_reject(out_fault, WIRE_UNKNOWN_TYPE, sk_section);
    }
    struct byte_reader in = reader_over(last->body);
    if (last->type == IKE_PAYLOAD_SKF && !take_fragment_fields(&in, &part, out_fault)) {
        return false;
    }
    // SK is last, so everything of the message in front of what is left is associated data.
    part.associated = (struct byte_view){
        .data = message->bytes.data,
        .size = message->bytes.size - in.left,
    };
    // At least the pad length must be encrypted.
    if (!reader_take_bytes(&in, iv_size, &part.iv) || in.left < 1 || in.left - 1 < icv_size ||
        !reader_take_bytes(&in, in.left - icv_size, &part.ciphertext)) {
        return wire_reject(out_fault, WIRE_TRUNCATED, sk_section);
    }
    part.icv = reader_take_rest(&in);
    *out_part = part;
    return true;
}
