// control.h - the control socket: programs on this machine send one request per line and get
// lines back.
#ifndef REFGW_IO_CONTROL_H
#define REFGW_IO_CONTROL_H

#include "refgw/io/loop.h"

enum {
    CONTROL_MOST_CLIENTS = 64,
    CONTROL_REQUEST_SIZE = 1024,             // a longer line closes the connection
    CONTROL_MOST_PENDING = 16 * 1024 * 1024, // bytes a client may leave unread
};

struct control;
struct control_client; // valid until its on_close call

struct control_handlers {
    // `request` is one line without its end, zero-terminated.
    void (*on_request)(void *context, struct control_client *client, const char *request);
    // The client is gone: forget it.
    void (*on_close)(void *context, struct control_client *client);
    void *context;
};

// Without a socket yet: see control_listen() and control_adopt(). NULL when memory runs out.
MUST_USE struct control *control_new(struct loop *loop, const struct control_handlers *handlers);
// Closes every client (without on_close calls) and removes the socket. Accepts NULL.
void control_free(struct control *control);
// Listens on a UNIX stream socket that only its owner may connect to (mode 0600). Makes the
// last folder of the path when it is missing; takes over a socket nobody listens on.
MUST_USE bool control_listen(struct control *control, const char *path,
                             struct problem *out_problem);
// Takes over a connected descriptor as a client. False when there are too many or memory
// runs out; the descriptor stays the caller's then.
MUST_USE bool control_adopt(struct control *control, int descriptor);

// Sends a line; the line end is added. A client that does not read is closed once too much
// is pending; it hears of that through on_close, never during this call.
void control_send_line(struct control_client *client, const char *line, size_t size);

#endif
