// control_test.c - requests in, lines out, over socket pairs and a real socket.
#include "refgw/io/control.h"

#include "harness/tap/tap.h"
#include "refgw/io/system_clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
    struct loop *loop;
    struct control *control;
    int client; // our end
    unsigned requests;
    unsigned closed;
    char last[CONTROL_REQUEST_SIZE];
    const char *answer; // to every request; NULL: none
    size_t repeat;
    struct control_client *kept;
};

static void take_request(void *context, struct control_client *client, const char *request)
{
    struct world *world = context;
    world->requests++;
    world->kept = client;
    (void)snprintf(world->last, sizeof(world->last), "%s", request);
    for (size_t i = 0; world->answer != NULL && i < world->repeat; i++) {
        control_send_line(client, world->answer, strlen(world->answer));
    }
}

static void take_close(void *context, struct control_client *client)
{
    struct world *world = context;
    world->closed++;
    if (client == world->kept) {
        world->kept = NULL;
    }
}

static void stop(void *context)
{
    struct world *world = context;
    loop_stop(world->loop);
}

// Lets the loop work on what is there, for a moment.
static void turn(struct world *world)
{
    loop_set_deadline(world->loop, instant_after(system_clock_now(), duration_milliseconds(5)));
    if (!loop_run(world->loop)) {
        note("the loop failed");
    }
}

static bool open_world(struct world *world)
{
    struct problem problem;
    int ends[2] = {-1, -1};
    const struct control_handlers handlers = {
        .on_request = take_request, .on_close = take_close, .context = world};
    *world = (struct world){.loop = loop_new(&problem), .repeat = 1, .client = -1};
    if (world->loop == NULL) {
        return false;
    }
    loop_set_deadline_handler(world->loop, stop, world);
    world->control = control_new(world->loop, &handlers);
    if (world->control == NULL ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
        return false;
    }
    world->client = ends[0];
    return control_adopt(world->control, ends[1]);
}

static void close_world(struct world *world)
{
    if (world->client >= 0) {
        (void)close(world->client);
    }
    control_free(world->control);
    loop_free(world->loop);
}

static void say(const struct world *world, const char *text)
{
    if (send(world->client, text, strlen(text), MSG_NOSIGNAL) < 0) {
        note("cannot send");
    }
}

static bool hears(const struct world *world, const char *wanted)
{
    char got[256] = "";
    const ssize_t size = read(world->client, got, sizeof(got) - 1);
    return size == (ssize_t)strlen(wanted) && strcmp(got, wanted) == 0;
}

static void a_line_is_a_request_and_gets_an_answer(void)
{
    struct world world;
    ok(open_world(&world), "a client is taken over");
    world.answer = "{\"ok\":true}";
    say(&world, "up tunnel\n");
    turn(&world);
    ok(world.requests == 1 && strcmp(world.last, "up tunnel") == 0, "the request has no line end");
    ok(hears(&world, "{\"ok\":true}\n"), "the answer is a line");
    close_world(&world);
}

static void a_request_may_arrive_in_pieces_and_two_at_once(void)
{
    struct world world;
    ok(open_world(&world), "a client");
    say(&world, "sta");
    turn(&world);
    ok(world.requests == 0, "half a line is no request");
    say(&world, "tus\nversion\nst");
    turn(&world);
    ok(world.requests == 2 && strcmp(world.last, "version") == 0, "two lines are two requests");
    say(&world, "op\n");
    turn(&world);
    ok(world.requests == 3 && strcmp(world.last, "stop") == 0, "the rest waited for its end");
    close_world(&world);
}

static void an_answer_may_come_later(void)
{
    struct world world;
    ok(open_world(&world), "a client");
    say(&world, "up tunnel\n");
    turn(&world);
    ok(world.kept != NULL, "the client is known");
    control_send_line(world.kept, "done", 4);
    ok(hears(&world, "done\n"), "and hears later");
    close_world(&world);
}

static void a_client_that_leaves_is_forgotten(void)
{
    struct world world;
    ok(open_world(&world), "a client");
    say(&world, "monitor\n");
    turn(&world);
    (void)close(world.client);
    world.client = -1;
    turn(&world);
    ok(world.closed == 1, "its owner hears of it once");
    close_world(&world);
}

static void a_line_without_end_closes_the_connection(void)
{
    struct world world;
    char text[CONTROL_REQUEST_SIZE + 1];
    ok(open_world(&world), "a client");
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    say(&world, text);
    turn(&world);
    ok(world.closed == 1 && world.requests == 0, "after %d bytes", CONTROL_REQUEST_SIZE);
    close_world(&world);
}

static void a_slow_reader_gets_everything_and_a_dead_one_is_closed(void)
{
    struct world world;
    static char long_line[100001];
    static char got[4096];
    size_t total = 0;
    ok(open_world(&world), "a client");
    memset(long_line, 'y', sizeof(long_line) - 1);
    world.answer = long_line;
    world.repeat = 50;
    say(&world, "status\n");
    turn(&world);
    for (unsigned i = 0; i < 4000 && total < 50U * sizeof(long_line); i++) {
        const ssize_t size = read(world.client, got, sizeof(got));
        total += size > 0 ? (size_t)size : 0;
        if (size <= 0) {
            turn(&world);
        }
    }
    ok(total == 50U * sizeof(long_line), "a slow reader gets all of 5 MB");
    world.repeat = 200;
    say(&world, "status\n");
    turn(&world);
    ok(world.closed == 1, "who lets 16 MB wait is closed");
    close_world(&world);
}

static void too_many_clients_are_refused(void)
{
    struct world world;
    int ends[2 * CONTROL_MOST_CLIENTS] = {0};
    bool taken = true;
    ok(open_world(&world), "the first client");
    for (size_t i = 0; i < CONTROL_MOST_CLIENTS; i++) {
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, &ends[2 * i]) != 0) {
            note("no socket pair");
        }
        taken = control_adopt(world.control, ends[2 * i]);
    }
    ok(!taken, "number %d is refused", CONTROL_MOST_CLIENTS + 1);
    (void)close(ends[2 * CONTROL_MOST_CLIENTS - 2]);
    close_world(&world);
    for (size_t i = 0; i < CONTROL_MOST_CLIENTS; i++) {
        (void)close(ends[2 * i + 1]);
    }
}

static void the_socket_is_private_and_goes_with_its_owner(void)
{
    struct world world = {0};
    struct world second = {0};
    struct problem problem = {0};
    struct stat status;
    char folder[] = "/tmp/refgw-control-XXXXXX";
    char path[64];
    if (!ok(mkdtemp(folder) != NULL && open_world(&world) && open_world(&second), "two gateways")) {
        return;
    }
    (void)snprintf(path, sizeof(path), "%s/run/c.sock", folder);
    ok(control_listen(world.control, path, &problem), "listens, the folder is made");
    ok(stat(path, &status) == 0 && (status.st_mode & 0777) == 0600, "mode 0600");
    ok(!control_listen(second.control, path, &problem) &&
           strstr(problem.text, "another refgw listens") != NULL,
       "a socket in use is not taken: %s", problem.text);
    close_world(&world);
    ok(stat(path, &status) != 0, "the socket is removed");
    const int descriptor = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ok(!control_listen(second.control, path, &problem) &&
           strstr(problem.text, "is no socket") != NULL,
       "a file in its place is not removed");
    (void)close(descriptor);
    (void)unlink(path);
    close_world(&second);
    path[strlen(folder) + 4] = '\0';
    (void)rmdir(path);
    (void)rmdir(folder);
}

int main(void)
{
    a_line_is_a_request_and_gets_an_answer();
    a_request_may_arrive_in_pieces_and_two_at_once();
    an_answer_may_come_later();
    a_client_that_leaves_is_forgotten();
    a_line_without_end_closes_the_connection();
    a_slow_reader_gets_everything_and_a_dead_one_is_closed();
    too_many_clients_are_refused();
    the_socket_is_private_and_goes_with_its_owner();
    return done_testing();
}
