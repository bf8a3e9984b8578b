#include "pcap/shrink.h"

#include <stdlib.h>
#include <string.h>

#include "pcap/capture_writer.h"
#include "pcap/evidence.h"
#include "pcap/explain.h"

struct kept_frame {
    bool is_in;
    unsigned interface; // of the capture that is written
    struct capture_frame frame;
    uint8_t *bytes; // owned
    char *comment;  // owned
};

struct shrinking {
    const struct key_file *keys;
    enum finding_kind kind;
    size_t count;
    struct kept_frame *frames;
    size_t interface_count;
    struct {
        unsigned link_type;
        char name[CAPTURE_NAME_SIZE];
    } interfaces[CAPTURE_MOST_INTERFACES];
    struct finding_list list;
};

static unsigned interface_of(struct shrinking *shrinking, const struct capture_frame *frame)
{
    for (size_t i = 0; i < shrinking->interface_count; i++) {
        if (shrinking->interfaces[i].link_type == frame->link_type &&
            strcmp(shrinking->interfaces[i].name, frame->name) == 0) {
            return (unsigned)i;
        }
    }
    if (shrinking->interface_count == CAPTURE_MOST_INTERFACES) {
        return 0;
    }
    const size_t place = shrinking->interface_count++;
    shrinking->interfaces[place].link_type = frame->link_type;
    (void)snprintf(shrinking->interfaces[place].name, CAPTURE_NAME_SIZE, "%s", frame->name);
    return (unsigned)place;
}

static bool keep(struct shrinking *shrinking, const struct capture_frame *frame)
{
    const size_t count = shrinking->count;
    if (count == SHRINK_MOST_FRAMES) {
        return false;
    }
    if ((count & (count - 1)) == 0) {
        void *grown =
            realloc(shrinking->frames, (count == 0 ? 1 : count * 2) * sizeof(*shrinking->frames));
        if (grown == NULL) {
            return false;
        }
        shrinking->frames = grown;
    }
    struct kept_frame *kept = &shrinking->frames[count];
    *kept = (struct kept_frame){.is_in = true, .frame = *frame};
    kept->bytes = malloc(frame->bytes.size + 1);
    kept->comment = strdup(frame->comment);
    shrinking->count++;
    if (kept->bytes == NULL || kept->comment == NULL) {
        return false;
    }
    if (frame->bytes.size > 0) {
        memcpy(kept->bytes, frame->bytes.data, frame->bytes.size);
    }
    kept->frame.bytes.data = kept->bytes;
    kept->frame.comment = kept->comment;
    kept->interface = interface_of(shrinking, frame);
    kept->frame.name = "";
    return true;
}

static bool write_kept(const struct shrinking *shrinking, FILE *out)
{
    bool good = capture_write_start(out);
    for (size_t i = 0; i < shrinking->interface_count && good; i++) {
        good = capture_write_interface(out, shrinking->interfaces[i].link_type,
                                       shrinking->interfaces[i].name);
    }
    for (size_t i = 0; i < shrinking->count && good; i++) {
        const struct kept_frame *kept = &shrinking->frames[i];
        good = !kept->is_in || capture_write_packet(out, kept->interface, &kept->frame);
    }
    return good;
}

// Explains what is kept at the moment.
static bool explain_kept(struct shrinking *shrinking)
{
    char *bytes = NULL;
    size_t size = 0;
    struct capture_fault fault;
    struct evidence *evidence = NULL;
    FILE *stream = open_memstream(&bytes, &size);
    if (stream == NULL) {
        return false;
    }
    bool good = write_kept(shrinking, stream);
    good = fclose(stream) == 0 && good;
    struct capture_file *file =
        good ? capture_file_over((struct byte_view){.data = (const uint8_t *)bytes, .size = size},
                                 &fault)
             : NULL;
    if (file != NULL) {
        evidence = evidence_gather(file, shrinking->keys, &fault);
    }
    if (evidence != NULL) {
        explain(evidence, &shrinking->list);
    }
    good = evidence != NULL;
    evidence_free(evidence);
    capture_file_close(file);
    free(bytes);
    return good;
}

static bool still_shows(struct shrinking *shrinking)
{
    return explain_kept(shrinking) && finding_list_has(&shrinking->list, shrinking->kind);
}

// Takes `size` frames that are still in away, from `start` on. Gives how many there were.
static size_t set_range(struct shrinking *shrinking, size_t start, size_t end, bool is_in,
                        bool *was_in)
{
    size_t changed = 0;
    for (size_t i = start; i < end && i < shrinking->count; i++) {
        if (!is_in) {
            was_in[i] = shrinking->frames[i].is_in;
            changed += was_in[i] ? 1 : 0;
            shrinking->frames[i].is_in = false;
        } else {
            shrinking->frames[i].is_in = was_in[i];
        }
    }
    return changed;
}

// True when a range was not needed; it is gone then.
static bool try_without(struct shrinking *shrinking, size_t start, size_t end, bool *was_in)
{
    if (set_range(shrinking, start, end, false, was_in) == 0) {
        return false;
    }
    if (still_shows(shrinking)) {
        return true;
    }
    (void)set_range(shrinking, start, end, true, was_in);
    return false;
}

// Frames go in blocks, first half of the capture, at last one by one; what is needed comes back.
static bool take_away(struct shrinking *shrinking)
{
    bool *was_in = calloc(shrinking->count + 1, sizeof(*was_in));
    if (was_in == NULL) {
        return false;
    }
    bool has_changed = true;
    for (size_t step = shrinking->count / 2; step > 0; step = has_changed ? step : step / 2) {
        has_changed = false;
        for (size_t start = 0; start < shrinking->count; start += step) {
            has_changed = try_without(shrinking, start, start + step, was_in) || has_changed;
        }
    }
    free(was_in);
    return true;
}

static bool read_frames(struct shrinking *shrinking, const char *path, const char **out_problem)
{
    struct capture_fault fault;
    struct capture_frame frame;
    struct capture_file *file = capture_file_open(path, &fault);
    bool good = file != NULL;
    *out_problem = "the capture cannot be read";
    while (good && capture_file_next(file, &frame, &fault) == CAPTURE_FRAME) {
        good = keep(shrinking, &frame);
        *out_problem = "too many frames for this machine's memory";
    }
    capture_file_close(file);
    return good;
}

static bool shrink(struct shrinking *shrinking, const char **out_problem)
{
    *out_problem = "nothing wrong was found in the capture";
    if (!explain_kept(shrinking) || shrinking->list.count == 0) {
        return false;
    }
    if (shrinking->kind == FINDING_KIND_COUNT) {
        shrinking->kind = shrinking->list.items[0].kind;
    }
    *out_problem = "the capture does not show this finding";
    return finding_list_has(&shrinking->list, shrinking->kind) && take_away(shrinking);
}

bool shrink_capture(const char *path, const struct key_file *keys, enum finding_kind kind,
                    FILE *out, struct shrink_result *out_result, const char **out_problem)
{
    struct shrinking *shrinking = calloc(1, sizeof(*shrinking));
    *out_problem = "out of memory";
    if (shrinking == NULL) {
        return false;
    }
    shrinking->keys = keys;
    shrinking->kind = kind;
    bool good = read_frames(shrinking, path, out_problem) && shrink(shrinking, out_problem);
    if (good) {
        *out_problem = "the result cannot be written";
        good = write_kept(shrinking, out);
    }
    *out_result = (struct shrink_result){.kind = shrinking->kind, .of_count = shrinking->count};
    for (size_t i = 0; i < shrinking->count; i++) {
        out_result->frame_count += shrinking->frames[i].is_in ? 1 : 0;
        free(shrinking->frames[i].bytes);
        free(shrinking->frames[i].comment);
    }
    free(shrinking->frames);
    free(shrinking);
    return good;
}
