#include "pcap/command_pcap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/command_options.h"

#define KEYS_HELP                                                                                 \
    "\n  --keys FILE   may be given more than once; known by its looks: the lab's key log\n"      \
    "                (docs/LAB.md), Wireshark's ikev2_decryption_table or esp_sa, a tcpdump -E\n" \
    "                secrets file, or a strongSwan log with ike, chd and knl at level 4\n"

static const char dump_help[] =
    "usage: ikelab pcap dump FILE [--keys FILE]... [--json] [--esp]\n"
    "\n"
    "  One line per IKE message, decrypted where there are keys. Of a lab capture the messages\n"
    "  that left the relay are shown, and those that never did.\n"
    "\n"
    "  --json        one JSON object with every field of every message\n"
    "  --esp         ESP packets and everything else as well" KEYS_HELP "\n"
    "  ikelab pcap dump office.pcap\n"
    "  ikelab pcap dump wan.pcapng --keys keys/ike.keys --json | jq '.messages[].payloads'\n";

static const char ladder_help[] =
    "usage: ikelab pcap ladder FILE [--keys FILE]... [--svg OUT] [--ascii] [--width N]\n"
    "\n"
    "  Who sent what to whom, as a sequence diagram. Runs of ESP packets are one arrow.\n"
    "\n"
    "  --svg OUT     a picture instead of text\n"
    "  --ascii       no line-drawing characters\n"
    "  --width N     columns; otherwise those of the terminal" KEYS_HELP "\n"
    "  ikelab pcap ladder office.pcap\n"
    "  ikelab pcap ladder wan.pcapng --keys keys/ike.keys --svg wan.svg\n";

static const char explain_help[] =
    "usage: ikelab pcap explain FILE [--keys FILE]... [--json]\n"
    "\n"
    "  What went wrong in a capture and what to change: each finding with its frames, the clause\n"
    "  of the RFC, the likely cause and the remedy. Much can be told without any keys; with keys\n"
    "  it is more and certain.\n"
    "\n"
    "  --json        the findings as JSON (schema ikelab.findings/1)" KEYS_HELP "\n"
    "  ikelab pcap explain office.pcap\n"
    "  ikelab pcap explain wan.pcapng --keys charon.log --json\n"
    "\n"
    "  Exit codes: 0 the capture was read, with or without findings; 1 it could not be read\n"
    "  (to its end); 2 usage.\n";

static const char decrypt_help[] =
    "usage: ikelab pcap decrypt FILE --keys FILE... -o OUT.pcapng\n"
    "\n"
    "  Writes the packets inside ESP, as far as there are keys, as a capture of their own.\n" KEYS_HELP
    "\n"
    "  ikelab pcap decrypt wan.pcapng --keys keys/esp.keys -o inner.pcapng\n";

static const char shrink_help[] =
    "usage: ikelab pcap shrink FILE [--keys FILE]... [--finding KIND] -o OUT.pcapng\n"
    "\n"
    "  Writes the fewest frames that still show the same finding.\n"
    "\n"
    "  --finding KIND  as `ikelab pcap explain` names it; otherwise the most severe one" KEYS_HELP
    "\n"
    "  ikelab pcap shrink office.pcap -o small.pcapng\n"
    "  ikelab pcap shrink office.pcap --finding mtu-black-hole -o small.pcapng\n";

static const struct {
    const char *name;
    const char *what;
    const char *help;
    unsigned options;
    int (*run)(const struct pcap_options *options);
} commands[] = {
    {"dump",    "one line or JSON object per message",        dump_help,
     OPTION_KEYS | OPTION_JSON | OPTION_ESP,                                                           pcap_dump  },
    {"ladder",  "a sequence diagram, in the terminal or SVG", ladder_help,
     OPTION_KEYS | OPTION_SVG | OPTION_ASCII | OPTION_WIDTH,                                           pcap_ladder},
    {"explain", "what went wrong, why, and what to change",   explain_help, OPTION_KEYS | OPTION_JSON,
     pcap_explain                                                                                                 },
    {"decrypt", "the packets inside ESP as a capture",        decrypt_help, OPTION_KEYS | OPTION_OUT,
     pcap_decrypt                                                                                                 },
    {"shrink",  "the smallest capture with the same finding", shrink_help,
     OPTION_KEYS | OPTION_OUT | OPTION_FINDING,                                                        pcap_shrink},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static void print_help(FILE *out)
{
    (void)fprintf(out, "usage: ikelab pcap COMMAND FILE [OPTION...]\n\n"
                       "Reads captures of IKE and ESP, pcap or pcapng.\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        (void)fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].what);
    }
    (void)fprintf(out, "\n`ikelab pcap COMMAND --help` tells more. For example\n\n"
                       "  ikelab pcap explain office.pcap\n"
                       "  ikelab pcap ladder office.pcap --keys charon.log\n");
}

// Options with a word behind them.
static const char **word_option(struct pcap_options *options, const char *argument,
                                unsigned *out_bit)
{
    if (strcmp(argument, "--svg") == 0) {
        *out_bit = OPTION_SVG;
        return &options->svg;
    }
    if (strcmp(argument, "-o") == 0 || strcmp(argument, "--out") == 0) {
        *out_bit = OPTION_OUT;
        return &options->out;
    }
    if (strcmp(argument, "--finding") == 0) {
        *out_bit = OPTION_FINDING;
        return &options->finding;
    }
    if (strcmp(argument, "--keys") == 0 && options->key_file_count < PCAP_MOST_KEY_FILES) {
        *out_bit = OPTION_KEYS;
        return &options->key_files[options->key_file_count++];
    }
    return NULL;
}

static bool *switch_option(struct pcap_options *options, const char *argument, unsigned *out_bit)
{
    if (strcmp(argument, "--json") == 0) {
        *out_bit = OPTION_JSON;
        return &options->as_json;
    }
    if (strcmp(argument, "--esp") == 0) {
        *out_bit = OPTION_ESP;
        return &options->with_esp;
    }
    if (strcmp(argument, "--ascii") == 0) {
        *out_bit = OPTION_ASCII;
        return &options->as_ascii;
    }
    return NULL;
}

static bool read_width(const char *text, unsigned *out_width)
{
    char *end = NULL;
    const unsigned long width = strtoul(text, &end, 10);
    *out_width = (unsigned)width;
    return end != text && *end == '\0' && width > 0 && width < 1000;
}

// Takes the argument at `*index` and the word behind it if it needs one.
static bool read_option(struct pcap_options *options, int argc, char **argv, int *index,
                        unsigned allowed)
{
    unsigned bit = 0;
    bool *is_on = switch_option(options, argv[*index], &bit);
    if (is_on != NULL) {
        *is_on = true;
        return (bit & allowed) != 0;
    }
    if (strcmp(argv[*index], "--width") == 0) {
        return (allowed & OPTION_WIDTH) != 0 && *index + 1 < argc &&
               read_width(argv[++*index], &options->width);
    }
    const char **word = word_option(options, argv[*index], &bit);
    if (word != NULL) {
        if (*index + 1 >= argc || (bit & allowed) == 0) {
            return false;
        }
        *word = argv[++*index];
        return true;
    }
    if ((argv[*index][0] == '-' && argv[*index][1] != '\0') || options->file != NULL) {
        return false;
    }
    options->file = argv[*index];
    return true;
}

static bool wants_help(int argc, char **argv, int first)
{
    for (int i = first; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0 ||
            (i == first && strcmp(argv[i], "help") == 0)) {
            return true;
        }
    }
    return false;
}

static int run(size_t command, int argc, char **argv)
{
    struct pcap_options options = {0};
    if (wants_help(argc, argv, 2)) {
        (void)fputs(commands[command].help, stdout);
        return PCAP_DONE;
    }
    for (int i = 2; i < argc; i++) {
        if (!read_option(&options, argc, argv, &i, commands[command].options)) {
            (void)fprintf(stderr, "ikelab pcap %s: not understood: '%s'\n\n%s",
                          commands[command].name, i < argc ? argv[i] : "", commands[command].help);
            return PCAP_USAGE;
        }
    }
    if (options.file == NULL ||
        ((commands[command].options & OPTION_OUT) != 0 && options.out == NULL)) {
        (void)fprintf(stderr, "ikelab pcap %s: %s is missing\n\n%s", commands[command].name,
                      options.file == NULL ? "FILE" : "-o OUT", commands[command].help);
        return PCAP_USAGE;
    }
    return commands[command].run(&options);
}

int command_pcap(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return run(i, argc, argv);
        }
    }
    const bool is_asked = argc > 1 && wants_help(argc, argv, 1);
    if (argc > 1 && !is_asked) {
        (void)fprintf(stderr, "ikelab pcap: there is no command '%s'\n\n", argv[1]);
    }
    print_help(is_asked ? stdout : stderr);
    return is_asked ? PCAP_DONE : PCAP_USAGE;
}
