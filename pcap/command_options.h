// command_options.h - what the subcommands of `ikelab pcap` share: arguments and keys.
#ifndef PCAP_COMMAND_OPTIONS_H
#define PCAP_COMMAND_OPTIONS_H

#include "pcap/capture_contents.h"

enum { PCAP_MOST_KEY_FILES = 16 };

enum pcap_exit {
    PCAP_DONE = 0,
    PCAP_BROKEN_FILE = 1,
    PCAP_USAGE = 2,
};

// Options a subcommand takes, as bits.
enum pcap_option {
    OPTION_KEYS = 1,
    OPTION_JSON = 2,
    OPTION_ESP = 4,
    OPTION_SVG = 8,
    OPTION_ASCII = 16,
    OPTION_WIDTH = 32,
    OPTION_OUT = 64,
    OPTION_FINDING = 128,
};

// Words of the command line, borrowed.
struct pcap_options {
    const char *file;
    size_t key_file_count;
    const char *key_files[PCAP_MOST_KEY_FILES];
    bool as_json;
    bool with_esp;
    bool as_ascii;
    unsigned width; // 0: as wide as the terminal
    const char *svg;
    const char *out;
    const char *finding;
};

// Adds all key files; says on standard error what is wrong.
MUST_USE bool pcap_load_keys(const struct pcap_options *options, struct key_file *keys);
// Reads the capture with the keys; says on standard error what is wrong.
MUST_USE bool pcap_load_contents(const struct pcap_options *options,
                                 struct capture_contents *out_contents);
// Says where a capture broke off, if it did. What was read is still good.
void pcap_report_fault(const char *file, const struct capture_fault *fault);

// The subcommands. Their values are those of enum pcap_exit.
int pcap_dump(const struct pcap_options *options);
int pcap_ladder(const struct pcap_options *options);
int pcap_explain(const struct pcap_options *options);
int pcap_decrypt(const struct pcap_options *options);
int pcap_shrink(const struct pcap_options *options);

#endif
