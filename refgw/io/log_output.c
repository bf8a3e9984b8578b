#include "refgw/io/log_output.h"

#include <errno.h>
#include <unistd.h>

void log_output_write(const char *line, size_t size)
{
    size_t written = 0;
    while (written < size) {
        const ssize_t count = write(STDERR_FILENO, line + written, size - written);
        if (count < 0 && errno != EINTR) {
            return;
        }
        written += count > 0 ? (size_t)count : 0;
    }
}
