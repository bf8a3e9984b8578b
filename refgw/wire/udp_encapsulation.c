#include "refgw/wire/udp_encapsulation.h"

// Behind the UDP header of port 4500:
//                      1                   2                   3
//  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
// |   Non-ESP Marker (zero), then an IKE message; or an ESP SPI   |
// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+

enum { KEEPALIVE = 0xff };

enum udp_encapsulation_kind udp_encapsulation_read(struct byte_view datagram,
                                                   struct byte_view *out_content)
{
    struct byte_reader in = reader_over(datagram);
    uint32_t marker;

    *out_content = datagram;
    if (datagram.size == 1 && datagram.data[0] == KEEPALIVE) {
        return UDP_NAT_KEEPALIVE;
    }
    if (!reader_take_u32(&in, &marker)) {
        return UDP_ENCAPSULATED_JUNK;
    }
    if (marker != 0) {
        return UDP_ENCAPSULATED_ESP;
    }
    *out_content = reader_take_rest(&in);
    return UDP_ENCAPSULATED_IKE;
}
