// The small parts an engine is made of.
#include "harness/tap/tap.h"
#include "refgw/crypto/scripted/deterministic_random.h"
#include "refgw/ike/alarm_queue.h"
#include "refgw/ike/message_window.h"
#include "refgw/ike/number_map.h"
#include "refgw/ike/report.h"
#include "refgw/ike/retransmission.h"

#include <string.h>

enum { MANY = 1000 };

static void a_number_map_finds_what_was_added_and_nothing_else(void)
{
    static int values[MANY];
    struct number_map map = {.slots = NULL};
    unsigned wrong = 0;
    ok(number_map_find(&map, 1) == NULL, "an empty map holds nothing");
    number_map_remove(&map, 1);
    for (size_t i = 0; i < MANY; i++) {
        wrong += number_map_add(&map, i * 0x100000001U, &values[i]) ? 0 : 1;
    }
    ok(wrong == 0 && map.count == MANY, "a thousand numbers");
    ok(!number_map_add(&map, 0x100000001U, &values[0]), "a number that is taken is refused");
    for (size_t i = 0; i < MANY; i += 3) {
        number_map_remove(&map, i * 0x100000001U);
    }
    for (size_t i = 0; i < MANY; i++) {
        const void *wanted = i % 3 == 0 ? NULL : &values[i];
        wrong += number_map_find(&map, i * 0x100000001U) == wanted ? 0 : 1;
    }
    ok(wrong == 0, "every third one removed, the others are there");
    number_map_clear(&map);
    ok(number_map_find(&map, 1) == NULL, "cleared");
}

static void an_alarm_queue_gives_the_earliest_first(void)
{
    static struct alarm alarms[MANY];
    struct alarm_queue queue = {.items = NULL};
    struct deterministic_random random;
    unsigned wrong = 0;
    deterministic_random_init(&random, 5);
    ok(alarm_queue_first(&queue) == NULL && alarm_queue_reserve(&queue, MANY), "room for many");
    for (size_t i = 0; i < MANY; i++) {
        alarm_set(&queue, &alarms[i],
                  (struct instant){.nanoseconds = deterministic_random_next(&random) % 10000});
    }
    for (size_t i = 0; i < MANY; i += 2) {
        alarm_set(&queue, &alarms[i],
                  (struct instant){.nanoseconds = deterministic_random_next(&random) % 10000});
    }
    for (size_t i = 0; i < MANY; i += 5) {
        alarm_stop(&queue, &alarms[i]);
        alarm_stop(&queue, &alarms[i]);
    }
    struct instant last = {0};
    size_t count = 0;
    struct alarm *first = alarm_queue_first(&queue);
    while (first != NULL) {
        wrong += instant_is_before(first->when, last) ? 1 : 0;
        last = first->when;
        count++;
        alarm_stop(&queue, first);
        first = alarm_queue_first(&queue);
    }
    ok(wrong == 0 && count == MANY - MANY / 5, "set, moved, stopped: in order all the same");
    alarm_queue_clear(&queue);
}

static void waits_grow_up_to_a_limit(void)
{
    const struct policy_retransmission policy = {
        .first_timeout = duration_seconds(4), .factor_percent = 180, .tries = 40};
    struct retransmission timer;
    struct instant now = {0};
    unsigned repeated = 0;
    bool grows = true;
    retransmission_start(&timer, &policy, now);
    struct duration last = timer.wait;
    while (retransmission_repeat(&timer, &policy, timer.deadline)) {
        grows = grows && timer.wait.nanoseconds >= last.nanoseconds;
        last = timer.wait;
        repeated++;
    }
    ok(repeated == 40 && grows && last.nanoseconds == duration_seconds(3600).nanoseconds,
       "forty repetitions, never more than an hour apart");
}

static struct ike_header header_of(uint32_t message_id, uint8_t flags, uint8_t exchange_type)
{
    return (struct ike_header){
        .message_id = message_id, .flags = flags, .exchange_type = exchange_type};
}

static void a_window_knows_what_it_waits_for(void)
{
    static const uint8_t BYTES[] = {1, 2, 3};
    const struct policy_retransmission policy = {.first_timeout = duration_seconds(1)};
    struct message_window window = {.next_request_id = 0};
    const struct ike_header answer = header_of(0, IKE_FLAG_RESPONSE, IKE_EXCHANGE_INFORMATIONAL);
    const struct ike_header other = header_of(0, IKE_FLAG_RESPONSE, IKE_EXCHANGE_AUTH);
    const struct ike_header first = header_of(0, 0, IKE_EXCHANGE_INFORMATIONAL);
    const struct ike_header second = header_of(1, 0, IKE_EXCHANGE_INFORMATIONAL);
    const struct ike_header last = header_of(UINT32_MAX, 0, IKE_EXCHANGE_INFORMATIONAL);

    ok(message_window_judge(&window, &answer) == WINDOW_OUTSIDE, "no answer without request");
    ok(message_window_keep_request(&window, IKE_EXCHANGE_INFORMATIONAL, VIEW_OF(BYTES), &policy,
                                   (struct instant){0}) &&
           !message_window_is_free(&window),
       "one request at a time");
    ok(message_window_judge(&window, &answer) == WINDOW_AWAITED_RESPONSE &&
           message_window_judge(&window, &other) == WINDOW_OUTSIDE,
       "its answer has the same exchange type");
    message_window_finish_request(&window);
    ok(message_window_judge(&window, &answer) == WINDOW_OUTSIDE && message_window_is_free(&window),
       "and comes once");

    ok(message_window_judge(&window, &first) == WINDOW_NEW_REQUEST &&
           message_window_judge(&window, &second) == WINDOW_OUTSIDE &&
           message_window_judge(&window, &last) == WINDOW_OUTSIDE,
       "the peer's first request is number 0");
    message_window_keep_answer(&window, VIEW_OF(BYTES));
    ok(message_window_judge(&window, &first) == WINDOW_REPEATED_REQUEST &&
           message_window_judge(&window, &second) == WINDOW_NEW_REQUEST,
       "then it is a repeated one, and number 1 is new");
    message_window_keep_answer(&window, VIEW_OF(BYTES));
    ok(message_window_judge(&window, &first) == WINDOW_OUTSIDE, "then it is an old one");
    window.next_request_id = UINT32_MAX;
    ok(!message_window_is_free(&window), "message IDs do not wrap");
    message_window_clear(&window);
}

static void every_report_has_a_name(void)
{
    unsigned wrong = 0;
    for (unsigned kind = IKE_REPORT_MESSAGE_SENT; kind <= IKE_REPORT_PEER_SILENT; kind++) {
        const char *name = ike_report_name((enum ike_report_kind)kind);
        wrong += name == NULL || strcmp(name, "unknown-report") == 0 ? 1 : 0;
    }
    ok(wrong == 0, "every kind has one");
    ok(ike_report_is_warning(IKE_REPORT_REJECTED) &&
           !ike_report_is_warning(IKE_REPORT_MESSAGE_SENT) &&
           strcmp(ike_report_name(IKE_REPORT_IKE_SA_ESTABLISHED), "ike-sa-established") == 0,
       "and some are warnings");
}

int main(void)
{
    a_number_map_finds_what_was_added_and_nothing_else();
    an_alarm_queue_gives_the_earliest_first();
    waits_grow_up_to_a_limit();
    a_window_knows_what_it_waits_for();
    every_report_has_a_name();
    return done_testing();
}
