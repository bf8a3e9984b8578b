// line_channel.h - commands and answers, one line each, over a socket to a child process.
#ifndef HARNESS_NETWORK_LINE_CHANNEL_H
#define HARNESS_NETWORK_LINE_CHANNEL_H

#include "refgw/base/bytes.h"

enum { LINE_CHANNEL_SIZE = 320 }; // of a line, with the final zero

// Reads one line, without its end, `milliseconds` at most. False when the other side ends, is
// silent for too long or sends a longer line.
MUST_USE bool line_channel_read(int descriptor, unsigned milliseconds,
                                char out_line[LINE_CHANNEL_SIZE]);
// Sends one line; adds the line end.
MUST_USE bool line_channel_write(int descriptor, const char *line);

#endif
