#include "harness/relay/impairment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_REMEMBERED = 65536, UDP_CHECKSUM_OFFSET = 6 };

// A part of an IKE message that a rule has seen: what makes it the same one again.
struct remembered {
    uint64_t initiator_spi;
    uint64_t content; // digest, for IKE_SA_INIT only
    uint32_t message_id;
    uint16_t fragment_number;
    uint8_t exchange;
    bool is_response;
    bool from_west;
    unsigned ordinal;
    unsigned transmissions;
};

struct rule_state {
    struct impairment_rule rule;
    bool is_active; // its phase runs
    uint64_t random;
    uint64_t hits;
    unsigned last_ordinal;
    size_t remembered_count;
    size_t remembered_capacity;
    struct remembered *remembered;
    size_t frame_count;
    uint64_t *frames; // IMPAIRMENT_MOST_FRAMES of them
};

struct impairment {
    size_t count;
    struct rule_state *states;
};

// splitmix64: small, and the same everywhere.
static uint64_t next_random(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15U;
    uint64_t mixed = *state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31);
}

// A number below `limit`; the bias is below 2^-40 for the limits used here.
static uint64_t random_below(uint64_t *state, uint64_t limit)
{
    return limit == 0 ? 0 : next_random(state) % limit;
}

struct impairment *impairment_new(const struct impairment_rules *rules, uint64_t seed)
{
    struct impairment *impairment = calloc(1, sizeof(*impairment));
    if (impairment == NULL) {
        return NULL;
    }
    impairment->states = calloc(rules->count + 1, sizeof(*impairment->states));
    if (impairment->states == NULL) {
        impairment_free(impairment);
        return NULL;
    }
    for (size_t i = 0; i < rules->count; i++) {
        struct rule_state *state = &impairment->states[i];
        state->rule = rules->rules[i];
        state->is_active = state->rule.phase[0] == '\0';
        // Two rules without a seed must not throw the same dice.
        state->random = state->rule.has_seed ? state->rule.seed : seed ^ ((uint64_t)(i + 1) << 32);
        state->frames = calloc(IMPAIRMENT_MOST_FRAMES, sizeof(*state->frames));
        impairment->count = i + 1;
        if (state->frames == NULL) {
            impairment_free(impairment);
            return NULL;
        }
    }
    return impairment;
}

void impairment_free(struct impairment *impairment)
{
    if (impairment == NULL) {
        return;
    }
    for (size_t i = 0; i < impairment->count; i++) {
        free(impairment->states[i].remembered);
        free(impairment->states[i].frames);
    }
    free(impairment->states);
    free(impairment);
}

void impairment_phase(struct impairment *impairment, const char *name, bool begins)
{
    for (size_t i = 0; i < impairment->count; i++) {
        struct rule_state *state = &impairment->states[i];
        if (state->rule.phase[0] != '\0' && strcmp(state->rule.phase, name) == 0) {
            state->is_active = begins;
            state->last_ordinal = 0;
            state->remembered_count = 0;
        }
    }
}

static bool direction_matches(enum impairment_direction direction, bool from_west)
{
    return direction == IMPAIR_BOTH_WAYS || (direction == IMPAIR_FROM_WEST) == from_west;
}

static bool ike_matches(const struct impairment_rule *rule, const struct ike_sight *ike)
{
    return (rule->exchange == 0 || rule->exchange == ike->exchange) &&
           (rule->kind == IMPAIR_ANY_MESSAGE ||
            (rule->kind == IMPAIR_RESPONSE) == ike->is_response);
}

static bool matches(const struct rule_state *state, const struct packet_sight *sight,
                    bool from_west)
{
    const struct impairment_rule *rule = &state->rule;
    if (!state->is_active || !direction_matches(rule->direction, from_west)) {
        return false;
    }
    if (rule->traffic == IMPAIR_IKE) {
        return sight->kind == PACKET_IKE && ike_matches(rule, &sight->ike);
    }
    return rule->traffic == IMPAIR_ALL || sight->kind == PACKET_ESP;
}

// FNV-1a
static uint64_t digest(struct byte_view bytes)
{
    uint64_t value = 0xcbf29ce484222325U;
    for (size_t i = 0; i < bytes.size; i++) {
        value = (value ^ bytes.data[i]) * 0x100000001b3U;
    }
    return value;
}

static struct remembered key_of(const struct ike_sight *ike, bool from_west)
{
    // The requests and answers around COOKIE and INVALID_KE_PAYLOAD share message ID 0.
    const uint64_t content = ike->exchange == IKE_SA_INIT_NUMBER ? digest(ike->message) : 0;
    return (struct remembered){.initiator_spi = ike->initiator_spi,
                               .content = content,
                               .message_id = ike->message_id,
                               .fragment_number = ike->fragment_number,
                               .exchange = ike->exchange,
                               .is_response = ike->is_response,
                               .from_west = from_west};
}

static bool is_same_message(const struct remembered *left, const struct remembered *right)
{
    return left->initiator_spi == right->initiator_spi && left->content == right->content &&
           left->message_id == right->message_id && left->exchange == right->exchange &&
           left->is_response == right->is_response && left->from_west == right->from_west;
}

static struct remembered *remember(struct rule_state *state, const struct remembered *key)
{
    if (state->remembered_count == state->remembered_capacity) {
        const size_t capacity = 2 * state->remembered_capacity + 16;
        struct remembered *larger = capacity <= MOST_REMEMBERED
                                        ? reallocarray(state->remembered, capacity, sizeof(*larger))
                                        : NULL;
        if (larger == NULL) {
            return NULL;
        }
        state->remembered = larger;
        state->remembered_capacity = capacity;
    }
    struct remembered *entry = &state->remembered[state->remembered_count++];
    *entry = *key;
    return entry;
}

// Which transmission of which message this is. The fragments of a message count alone.
static struct remembered recognise(struct rule_state *state, const struct ike_sight *ike,
                                   bool from_west)
{
    struct remembered key = key_of(ike, from_west);
    for (size_t i = state->remembered_count; i > 0; i--) {
        struct remembered *entry = &state->remembered[i - 1];
        if (!is_same_message(entry, &key)) {
            continue;
        }
        key.ordinal = entry->ordinal;
        if (entry->fragment_number == key.fragment_number) {
            entry->transmissions++;
            return *entry;
        }
    }
    if (key.ordinal == 0) {
        key.ordinal = ++state->last_ordinal;
    }
    key.transmissions = 1;
    (void)remember(state, &key);
    return key;
}

static bool is_the_one(struct rule_state *state, const struct packet_sight *sight, bool from_west)
{
    const struct impairment_rule *rule = &state->rule;
    if (rule->ordinal == 0) {
        return true;
    }
    if (rule->traffic != IMPAIR_IKE) {
        state->last_ordinal++;
        return state->last_ordinal >= rule->ordinal &&
               (rule->times == 0 || state->last_ordinal - rule->ordinal < rule->times);
    }
    const struct remembered message = recognise(state, &sight->ike, from_west);
    return message.ordinal == rule->ordinal &&
           (rule->times == 0 || message.transmissions <= rule->times);
}

static bool dice_allow(struct rule_state *state)
{
    return state->rule.probability >= IMPAIRMENT_ALWAYS ||
           random_below(&state->random, IMPAIRMENT_ALWAYS) < state->rule.probability;
}

static void apply(struct rule_state *state, struct impairment_decision *decision)
{
    const struct impairment_rule *rule = &state->rule;
    switch (rule->action) {
    case IMPAIR_DROP:
        decision->drop = true;
        break;
    case IMPAIR_DUPLICATE:
        decision->copies++;
        break;
    case IMPAIR_CORRUPT:
        decision->corrupt = true;
        break;
    case IMPAIR_DELAY:
        decision->delay_us += rule->delay_us + random_below(&state->random, rule->jitter_us + 1);
        break;
    }
}

static void count_hit(struct rule_state *state, uint64_t frame,
                      struct impairment_decision *decision)
{
    const size_t used = strlen(decision->comment);
    (void)snprintf(decision->comment + used, sizeof(decision->comment) - used, "%srule %u: %s",
                   used > 0 ? "; " : "", state->rule.line, state->rule.text);
    state->hits++;
    if (frame > 0 && state->frame_count < IMPAIRMENT_MOST_FRAMES) {
        state->frames[state->frame_count++] = frame;
    }
}

void impairment_decide(struct impairment *impairment, const struct packet_sight *sight,
                       bool from_west, uint64_t frame, struct impairment_decision *out_decision)
{
    out_decision->drop = false;
    out_decision->corrupt = false;
    out_decision->copies = 0;
    out_decision->delay_us = 0;
    out_decision->comment[0] = '\0';
    for (size_t i = 0; i < impairment->count; i++) {
        struct rule_state *state = &impairment->states[i];
        // A rule behind a `drop` still counts what comes by, but has nothing left to act on.
        if (matches(state, sight, from_west) && is_the_one(state, sight, from_west) &&
            dice_allow(state) && !out_decision->drop) {
            apply(state, out_decision);
            count_hit(state, frame, out_decision);
        }
    }
}

size_t impairment_rule_count(const struct impairment *impairment)
{
    return impairment->count;
}

struct impairment_count impairment_count_at(const struct impairment *impairment, size_t index)
{
    const struct rule_state *state = &impairment->states[index];
    return (struct impairment_count){.rule = &state->rule,
                                     .hits = state->hits,
                                     .frame_count = state->frame_count,
                                     .frames = state->frames};
}

static uint16_t word_at(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

// The 16-bit word of the checksum in which the byte `offset` of a datagram lies.
static uint16_t checksum_word(const uint8_t *datagram, size_t size, size_t offset)
{
    const size_t start = offset & ~(size_t)1;
    const uint8_t low = start + 1 < size ? datagram[start + 1] : 0;
    return (uint16_t)(datagram[start] << 8 | low);
}

void impairment_corrupt(const struct packet_sight *sight, uint8_t *packet)
{
    if (sight->payload.size == 0) {
        return;
    }
    const size_t last =
        (size_t)(sight->payload.data - sight->packet.data) + sight->payload.size - 1;
    uint8_t *datagram = packet + sight->transport;
    const size_t offset = last - sight->transport;
    const uint16_t old_word = checksum_word(datagram, offset + 1, offset);
    packet[last] ^= 1;
    const uint16_t old_checksum = sight->is_udp ? word_at(datagram + UDP_CHECKSUM_OFFSET) : 0;
    if (old_checksum == 0) {
        return; // none in use, RFC 768
    }
    const uint16_t new_word = checksum_word(datagram, offset + 1, offset);
    uint16_t checksum = checksum_after_change(old_checksum, old_word, new_word);
    if (checksum == 0) {
        checksum = UINT16_MAX; // zero would say that there is none
    }
    datagram[UDP_CHECKSUM_OFFSET] = (uint8_t)(checksum >> 8);
    datagram[UDP_CHECKSUM_OFFSET + 1] = (uint8_t)checksum;
}
