#include "harness/network/line_channel.h"

#include "harness/network/process.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool line_channel_read(int descriptor, unsigned milliseconds, char out_line[LINE_CHANNEL_SIZE])
{
    const uint64_t deadline = lab_monotonic_ms() + milliseconds;
    size_t used = 0;
    while (used < LINE_CHANNEL_SIZE) {
        struct pollfd ready = {.fd = descriptor, .events = POLLIN};
        const uint64_t now = lab_monotonic_ms();
        if (now >= deadline || poll(&ready, 1, (int)(deadline - now)) == 0) {
            return false;
        }
        // Byte by byte: what follows belongs to the next answer.
        const ssize_t got = read(descriptor, out_line + used, 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        if (out_line[used] == '\n') {
            out_line[used] = '\0';
            return true;
        }
        used++;
    }
    return false;
}

bool line_channel_write(int descriptor, const char *line)
{
    char text[LINE_CHANNEL_SIZE + 1];
    const int size = snprintf(text, sizeof(text), "%s\n", line);
    return size > 0 && (size_t)size < sizeof(text) &&
           send(descriptor, text, (size_t)size, MSG_NOSIGNAL) == size;
}
