// Cookies and other limits for peers nobody knows yet (RFC 7296, section 2.6).
#include "harness/tap/tap.h"
#include "refgw/ike/engine_state.h"
#include "refgw/tests/crafted_message.h"
#include "refgw/wire/notify.h"

#include <string.h>

static struct ike_pair *strict_pair(uint32_t threshold)
{
    struct ike_pair *pair = ike_pair_new();
    pair->policies[EAST].cookie_threshold = threshold;
    return pair;
}

static void a_cookie_is_asked_for_and_given_back(void)
{
    struct ike_pair *pair = strict_pair(0);
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair), "threshold 0, always: comes up");
    const struct message first = read_sent(simulated_network_sent(&pair->network, WEST, 0));
    const struct message challenge = read_sent(simulated_network_sent(&pair->network, EAST, 0));
    const struct message second = read_sent(simulated_network_sent(&pair->network, WEST, 1));
    ok(challenge.payloads.count == 1 && notify_type_at(&challenge, 0) == NOTIFY_COOKIE &&
           challenge.header.responder_spi == 0,
       "the challenge is a COOKIE and nothing else, without responder SPI");
    ok(second.payloads.count == first.payloads.count + 1 &&
           second.payloads.items[0].type == IKE_PAYLOAD_NOTIFY &&
           notify_type_at(&second, 0) == NOTIFY_COOKIE,
       "the COOKIE comes back in front");
    for (size_t i = 0; i < first.payloads.count; i++) {
        if (!view_equals(first.payloads.items[i].body, second.payloads.items[i + 1].body)) {
            ok(false, "payload %zu has changed", i);
        }
    }
    ok(challenge.bytes.size < first.bytes.size, "the challenge is smaller than what brought it");
    ok(pair->network.hosts[EAST].keys_logged == 1, "no key agreement before the cookie");
    ike_pair_free(pair);
}

static void the_cookie_outlives_another_key_exchange(void)
{
    struct ike_pair *pair = strict_pair(0);
    ike_pair_set_ike(pair, WEST, "aes128gcm16-prfsha256-x25519-ecp256");
    ike_pair_set_ike(pair, EAST, "aes128gcm16-prfsha256-ecp256");
    ike_pair_start(pair);
    ike_pair_bring_up(pair);
    ok(ike_pair_is_up(pair), "COOKIE, then INVALID_KE_PAYLOAD: comes up");
    const struct message refusal = read_sent(simulated_network_sent(&pair->network, EAST, 1));
    const struct message third = read_sent(simulated_network_sent(&pair->network, WEST, 2));
    const struct message answer = read_sent(simulated_network_sent(&pair->network, EAST, 2));
    ok(notify_type_at(&refusal, 0) == NOTIFY_INVALID_KE_PAYLOAD, "the second answer");
    ok(notify_type_at(&third, 0) == NOTIFY_COOKIE && answer.payloads.count > 2,
       "the same cookie is good with the new KE payload");
    ike_pair_free(pair);
}

// --- Crafted requests -------------------------------------------------------------------------

static void change_spi(struct crafted_message *message, unsigned number)
{
    message->bytes[6] = (uint8_t)(number >> 8);
    message->bytes[7] = (uint8_t)number;
}

static struct crafted_message copy_of(const struct sent_datagram *sent)
{
    struct crafted_message copy = {.size = sent->size};
    memcpy(copy.bytes, sent->bytes, sent->size);
    return copy;
}

static void inject_from(struct ike_pair *pair, const char *source,
                        const struct crafted_message *message)
{
    struct network_path path = path_of(pair, EAST);
    if (!address_parse(source, &path.remote.address)) {
        ok(false, "address");
    }
    simulated_network_inject(&pair->network, EAST, &path, crafted_view(message));
}

// A pair whose messages all get lost, and west's first request.
static struct ike_pair *walled_pair(struct ike_pair *pair, struct wall_node *wall)
{
    *wall = (struct wall_node){.sender = NETWORK_HOSTS, .is_up = true};
    simulated_network_add_node(&pair->network, wall_node_pass, wall);
    ike_pair_start(pair);
    if (!ike_pair_command(pair, WEST, IKE_COMMAND_UP, "")) {
        ok(false, "up");
    }
    return pair;
}

static uint16_t last_notify(const struct ike_pair *pair)
{
    const unsigned count = pair->network.hosts[EAST].sent;
    const struct message message =
        read_sent(simulated_network_sent(&pair->network, EAST, count - 1));
    return message.payloads.count == 1 ? notify_type_at(&message, 0) : 0;
}

static void cookies_begin_at_the_threshold_and_end_well_below(void)
{
    struct wall_node wall;
    struct ike_pair *pair = strict_pair(10);
    pair->policies[EAST].half_open_timeout = duration_seconds(10);
    (void)walled_pair(pair, &wall);
    struct crafted_message request = copy_of(simulated_network_sent(&pair->network, WEST, 0));
    for (unsigned i = 0; i < 10; i++) {
        change_spi(&request, i);
        inject_from(pair, "192.0.2.1", &request);
        simulated_network_run(&pair->network, duration_seconds(1));
        if (last_notify(pair) == NOTIFY_COOKIE) {
            ok(false, "a cookie too early");
        }
    }
    const size_t half_open = ike_pair_count(pair, EAST, "connecting");
    ok(half_open >= 9, "%zu are half-open", half_open);
    change_spi(&request, 100);
    inject_from(pair, "192.0.2.1", &request);
    change_spi(&request, 101);
    inject_from(pair, "192.0.2.1", &request);
    ok(last_notify(pair) == NOTIFY_COOKIE, "then the next one needs a cookie");
    simulated_network_run(&pair->network, duration_milliseconds(3500));
    ok(ike_pair_count(pair, EAST, "connecting") < 10, "some have timed out");
    change_spi(&request, 102);
    inject_from(pair, "192.0.2.1", &request);
    ok(last_notify(pair) == NOTIFY_COOKIE, "but the rush is not over");
    ike_pair_run(pair, 20);
    change_spi(&request, 103);
    inject_from(pair, "192.0.2.1", &request);
    ok(last_notify(pair) != NOTIFY_COOKIE, "now it is");
    ike_pair_free(pair);
}

// West's request as it is after a challenge.
static struct crafted_message with_cookie(const struct crafted_message *request,
                                          struct byte_view cookie)
{
    struct crafted_message out = {.size = 0};
    struct byte_writer writer = writer_into(out.bytes, sizeof(out.bytes));
    const struct notify notify = {.type = NOTIFY_COOKIE, .data = cookie};
    struct message parsed;
    struct message_draft draft;
    struct wire_fault fault;
    struct byte_view bytes = {.size = 0};
    if (!message_read(crafted_view(request), &parsed, &fault)) {
        ok(false, "readable");
        return out;
    }
    message_begin(&draft, &writer, &parsed.header);
    payload_begin(&draft, IKE_PAYLOAD_NOTIFY, false);
    notify_write(&writer, &notify);
    payload_end(&draft);
    for (size_t i = 0; i < parsed.payloads.count; i++) {
        payload_begin(&draft, parsed.payloads.items[i].type, false);
        writer_put_bytes(&writer, parsed.payloads.items[i].body);
        payload_end(&draft);
    }
    if (!message_finish(&draft, &bytes)) {
        ok(false, "written");
    }
    out.size = bytes.size;
    return out;
}

// The cookie in east's last message.
static size_t last_cookie(const struct ike_pair *pair, uint8_t *out, size_t capacity)
{
    const unsigned count = pair->network.hosts[EAST].sent;
    const struct message message =
        read_sent(simulated_network_sent(&pair->network, EAST, count - 1));
    struct notify notify;
    struct wire_fault fault;
    if (message.payloads.count != 1 ||
        !notify_read(message.payloads.items[0].body, &notify, &fault) ||
        notify.type != NOTIFY_COOKIE || notify.data.size > capacity) {
        return 0;
    }
    memcpy(out, notify.data.data, notify.data.size);
    return notify.data.size;
}

static bool is_admitted(struct ike_pair *pair, const char *source,
                        const struct crafted_message *message)
{
    const size_t before = ike_pair_count(pair, EAST, NULL);
    inject_from(pair, source, message);
    return ike_pair_count(pair, EAST, NULL) == before + 1;
}

static void a_cookie_is_good_for_one_nonce_spi_and_address(void)
{
    struct wall_node wall;
    uint8_t cookie[64];
    struct ike_pair *pair = walled_pair(strict_pair(0), &wall);
    const struct crafted_message request = copy_of(simulated_network_sent(&pair->network, WEST, 0));
    inject_from(pair, "192.0.2.1", &request);
    const size_t size = last_cookie(pair, cookie, sizeof(cookie));
    ok(size >= 1 && size <= 64, "a cookie of %zu octets", size);
    struct crafted_message good =
        with_cookie(&request, (struct byte_view){.data = cookie, .size = size});
    ok(!is_admitted(pair, "192.0.2.2", &good), "not from another address");

    struct crafted_message other = good;
    change_spi(&other, 4711);
    ok(!is_admitted(pair, "192.0.2.1", &other), "not for another SPI");

    other = good;
    struct message parsed;
    struct wire_fault fault;
    if (message_read(crafted_view(&other), &parsed, &fault)) {
        const struct payload *nonce = payload_list_find(&parsed.payloads, IKE_PAYLOAD_NONCE);
        other.bytes[nonce->body.data - other.bytes] ^= 1;
    }
    ok(!is_admitted(pair, "192.0.2.1", &other), "not for another nonce");

    for (size_t i = 0; i < size; i++) {
        cookie[i] ^= 1;
        other = with_cookie(&request, (struct byte_view){.data = cookie, .size = size});
        cookie[i] ^= 1;
        if (is_admitted(pair, "192.0.2.1", &other)) {
            ok(false, "a changed cookie is good, octet %zu", i);
        }
    }
    static const uint8_t LONG[200];
    for (size_t i = 0; i < sizeof(LONG); i += 7) {
        other = with_cookie(&request, (struct byte_view){.data = LONG, .size = i});
        if (is_admitted(pair, "192.0.2.1", &other)) {
            ok(false, "any cookie of %zu octets is good", i);
        }
    }
    ok(ike_pair_count(pair, EAST, NULL) == 0, "a wrong cookie counts as none");
    ok(last_notify(pair) == NOTIFY_COOKIE, "and is answered with a new one");
    ok(is_admitted(pair, "192.0.2.1", &good), "the right one is good");
    ike_pair_free(pair);
}

static void an_old_cookie_is_good_for_a_while_only(void)
{
    struct wall_node wall;
    uint8_t first[64];
    uint8_t second[64];
    struct ike_pair *pair = walled_pair(strict_pair(0), &wall);
    const struct crafted_message request = copy_of(simulated_network_sent(&pair->network, WEST, 0));
    inject_from(pair, "192.0.2.1", &request);
    const size_t size = last_cookie(pair, first, sizeof(first));
    const struct crafted_message good =
        with_cookie(&request, (struct byte_view){.data = first, .size = size});
    ike_pair_run(pair, 70);
    inject_from(pair, "192.0.2.1", &request);
    ok(last_cookie(pair, second, sizeof(second)) == size && memcmp(first, second, size) != 0,
       "the secret changes");
    ok(is_admitted(pair, "192.0.2.1", &good), "the one before it is still good");
    ike_pair_run(pair, 70);
    inject_from(pair, "192.0.2.1", &request);
    ok(!is_admitted(pair, "192.0.2.1", &good), "the one before that is not");
    ike_pair_run(pair, 1000);
    inject_from(pair, "192.0.2.1", &request);
    const struct crafted_message late =
        with_cookie(&request, (struct byte_view){.data = second, .size = size});
    ok(!is_admitted(pair, "192.0.2.1", &late), "nor one from long ago");
    ike_pair_free(pair);
}

static void a_flood_costs_nothing_but_small_answers(void)
{
    struct wall_node wall;
    struct ike_pair *pair = walled_pair(strict_pair(0), &wall);
    struct crafted_message request = copy_of(simulated_network_sent(&pair->network, WEST, 0));
    size_t answered = 0;
    bool any_larger = false;
    for (unsigned i = 0; i < 400; i++) {
        const unsigned before = pair->network.hosts[EAST].sent;
        change_spi(&request, i);
        inject_from(pair, "192.0.2.1", &request);
        answered += pair->network.hosts[EAST].sent - before;
        const struct sent_datagram *sent = simulated_network_sent(&pair->network, EAST, before);
        any_larger = any_larger || (sent != NULL && sent->size > request.size);
    }
    ok(answered == 400 && !any_larger, "each of 400 in one second gets a smaller answer");
    ok(ike_pair_count(pair, EAST, NULL) == 0, "and leaves nothing behind");
    struct instant when;
    ok(!ike_engine_next_deadline(pair->network.hosts[EAST].engine, &when), "not even a timer");
    ike_pair_free(pair);
}

static void one_source_cannot_take_everything(void)
{
    struct wall_node wall;
    struct ike_pair *pair = strict_pair(1000);
    pair->policies[EAST].most_half_open_per_address = 3;
    pair->policies[EAST].half_open_timeout = duration_seconds(5);
    ike_pair_connection(pair, EAST)->remote_address = (struct ip_address){0};
    (void)walled_pair(pair, &wall);
    struct crafted_message request = copy_of(simulated_network_sent(&pair->network, WEST, 0));
    size_t taken = 0;
    for (unsigned i = 0; i < 10; i++) {
        change_spi(&request, i);
        taken += is_admitted(pair, "192.0.2.1", &request);
    }
    ok(taken == 3 && ike_pair_reports(pair, EAST, IKE_REPORT_REJECTED, "half-open-limit") == 7,
       "three from one address");
    change_spi(&request, 20);
    ok(is_admitted(pair, "192.0.2.2", &request), "another address is free");
    taken = 0;
    for (unsigned i = 30; i < 40; i++) {
        char source[] = "2001:db8::00";
        source[10] = (char)('0' + i / 10);
        source[11] = (char)('0' + i % 10);
        change_spi(&request, i);
        taken += is_admitted(pair, source, &request);
    }
    ok(taken == 3, "a /64 of IPv6 counts as one");
    change_spi(&request, 50);
    ok(is_admitted(pair, "2001:db8:0:1::1", &request), "the next one is another");
    ike_pair_run(pair, 6);
    change_spi(&request, 60);
    ok(is_admitted(pair, "192.0.2.1", &request), "what times out makes room");
    ike_pair_free(pair);
}

static void a_request_without_nonce_gets_no_cookie(void)
{
    struct wall_node wall;
    struct ike_pair *pair = walled_pair(strict_pair(0), &wall);
    const struct crafted_message request = copy_of(simulated_network_sent(&pair->network, WEST, 0));
    struct crafted_message empty = {.size = 28};
    memcpy(empty.bytes, request.bytes, 28);
    empty.bytes[16] = 0; // no payload
    memset(empty.bytes + 24, 0, 4);
    empty.bytes[27] = 28;
    inject_from(pair, "192.0.2.1", &empty);
    ok(pair->network.hosts[EAST].sent == 0, "a request without nonce gets no cookie");
    ike_pair_free(pair);
}

int main(void)
{
    a_cookie_is_asked_for_and_given_back();
    the_cookie_outlives_another_key_exchange();
    cookies_begin_at_the_threshold_and_end_well_below();
    a_cookie_is_good_for_one_nonce_spi_and_address();
    an_old_cookie_is_good_for_a_while_only();
    a_flood_costs_nothing_but_small_answers();
    one_source_cannot_take_everything();
    a_request_without_nonce_gets_no_cookie();
    return done_testing();
}
