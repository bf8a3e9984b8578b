#include "refgw/ike/message_window.h"

void message_window_clear(struct message_window *window)
{
    octets_clear(&window->request);
    octets_clear(&window->answer);
    *window = (struct message_window){.next_request_id = 0};
}

static enum window_verdict judge_response(const struct message_window *window,
                                          const struct ike_header *header)
{
    const bool is_awaited = window->is_waiting && header->message_id == window->next_request_id &&
                            header->exchange_type == window->exchange_type;
    return is_awaited ? WINDOW_AWAITED_RESPONSE : WINDOW_OUTSIDE;
}

enum window_verdict message_window_judge(const struct message_window *window,
                                         const struct ike_header *header)
{
    if (ike_header_is_response(header)) {
        return judge_response(window, header);
    }
    if (header->message_id == window->next_expected_id) {
        return WINDOW_NEW_REQUEST;
    }
    if (window->has_answered && header->message_id == window->next_expected_id - 1) {
        return WINDOW_REPEATED_REQUEST;
    }
    return WINDOW_OUTSIDE;
}

bool message_window_is_free(const struct message_window *window)
{
    // Message IDs never wrap: the last one is not used, the SA ends before (section 2.2).
    return !window->is_waiting && window->next_request_id != UINT32_MAX;
}

bool message_window_keep_request(struct message_window *window, uint8_t exchange_type,
                                 struct byte_view bytes, const struct policy_retransmission *policy,
                                 struct instant now)
{
    if (!octets_set(&window->request, bytes)) {
        return false;
    }
    window->exchange_type = exchange_type;
    window->is_waiting = true;
    retransmission_start(&window->timer, policy, now);
    return true;
}

void message_window_finish_request(struct message_window *window)
{
    octets_clear(&window->request);
    window->is_waiting = false;
    window->next_request_id++;
}

void message_window_keep_answer(struct message_window *window, struct byte_view bytes)
{
    if (!octets_set(&window->answer, bytes)) {
        octets_clear(&window->answer);
    }
    window->has_answered = true;
    window->next_expected_id++;
}
