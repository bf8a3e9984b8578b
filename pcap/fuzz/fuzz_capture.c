// Any file: read it as a capture with some keys at hand, decode and describe everything in it.
// Nothing may crash or loop, every frame is accounted for once, and the relations between
// messages point where they may.
#include "pcap/capture_contents.h"

#include <stdlib.h>
#include <string.h>

#include "pcap/explain.h"
#include "pcap/ladder.h"
#include "pcap/message_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_SIZE = 64 * 1024 };

// Of the captures in the corpus.
static const char key_log[] =
    "IKE c1a2b3c4d5e6f708 0011223344556677 0 1 0 aes128gcm16 "
    "010102030405060708090a0b0c0d0e0f10111213 020102030405060708090a0b0c0d0e0f10111213 - - -\n"
    "ESP 192.0.2.1 198.51.100.1 deadbe02 aes128gcm16 030102030405060708090a0b0c0d0e0f10111213 "
    "- - 0\n"
    "ESP 198.51.100.1 192.0.2.1 c0ffee01 aes128gcm16 040102030405060708090a0b0c0d0e0f10111213 "
    "- - 1\n";

static void must(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static struct key_file *log_keys(void)
{
    static struct key_file keys;
    if (keys.ike_count == 0) {
        struct key_fault fault;
        const struct byte_view text = {.data = (const uint8_t *)key_log,
                                       .size = sizeof(key_log) - 1};
        must(key_file_parse(&keys, text, &fault));
    }
    return &keys;
}

static void check_relations(const struct capture_contents *contents, size_t index)
{
    const struct ike_record *record = &contents->ike[index];
    must(record->retransmit_of == RECORD_NONE || record->retransmit_of < index);
    must(record->answers == RECORD_NONE || record->answers < index);
    must(record->answer == RECORD_NONE ||
         (record->answer > index && record->answer < contents->ike_count));
    if (record->counterpart != RECORD_NONE) {
        must(record->counterpart < contents->ike_count);
        const struct ike_record *other = &contents->ike[record->counterpart];
        must(other->counterpart == index && other->origin.point != record->origin.point);
        must(other->message.size == record->message.size);
    }
}

static void check_contents(const struct capture_contents *contents)
{
    // One frame of TCP may hold several messages.
    must(contents->ike_count + contents->esp_count + contents->other_count >=
         contents->frame_count);
    for (size_t i = 0; i < contents->ike_count; i++) {
        char line[MESSAGE_LINE_SIZE];
        check_relations(contents, i);
        message_line(&contents->ike[i], line);
        must(strlen(line) < sizeof(line));
    }
    json_t *root = messages_to_json(contents);
    must(json_array_size(json_object_get(root, "messages")) == contents->ike_count);
    json_decref(root);
}

static void draw(const struct capture_contents *contents)
{
    struct ladder ladder;
    must(ladder_make(contents, &ladder));
    FILE *out = fopen("/dev/null", "we");
    must(out != NULL);
    ladder_print(&ladder, &(struct ladder_style){.width = 80}, out);
    ladder_write_svg(&ladder, "<&>", out);
    (void)fclose(out);
    ladder_clear(&ladder);
}

static void explain_all(struct byte_view bytes)
{
    static struct finding_list list;
    struct capture_fault fault;
    struct capture_file *file = capture_file_over(bytes, &fault);
    must(file != NULL);
    struct evidence *evidence = evidence_gather(file, log_keys(), &fault);
    must(evidence != NULL);
    explain(evidence, &list);
    json_t *root = findings_to_json(evidence, &list);
    must(json_array_size(json_object_get(root, "findings")) == list.count);
    json_decref(root);
    evidence_free(evidence);
    capture_file_close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t tag[] = "ikelab-probe/1";
    struct capture_fault fault;
    struct capture_contents contents;
    const struct capture_options options = {.keys = log_keys(), .tag = VIEW_OF(tag)};
    if (size > MOST_SIZE) {
        return 0;
    }
    struct capture_file *file =
        capture_file_over((struct byte_view){.data = data, .size = size}, &fault);
    if (file == NULL) {
        return 0;
    }
    must(capture_contents_read(file, &options, &contents, &fault));
    check_contents(&contents);
    draw(&contents);
    explain_all((struct byte_view){.data = data, .size = size});
    capture_contents_clear(&contents);
    capture_file_close(file);
    return 0;
}
