#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pcap/capture_walk.h"
#include "pcap/capture_writer.h"
#include "pcap/command_options.h"
#include "pcap/esp_decoder.h"
#include "pcap/reading_provider.h"

struct decrypting {
    struct esp_decoder *decoder;
    FILE *out;
    bool is_written;
    unsigned long long inner_count;
    unsigned long long other_count; // ESP that could not be opened
};

static bool visit(void *context, const struct walked_packet *walked)
{
    struct decrypting *decrypting = context;
    struct esp_packet packet;
    char comment[CAPTURE_COMMENT_SIZE];
    // Of the relay's two points the one behind it: what the receiver got.
    if (walked->packet->kind != CARRIED_ESP || walked->origin.point == POINT_ARRIVED) {
        return true;
    }
    esp_decoder_read(decrypting->decoder, &walked->packet->destination.address,
                     walked->packet->content, &packet);
    if (packet.opening != ESP_OPENED || !packet.has_inner) {
        decrypting->other_count++;
        return true;
    }
    (void)snprintf(comment, sizeof(comment), "frame %u, SPI %08x, sequence %llu",
                   walked->frame->number, packet.spi, (unsigned long long)packet.sequence);
    const struct capture_frame inner = {
        .time_us = walked->frame->time_us,
        .bytes = packet.plain,
        .original_size = (uint32_t)packet.plain.size,
        .comment = comment,
    };
    decrypting->inner_count++;
    decrypting->is_written = capture_write_packet(decrypting->out, 0, &inner);
    return decrypting->is_written;
}

static bool decrypt(struct capture_file *file, const struct key_file *keys, FILE *out,
                    const struct pcap_options *options)
{
    struct walk_summary summary;
    struct decrypting decrypting = {
        .decoder = esp_decoder_new(reading_provider(), keys), .out = out, .is_written = true};
    bool good = decrypting.decoder != NULL && capture_write_start(out) &&
                capture_write_interface(out, LINK_RAW, "inside") &&
                capture_walk(file, visit, &decrypting, &summary);
    if (good && !summary.is_complete) {
        pcap_report_fault(options->file, &summary.fault);
        good = false;
    }
    esp_decoder_free(decrypting.decoder);
    (void)fprintf(stderr, "%llu packets decrypted, %llu could not be\n", decrypting.inner_count,
                  decrypting.other_count);
    return good;
}

int pcap_decrypt(const struct pcap_options *options)
{
    struct capture_fault fault;
    struct key_file keys = {0};
    bool good = false;
    if (!pcap_load_keys(options, &keys)) {
        key_file_clear(&keys);
        return PCAP_USAGE;
    }
    struct capture_file *file = capture_file_open(options->file, &fault);
    FILE *out = file != NULL ? fopen(options->out, "wbe") : NULL;
    if (file == NULL) {
        (void)fprintf(stderr, "ikelab pcap: %s\n", fault.message);
    } else if (out == NULL) {
        (void)fprintf(stderr, "ikelab pcap: cannot write %s: %s\n", options->out,
                      strerror(errno)); // NOLINT(concurrency-mt-unsafe)
    } else {
        good = decrypt(file, &keys, out, options);
        good = fclose(out) == 0 && good;
    }
    capture_file_close(file);
    key_file_clear(&keys);
    return good ? PCAP_DONE : PCAP_BROKEN_FILE;
}
