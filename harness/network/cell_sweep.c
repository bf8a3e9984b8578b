#include "harness/network/cell_sweep.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

enum { END_MILLISECONDS = 2000, PATH_SIZE = 320, MOST_NAMESPACES = 64 };

static const char folder[] = "/run/netns";

// Namespaces by identity, the way /proc/PID/ns/net shows them.
struct namespace_set {
    size_t count;
    dev_t devices[MOST_NAMESPACES];
    ino_t numbers[MOST_NAMESPACES];
};

static void set_add(struct namespace_set *set, const char *name)
{
    char path[PATH_SIZE];
    struct stat status;
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    if (set->count < MOST_NAMESPACES && stat(path, &status) == 0) {
        set->devices[set->count] = status.st_dev;
        set->numbers[set->count] = status.st_ino;
        set->count++;
    }
}

static bool set_has_process(const struct namespace_set *set, pid_t pid)
{
    char path[PATH_SIZE];
    struct stat status;
    (void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
    if (stat(path, &status) != 0) {
        return false;
    }
    for (size_t i = 0; i < set->count; i++) {
        if (set->devices[i] == status.st_dev && set->numbers[i] == status.st_ino) {
            return true;
        }
    }
    return false;
}

// The pidfd is opened before the namespace is looked at, so that the signal cannot reach another
// process that got the number in between.
static void kill_if_inside(const struct namespace_set *set, pid_t pid)
{
    const int descriptor = pidfd_open(pid, 0);
    if (descriptor < 0) {
        return;
    }
    if (set_has_process(set, pid) && pidfd_send_signal(descriptor, SIGKILL, NULL, 0) == 0) {
        struct pollfd end = {.fd = descriptor, .events = POLLIN};
        (void)poll(&end, 1, END_MILLISECONDS);
    }
    (void)close(descriptor);
}

// "123" to 123; 0 when the whole text is not a number.
static pid_t number_of(const char *text)
{
    char *end = NULL;
    if (!isdigit((unsigned char)text[0])) {
        return 0;
    }
    errno = 0;
    const long number = strtol(text, &end, 10);
    return errno == 0 && *end == '\0' && number > 0 && number <= INT32_MAX ? (pid_t)number : 0;
}

static void kill_inside(const struct namespace_set *set)
{
    DIR *processes = set->count > 0 ? opendir("/proc") : NULL;
    if (processes == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(processes); entry != NULL;
         entry = readdir(processes)) {
        const pid_t pid = number_of(entry->d_name);
        if (pid > 0 && pid != getpid() && set_has_process(set, pid)) {
            kill_if_inside(set, pid);
        }
    }
    (void)closedir(processes);
}

static bool remove_name(const char *name)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    (void)umount2(path, MNT_DETACH);
    return unlink(path) == 0 || errno == ENOENT;
}

bool namespaces_remove(char names[][CELL_NAME_SIZE], size_t count)
{
    struct namespace_set set = {0};
    bool gone = true;
    for (size_t i = 0; i < count; i++) {
        set_add(&set, names[i]);
    }
    // Twice: a process may have forked while we walked.
    kill_inside(&set);
    kill_inside(&set);
    for (size_t i = 0; i < count; i++) {
        gone = remove_name(names[i]) && gone;
    }
    return gone;
}

// Whether "ikl-PID-..." belongs to a run that is no more.
static bool is_abandoned(const char *name)
{
    char text[16];
    const size_t prefix = strlen(CELL_NAME_PREFIX);
    if (strncmp(name, CELL_NAME_PREFIX, prefix) != 0 || strlen(name) >= CELL_NAME_SIZE) {
        return false;
    }
    const size_t digits = strspn(name + prefix, "0123456789");
    if (digits == 0 || digits >= sizeof(text) || name[prefix + digits] != '-') {
        return false;
    }
    memcpy(text, name + prefix, digits);
    text[digits] = '\0';
    const pid_t owner = number_of(text);
    return owner > 0 && kill(owner, 0) != 0 && errno == ESRCH;
}

// Fills `names` with abandoned namespaces; returns how many.
static size_t find_abandoned(char names[MOST_NAMESPACES][CELL_NAME_SIZE])
{
    size_t count = 0;
    DIR *namespaces = opendir(folder);
    if (namespaces == NULL) {
        return 0;
    }
    for (const struct dirent *entry = readdir(namespaces); entry != NULL && count < MOST_NAMESPACES;
         entry = readdir(namespaces)) {
        if (is_abandoned(entry->d_name)) {
            (void)snprintf(names[count], CELL_NAME_SIZE, "%.*s", CELL_NAME_SIZE - 1, entry->d_name);
            count++;
        }
    }
    (void)closedir(namespaces);
    return count;
}

size_t cell_network_sweep(void)
{
    char names[MOST_NAMESPACES][CELL_NAME_SIZE];
    size_t swept = 0;
    size_t count = 0;
    do {
        count = find_abandoned(names);
        if (count > 0 && !namespaces_remove(names, count)) {
            break;
        }
        swept += count;
    } while (count == MOST_NAMESPACES);
    return swept;
}
