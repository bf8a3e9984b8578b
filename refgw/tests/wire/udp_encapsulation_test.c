#include "refgw/wire/udp_encapsulation.h"
#include "harness/tap/tap.h"

static enum udp_encapsulation_kind kind_of(const uint8_t *data, size_t size,
                                           struct byte_view *out_content)
{
    return udp_encapsulation_read((struct byte_view){.data = data, .size = size}, out_content);
}

static void tells_the_four_kinds_apart(void)
{
    static const uint8_t ike[] = {0, 0, 0, 0, 9, 8, 7};
    static const uint8_t esp[] = {0, 0, 1, 0, 0, 0, 0, 1};
    static const uint8_t keepalive[] = {0xff};
    struct byte_view content = {0};

    ok(kind_of(ike, sizeof(ike), &content) == UDP_ENCAPSULATED_IKE, "four zero bytes: IKE");
    is_bytes(content.data, content.size, ike + 4, 3, "the content is behind the marker");
    ok(kind_of(ike, 4, &content) == UDP_ENCAPSULATED_IKE && content.size == 0,
       "a marker alone: IKE without content");
    ok(kind_of(esp, sizeof(esp), &content) == UDP_ENCAPSULATED_ESP, "anything else: ESP");
    ok(content.data == esp && content.size == sizeof(esp), "the content is the whole datagram");
    ok(kind_of(esp, 4, &content) == UDP_ENCAPSULATED_ESP, "an SPI alone");
    ok(kind_of(keepalive, 1, &content) == UDP_NAT_KEEPALIVE, "0xff: keepalive");
}

static void what_is_shorter_than_four_bytes_is_junk(void)
{
    static const uint8_t zero[] = {0, 0, 0};
    static const uint8_t ones[] = {0xff, 0xff, 0xff};
    struct byte_view content = {0};

    ok(kind_of(zero, 0, &content) == UDP_ENCAPSULATED_JUNK, "nothing");
    ok(kind_of(zero, 1, &content) == UDP_ENCAPSULATED_JUNK, "one zero byte");
    ok(kind_of(zero, 3, &content) == UDP_ENCAPSULATED_JUNK, "three zero bytes");
    ok(kind_of(ones, 2, &content) == UDP_ENCAPSULATED_JUNK, "two bytes 0xff");
    ok(kind_of(ones, 3, &content) == UDP_ENCAPSULATED_JUNK, "three bytes 0xff");
}

int main(void)
{
    tells_the_four_kinds_apart();
    what_is_shorter_than_four_bytes_is_junk();
    return done_testing();
}
