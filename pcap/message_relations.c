// Sorting brings messages with equal properties side by side: O(n log n) also for captures of
// a flood.
#include "pcap/message_relations.h"

#include <stdlib.h>
#include <string.h>

static int compare_numbers(uint64_t left, uint64_t right)
{
    return (left > right) - (left < right);
}

// Messages with equal bytes stand together, in the order of the file.
static int compare_bytes(const void *left, const void *right, void *context)
{
    const struct ike_record *records = context;
    const size_t a = *(const size_t *)left;
    const size_t b = *(const size_t *)right;
    int order = compare_numbers(records[a].message.size, records[b].message.size);
    if (order == 0 && records[a].message.size > 0) {
        order = memcmp(records[a].message.bytes, records[b].message.bytes, records[a].message.size);
    }
    return order != 0 ? order : compare_numbers(a, b);
}

static bool same_bytes(const struct ike_record *left, const struct ike_record *right)
{
    return left->message.size == right->message.size &&
           (left->message.size == 0 ||
            memcmp(left->message.bytes, right->message.bytes, left->message.size) == 0);
}

// Within one group of equal messages: the first at each point is the original, and the n-th
// that left belongs to the n-th that arrived.
static void relate_equal(struct ike_record *records, const size_t *order, size_t count)
{
    size_t first[3] = {RECORD_NONE, RECORD_NONE, RECORD_NONE};
    size_t waiting = 0; // position of the next one that arrived and has no counterpart
    for (size_t i = 0; i < count; i++) {
        struct ike_record *record = &records[order[i]];
        const unsigned point = (unsigned)record->origin.point;
        record->retransmit_of = first[point];
        if (first[point] == RECORD_NONE) {
            first[point] = order[i];
        }
        if (record->origin.point != POINT_LEFT) {
            continue;
        }
        while (waiting < i && records[order[waiting]].origin.point != POINT_ARRIVED) {
            waiting++;
        }
        if (waiting < i) {
            record->counterpart = order[waiting];
            records[order[waiting]].counterpart = order[i];
            waiting++;
        }
    }
}

static bool requester_is_initiator(const struct ike_record *record)
{
    return ike_header_is_from_initiator(&record->message.header) !=
           ike_message_is_response(&record->message);
}

static uint64_t responder_spi(const struct ike_record *record)
{
    // The request of IKE_SA_INIT cannot know it yet.
    return record->message.header.exchange_type == IKE_EXCHANGE_SA_INIT
               ? 0
               : record->message.header.responder_spi;
}

static int compare_exchange(const struct ike_record *a, const struct ike_record *b)
{
    int order = compare_numbers((unsigned)a->origin.point, (unsigned)b->origin.point);
    if (order == 0) {
        order = compare_numbers(a->message.header.initiator_spi, b->message.header.initiator_spi);
    }
    if (order == 0) {
        order = compare_numbers(a->message.header.exchange_type, b->message.header.exchange_type);
    }
    if (order == 0) {
        order = compare_numbers(responder_spi(a), responder_spi(b));
    }
    if (order == 0) {
        order = compare_numbers(a->message.header.message_id, b->message.header.message_id);
    }
    return order != 0 ? order
                      : compare_numbers(requester_is_initiator(a), requester_is_initiator(b));
}

static int compare_exchanges(const void *left, const void *right, void *context)
{
    const struct ike_record *records = context;
    const size_t a = *(const size_t *)left;
    const size_t b = *(const size_t *)right;
    const int order = compare_exchange(&records[a], &records[b]);
    return order != 0 ? order : compare_numbers(a, b);
}

// Within one exchange (or one IKE_SA_INIT with its restarts) at one point: a response belongs
// to the last original request before it.
static void relate_exchange(struct ike_record *records, const size_t *order, size_t count)
{
    size_t request = RECORD_NONE;
    for (size_t i = 0; i < count; i++) {
        struct ike_record *record = &records[order[i]];
        if (!record->message.has_header) {
            continue;
        }
        if (!ike_message_is_response(&record->message)) {
            request = record->retransmit_of == RECORD_NONE ? order[i] : request;
            continue;
        }
        record->answers = request;
        if (request != RECORD_NONE && records[request].answer == RECORD_NONE) {
            records[request].answer = order[i];
        }
    }
}

typedef int (*compare_function)(const void *left, const void *right, void *context);
typedef void (*relate_function)(struct ike_record *records, const size_t *order, size_t count);

static bool exchanges_differ(const struct ike_record *left, const struct ike_record *right)
{
    return compare_exchange(left, right) != 0;
}

static bool bytes_differ(const struct ike_record *left, const struct ike_record *right)
{
    return !same_bytes(left, right);
}

static void relate(struct capture_contents *contents, size_t *order, compare_function compare,
                   bool (*differ)(const struct ike_record *, const struct ike_record *),
                   relate_function apply)
{
    for (size_t i = 0; i < contents->ike_count; i++) {
        order[i] = i;
    }
    qsort_r(order, contents->ike_count, sizeof(*order), compare, contents->ike);
    size_t start = 0;
    for (size_t i = 1; i <= contents->ike_count; i++) {
        if (i == contents->ike_count ||
            differ(&contents->ike[order[start]], &contents->ike[order[i]])) {
            apply(contents->ike, order + start, i - start);
            start = i;
        }
    }
}

bool message_relations_find(struct capture_contents *contents)
{
    if (contents->ike_count == 0) {
        return true;
    }
    size_t *order = calloc(contents->ike_count, sizeof(*order));
    if (order == NULL) {
        return false;
    }
    relate(contents, order, compare_bytes, bytes_differ, relate_equal);
    relate(contents, order, compare_exchanges, exchanges_differ, relate_exchange);
    free(order);
    return true;
}
