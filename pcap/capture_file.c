#include "pcap/capture_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/capture_reader.h"

static const uint32_t MAGIC_MICROSECONDS = 0xa1b2c3d4U;
static const uint32_t MAGIC_NANOSECONDS = 0xa1b23c4dU;

enum { LEGACY_HEADER_SIZE = 24, LEGACY_RECORD_SIZE = 16 };

// --- pcap ---------------------------------------------------------------------------------

static bool open_legacy(struct capture_file *file, uint32_t magic, uint8_t *header)
{
    file->has_nanoseconds = magic == MAGIC_NANOSECONDS;
    if (capture_take(file, header + 4, LEGACY_HEADER_SIZE - 4) != LEGACY_HEADER_SIZE - 4) {
        return capture_fail(file, 0, "the file ends inside its header");
    }
    file->interface_count = 1;
    file->interfaces[0] = (struct capture_interface){
        .link_type = capture_value32(file, header + 20) & 0x0fffffffU,
        .resolution = file->has_nanoseconds ? 9 : 6,
    };
    return true;
}

static bool next_legacy(struct capture_file *file, struct capture_frame *out_frame)
{
    uint8_t record[LEGACY_RECORD_SIZE] = {0};
    const uint64_t start = file->offset;
    const size_t got = capture_take(file, record, sizeof(record));
    if (got == 0) {
        file->is_at_end = true;
        return false;
    }
    if (got < sizeof(record)) {
        return capture_fail(file, start, "the file ends inside a packet header");
    }
    const uint32_t size = capture_value32(file, record + 8);
    if (size > CAPTURE_MOST_BLOCK) {
        return capture_fail(file, start, "a packet of %u bytes; at most %u can be right", size,
                            (unsigned)CAPTURE_MOST_BLOCK);
    }
    if (!capture_take_block(file, start, size)) {
        return false;
    }
    const uint64_t unit = file->has_nanoseconds ? 1000 : 1;
    *out_frame = (struct capture_frame){
        .number = ++file->frame,
        .time_us = (uint64_t)capture_value32(file, record) * 1000000U +
                   capture_value32(file, record + 4) / unit,
        .name = file->interfaces[0].name,
        .link_type = file->interfaces[0].link_type,
        .bytes = {.data = file->block, .size = size},
        .original_size = capture_value32(file, record + 12),
        .comment = "",
    };
    return true;
}

// --- opening ------------------------------------------------------------------------------

// The magic number tells format, byte order and units.
static bool read_start(struct capture_file *file)
{
    uint8_t header[LEGACY_HEADER_SIZE] = {0};
    if (capture_take(file, header, 4) != 4) {
        return capture_fail(file, 0, "the file is too short for a capture");
    }
    for (unsigned order = 0; order < 2; order++) {
        file->is_little_endian = order == 1;
        const uint32_t magic = capture_value32(file, header);
        if (magic == MAGIC_MICROSECONDS || magic == MAGIC_NANOSECONDS) {
            return open_legacy(file, magic, header);
        }
        if (magic == PCAPNG_SECTION) {
            file->is_pcapng = true;
            return capture_take(file, header + 4, 4) == 4
                       ? pcapng_begin_section(file, 0, header + 4)
                       : capture_fail(file, 0, "the file ends inside a section header");
        }
    }
    return capture_fail(file, 0, "neither pcap nor pcapng");
}

// Takes the stream over, also when it fails.
static struct capture_file *open_stream(FILE *stream, struct capture_fault *out_fault)
{
    struct capture_file *file = calloc(1, sizeof(*file));
    if (file == NULL) {
        *out_fault = (struct capture_fault){.message = "out of memory"};
        (void)fclose(stream);
        return NULL;
    }
    file->stream = stream;
    if (!read_start(file)) {
        *out_fault = file->fault;
        out_fault->frame = 0;
        capture_file_close(file);
        return NULL;
    }
    return file;
}

struct capture_file *capture_file_open(const char *path, struct capture_fault *out_fault)
{
    FILE *stream = fopen(path, "rbe");
    if (stream == NULL) {
        *out_fault = (struct capture_fault){0};
        (void)snprintf(out_fault->message, sizeof(out_fault->message), "cannot open %s: %s", path,
                       strerror(errno)); // NOLINT(concurrency-mt-unsafe)
        return NULL;
    }
    return open_stream(stream, out_fault);
}

struct capture_file *capture_file_over(struct byte_view bytes, struct capture_fault *out_fault)
{
    // fmemopen() only writes in write modes, so the constant bytes stay what they are.
    FILE *stream =
        bytes.size == 0 ? NULL : fmemopen((void *)(uintptr_t)bytes.data, bytes.size, "rb");
    if (stream == NULL) {
        *out_fault = (struct capture_fault){.message = "the file is too short for a capture"};
        return NULL;
    }
    return open_stream(stream, out_fault);
}

void capture_file_close(struct capture_file *file)
{
    if (file != NULL) {
        (void)fclose(file->stream);
        free(file->block);
        free(file);
    }
}

enum capture_result capture_file_next(struct capture_file *file, struct capture_frame *out_frame,
                                      struct capture_fault *out_fault)
{
    while (!file->has_failed && !file->is_at_end) {
        if (file->is_pcapng ? pcapng_next(file, out_frame) : next_legacy(file, out_frame)) {
            return CAPTURE_FRAME;
        }
    }
    if (file->has_failed) {
        *out_fault = file->fault;
        return CAPTURE_FAULT;
    }
    return CAPTURE_END;
}
