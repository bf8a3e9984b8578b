// Two engines and an input that says what happens between them: deliveries, changes on the way,
// changes below the encryption, time, commands. Nothing may crash, leak, hang, or install and
// remove CHILD_SAs that do not fit together.
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/crypto/scripted/deterministic_random.h"
#include "refgw/ike/engine.h"
#include "refgw/ike/message_hook.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HOSTS = 2, MOST_DATAGRAM = 4096, MOST_STEPS = 64, MOST_CHILDREN = 64, MOST_LOOPS = 10000 };

enum step {
    STEP_DELIVER,      // the other side's last datagram, as it is
    STEP_CHANGE,       // the same with some bytes changed
    STEP_RAW,          // bytes of the input
    STEP_PASS_TIME,    // some milliseconds
    STEP_COMMAND,      // up, down ...
    STEP_BELOW,        // the next message gets its payload chain from the input, then is sealed
    STEP_CHANGE_CHAIN, // the next message gets some bytes of its chain changed, then is sealed
    STEP_COUNT,
};

struct host {
    struct ike_engine *engine;
    struct ike_policy policy;
    struct deterministic_random random;
    struct message_hook hook;
    uint8_t last[MOST_DATAGRAM]; // what it sent last
    size_t last_size;
    struct network_path last_path;
    uint32_t children[MOST_CHILDREN];
    size_t child_count;
    // What happens to its next message.
    struct byte_view chain;
    bool replaces_chain;
    struct byte_view changes;
};

struct world {
    struct host hosts[HOSTS];
    struct instant now;
};

static void must(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static enum hook_verdict before_send(void *context, struct outgoing_message *message)
{
    struct host *host = context;
    if (host->replaces_chain && host->chain.size > 0 &&
        host->chain.size - 1 <= message->chain_capacity) {
        *message->first_payload = host->chain.data[0];
        *message->chain_size = host->chain.size - 1;
        memcpy(message->chain, host->chain.data + 1, host->chain.size - 1);
    }
    for (size_t i = 0; i + 1 < host->changes.size && *message->chain_size > 0; i += 2) {
        message->chain[host->changes.data[i] % *message->chain_size] ^= host->changes.data[i + 1];
    }
    host->replaces_chain = false;
    host->changes.size = 0;
    return HOOK_CONTINUE;
}

static void set_identity(struct policy_identity *identity, const char *name)
{
    identity->type = ID_FQDN;
    identity->size = strlen(name);
    memcpy(identity->data, name, identity->size);
}

static void set_selectors(struct selector_set *set, const char *text)
{
    set->count = 1;
    must(selector_parse(text, &set->items[0]));
}

static void make_policy(struct host *host, unsigned index)
{
    static const char *const ADDRESSES[] = {"192.0.2.1", "198.51.100.1"};
    static const char *const NAMES[] = {"west", "east"};
    static const char *const LANS[] = {"203.0.113.0/26", "203.0.113.64/26"};
    static const uint8_t KEY[] = "key";
    struct policy_connection *connection = calloc(1, sizeof(*connection));
    struct policy_child *child = calloc(1, sizeof(*child));

    must(connection != NULL && child != NULL);
    ike_policy_init(&host->policy);
    host->policy.connections = connection;
    host->policy.connection_count = 1;
    memcpy(connection->name, "tunnel", sizeof("tunnel"));
    must(address_parse(ADDRESSES[index], &connection->local_address) &&
         address_parse(ADDRESSES[1 - index], &connection->remote_address));
    set_identity(&connection->local_identity, NAMES[index]);
    set_identity(&connection->remote_identity, NAMES[1 - index]);
    must(secret_set(&connection->psk, VIEW_OF(KEY)));
    connection->proposal_count = 1;
    connection->proposals[0] = (struct policy_proposal){
        .encryption_count = 1,
        .encryption = {{.encryption = ENCR_AES_GCM_16, .key_bits = 128}},
        .prf_count = 1,
        .prf = {PRF_HMAC_SHA2_256},
        .key_exchange_count = 1,
        .key_exchange = {KE_CURVE25519},
    };
    connection->liveness_delay = duration_seconds(20);
    connection->children = child;
    connection->child_count = 1;
    memcpy(child->name, "net", sizeof("net"));
    child->proposal_count = 1;
    child->proposals[0] = (struct policy_proposal){
        .encryption_count = 1,
        .encryption = {{.encryption = ENCR_AES_GCM_16, .key_bits = 128}},
    };
    set_selectors(&child->local_selectors, LANS[index]);
    set_selectors(&child->remote_selectors, LANS[1 - index]);
}

static void open_world(struct world *world)
{
    world->now = (struct instant){.nanoseconds = 1};
    for (unsigned i = 0; i < HOSTS; i++) {
        struct host *host = &world->hosts[i];
        make_policy(host, i);
        deterministic_random_init(&host->random, i);
        host->hook = (struct message_hook){.before_send = before_send, .context = host};
        const struct ike_engine_setup setup = {
            .policy = &host->policy,
            .crypto = openssl_provider(),
            .randomness = deterministic_random_source(&host->random),
            .hook = &host->hook,
        };
        host->engine = ike_engine_new(&setup);
        must(host->engine != NULL);
    }
}

static void close_world(struct world *world)
{
    for (unsigned i = 0; i < HOSTS; i++) {
        ike_engine_free(world->hosts[i].engine);
        ike_policy_clear(&world->hosts[i].policy);
    }
}

static size_t find_child(const struct host *host, uint32_t id)
{
    size_t index = 0;
    while (index < host->child_count && host->children[index] != id) {
        index++;
    }
    return index;
}

static void act(struct host *host, const struct ike_action *action)
{
    size_t index;
    switch (action->kind) {
    case IKE_SEND_DATAGRAM:
        if (action->datagram.size <= MOST_DATAGRAM) {
            memcpy(host->last, action->datagram.data, action->datagram.size);
            host->last_size = action->datagram.size;
            host->last_path = action->path;
        }
        break;
    case IKE_INSTALL_CHILD_SA:
        must(find_child(host, action->child_sa->id) == host->child_count &&
             host->child_count < MOST_CHILDREN && action->child_sa->inbound_spi > 255 &&
             action->child_sa->inbound_encryption_key.size == 20);
        host->children[host->child_count] = action->child_sa->id;
        host->child_count++;
        break;
    case IKE_REMOVE_CHILD_SA:
        index = find_child(host, action->child_sa->id);
        must(index < host->child_count);
        host->child_count--;
        host->children[index] = host->children[host->child_count];
        break;
    case IKE_MOVE_CHILD_SA:
    case IKE_SWITCH_CHILD_SA:
        must(find_child(host, action->child_sa->id) < host->child_count);
        break;
    case IKE_LOG_KEYS:
        must(action->keys->keys->sk_d.size > 0);
        break;
    case IKE_REPORT:
        must(action->report->reason != NULL && action->report->section != NULL &&
             memchr(action->report->text, 0, sizeof(action->report->text)) != NULL);
        break;
    }
}

static void drain(struct world *world)
{
    for (unsigned i = 0; i < HOSTS; i++) {
        struct ike_action action;
        unsigned loops = 0;
        while (ike_engine_next_action(world->hosts[i].engine, &action)) {
            act(&world->hosts[i], &action);
            loops++;
            must(loops < MOST_LOOPS);
        }
    }
}

// What `from` sent last arrives at the other side, with bytes changed as `changes` says.
static void deliver(struct world *world, unsigned from, struct byte_view changes)
{
    struct host *sender = &world->hosts[from];
    uint8_t bytes[MOST_DATAGRAM];
    const struct network_path path = {.local = sender->last_path.remote,
                                      .remote = sender->last_path.local};
    if (sender->last_size == 0) {
        return;
    }
    memcpy(bytes, sender->last, sender->last_size);
    for (size_t i = 0; i + 2 < changes.size; i += 3) {
        const size_t position = (size_t)(changes.data[i] << 8 | changes.data[i + 1]);
        bytes[position % sender->last_size] ^= changes.data[i + 2];
    }
    ike_engine_receive(world->hosts[1 - from].engine, world->now, &path,
                       (struct byte_view){.data = bytes, .size = sender->last_size});
}

static void deliver_raw(struct world *world, unsigned to, struct byte_view bytes)
{
    const struct policy_connection *connection = &world->hosts[to].policy.connections[0];
    const uint16_t port = bytes.size > 0 && bytes.data[0] == 0 ? 4500 : 500;
    const struct network_path path = {
        .local = {.address = connection->local_address,  .port = port},
        .remote = {.address = connection->remote_address, .port = port},
    };
    ike_engine_receive(world->hosts[to].engine, world->now, &path, bytes);
}

static void pass_time(struct world *world, struct byte_view bytes)
{
    const uint64_t seconds = bytes.size > 0 ? bytes.data[0] : 1;
    world->now = instant_after(world->now, duration_seconds(seconds));
    for (unsigned i = 0; i < HOSTS; i++) {
        struct instant when;
        unsigned loops = 0;
        ike_engine_pass_time(world->hosts[i].engine, world->now);
        while (ike_engine_next_deadline(world->hosts[i].engine, &when) &&
               !instant_is_before(world->now, when)) {
            ike_engine_pass_time(world->hosts[i].engine, world->now);
            loops++;
            must(loops < MOST_LOOPS);
        }
    }
}

static void command(struct world *world, unsigned host, struct byte_view bytes)
{
    const unsigned choice = bytes.size > 0 ? bytes.data[0] : 0;
    const struct ike_command order = {
        .kind = (enum ike_command_kind)(choice % 5),
        .connection = "tunnel",
        .child = choice & 0x80U ? "net" : "",
    };
    char problem[80];
    (void)ike_engine_command(world->hosts[host].engine, world->now, &order, problem,
                             sizeof(problem));
}

static void take_step(struct world *world, uint8_t what, struct byte_view bytes)
{
    const unsigned host = what >> 7;
    switch ((enum step)((what & 0x7fU) % STEP_COUNT)) {
    case STEP_DELIVER:
        deliver(world, host, (struct byte_view){.size = 0});
        break;
    case STEP_CHANGE:
        deliver(world, host, bytes);
        break;
    case STEP_RAW:
        deliver_raw(world, host, bytes);
        break;
    case STEP_PASS_TIME:
        pass_time(world, bytes);
        break;
    case STEP_COMMAND:
        command(world, host, bytes);
        break;
    case STEP_BELOW:
        world->hosts[host].chain = bytes;
        world->hosts[host].replaces_chain = true;
        break;
    case STEP_CHANGE_CHAIN:
        world->hosts[host].changes = bytes;
        break;
    case STEP_COUNT:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct byte_reader in = reader_over((struct byte_view){.data = data, .size = size});
    struct world *world = calloc(1, sizeof(*world));
    uint8_t what;
    uint8_t length;
    struct byte_view bytes;

    must(world != NULL);
    open_world(world);
    for (unsigned i = 0;
         i < MOST_STEPS && reader_take_u8(&in, &what) && reader_take_u8(&in, &length); i++) {
        const size_t taken = length <= in.left ? length : in.left;
        must(reader_take_bytes(&in, taken, &bytes));
        take_step(world, what, bytes);
        drain(world);
    }
    close_world(world);
    free(world);
    return 0;
}
