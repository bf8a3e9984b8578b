#include "pcap/capture_contents.h"

#include <stdlib.h>
#include <string.h>

#include "pcap/capture_walk.h"
#include "pcap/message_relations.h"
#include "pcap/reading_provider.h"

// State of one reading.
struct loading {
    const struct capture_options *options;
    struct capture_contents *contents;
    struct ike_decoder *ike;
    struct esp_decoder *esp;
};

// Doubles when the count is a power of two. False when memory or the limit is reached.
static bool make_room(void **records, size_t count, size_t size)
{
    if (count >= CAPTURE_MOST_RECORDS) {
        return false;
    }
    if ((count & (count - 1)) != 0) {
        return true;
    }
    void *grown = realloc(*records, (count == 0 ? 1 : count * 2) * size);
    if (grown != NULL) {
        *records = grown;
    }
    return grown != NULL;
}

static bool contains(struct byte_view bytes, struct byte_view tag)
{
    return tag.size > 0 && bytes.size >= tag.size &&
           memmem(bytes.data, bytes.size, tag.data, tag.size) != NULL;
}

static bool add_ike(struct loading *loading, const struct packet_origin *origin,
                    const struct carried_packet *packet)
{
    struct capture_contents *contents = loading->contents;
    struct ike_record record = {
        .origin = *origin,
        .retransmit_of = RECORD_NONE,
        .answers = RECORD_NONE,
        .answer = RECORD_NONE,
        .counterpart = RECORD_NONE,
    };
    void *records = contents->ike;
    if (!make_room(&records, contents->ike_count, sizeof(record))) {
        return false;
    }
    contents->ike = records;
    if (!ike_decoder_read(loading->ike, (unsigned)origin->point, packet->content,
                          &record.message)) {
        return false;
    }
    contents->ike[contents->ike_count++] = record;
    return true;
}

static bool add_esp(struct loading *loading, const struct packet_origin *origin,
                    const struct carried_packet *packet)
{
    struct capture_contents *contents = loading->contents;
    struct esp_record record = {.origin = *origin};
    void *records = contents->esp;
    if (!make_room(&records, contents->esp_count, sizeof(record))) {
        return false;
    }
    contents->esp = records;
    esp_decoder_read(loading->esp, &packet->destination.address, packet->content, &record.packet);
    record.carries_tag = contains(record.packet.plain, loading->options->tag);
    record.shows_tag = contains(packet->content, loading->options->tag);
    record.packet.plain = (struct byte_view){0};
    contents->esp[contents->esp_count++] = record;
    return true;
}

static bool add_other(struct loading *loading, const struct packet_origin *origin,
                      const struct carried_packet *packet, struct byte_view frame)
{
    struct capture_contents *contents = loading->contents;
    void *records = contents->others;
    if (!make_room(&records, contents->other_count, sizeof(*contents->others))) {
        return false;
    }
    contents->others = records;
    contents->others[contents->other_count++] = (struct other_record){
        .origin = *origin,
        .kind = packet->kind,
        .ip_protocol = packet->ip_protocol,
        .shows_tag = contains(frame, loading->options->tag),
        .problem = packet->problem,
    };
    return true;
}

static bool add_packet(struct loading *loading, const struct packet_origin *origin,
                       const struct carried_packet *packet, struct byte_view frame)
{
    switch (packet->kind) {
    case CARRIED_IKE:
        return add_ike(loading, origin, packet);
    case CARRIED_ESP:
        return add_esp(loading, origin, packet);
    case CARRIED_KEEPALIVE:
    case CARRIED_FRAGMENT:
    case CARRIED_OTHER:
    case CARRIED_NOT_IP:
    case CARRIED_MALFORMED:
        break;
    }
    return add_other(loading, origin, packet, frame);
}

static bool visit(void *context, const struct walked_packet *walked)
{
    struct loading *loading = context;
    struct packet_origin origin = walked->origin;
    const char *comment = walked->frame->comment;
    origin.comment = comment[0] != '\0' ? strdup(comment) : NULL;
    if ((comment[0] != '\0' && origin.comment == NULL) ||
        !add_packet(loading, &origin, walked->packet, walked->frame->bytes)) {
        free(origin.comment);
        return false;
    }
    return true;
}

static bool read_frames(struct loading *loading, struct capture_file *file,
                        struct capture_fault *out_fault)
{
    struct capture_contents *contents = loading->contents;
    struct walk_summary *summary = calloc(1, sizeof(*summary));
    if (summary == NULL || !capture_walk(file, visit, loading, summary)) {
        *out_fault = (struct capture_fault){.frame = summary != NULL ? summary->frame_count : 0,
                                            .message = "too many packets, or out of memory"};
        free(summary);
        return false;
    }
    contents->frame_count = summary->frame_count;
    contents->first_time_us = summary->first_time_us;
    contents->has_two_points = summary->has_two_points;
    contents->is_complete = summary->is_complete;
    contents->fault = summary->fault;
    free(summary);
    return true;
}

bool capture_contents_read(struct capture_file *file, const struct capture_options *options,
                           struct capture_contents *out_contents, struct capture_fault *out_fault)
{
    struct capture_contents contents = {0};
    const struct crypto_provider *crypto =
        options->crypto != NULL ? options->crypto : reading_provider();
    struct loading loading = {
        .options = options,
        .contents = &contents,
        .ike = ike_decoder_new(crypto, options->keys),
        .esp = esp_decoder_new(crypto, options->keys),
    };
    *out_fault = (struct capture_fault){.message = "out of memory"};
    const bool good = loading.ike != NULL && loading.esp != NULL &&
                      read_frames(&loading, file, out_fault) && message_relations_find(&contents);
    ike_decoder_free(loading.ike);
    esp_decoder_free(loading.esp);
    if (!good) {
        capture_contents_clear(&contents);
        return false;
    }
    *out_contents = contents;
    return true;
}

bool capture_contents_load(const char *path, const struct capture_options *options,
                           struct capture_contents *out_contents, struct capture_fault *out_fault)
{
    struct capture_file *file = capture_file_open(path, out_fault);
    if (file == NULL) {
        return false;
    }
    const bool good = capture_contents_read(file, options, out_contents, out_fault);
    capture_file_close(file);
    return good;
}

void capture_contents_clear(struct capture_contents *contents)
{
    for (size_t i = 0; i < contents->ike_count; i++) {
        ike_message_clear(&contents->ike[i].message);
        free(contents->ike[i].origin.comment);
    }
    for (size_t i = 0; i < contents->esp_count; i++) {
        free(contents->esp[i].origin.comment);
    }
    for (size_t i = 0; i < contents->other_count; i++) {
        free(contents->others[i].origin.comment);
    }
    free(contents->ike);
    free(contents->esp);
    free(contents->others);
    *contents = (struct capture_contents){0};
}
