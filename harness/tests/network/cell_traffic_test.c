// A whole cell without peers: network, relay and probes together. Needs root.
#include "harness/relay/packet_sight.h"
#include "harness/tests/network/lab_rig.h"
#include "harness/traffic/traffic_report.h"

#include <netinet/udp.h>
#include <signal.h>

enum { IKE_PORT = 500, NAT_FIRST_PORT = 20000, NAT_LAST_PORT = 60999, MOST_MTU = 1500 };

static uint64_t number_at(const json_t *root, const char *first, const char *second)
{
    const json_t *value = json_object_get(root, first);
    return (uint64_t)json_integer_value(second != NULL ? json_object_get(value, second) : value);
}

static bool text_is(const json_t *object, const char *key, const char *wanted)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL && strcmp(text, wanted) == 0;
}

static json_t *merged_reports(const struct rig *rig)
{
    char error[LAB_ERROR_SIZE] = "";
    char path[RIG_PATH_SIZE + 8];
    (void)snprintf(path, sizeof(path), "%s.all", rig->report);
    const bool merged = traffic_merge_files(rig->west_report, rig->east_report, path, error);
    ok(merged, "the two reports merge %s", error);
    json_t *array = json_load_file(path, 0, NULL);
    (void)unlink(path);
    return array;
}

static bool is_forwarded_copy(struct byte_view arrived, struct byte_view left)
{
    struct packet_sight before;
    struct packet_sight after;
    return packet_look(arrived, &before) && packet_look(left, &after) &&
           before.packet.size == after.packet.size && after.hop_limit + 1 == before.hop_limit &&
           view_equals(before.payload, after.payload);
}

static bool leaves_behind(const struct walked_file *file, size_t arrived)
{
    for (size_t i = arrived + 1; i < file->packet_count; i++) {
        if (file->packets[i].interface == 1 &&
            is_forwarded_copy(file->packets[arrived].bytes, file->packets[i].bytes)) {
            return true;
        }
    }
    return false;
}

// Each packet that arrived must be followed by the same one leaving, one hop poorer.
static size_t count_pairs(const struct walked_file *file)
{
    size_t pairs = 0;
    for (size_t i = 0; i < file->packet_count; i++) {
        pairs += file->packets[i].interface == 0 && leaves_behind(file, i);
    }
    return pairs;
}

static void check_nothing_lost(struct rig *rig)
{
    json_t *directions = merged_reports(rig);
    json_t *relay = json_load_file(rig->report, 0, NULL);
    struct walked_file file = walk_file(rig->capture);
    uint64_t sent = 0;
    for (size_t i = 0; i < json_array_size(directions); i++) {
        const json_t *one = json_array_get(directions, i);
        sent += number_at(one, "sent", NULL);
        ok(number_at(one, "sent", NULL) >= 100 && number_at(one, "lost", NULL) == 0 &&
               number_at(one, "duplicated", NULL) == 0 && number_at(one, "reordered", NULL) == 0,
           "direction %d: %d sent, none lost, duplicated or reordered", (int)i,
           (int)number_at(one, "sent", NULL));
        note("longest gap %d us, latency median %d us, p99 %d us",
             (int)number_at(one, "longest_gap_us", NULL),
             (int)number_at(one, "latency_us", "median"), (int)number_at(one, "latency_us", "p99"));
    }
    ok(file.is_whole && file.interface_count == 2, "the capture is whole, with two interfaces");
    ok(walk_count(&file, 0) == sent && walk_count(&file, 1) == sent,
       "the capture has every packet twice: arrived and left");
    ok(count_pairs(&file) == sent, "each leaves as it came, one hop poorer");
    ok(number_at(relay, "forwarded", "west") + number_at(relay, "forwarded", "east") == sent &&
           number_at(relay, "overruns", NULL) == 0,
       "relay.json counts the same");
    walk_clear(&file);
    json_decref(directions);
    json_decref(relay);
}

static void forwards_everything(enum address_family family, bool nat)
{
    struct rig rig;
    char error[LAB_ERROR_SIZE];
    const struct cell_network_options options = {
        .number = 1, .west_nat = nat, .ipv6 = family == ADDRESS_IPV6};
    const uint64_t started = lab_time_us();
    ok(rig_build(&rig, &options), "a cell is built");
    note("built in %d us", (int)(lab_time_us() - started));
    ok(rig_relay(&rig, NULL, error), "the relay starts");
    ok(rig_probes(&rig, family, 500) && rig_received(&rig, 100), "both LANs hear each other");
    ok(rig_finish_probes(&rig, 2000), "the probes end well");
    ok(relay_stop(&rig.relay, RIG_MILLISECONDS), "the relay ends well");
    ok(relay_stop(&rig.relay, RIG_MILLISECONDS), "and stopping it twice does no harm");
    check_nothing_lost(&rig);
    ok(rig_clear(&rig), "the cell is removed");
}

// An IKE header alone: enough for the relay.
static void write_ike(uint8_t message[28], uint8_t exchange, uint8_t flags, uint32_t message_id)
{
    struct byte_writer out = writer_into(message, 28);
    writer_put_u64(&out, 0x1111111111111111U);
    writer_put_u64(&out, 0x2222222222222222U);
    writer_put_u8(&out, 46);
    writer_put_u8(&out, 0x20);
    writer_put_u8(&out, exchange);
    writer_put_u8(&out, flags);
    writer_put_u32(&out, message_id);
    writer_put_u32(&out, 28);
}

static void check_rule_report(const struct rig *rig)
{
    json_t *relay = json_load_file(rig->report, 0, NULL);
    const json_t *rule = json_array_get(json_object_get(relay, "rules"), 0);
    struct walked_file file = walk_file(rig->capture);
    ok(number_at(rule, "hits", NULL) == 1 && number_at(rule, "line", NULL) == 22 &&
           number_at(rule, "must_hit", NULL) == 1,
       "the rule hit exactly once, and its line is that of the scenario");
    ok(text_is(rule, "text", "drop 1st IKE_AUTH.req from west"), "its text is for people");
    const json_t *frames = json_object_get(rule, "frames");
    const size_t frame = (size_t)json_integer_value(json_array_get(frames, 0));
    ok(frame >= 1 && frame <= file.packet_count &&
           strcmp(file.packets[frame - 1].comment, "rule 22: drop 1st IKE_AUTH.req from west") == 0,
       "the frame it names carries the comment");
    ok(walk_count(&file, 0) == 4 && walk_count(&file, 1) == 3, "four arrived, three left");
    ok(number_at(relay, "dropped", "west") == 1 && number_at(relay, "dropped", "east") == 0,
       "one was dropped on purpose");
    walk_clear(&file);
    json_decref(relay);
}

static void a_rule_drops_exactly_its_message(void)
{
    struct rig rig;
    char error[LAB_ERROR_SIZE];
    const struct cell_network_options options = {.number = 2};
    uint8_t first[28];
    uint8_t other[28];
    uint8_t got[64];
    struct sockaddr_storage from;
    write_ike(first, 35, 0x08, 1);
    write_ike(other, 37, 0x08, 2);
    ok(rig_build(&rig, &options) &&
           rig_relay(&rig, "rule 22 { wan ike drop 1st IKE_AUTH.req from west must-hit 1 }\n",
                     error),
       "a cell with a rule");
    const int west = lab_socket(&rig.network, CELL_WEST, "192.0.2.1", IKE_PORT);
    const int east = lab_socket(&rig.network, CELL_EAST, "198.51.100.1", IKE_PORT);
    // The request is dropped, the retransmission is not.
    ok(lab_send(west, "198.51.100.1", IKE_PORT, VIEW_OF(first)) &&
           lab_send(west, "198.51.100.1", IKE_PORT, VIEW_OF(first)) &&
           lab_send(west, "198.51.100.1", IKE_PORT, VIEW_OF(other)) &&
           lab_send(west, "198.51.100.1", IKE_PORT, VIEW_OF(first)),
       "west sends");
    static const uint8_t exchanges[] = {35, 37, 35};
    for (size_t i = 0; i < sizeof(exchanges); i++) {
        ok(lab_receive(east, RIG_MILLISECONDS, got, sizeof(got), &from) == 28 &&
               got[18] == exchanges[i],
           "message %d comes through", (int)i + 1);
    }
    ok(relay_stop(&rig.relay, RIG_MILLISECONDS), "the relay ends well");
    check_rule_report(&rig);
    (void)close(west);
    (void)close(east);
    ok(rig_clear(&rig), "the cell is removed");
}

static void a_bad_rule_is_refused_with_its_line(void)
{
    struct rig rig;
    char error[LAB_ERROR_SIZE];
    const struct cell_network_options options = {.number = 3};
    ok(rig_build(&rig, &options), "a cell");
    ok(!rig_relay(&rig, "rule 31 { wan ike drop 1st IKE_ATUH.req from west }\n", error) &&
           strstr(error, "line 31") != NULL && strstr(error, "CREATE_CHILD_SA") != NULL,
       "the relay does not start and says where and what is allowed");
    ok(rig_clear(&rig), "the cell is removed");
}

static void nat_rewrites_the_source_and_lets_nothing_in(void)
{
    struct rig rig;
    char error[LAB_ERROR_SIZE];
    const struct cell_network_options options = {.number = 4, .west_nat = true};
    static const uint8_t question[] = "question";
    static const uint8_t unasked[] = "unasked";
    static const uint8_t reply[] = "answer";
    uint8_t got[64];
    struct sockaddr_storage from = {0};
    char address[INET_ADDRSTRLEN] = "";
    ok(rig_build(&rig, &options) && rig_relay(&rig, NULL, error), "a cell with NAT in the west");
    const int west = lab_socket(&rig.network, CELL_WEST, "203.0.113.129", IKE_PORT);
    const int east = lab_socket(&rig.network, CELL_EAST, "198.51.100.1", IKE_PORT);
    ok(lab_send(west, "198.51.100.1", IKE_PORT, VIEW_OF(question)) &&
           lab_receive(east, RIG_MILLISECONDS, got, sizeof(got), &from) ==
               (ssize_t)sizeof(question),
       "east hears west");
    const struct sockaddr_in *source = (const struct sockaddr_in *)&from;
    const uint16_t port = ntohs(source->sin_port);
    (void)inet_ntop(AF_INET, &source->sin_addr, address, sizeof(address));
    ok(strcmp(address, "192.0.2.1") == 0 && port >= NAT_FIRST_PORT && port <= NAT_LAST_PORT,
       "from 192.0.2.1 and another port than 500: %s:%u", address, (unsigned)port);
    // To a port that west never used, then to the right one: only the second may come through.
    ok(lab_send(east, "192.0.2.1", IKE_PORT, VIEW_OF(unasked)) &&
           lab_send(east, "192.0.2.1", port, VIEW_OF(reply)) &&
           lab_receive(west, RIG_MILLISECONDS, got, sizeof(got), &from) == (ssize_t)sizeof(reply) &&
           memcmp(got, reply, sizeof(reply)) == 0,
       "the answer comes back, the unasked packet does not");
    (void)close(west);
    (void)close(east);
    ok(rig_clear(&rig), "the cell is removed");
}

static bool run_ip(const struct rig *rig, enum cell_role role, const char *const words[5])
{
    char name[CELL_NAME_SIZE];
    char output[256];
    cell_network_name(&rig->network, role, name);
    const char *const arguments[] = {"ip",     "-netns", name,     words[0], words[1],
                                     words[2], words[3], words[4], NULL};
    const struct process_options options = process_options_default(arguments);
    return process_run(&options, (struct byte_view){0}, RIG_MILLISECONDS, output, sizeof(output)) ==
           0;
}

static void an_address_that_appears_later_is_found(void)
{
    struct rig rig;
    char error[LAB_ERROR_SIZE];
    const struct cell_network_options options = {.number = 5};
    static const char *const add[] = {"address", "add", "192.0.2.77/24", "dev", "wan0"};
    static const uint8_t hello[] = "hello";
    uint8_t got[64];
    struct sockaddr_storage from;
    ok(rig_build(&rig, &options) && rig_relay(&rig, NULL, error), "a cell");
    ok(run_ip(&rig, CELL_WEST, add), "west gets another address");
    const int west = lab_socket(&rig.network, CELL_WEST, "192.0.2.77", IKE_PORT);
    const int east = lab_socket(&rig.network, CELL_EAST, "198.51.100.1", IKE_PORT);
    ok(lab_send(east, "192.0.2.77", IKE_PORT, VIEW_OF(hello)) &&
           lab_receive(west, RIG_MILLISECONDS, got, sizeof(got), &from) == (ssize_t)sizeof(hello),
       "east reaches it: the relay finds its hardware address");
    (void)close(west);
    (void)close(east);
    ok(rig_clear(&rig), "the cell is removed");
}

// Whether every packet fits the MTU and carries right checksums, as on a real wire.
static bool looks_like_a_wire(const struct walked_file *file, size_t wanted)
{
    for (size_t i = 0; i < file->packet_count; i++) {
        struct packet_sight sight;
        const struct walked_packet *packet = &file->packets[i];
        if (packet->bytes.size > MOST_MTU || !packet_look(packet->bytes, &sight) || !sight.is_udp) {
            return false;
        }
        // Pseudo header and datagram together must sum up to zero, RFC 768.
        uint8_t bytes[MOST_MTU + 12];
        struct byte_writer out = writer_into(bytes, sizeof(bytes));
        writer_put_bytes(&out, address_view(&sight.source));
        writer_put_bytes(&out, address_view(&sight.destination));
        writer_put_u16(&out, 17);
        writer_put_u16(&out, (uint16_t)(sight.packet.size - sight.transport));
        writer_put_bytes(&out, (struct byte_view){sight.packet.data + sight.transport,
                                                  sight.packet.size - sight.transport});
        struct byte_view all;
        if (!writer_finish(&out, &all) || internet_checksum(all) != 0) {
            return false;
        }
    }
    return file->packet_count == wanted;
}

static void the_relay_sees_what_a_wire_would_carry(void)
{
    struct rig rig;
    char error[LAB_ERROR_SIZE];
    const struct cell_network_options options = {.number = 6};
    static uint8_t large[12000];
    uint8_t got[2048];
    struct sockaddr_storage from;
    const int segment = 1200;
    ok(rig_build(&rig, &options) && rig_relay(&rig, NULL, error), "a cell");
    const int west = lab_socket(&rig.network, CELL_WEST, "192.0.2.1", 9000);
    const int east = lab_socket(&rig.network, CELL_EAST, "198.51.100.1", 9000);
    (void)setsockopt(west, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
    ok(lab_send(west, "198.51.100.1", 9000, VIEW_OF(large)), "west sends ten segments in one call");
    size_t received = 0;
    while (received < 10 &&
           lab_receive(east, RIG_MILLISECONDS, got, sizeof(got), &from) == segment) {
        received++;
    }
    ok(received == 10, "east receives ten datagrams");
    ok(relay_stop(&rig.relay, RIG_MILLISECONDS), "the relay ends well");
    struct walked_file file = walk_file(rig.capture);
    ok(looks_like_a_wire(&file, 20), "the capture has whole packets with right checksums");
    walk_clear(&file);
    (void)close(west);
    (void)close(east);
    ok(rig_clear(&rig), "the cell is removed");
}

static void a_killed_relay_leaves_a_readable_capture(void)
{
    struct rig rig;
    char error[LAB_ERROR_SIZE];
    char end[32];
    const struct cell_network_options options = {.number = 7};
    ok(rig_build(&rig, &options) && rig_relay(&rig, NULL, error), "a cell");
    ok(rig_probes(&rig, ADDRESS_IPV4, 1000) && rig_received(&rig, 300), "traffic flows");
    process_signal(&rig.relay.process, SIGKILL);
    ok(process_wait(&rig.relay.process, RIG_MILLISECONDS), "the relay is killed");
    process_describe(&rig.relay.process, end, sizeof(end));
    ok(strcmp(end, "signal 9") == 0, "and that shows: %s", end);
    ok(!relay_stop(&rig.relay, RIG_MILLISECONDS), "stopping it reports that it had ended before");
    struct walked_file file = walk_file(rig.capture);
    ok(file.is_whole, "the capture ends with a whole block");
    // 100 ms at two times 1000 packets a second, seen twice, may be missing at most.
    ok(file.packet_count + 400 >= (size_t)2 * 2 * 300, "and has all but the last moment: %zu",
       file.packet_count);
    walk_clear(&file);
    ok(rig_finish_probes(&rig, 0), "the probes live on without it");
    ok(rig_clear(&rig), "the cell is removed");
}

static void impairments_show_in_the_measurement(void)
{
    struct rig rig;
    char error[LAB_ERROR_SIZE];
    const struct cell_network_options options = {.number = 8};
    // The 11th to 40th packet from west are 30 in a row: a gap of 60 ms at 500 a second.
    static const char rules[] = "rule 5 { wan delay 20ms from east }\n"
                                "rule 6 { wan drop 11th from west times 30 during hole }\n"
                                "rule 7 { wan duplicate 5th from east }\n";
    ok(rig_build(&rig, &options) && rig_relay(&rig, rules, error), "a cell");
    ok(relay_phase(&rig.relay, "hole", true), "a phase begins");
    ok(rig_probes(&rig, ADDRESS_IPV4, 500) && rig_received(&rig, 100), "traffic flows");
    ok(relay_phase(&rig.relay, "hole", false) && relay_flush(&rig.relay), "the phase ends");
    ok(rig_finish_probes(&rig, 300), "the probes end well");
    ok(relay_stop(&rig.relay, RIG_MILLISECONDS), "the relay ends well");
    json_t *directions = merged_reports(&rig);
    json_t *relay = json_load_file(rig.report, 0, NULL);
    const json_t *west = json_array_get(directions, 0);
    const json_t *east = json_array_get(directions, 1);
    const json_t *gap = json_array_get(json_object_get(west, "gaps"), 0);
    ok(number_at(west, "lost", NULL) == 30 && number_at(relay, "probe_dropped", "west") == 30,
       "30 are lost, and the relay knows that it was the one");
    ok(number_at(west, "longest_gap_us", NULL) >= 55000 &&
           number_at(gap, "to_us", NULL) - number_at(gap, "from_us", NULL) ==
               number_at(west, "longest_gap_us", NULL),
       "the hole is a gap of %d us", (int)number_at(west, "longest_gap_us", NULL));
    ok(number_at(east, "duplicated", NULL) == 1 && number_at(east, "lost", NULL) == 0,
       "one was duplicated");
    ok(number_at(east, "latency_us", "median") >= 19000, "latency has the delay in it: %d us",
       (int)number_at(east, "latency_us", "median"));
    json_decref(directions);
    json_decref(relay);
    ok(rig_clear(&rig), "the cell is removed");
}

int main(int argument_count, char **arguments)
{
    const int code = rig_dispatch(argument_count, arguments);
    if (code >= 0) {
        return code;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0); // children write to it as well
    if (geteuid() != 0) {
        printf("1..0 # SKIP network namespaces need root\n");
        return 0;
    }
    forwards_everything(ADDRESS_IPV4, false);
    forwards_everything(ADDRESS_IPV6, false);
    a_rule_drops_exactly_its_message();
    a_bad_rule_is_refused_with_its_line();
    nat_rewrites_the_source_and_lets_nothing_in();
    an_address_that_appears_later_is_found();
    the_relay_sees_what_a_wire_would_carry();
    a_killed_relay_leaves_a_readable_capture();
    impairments_show_in_the_measurement();
    return done_testing();
}
