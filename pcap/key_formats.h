// key_formats.h - key sources of other tools, line by line, as lines of our key log
// (docs/LAB.md, "Keys"): Wireshark's ikev2_decryption_table and esp_sa, tcpdump's secrets files
// (-E), and strongSwan's log with `ike = 4`, `chd = 4`, `knl = 2` or above.
#ifndef PCAP_KEY_FORMATS_H
#define PCAP_KEY_FORMATS_H

#include "refgw/base/bytes.h"

enum key_format {
    KEY_FORMAT_UNKNOWN,
    KEY_FORMAT_IKELAB,
    KEY_FORMAT_WIRESHARK_IKE,
    KEY_FORMAT_WIRESHARK_ESP,
    KEY_FORMAT_TCPDUMP,
    KEY_FORMAT_STRONGSWAN,
};

struct strongswan_log; // what its threads have said so far; defined and owned by the .c file

struct key_translator {
    struct strongswan_log *log; // NULL until needed
};

enum key_translation {
    KEY_LINE_NONE,    // nothing in it
    KEY_LINE_READY,   // a line of our format is in out_line
    KEY_LINE_WRONG,   // looks like this format and is not
    KEY_LINE_NO_ROOM, // out of memory, or longer than `size`
};

// By its looks alone. UNKNOWN for empty lines and comments.
MUST_USE enum key_format key_line_format(const char *text);
// `text` may be changed. Not for KEY_FORMAT_IKELAB. Lines of a log that say nothing about keys
// give KEY_LINE_NONE.
MUST_USE enum key_translation key_line_translate(struct key_translator *translator,
                                                 enum key_format format, char *text, char *out_line,
                                                 size_t size);
void key_translator_clear(struct key_translator *translator); // wipes
MUST_USE const char *key_format_name(enum key_format format);

#endif
