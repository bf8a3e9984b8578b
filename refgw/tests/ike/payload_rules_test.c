// Which payloads may stand where, and what happens when they do not (RFC 7296, sections 2.5
// and 2.21, appendix C).
#include "harness/tap/tap.h"
#include "refgw/tests/chain_hook.h"
#include "refgw/tests/crafted_message.h"

enum { UNKNOWN_PAYLOAD = 201 };

struct hooked_pair {
    struct ike_pair *pair;
    struct chain_hook hooks[NETWORK_HOSTS];
};

static void hooked_pair_init(struct hooked_pair *hooked)
{
    hooked->pair = ike_pair_new();
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        chain_hook_init(&hooked->hooks[host]);
        hooked->pair->hooks[host] = &hooked->hooks[host].hook;
    }
}

static void run(struct hooked_pair *hooked)
{
    ike_pair_start(hooked->pair);
    ike_pair_bring_up(hooked->pair);
}

// One of the four messages of the initial exchanges, on its sender's hook.
static struct chain_hook *hook_of(struct hooked_pair *hooked, unsigned message)
{
    struct chain_hook *hook = &hooked->hooks[message % 2 == 0 ? WEST : EAST];
    hook->exchange_type = message < 2 ? IKE_EXCHANGE_SA_INIT : IKE_EXCHANGE_AUTH;
    hook->is_response = message % 2 == 1;
    return hook;
}

static const char *const MESSAGES[] = {"IKE_SA_INIT request", "IKE_SA_INIT answer",
                                       "IKE_AUTH request", "IKE_AUTH answer"};

static void payloads_may_come_in_any_order(void)
{
    for (unsigned message = 0; message < 4; message++) {
        struct hooked_pair hooked;
        hooked_pair_init(&hooked);
        struct chain_hook *hook = hook_of(&hooked, message);
        hook->change = CHAIN_REVERSED;
        run(&hooked);
        ok(ike_pair_is_up(hooked.pair) && hook->hits == 1, "%s backwards: comes up",
           MESSAGES[message]);
        ike_pair_free(hooked.pair);
    }
}

static void unknown_payloads_are_skipped(void)
{
    for (unsigned message = 0; message < 4; message++) {
        struct hooked_pair hooked;
        hooked_pair_init(&hooked);
        struct chain_hook *hook = hook_of(&hooked, message);
        hook->change = CHAIN_ADD;
        hook->type = UNKNOWN_PAYLOAD;
        run(&hooked);
        ok(ike_pair_is_up(hooked.pair) && hook->hits == 1, "%s with an unknown payload: comes up",
           MESSAGES[message]);
        ike_pair_free(hooked.pair);
    }
}

static void critical_unknown_payloads_are_refused(void)
{
    for (unsigned message = 0; message < 4; message++) {
        struct hooked_pair hooked;
        hooked_pair_init(&hooked);
        struct chain_hook *hook = hook_of(&hooked, message);
        hook->change = CHAIN_ADD;
        hook->type = UNKNOWN_PAYLOAD;
        hook->is_critical = true;
        run(&hooked);
        ok(hooked.pair->network.hosts[WEST].child_count == 0 &&
               ike_pair_reports(hooked.pair, WEST, IKE_REPORT_IKE_SA_ESTABLISHED, NULL) == 0,
           "%s with a critical unknown payload: west is not up", MESSAGES[message]);
        if (message % 2 == 0) {
            ok(hooked.hooks[WEST].last_received_notify == NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD &&
                   ike_pair_count(hooked.pair, EAST, NULL) == 0,
               "it was told UNSUPPORTED_CRITICAL_PAYLOAD");
        }
        ike_pair_free(hooked.pair);
    }
}

static void a_critical_unknown_payload_does_not_end_an_established_sa(void)
{
    struct hooked_pair hooked;
    hooked_pair_init(&hooked);
    run(&hooked);
    hooked.hooks[WEST].exchange_type = IKE_EXCHANGE_INFORMATIONAL;
    hooked.hooks[WEST].change = CHAIN_ADD;
    hooked.hooks[WEST].type = UNKNOWN_PAYLOAD;
    hooked.hooks[WEST].is_critical = true;
    ok(ike_pair_command(hooked.pair, WEST, IKE_COMMAND_LIVENESS, ""), "an INFORMATIONAL with one");
    ike_pair_run(hooked.pair, 1);
    ok(hooked.hooks[WEST].last_received_notify == NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD,
       "is answered UNSUPPORTED_CRITICAL_PAYLOAD");
    ok(ike_pair_is_up(hooked.pair), "and nothing else happens");
    ike_pair_free(hooked.pair);
}

static void the_critical_bit_means_nothing_on_known_payloads(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up");
    const struct sent_datagram *request = simulated_network_sent(&pair->network, WEST, 0);
    request->bytes[IKE_HEADER_SIZE + 1] |= 0x80;
    const struct network_path path = path_of(pair, EAST);
    simulated_network_inject(&pair->network, EAST, &path,
                             (struct byte_view){.data = request->bytes, .size = request->size});
    ok(ike_pair_count(pair, EAST, "connecting") == 1, "a critical SA payload is an SA payload");
    ike_pair_free(pair);
}

static void wrong_number_is_noticed(unsigned message, uint8_t type, enum chain_change change)
{
    struct hooked_pair hooked;
    hooked_pair_init(&hooked);
    struct chain_hook *hook = hook_of(&hooked, message);
    hook->change = change;
    hook->type = type;
    run(&hooked);
    ike_pair_run(hooked.pair, 600);
    ok(hook->hits >= 1 && hooked.pair->network.hosts[WEST].child_count == 0 &&
           ike_pair_count(hooked.pair, WEST, NULL) == 0,
       "%s %s payload %u: west does not come up", MESSAGES[message],
       change == CHAIN_REMOVE ? "without" : "with a second", type);
    ok(message == 3 || hooked.pair->network.hosts[EAST].installed == 0, "nor does east");
    ok(message != 2 || hooked.hooks[WEST].last_received_notify == NOTIFY_INVALID_SYNTAX,
       "INVALID_SYNTAX only where it is protected");
    ike_pair_free(hooked.pair);
}

static void missing_and_repeated_payloads_are_noticed(void)
{
    static const uint8_t REQUIRED[][6] = {
        {IKE_PAYLOAD_SA,     IKE_PAYLOAD_KE, IKE_PAYLOAD_NONCE},
        {IKE_PAYLOAD_SA,                  IKE_PAYLOAD_KE,                   IKE_PAYLOAD_NONCE},
        {IKE_PAYLOAD_IDI, IKE_PAYLOAD_AUTH,IKE_PAYLOAD_SA, IKE_PAYLOAD_TSI, IKE_PAYLOAD_TSR},
        {IKE_PAYLOAD_IDR,  IKE_PAYLOAD_AUTH     },
    };
    for (unsigned message = 0; message < 4; message++) {
        for (unsigned i = 0; i < 6 && REQUIRED[message][i] != 0; i++) {
            wrong_number_is_noticed(message, REQUIRED[message][i], CHAIN_REMOVE);
            wrong_number_is_noticed(message, REQUIRED[message][i], CHAIN_REPEAT);
        }
    }
}

static void payloads_that_do_not_belong_are_refused(void)
{
    struct hooked_pair hooked;
    hooked_pair_init(&hooked);
    struct chain_hook *hook = hook_of(&hooked, 2);
    hook->change = CHAIN_ADD;
    hook->type = IKE_PAYLOAD_EAP;
    run(&hooked);
    ok(hooked.hooks[WEST].last_received_notify == NOTIFY_INVALID_SYNTAX &&
           ike_pair_is_down(hooked.pair),
       "EAP beside AUTH is INVALID_SYNTAX");
    ike_pair_free(hooked.pair);
}

static void malformed_contents_are_invalid_syntax(void)
{
    // Well-formed chains whose payloads are not: an ID of one byte, a Delete that lies.
    static const uint8_t DELETE_THAT_LIES[] = {0, 0, 0, 8, IKE_PROTOCOL_ESP, 4, 0, 200};
    static const uint8_t NO_CHAIN[] = {99, 0, 0, 200};
    static const struct {
        const uint8_t *bytes;
        size_t size;
        uint8_t type;
        const char *what;
    } CASES[] = {
        {DELETE_THAT_LIES, sizeof(DELETE_THAT_LIES), IKE_PAYLOAD_DELETE, "a Delete that lies"       },
        {NO_CHAIN,         sizeof(NO_CHAIN),         IKE_PAYLOAD_NOTIFY, "a chain that ends nowhere"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct hooked_pair hooked;
        hooked_pair_init(&hooked);
        run(&hooked);
        struct chain_hook *hook = &hooked.hooks[WEST];
        hook->exchange_type = IKE_EXCHANGE_INFORMATIONAL;
        hook->change = CHAIN_REPLACE;
        hook->type = CASES[i].type;
        hook->bytes = CASES[i].bytes;
        hook->size = CASES[i].size;
        ok(ike_pair_command(hooked.pair, WEST, IKE_COMMAND_LIVENESS, ""), "%s", CASES[i].what);
        ike_pair_run(hooked.pair, 2);
        ok(hooked.hooks[WEST].last_received_notify == NOTIFY_INVALID_SYNTAX,
           "is INVALID_SYNTAX, encrypted");
        ok(ike_pair_is_down(hooked.pair), "and fatal for both ends (section 2.21.3)");
        ike_pair_free(hooked.pair);
    }
}

static void a_malformed_answer_ends_the_sa_properly(void)
{
    static const uint8_t NO_CHAIN[] = {99, 0, 0, 200};
    struct hooked_pair hooked;
    hooked_pair_init(&hooked);
    run(&hooked);
    struct chain_hook *hook = &hooked.hooks[EAST];
    hook->exchange_type = IKE_EXCHANGE_INFORMATIONAL;
    hook->is_response = true;
    hook->change = CHAIN_REPLACE;
    hook->type = IKE_PAYLOAD_NOTIFY;
    hook->bytes = NO_CHAIN;
    hook->size = sizeof(NO_CHAIN);
    ok(ike_pair_command(hooked.pair, WEST, IKE_COMMAND_LIVENESS, ""), "an answer nobody can read");
    ike_pair_run(hooked.pair, 5);
    ok(ike_pair_is_down(hooked.pair), "the SA is deleted on both ends");
    ike_pair_free(hooked.pair);
}

static void versions_and_flags_of_the_future_are_tolerated(void)
{
    struct hooked_pair hooked;
    hooked_pair_init(&hooked);
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        hooked.hooks[host].minor_version = 5;
        hooked.hooks[host].more_flags = IKE_FLAG_VERSION | 0xc7;
    }
    run(&hooked);
    ok(ike_pair_is_up(hooked.pair), "minor version 5, Version flag, reserved flags: comes up");
    ok(ike_pair_command(hooked.pair, EAST, IKE_COMMAND_DOWN, ""), "down");
    ike_pair_run(hooked.pair, 1);
    ok(ike_pair_is_down(hooked.pair), "and goes down");
    ike_pair_free(hooked.pair);
}

static void higher_major_versions_are_answered_with_ours(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up");
    const struct sent_datagram *request = simulated_network_sent(&pair->network, WEST, 0);
    const struct network_path path = path_of(pair, EAST);
    const struct byte_view bytes = {.data = request->bytes, .size = request->size};

    request->bytes[17] = 0x30;
    simulated_network_inject(&pair->network, EAST, &path, bytes);
    const struct message answer = read_sent(simulated_network_sent(&pair->network, EAST, 0));
    ok(notify_type_at(&answer, 0) == NOTIFY_INVALID_MAJOR_VERSION &&
           answer.header.major_version == 2 && ike_header_is_response(&answer.header),
       "IKEv3 gets INVALID_MAJOR_VERSION from an IKEv2");
    ok(ike_pair_count(pair, EAST, NULL) == 0, "and no state");
    request->bytes[17] = 0x10;
    simulated_network_inject(&pair->network, EAST, &path, bytes);
    ok(pair->network.hosts[EAST].sent == 1, "IKEv1 gets silence");
    request->bytes[17] = 0x30;
    request->bytes[19] |= IKE_FLAG_RESPONSE;
    simulated_network_inject(&pair->network, EAST, &path, bytes);
    ok(pair->network.hosts[EAST].sent == 1, "so does an answer");
    request->bytes[19] = IKE_FLAG_INITIATOR;
    for (unsigned i = 0; i < 500; i++) {
        simulated_network_inject(&pair->network, EAST, &path, bytes);
    }
    ok(pair->network.hosts[EAST].sent <= 100, "a flood is answered a hundred times a second");
    pair->network.now = instant_after(pair->network.now, duration_seconds(2));
    const unsigned before = pair->network.hosts[EAST].sent;
    simulated_network_inject(&pair->network, EAST, &path,
                             (struct byte_view){.data = request->bytes, .size = 28});
    ok(pair->network.hosts[EAST].sent == before, "and never with more bytes than came");
    simulated_network_inject(&pair->network, EAST, &path, bytes);
    ok(pair->network.hosts[EAST].sent == before + 1, "a second later there is room again");
    ike_pair_free(pair);
}

static void child_requests_without_selectors_are_fatal(void)
{
    // SA with one proposal (SPI 09090909, AES-GCM-16 with 128 bits, no ESN), then a nonce.
    static const uint8_t SA_AND_NONCE[] = {IKE_PAYLOAD_NONCE,
                                           0,
                                           0,
                                           36,
                                           0,
                                           0,
                                           0,
                                           32,
                                           1,
                                           IKE_PROTOCOL_ESP,
                                           4,
                                           2,
                                           9,
                                           9,
                                           9,
                                           9,
                                           3,
                                           0,
                                           0,
                                           12,
                                           1,
                                           0,
                                           0,
                                           20,
                                           0x80,
                                           14,
                                           0,
                                           128,
                                           0,
                                           0,
                                           0,
                                           8,
                                           5,
                                           0,
                                           0,
                                           0,
                                           0,
                                           0,
                                           0,
                                           20,
                                           1,
                                           2,
                                           3,
                                           4,
                                           5,
                                           6,
                                           7,
                                           8,
                                           9,
                                           10,
                                           11,
                                           12,
                                           13,
                                           14,
                                           15,
                                           16};
    struct hooked_pair hooked;
    hooked_pair_init(&hooked);
    run(&hooked);
    struct chain_hook *hook = &hooked.hooks[WEST];
    hook->exchange_type = IKE_EXCHANGE_INFORMATIONAL;
    hook->new_exchange_type = IKE_EXCHANGE_CREATE_CHILD_SA;
    hook->change = CHAIN_REPLACE;
    hook->type = IKE_PAYLOAD_SA;
    hook->bytes = SA_AND_NONCE;
    hook->size = sizeof(SA_AND_NONCE);
    ok(ike_pair_command(hooked.pair, WEST, IKE_COMMAND_LIVENESS, ""), "a CREATE_CHILD_SA request");
    simulated_network_run(&hooked.pair->network, duration_milliseconds(100));
    ok(hooked.hooks[EAST].last_sent_notify == NOTIFY_INVALID_SYNTAX,
       "without selectors is answered INVALID_SYNTAX");
    ok(ike_pair_count(hooked.pair, EAST, NULL) == 0, "which is fatal for the SA (section 2.21.3)");
    ike_pair_free(hooked.pair);
}

static void exchanges_out_of_turn_are_ignored(void)
{
    static const uint8_t TYPES[] = {IKE_EXCHANGE_INFORMATIONAL, IKE_EXCHANGE_CREATE_CHILD_SA,
                                    IKE_EXCHANGE_SESSION_RESUME, IKE_EXCHANGE_INTERMEDIATE};
    for (size_t i = 0; i < sizeof(TYPES); i++) {
        struct hooked_pair hooked;
        hooked_pair_init(&hooked);
        struct chain_hook *hook = hook_of(&hooked, 2);
        hook->change = CHAIN_REVERSED;
        hook->new_exchange_type = TYPES[i];
        run(&hooked);
        ok(hooked.pair->network.hosts[EAST].sent == 1 &&
               ike_pair_count(hooked.pair, EAST, "connecting") == 1 &&
               hooked.pair->network.hosts[EAST].installed == 0,
           "exchange %u instead of IKE_AUTH gets silence and no SA", TYPES[i]);
        ike_pair_free(hooked.pair);
    }
}

static void spis_of_zero_are_not_accepted(void)
{
    struct ike_pair *pair = ike_pair_new();
    ike_pair_start(pair);
    ok(ike_pair_command(pair, WEST, IKE_COMMAND_UP, ""), "up");
    const struct network_path path = path_of(pair, EAST);
    const struct network_path back = path_of(pair, WEST);
    struct crafted_message copy;
    const struct sent_datagram *request = simulated_network_sent(&pair->network, WEST, 0);
    // Initiator SPI zero; responder SPI not zero; message ID 1; no Initiator flag.
    static const struct {
        size_t from, to;
        uint8_t value;
    } CHANGES[] = {
        {0,  8,  0},
        {15, 16, 1},
        {23, 24, 1},
        {19, 20, 0}
    };
    for (size_t i = 0; i < sizeof(CHANGES) / sizeof(CHANGES[0]); i++) {
        copy.size = request->size;
        for (size_t j = 0; j < copy.size; j++) {
            const bool is_changed = j >= CHANGES[i].from && j < CHANGES[i].to;
            copy.bytes[j] = is_changed ? CHANGES[i].value : request->bytes[j];
        }
        simulated_network_inject(&pair->network, EAST, &path, crafted_view(&copy));
    }
    ok(ike_pair_count(pair, EAST, NULL) == 0 && pair->network.hosts[EAST].sent == 0 &&
           ike_pair_reports(pair, EAST, IKE_REPORT_REJECTED, "invalid-header") == 4,
       "requests with impossible headers get silence");

    simulated_network_inject(&pair->network, EAST, &path,
                             (struct byte_view){.data = request->bytes, .size = request->size});
    const struct sent_datagram *answer = simulated_network_sent(&pair->network, EAST, 0);
    copy.size = answer->size;
    for (size_t j = 0; j < copy.size; j++) {
        copy.bytes[j] = j >= 8 && j < 16 ? 0 : answer->bytes[j];
    }
    simulated_network_inject(&pair->network, WEST, &back, crafted_view(&copy));
    ok(pair->network.hosts[WEST].sent == 1 &&
           ike_pair_reports(pair, WEST, IKE_REPORT_REJECTED, "zero-spi") == 1,
       "an answer without responder SPI is not acted on");
    ike_pair_run(pair, 3);
    ok(ike_pair_is_up(pair), "the right one is");
    ike_pair_free(pair);
}

int main(void)
{
    payloads_may_come_in_any_order();
    unknown_payloads_are_skipped();
    critical_unknown_payloads_are_refused();
    a_critical_unknown_payload_does_not_end_an_established_sa();
    the_critical_bit_means_nothing_on_known_payloads();
    missing_and_repeated_payloads_are_noticed();
    payloads_that_do_not_belong_are_refused();
    malformed_contents_are_invalid_syntax();
    a_malformed_answer_ends_the_sa_properly();
    versions_and_flags_of_the_future_are_tolerated();
    higher_major_versions_are_answered_with_ours();
    child_requests_without_selectors_are_fatal();
    exchanges_out_of_turn_are_ignored();
    spis_of_zero_are_not_accepted();
    return done_testing();
}
