#include "refgw/io/tun.h"

#include "refgw/io/packet_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool make_device(int descriptor, const char *name)
{
    // IFF_TUN_EXCL: an existing device of that name is somebody else's.
    const unsigned short flags = IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL;
    struct ifreq request = {.ifr_flags = (short)flags};
    (void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
    return ioctl(descriptor, TUNSETIFF, &request) == 0;
}

bool tun_open(const char *name, struct tun *out_tun, struct problem *out_problem)
{
    const int descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) {
        return problem_set_errno(out_problem, errno, "cannot open /dev/net/tun%s",
                                 errno == ENOENT ? " (load the kernel module tun)" : "");
    }
    if (!make_device(descriptor, name)) {
        const int error = errno;
        (void)close(descriptor);
        if (error == EBUSY) {
            return problem_set(out_problem,
                               "the tunnel device %s exists already; stop the program it belongs "
                               "to, or choose another name with `tun` in the configuration",
                               name);
        }
        return problem_set_errno(out_problem, error, "cannot make the tunnel device %s", name);
    }
    *out_tun = (struct tun){.descriptor = descriptor, .index = (int)if_nametoindex(name)};
    return true;
}

void tun_close(struct tun *tun)
{
    if (tun->descriptor >= 0) {
        (void)close(tun->descriptor);
    }
    *tun = (struct tun){.descriptor = -1};
}

void tun_receive(const struct tun *tun, struct packet_batch *batch)
{
    batch->count = 0;
    while (batch->count < BATCH_MOST_PACKETS) {
        struct packet *packet = &batch->packets[batch->count];
        const ssize_t size = read(tun->descriptor, packet->data, PACKET_MOST_SIZE);
        if (size <= 0) {
            return;
        }
        packet->size = (size_t)size;
        batch->count++;
    }
}

bool tun_send(const struct tun *tun, struct byte_view packet)
{
    return write(tun->descriptor, packet.data, packet.size) >= 0;
}
