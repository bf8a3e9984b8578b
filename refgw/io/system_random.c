#include "refgw/io/system_random.h"

#include <errno.h>
#include <sys/random.h>

static bool fill_from_kernel(void *context, uint8_t *bytes, size_t size)
{
    (void)context;
    size_t filled = 0;
    while (filled < size) {
        const ssize_t got = getrandom(bytes + filled, size - filled, 0);
        if (got < 0 && errno != EINTR) {
            return false;
        }
        filled += got > 0 ? (size_t)got : 0;
    }
    return true;
}

struct random_source system_random(void)
{
    return (struct random_source){.fill = fill_from_kernel};
}
