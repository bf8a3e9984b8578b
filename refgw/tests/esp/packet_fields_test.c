#include "refgw/esp/packet_fields.h"
#include "harness/tap/tap.h"
#include "refgw/crypto/scripted/deterministic_random.h"
#include "refgw/tests/crypto/hex.h"

#include <stdlib.h>
#include <string.h>

#define IPV4_FROM_TO "c0000201 c6336402" // 192.0.2.1 to 198.51.100.2
#define IPV6_FROM_TO "20010db8000100000000000000000001 20010db8000200000000000000000002"

struct row {
    const char *what;
    const char *packet;
    uint8_t ip_protocol;
    bool has_ports;
    uint16_t source_port;
    uint16_t destination_port;
    size_t ip_size;
};

static const struct row rows[] = {
    {"UDP",                                           "4500001c 00000000 40110000 " IPV4_FROM_TO " 04d2 0035 0008 0000", 17, true,  1234,   53,
     28                                                                                                                                               },
    {"UDP with something behind the packet",
     "4500001c 00000000 40110000 " IPV4_FROM_TO " 04d2 0035 0008 0000 ffffffffff",                                       17, true,  1234,
     53,                                                                                                                                            28},
    {"TCP with IP options",
     "46000020 00000000 40060000 " IPV4_FROM_TO " 01010101 04d2 0050 00000000",                                          6,  true,  1234,   80,
     32                                                                                                                                               },
    {"an echo request",                               "4500001c 00000000 40010000 " IPV4_FROM_TO " 0800 0000 00010001",  1,  true,
     0x0800,                                                                                                                                0x0800, 28},
    {"port unreachable",                              "4500001c 00000000 40010000 " IPV4_FROM_TO " 0303 0000 00000000",  1,  true,
     0x0303,                                                                                                                                0x0303, 28},
    {"GRE",                                           "45000018 00000000 402f0000 " IPV4_FROM_TO " 00000800",            47, false, 0,      0,      24},
    {"the first fragment of UDP",                     "4500001c 00002000 40110000 " IPV4_FROM_TO " 04d2 0035 0020 0000",
     17,                                                                                                                     true,  1234,   53,     28},
    {"a later fragment of UDP",                       "4500001c 00000001 40110000 " IPV4_FROM_TO " 04d2 0035 0020 0000",
     17,                                                                                                                     false, 0,      0,      28},
    {"the last fragment of UDP",                      "4500001c 00001fff 40110000 " IPV4_FROM_TO " 04d2 0035 0020 0000",
     17,                                                                                                                     false, 0,      0,      28},
    {"UDP cut short in its ports",                    "45000017 00000000 40110000 " IPV4_FROM_TO " 04d200",              17, false,
     0,                                                                                                                                     0,      23},
    {"a bare IPv4 header",                            "45000014 00000000 40110000 " IPV4_FROM_TO,                        17, false, 0,      0,      20},
    {"UDP over IPv6",                                 "60000000 0008 11 40 " IPV6_FROM_TO " 04d2 0035 0008 0000",        17, true,  1234,
     53,                                                                                                                                            48},
    {"ICMPv6 echo",                                   "60000000 0008 3a 40 " IPV6_FROM_TO " 8000 0000 00010001",         58, true,  0x8000,
     0x8000,                                                                                                                                        48},
    {"UDP behind hop-by-hop and destination options",
     "60000000 0020 00 40 " IPV6_FROM_TO
     " 3c00 010400000000 1101 010c000000000000000000000000 04d2 0035 0008 0000",                                         17, true,  1234,   53,     72},
    {"UDP behind a routing header",
     "60000000 0010 2b 40 " IPV6_FROM_TO " 1100 000000000000 04d2 0035 0008 0000",                                       17, true,  1234,
     53,                                                                                                                                            56},
    {"UDP behind an authentication header",
     "60000000 0014 33 40 " IPV6_FROM_TO " 1101 0000 00000001 00000002 04d2 0035 0008 0000",                             17,
     true,                                                                                                                          1234,   53,     60},
    {"the first IPv6 fragment",
     "60000000 0010 2c 40 " IPV6_FROM_TO " 1100 0001 00000007 04d2 0035 0020 0000",                                      17, true,  1234,
     53,                                                                                                                                            56},
    {"a later IPv6 fragment",
     "60000000 0010 2c 40 " IPV6_FROM_TO " 1100 0009 00000007 04d2 0035 0020 0000",                                      17, false, 0,      0,
     56                                                                                                                                               },
    {"an IPv6 fragment far behind",
     "60000000 0010 2c 40 " IPV6_FROM_TO " 1100 0800 00000007 04d2 0035 0020 0000",                                      17, false, 0,      0,
     56                                                                                                                                               },
    {"ESP over IPv6",                                 "60000000 0008 32 40 " IPV6_FROM_TO " 00000100 00000001",          50, false, 0,      0,
     48                                                                                                                                               },
    {"a bare IPv6 header without next header",        "60000000 0000 3b 40 " IPV6_FROM_TO,                               59, false, 0,      0,
     40                                                                                                                                               },
    {"DCCP",                                          "4500001c 00000000 40210000 " IPV4_FROM_TO " 04d2 0035 00000000",  33, true,  1234,   53,
     28                                                                                                                                               },
};

static void reads_what_selectors_need(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct hex_bytes packet = hex(rows[i].packet);
        struct packet_fields fields = {0};
        ok(packet_fields_read(hex_view(&packet), &fields), "%s: is read", rows[i].what);
        ok(fields.ip_protocol == rows[i].ip_protocol && fields.has_ports == rows[i].has_ports &&
               fields.source_port == rows[i].source_port &&
               fields.destination_port == rows[i].destination_port &&
               fields.ip_size == rows[i].ip_size,
           "%s: protocol %u, ports %u and %u, %zu bytes", rows[i].what, fields.ip_protocol,
           fields.source_port, fields.destination_port, fields.ip_size);
        char source[ADDRESS_TEXT_SIZE];
        char destination[ADDRESS_TEXT_SIZE];
        address_format(&fields.source, source);
        address_format(&fields.destination, destination);
        const bool is_ipv4 = packet.bytes[0] >> 4 == 4;
        ok(strcmp(source, is_ipv4 ? "192.0.2.1" : "2001:db8:1::1") == 0 &&
               strcmp(destination, is_ipv4 ? "198.51.100.2" : "2001:db8:2::2") == 0,
           "%s: from %s to %s", rows[i].what, source, destination);
    }
}

// A copy that ends where its allocation ends, for the sanitizer.
static bool rejects_start(const struct hex_bytes *packet, size_t size)
{
    struct packet_fields fields = {.ip_size = 99};
    uint8_t *cut = malloc(size > 0 ? size : 1);
    if (cut == NULL) {
        abort();
    }
    memcpy(cut, packet->bytes, size);
    const bool is_rejected =
        !packet_fields_read((struct byte_view){cut, size}, &fields) && fields.ip_size == 99;
    free(cut);
    return is_rejected;
}

static void rejects_every_truncation(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct hex_bytes packet = hex(rows[i].packet);
        bool all = true;
        for (size_t size = 0; size < rows[i].ip_size; size++) {
            all = all && rejects_start(&packet, size);
        }
        ok(all, "%s: every truncation is rejected", rows[i].what);
    }
}

static void rejects_what_is_no_packet(void)
{
    static const char *const packets[][2] = {
        {"version 0",                         "0500001c 00000000 40110000 " IPV4_FROM_TO " 04d2003500080000"},
        {"version 5",                         "5500001c 00000000 40110000 " IPV4_FROM_TO " 04d2003500080000"},
        {"a header of 16 bytes",              "4400001c 00000000 40110000 " IPV4_FROM_TO " 04d2003500080000"},
        {"a header beyond the packet",
         "4f00001c 00000000 40110000 " IPV4_FROM_TO " 04d2003500080000"                                     },
        {"a total length below the header",
         "45000013 00000000 40110000 " IPV4_FROM_TO " 04d2003500080000"                                     },
        {"a total length beyond the packet",
         "4500001d 00000000 40110000 " IPV4_FROM_TO " 04d2003500080000"                                     },
        {"an IPv6 payload beyond the packet",
         "60000000 0009 11 40 " IPV6_FROM_TO " 04d2003500080000"                                            },
        {"an extension beyond the payload",
         "60000000 0008 00 40 " IPV6_FROM_TO " 1101000000000000 ffffffffffffffff"                           },
        {"an extension without room",         "60000000 0001 00 40 " IPV6_FROM_TO " 11"                     },
        {"a chain of 17 extensions",
         "60000000 0088 3c 40 " IPV6_FROM_TO
         " 3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000"
         " 3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000"
         " 3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000"
         " 3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000"
         " 1100010400000000"                                                                                },
    };
    for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
        const struct hex_bytes packet = hex(packets[i][1]);
        struct packet_fields fields = {.ip_size = 99};
        ok(!packet_fields_read(hex_view(&packet), &fields) && fields.ip_size == 99,
           "%s is rejected", packets[i][0]);
    }
}

// Nothing is read outside the packet, whatever stands in it.
static void survives_noise(void)
{
    struct deterministic_random random;
    deterministic_random_init(&random, 4);
    const struct random_source source = deterministic_random_source(&random);
    bool all = true;
    for (unsigned i = 0; i < 20000; i++) {
        const size_t size = deterministic_random_next(&random) % 120;
        uint8_t *noise = malloc(size > 0 ? size : 1);
        struct packet_fields fields;
        if (noise == NULL || !random_fill(&source, noise, size)) {
            abort();
        }
        if (size >= 8) {
            noise[0] = (uint8_t)(i % 2 == 0 ? 0x45 : 0x60);
            noise[2] = 0;
            noise[4] = 0;
            noise[6] = (uint8_t)(i % 4 == 1 ? 0 : noise[6] % 64);
        }
        if (packet_fields_read((struct byte_view){noise, size}, &fields)) {
            all = all && fields.ip_size <= size && fields.source.family != ADDRESS_NONE;
        }
        free(noise);
    }
    ok(all, "noise is rejected or read within its bounds");
}

int main(void)
{
    reads_what_selectors_need();
    rejects_every_truncation();
    rejects_what_is_no_packet();
    survives_noise();
    return done_testing();
}
