#include "refgw/io/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 16 };

struct control_client {
    struct control_client *next;
    struct control *control;
    int descriptor;
    bool has_failed; // to be closed at the next opportunity
    size_t request_size;
    char request[CONTROL_REQUEST_SIZE];
    uint8_t *pending; // what could not be sent yet
    size_t pending_size;
    size_t pending_capacity;
};

struct control {
    struct loop *loop;
    struct control_handlers handlers;
    int listener; // -1: none
    char *path;   // of our socket, NULL: none
    size_t client_count;
    struct control_client *clients;
};

struct control *control_new(struct loop *loop, const struct control_handlers *handlers)
{
    struct control *control = calloc(1, sizeof(*control));
    if (control != NULL) {
        control->loop = loop;
        control->handlers = *handlers;
        control->listener = -1;
    }
    return control;
}

static void client_free(struct control_client *client)
{
    loop_unwatch(client->control->loop, client->descriptor);
    (void)close(client->descriptor);
    free(client->pending);
    free(client);
}

void control_free(struct control *control)
{
    if (control == NULL) {
        return;
    }
    struct control_client *client = control->clients;
    while (client != NULL) {
        struct control_client *next = client->next;
        client_free(client);
        client = next;
    }
    if (control->listener >= 0) {
        loop_unwatch(control->loop, control->listener);
        (void)close(control->listener);
        (void)unlink(control->path);
    }
    free(control->path);
    free(control);
}

static void client_close(struct control_client *client)
{
    struct control *control = client->control;
    struct control_client **link = &control->clients;
    while (*link != client) {
        link = &(*link)->next;
    }
    *link = client->next;
    control->client_count--;
    control->handlers.on_close(control->handlers.context, client);
    client_free(client);
}

static void watch_for_what_matters(struct control_client *client)
{
    const bool has_pending = client->pending_size > 0 || client->has_failed;
    loop_change(client->control->loop, client->descriptor,
                (unsigned)LOOP_READABLE | (has_pending ? (unsigned)LOOP_WRITABLE : 0U));
}

static void flush_pending(struct control_client *client)
{
    const ssize_t sent = send(client->descriptor, client->pending, client->pending_size,
                              MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
        client->pending_size -= (size_t)sent;
        memmove(client->pending, client->pending + sent, client->pending_size);
    } else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        client->has_failed = true;
    }
}

static bool make_room(struct control_client *client, size_t size)
{
    const size_t needed = client->pending_size + size;
    if (needed > CONTROL_MOST_PENDING) {
        return false;
    }
    if (needed > client->pending_capacity) {
        const size_t capacity = needed < 4096 ? 4096 : 2 * needed;
        uint8_t *pending = realloc(client->pending, capacity);
        if (pending == NULL) {
            return false;
        }
        client->pending = pending;
        client->pending_capacity = capacity;
    }
    return true;
}

void control_send_line(struct control_client *client, const char *line, size_t size)
{
    if (client->has_failed || !make_room(client, size + 1)) {
        client->has_failed = true;
    } else {
        memcpy(client->pending + client->pending_size, line, size);
        client->pending[client->pending_size + size] = '\n';
        client->pending_size += size + 1;
        flush_pending(client);
    }
    watch_for_what_matters(client);
}

// Hands over every complete line and keeps the rest.
static void take_requests(struct control_client *client)
{
    const struct control_handlers *handlers = &client->control->handlers;
    char *end = memchr(client->request, '\n', client->request_size);
    while (end != NULL) {
        const size_t size = (size_t)(end - client->request) + 1;
        *end = '\0';
        handlers->on_request(handlers->context, client, client->request);
        client->request_size -= size;
        memmove(client->request, client->request + size, client->request_size);
        end = memchr(client->request, '\n', client->request_size);
    }
}

// False when the client has gone, or sends a line that never ends.
static bool read_requests(struct control_client *client)
{
    const size_t room = sizeof(client->request) - client->request_size;
    const ssize_t got =
        recv(client->descriptor, client->request + client->request_size, room, MSG_DONTWAIT);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    client->request_size += (size_t)got;
    take_requests(client);
    return got > 0 && client->request_size < sizeof(client->request);
}

static void handle_client(void *context, unsigned events)
{
    struct control_client *client = context;
    bool stays = true;
    if ((events & LOOP_READABLE) != 0) {
        stays = read_requests(client);
    }
    if (stays && client->pending_size > 0) {
        flush_pending(client);
    }
    if (!stays || client->has_failed) {
        client_close(client);
    } else {
        watch_for_what_matters(client);
    }
}

bool control_adopt(struct control *control, int descriptor)
{
    struct control_client *client = NULL;
    if (control->client_count < CONTROL_MOST_CLIENTS) {
        client = calloc(1, sizeof(*client));
    }
    if (client == NULL) {
        return false;
    }
    client->control = control;
    client->descriptor = descriptor;
    if (!loop_watch(control->loop, descriptor, LOOP_READABLE, handle_client, client)) {
        free(client);
        return false;
    }
    client->next = control->clients;
    control->clients = client;
    control->client_count++;
    return true;
}

static void handle_listener(void *context, unsigned events)
{
    struct control *control = context;
    (void)events;
    const int descriptor = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor >= 0 && !control_adopt(control, descriptor)) {
        (void)close(descriptor);
    }
}

static bool somebody_listens(const struct sockaddr_un *address)
{
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool connected = descriptor >= 0 && connect(descriptor, (const struct sockaddr *)address,
                                                      sizeof(*address)) == 0;
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    return connected;
}

static void make_folder(const char *path)
{
    char *folder = strdup(path);
    char *slash = folder == NULL ? NULL : strrchr(folder, '/');
    if (slash != NULL && slash != folder) {
        *slash = '\0';
        (void)mkdir(folder, S_IRWXU | S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH);
    }
    free(folder);
}

// A socket that was left behind by a program that was killed refuses connections.
static bool clear_path(const struct sockaddr_un *address, struct problem *out_problem)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0) {
        return true;
    }
    if (!S_ISSOCK(status.st_mode)) {
        return problem_set(out_problem, "%s exists and is no socket; remove it", address->sun_path);
    }
    if (somebody_listens(address)) {
        return problem_set(out_problem,
                           "another refgw listens on %s; stop it (refgwctl -s %s stop), or choose "
                           "another `control` path in the configuration",
                           address->sun_path, address->sun_path);
    }
    (void)unlink(address->sun_path);
    return true;
}

static bool bind_for_owner_only(int descriptor, const struct sockaddr_un *address)
{
    const mode_t before = umask(S_IRWXG | S_IRWXO | S_IXUSR);
    const bool bound = bind(descriptor, (const struct sockaddr *)address, sizeof(*address)) == 0;
    (void)umask(before);
    return bound && listen(descriptor, BACKLOG) == 0;
}

bool control_listen(struct control *control, const char *path, struct problem *out_problem)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t size = strlen(path);
    if (size >= sizeof(address.sun_path)) {
        return problem_set(out_problem, "the control path is longer than %zu characters: %s",
                           sizeof(address.sun_path) - 1, path);
    }
    memcpy(address.sun_path, path, size);
    make_folder(path);
    if (!clear_path(&address, out_problem)) {
        return false;
    }
    char *kept = strdup(path);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (kept != NULL && descriptor >= 0 && bind_for_owner_only(descriptor, &address)) {
        if (loop_watch(control->loop, descriptor, LOOP_READABLE, handle_listener, control)) {
            control->listener = descriptor;
            control->path = kept;
            return true;
        }
        (void)unlink(path);
    }
    (void)problem_set_errno(out_problem, errno, "cannot listen on %s", path);
    free(kept);
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    return false;
}
