#include "refgw/wire/identification.h"
#include "refgw/iana/ikev2_numbers.h"
#include "refgw/tests/wire/codec_check.h"

static const uint8_t fqdn[] = {2, 0, 0, 0, 'w', 'e', 's', 't', '.', 't', 'e', 's', 't'};
static const uint8_t ipv4[] = {1, 0, 0, 0, 192, 0, 2, 1};
static const uint8_t ipv6[] = {5, 0, 0, 0, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
static const uint8_t null_id[] = {13, 0, 0, 0};

static bool read_body(struct byte_view body, void *out, struct wire_fault *out_fault)
{
    return identification_read(body, out, out_fault);
}

static void write_body(struct byte_writer *out, const void *in)
{
    identification_write(out, in);
}

static const struct codec codec = {sizeof(struct identification), read_body, write_body};

static void reads_type_and_data(void)
{
    struct identification identification = {0};
    struct wire_fault fault;

    ok(identification_read(VIEW_OF(fqdn), &identification, &fault), "an FQDN is accepted");
    ok(identification.type == ID_FQDN, "the type");
    is_bytes(identification.data.data, identification.data.size, "west.test", 9, "the name");
    ok(identification_read(VIEW_OF(null_id), &identification, &fault) &&
           identification.data.size == 0,
       "ID_NULL has no data");
}

static void addresses_must_have_their_size(void)
{
    uint8_t longer[sizeof(ipv6) + 1] = {0};

    codec_rejects_every_truncation(&codec, VIEW_OF(ipv4), "ID_IPV4_ADDR");
    codec_rejects_every_truncation(&codec, VIEW_OF(ipv6), "ID_IPV6_ADDR");
    memcpy(longer, ipv6, sizeof(ipv6));
    codec_rejects(&codec, VIEW_OF(longer), WIRE_BAD_LENGTH, "17 bytes of IPv6 address");
    longer[0] = ID_IPV4_ADDR;
    codec_rejects(&codec, VIEW_OF(longer), WIRE_BAD_LENGTH, "17 bytes of IPv4 address");
}

int main(void)
{
    reads_type_and_data();
    addresses_must_have_their_size();
    codec_gives_same_bytes(&codec, VIEW_OF(fqdn), "ID_FQDN");
    codec_gives_same_bytes(&codec, VIEW_OF(ipv4), "ID_IPV4_ADDR");
    codec_gives_same_bytes(&codec, VIEW_OF(ipv6), "ID_IPV6_ADDR");
    codec_gives_same_bytes(&codec, VIEW_OF(null_id), "ID_NULL");
    codec_needs_at_least(&codec, VIEW_OF(fqdn), 4, "ID_FQDN");
    codec_survives_every_byte(&codec, VIEW_OF(fqdn), "ID_FQDN");
    return done_testing();
}
