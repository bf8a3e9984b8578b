#include "harness/relay/pcapng_writer.h"

#include "harness/network/process.h"
#include "harness/tap/tap.h"
#include "harness/tests/relay/pcapng_walk.h"

#include <errno.h>
#include <unistd.h>

enum { LONG_ENOUGH = 30000, NOT_FOUND = 127 };

static const struct pcapng_interface interfaces[] = {
    {"arrived", "in"},
    {"left",    NULL}
};
static const struct pcapng_section section = {.hardware = "x86_64",
                                              .operating_system = "Linux",
                                              .application = "test",
                                              .interface_count = 2,
                                              .interfaces = interfaces};

// An IPv4 header of 20 bytes and one byte of payload, protocol 253 (for experiments).
static const uint8_t packet[] = {0x45, 0,   0, 21, 0, 0,   0,  0,   64, 253, 0x12,
                                 0xde, 192, 0, 2,  1, 198, 51, 100, 1,  0x77};

static bool temporary(char path[32])
{
    (void)snprintf(path, 32, "/tmp/ikelab-pcapng-XXXXXX");
    const int file = mkstemp(path);
    return file >= 0 && close(file) == 0;
}

static void writes_exactly_these_bytes(void)
{
    // Numbers in host byte order: this is how a little-endian machine writes it.
    static const uint8_t wanted[] = {
        0x0a, 0x0d, 0x0d, 0x0a, 64,   0,    0,    0,    // Section Header Block, length
        0x4d, 0x3c, 0x2b, 0x1a, 1,    0,    0,    0,    // magic, version 1.0
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, // section length unknown
        2,    0,    6,    0,    'x',  '8',  '6',  '_',  '6', '4', 0,   0, // hardware
        3,    0,    5,    0,    'L',  'i',  'n',  'u',  'x', 0,   0,   0, // operating system
        4,    0,    4,    0,    't',  'e',  's',  't',                    // application
        0,    0,    0,    0,    64,   0,    0,    0, // end of options, length again
        1,    0,    0,    0,    52,   0,    0,    0, // Interface Description Block
        101,  0,    0,    0,    0,    0,    0,    0, // raw IP, nothing cut
        2,    0,    7,    0,    'a',  'r',  'r',  'i',  'v', 'e', 'd', 0, // name
        3,    0,    2,    0,    'i',  'n',  0,    0,                      // description
        9,    0,    1,    0,    9,    0,    0,    0,                      // nanoseconds
        0,    0,    0,    0,    52,   0,    0,    0,                      //
        1,    0,    0,    0,    40,   0,    0,    0,                      // the second interface
        101,  0,    0,    0,    0,    0,    0,    0,                      //
        2,    0,    4,    0,    'l',  'e',  'f',  't',                    //
        9,    0,    1,    0,    9,    0,    0,    0,                      //
        0,    0,    0,    0,    40,   0,    0,    0,                      //
        6,    0,    0,    0,    68,   0,    0,    0,                      // Enhanced Packet Block
        1,    0,    0,    0,    0x44, 0x33, 0x22, 0x11,                   // interface 1, time high
        0x88, 0x77, 0x66, 0x55, 21,   0,    0,    0,                      // time low, captured
        21,   0,    0,    0,    0x45, 0,    0,    21,                     // original, the packet
        0,    0,    0,    0,    64,   253,  0x12, 0xde,                   //
        192,  0,    2,    1,    198,  51,   100,  1,                      //
        0x77, 0,    0,    0,    1,    0,    4,    0,                      // padding, comment
        'r',  'u',  'l',  'e',  0,    0,    0,    0,                      //
        68,   0,    0,    0};
    char path[32];
    if (!temporary(path)) {
        ok(false, "a file");
        return;
    }
    struct pcapng_writer *writer = pcapng_writer_open(path, &section);
    ok(writer != NULL, "a file is opened");
    ok(pcapng_writer_packet(writer, 1, 0x1122334455667788U, VIEW_OF(packet), "rule") == 1,
       "the first packet has number 1");
    ok(pcapng_writer_is_dirty(writer) && pcapng_writer_close(writer), "and is written");
    struct walked_file file = walk_file(path);
    is_bytes(file.bytes, file.size, wanted, sizeof(wanted), "byte for byte");
    walk_clear(&file);
    (void)unlink(path);
}

static void whatever_is_flushed_is_a_whole_file(void)
{
    char path[32];
    static uint8_t large[PCAPNG_MOST_PACKET + 100];
    if (!temporary(path)) {
        ok(false, "a file");
        return;
    }
    struct pcapng_writer *writer = pcapng_writer_open(path, &section);
    struct walked_file file = walk_file(path);
    ok(file.is_whole && file.interface_count == 2 && file.packet_count == 0,
       "it is one before the first packet");
    walk_clear(&file);
    for (int i = 0; i < 100; i++) {
        (void)pcapng_writer_packet(writer, 0, 1, VIEW_OF(large), i % 2 == 0 ? "even" : NULL);
    }
    file = walk_file(path);
    ok(file.is_whole && file.packet_count > 0 && file.packet_count < 100,
       "a full buffer ends with a whole block: %zu of 100", file.packet_count);
    walk_clear(&file);
    ok(pcapng_writer_flush(writer) && !pcapng_writer_is_dirty(writer), "the rest is flushed");
    file = walk_file(path);
    ok(file.is_whole && file.packet_count == 100 &&
           file.packets[99].bytes.size == PCAPNG_MOST_PACKET &&
           strcmp(file.packets[98].comment, "even") == 0 && file.packets[99].comment[0] == '\0',
       "all are there, cut to the largest size, with their comments");
    walk_clear(&file);
    ok(pcapng_writer_packet_count(writer) == 100 && pcapng_writer_close(writer), "100 in all");
    (void)unlink(path);
}

static void reports_a_write_error(void)
{
    ok(pcapng_writer_open("/does/not/exist", &section) == NULL && errno == ENOENT,
       "a file that cannot be made");
    ok(pcapng_writer_open("/dev/full", &section) == NULL && errno == ENOSPC, "a full disk");
    ok(pcapng_writer_close(NULL), "closing nothing is fine");
}

// Wireshark as an independent reader.
static void tshark_reads_the_same(void)
{
    char path[32];
    char text[512];
    if (!temporary(path)) {
        ok(false, "a file");
        return;
    }
    struct pcapng_writer *writer = pcapng_writer_open(path, &section);
    (void)pcapng_writer_packet(writer, 0, 1700000000123456789U, VIEW_OF(packet), "rule 22: drop");
    (void)pcapng_writer_packet(writer, 1, 1700000000123456790U, VIEW_OF(packet), NULL);
    ok(pcapng_writer_close(writer), "a file with two packets");
    static const char script[] =
        "command -v tshark >/dev/null || exit 127\n"
        "tshark -r \"$0\" -T fields -e frame.interface_name -e frame.time_epoch -e ip.src "
        "-e frame.comment 2>/dev/null";
    const char *const arguments[] = {"sh", "-c", script, path, NULL};
    const struct process_options options = process_options_default(arguments);
    const int code = process_run(&options, (struct byte_view){0}, LONG_ENOUGH, text, sizeof(text));
    if (code == NOT_FOUND) {
        ok(true, "tshark reads it # SKIP no tshark");
    } else {
        ok(code == 0 && strcmp(text, "arrived\t1700000000.123456789\t192.0.2.1\trule 22: drop\n"
                                     "left\t1700000000.123456790\t192.0.2.1\t\n") == 0,
           "tshark reads interfaces, nanoseconds, addresses and comments");
        note("%s", text);
    }
    (void)unlink(path);
}

int main(void)
{
    writes_exactly_these_bytes();
    whatever_is_flushed_is_a_whole_file();
    reports_a_write_error();
    tshark_reads_the_same();
    return done_testing();
}
