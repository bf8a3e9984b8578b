#include "pcap/command_pcap.h"

#include <stdio.h>
#include <string.h>

#include "pcap/message_json.h"

enum { EXIT_DONE = 0, EXIT_BROKEN_FILE = 1, EXIT_USAGE = 2, MOST_KEY_FILES = 16 };

static const char USAGE[] =
    "usage: ikelab pcap dump FILE [--keys KEYLOG]... [--json] [--esp]\n"
    "\n"
    "  One line per IKE message, decrypted where a key log (docs/LAB.md, \"Keys\") has the keys.\n"
    "  Of a lab capture the messages that left the relay are shown, and those that never did.\n"
    "  --json  one JSON object with every field of every message\n"
    "  --esp   ESP packets and everything else as well\n";

struct dump_options {
    const char *file;
    size_t key_file_count;
    const char *key_files[MOST_KEY_FILES];
    bool as_json;
    bool with_esp;
};

static bool read_options(int argc, char **argv, struct dump_options *out_options)
{
    *out_options = (struct dump_options){0};
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            out_options->as_json = true;
        } else if (strcmp(argv[i], "--esp") == 0) {
            out_options->with_esp = true;
        } else if (strcmp(argv[i], "--keys") == 0 && i + 1 < argc &&
                   out_options->key_file_count < MOST_KEY_FILES) {
            out_options->key_files[out_options->key_file_count++] = argv[++i];
        } else if (argv[i][0] != '-' && out_options->file == NULL) {
            out_options->file = argv[i];
        } else {
            return false;
        }
    }
    return out_options->file != NULL;
}

static bool load_keys(const struct dump_options *options, struct key_file *keys)
{
    struct key_fault fault;
    for (size_t i = 0; i < options->key_file_count; i++) {
        if (!key_file_load(keys, options->key_files[i], &fault)) {
            (void)fprintf(stderr, "ikelab pcap: %s:%u: %s\n", options->key_files[i], fault.line,
                          fault.message);
            return false;
        }
    }
    return true;
}

static void print_start(const struct capture_contents *contents, const struct packet_origin *origin)
{
    // Captures merged from several machines may go back in time.
    const bool is_before = origin->time_us < contents->first_time_us;
    const uint64_t since = is_before ? contents->first_time_us - origin->time_us
                                     : origin->time_us - contents->first_time_us;
    (void)printf("%6u  %c%llu.%06llu  ", origin->frame, is_before ? '-' : '+',
                 (unsigned long long)(since / 1000000U), (unsigned long long)(since % 1000000U));
}

static void print_ike(const struct capture_contents *contents, const struct ike_record *record)
{
    char line[MESSAGE_LINE_SIZE];
    const bool never_left =
        record->origin.point == POINT_ARRIVED && record->counterpart == RECORD_NONE;
    if (record->origin.point == POINT_ARRIVED && !never_left) {
        return; // its other half says the same
    }
    message_line(record, line);
    print_start(contents, &record->origin);
    (void)fputs(line, stdout);
    if (record->retransmit_of != RECORD_NONE) {
        (void)printf("  again, as frame %u", contents->ike[record->retransmit_of].origin.frame);
    }
    if (never_left) {
        (void)printf("  never left the relay");
    }
    if (record->origin.comment != NULL) {
        (void)printf("  # %s", record->origin.comment);
    }
    (void)printf("\n");
}

static void print_path(const struct packet_origin *origin)
{
    char source[ADDRESS_TEXT_SIZE];
    char destination[ADDRESS_TEXT_SIZE];
    endpoint_format(&origin->source, source);
    endpoint_format(&origin->destination, destination);
    (void)printf("%s > %s  %s > %s  ", side_name(origin->from),
                 side_name(side_opposite(origin->from)), source, destination);
}

static void print_esp(const struct capture_contents *contents, const struct esp_record *record)
{
    char source[ADDRESS_TEXT_SIZE];
    char destination[ADDRESS_TEXT_SIZE];
    const struct esp_packet *packet = &record->packet;
    if (record->origin.point == POINT_ARRIVED) {
        return;
    }
    print_start(contents, &record->origin);
    print_path(&record->origin);
    (void)printf("ESP %08x seq %llu, %zu bytes", packet->spi, (unsigned long long)packet->sequence,
                 packet->size);
    if (packet->has_inner) {
        endpoint_format(&packet->inner_source, source);
        endpoint_format(&packet->inner_destination, destination);
        (void)printf(" { %s > %s protocol %u }", source, destination, packet->inner_protocol);
    } else {
        (void)printf(" { %s, next header %u }", esp_opening_name(packet->opening),
                     packet->next_header);
    }
    (void)printf("\n");
}

static void print_other(const struct capture_contents *contents, const struct other_record *record)
{
    if (record->origin.point == POINT_ARRIVED) {
        return;
    }
    print_start(contents, &record->origin);
    print_path(&record->origin);
    (void)printf("%s", carried_kind_name(record->kind));
    if (record->problem != NULL) {
        (void)printf(": %s", record->problem);
    }
    (void)printf("\n");
}

// The three lists are in the order of the file each; they are merged by frame number.
static void print_lines(const struct capture_contents *contents, bool with_esp)
{
    size_t ike = 0;
    size_t esp = with_esp ? 0 : contents->esp_count;
    size_t other = with_esp ? 0 : contents->other_count;
    while (ike < contents->ike_count || esp < contents->esp_count ||
           other < contents->other_count) {
        const unsigned none = UINT32_MAX;
        const unsigned next_ike =
            ike < contents->ike_count ? contents->ike[ike].origin.frame : none;
        const unsigned next_esp =
            esp < contents->esp_count ? contents->esp[esp].origin.frame : none;
        const unsigned next_other =
            other < contents->other_count ? contents->others[other].origin.frame : none;
        if (next_ike <= next_esp && next_ike <= next_other) {
            print_ike(contents, &contents->ike[ike++]);
        } else if (next_esp <= next_other) {
            print_esp(contents, &contents->esp[esp++]);
        } else {
            print_other(contents, &contents->others[other++]);
        }
    }
}

static bool print_json(const struct capture_contents *contents)
{
    json_t *root = messages_to_json(contents);
    const bool good = root != NULL && json_dumpf(root, stdout, JSON_INDENT(1)) == 0;
    json_decref(root);
    (void)printf("\n");
    return good;
}

static int print_capture(const struct dump_options *options, const struct key_file *keys)
{
    struct capture_contents contents;
    struct capture_fault fault;
    const struct capture_options how = {.keys = keys};
    if (!capture_contents_load(options->file, &how, &contents, &fault)) {
        (void)fprintf(stderr, "ikelab pcap: %s: %s\n", options->file, fault.message);
        return EXIT_BROKEN_FILE;
    }
    bool good = true;
    if (options->as_json) {
        good = print_json(&contents);
    } else {
        print_lines(&contents, options->with_esp);
    }
    if (!contents.is_complete) {
        (void)fprintf(stderr, "ikelab pcap: %s: frame %u, offset %llu: %s\n", options->file,
                      contents.fault.frame, (unsigned long long)contents.fault.offset,
                      contents.fault.message);
        good = false;
    }
    capture_contents_clear(&contents);
    return good ? EXIT_DONE : EXIT_BROKEN_FILE;
}

int command_pcap(int argc, char **argv)
{
    struct dump_options options;
    struct key_file keys = {0};
    if (argc < 2 || strcmp(argv[1], "dump") != 0 || !read_options(argc, argv, &options)) {
        (void)fputs(USAGE, stderr);
        return EXIT_USAGE;
    }
    const int code = load_keys(&options, &keys) ? print_capture(&options, &keys) : EXIT_USAGE;
    key_file_clear(&keys);
    return code;
}
