#include <stdio.h>

#include "pcap/command_options.h"
#include "pcap/message_json.h"

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

int pcap_dump(const struct pcap_options *options)
{
    struct capture_contents contents;
    if (!pcap_load_contents(options, &contents)) {
        return PCAP_BROKEN_FILE;
    }
    bool good = true;
    if (options->as_json) {
        good = print_json(&contents);
    } else {
        print_lines(&contents, options->with_esp);
    }
    if (!contents.is_complete) {
        pcap_report_fault(options->file, &contents.fault);
        good = false;
    }
    capture_contents_clear(&contents);
    return good ? PCAP_DONE : PCAP_BROKEN_FILE;
}
