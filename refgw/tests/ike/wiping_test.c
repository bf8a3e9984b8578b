// Looks for key bytes in every block of memory that is given back.
#include "harness/tap/tap.h"
#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/tests/ike_pair.h"

#include <stdlib.h>
#include <string.h>

// From the address sanitizer, which all tests are built with; gcc brings no header for them.
// NOLINTNEXTLINE: the name is theirs
int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
                                              void (*free_hook)(const volatile void *));
enum { MOST_KEYS = 16, LEAST_SIZE = 16, MOST_SIZE = 64 };

// Copies of the keys, in memory that is never freed.
static struct known_key {
    uint8_t bytes[MOST_SIZE];
    size_t size;
} known_keys[MOST_KEYS];
static size_t known_count;
static unsigned blocks_seen;
static unsigned leaks;

static void remember(const struct secret *secret)
{
    if (secret->size >= LEAST_SIZE && secret->size <= MOST_SIZE && known_count < MOST_KEYS) {
        memcpy(known_keys[known_count].bytes, secret->data, secret->size);
        known_keys[known_count].size = secret->size;
        known_count++;
    }
}

// How large each block is that was allocated since the hooks are there.
enum { MOST_BLOCKS = 1 << 16 };
static struct {
    uintptr_t address;
    size_t size;
} blocks[MOST_BLOCKS];

static size_t place_of(uintptr_t address)
{
    size_t place = (address >> 4) * 2654435761U % MOST_BLOCKS;
    for (size_t tries = 0;
         tries < MOST_BLOCKS && blocks[place].address != address && blocks[place].address != 0;
         tries++) {
        place = (place + 1) % MOST_BLOCKS;
    }
    return place;
}

static void note_allocation(const volatile void *block, size_t size)
{
    const size_t place = place_of((uintptr_t)block);
    blocks[place].address = (uintptr_t)block;
    blocks[place].size = size;
}

// Runs inside free(): must not allocate.
static void search_block(const volatile void *block)
{
    const size_t place = block == NULL ? 0 : place_of((uintptr_t)block);
    if (block == NULL || blocks[place].address != (uintptr_t)block) {
        return;
    }
    const void *start = (const void *)(uintptr_t)block;
    blocks_seen++;
    for (size_t i = 0; i < known_count; i++) {
        if (memmem(start, blocks[place].size, known_keys[i].bytes, known_keys[i].size) != NULL) {
            leaks++;
        }
    }
    blocks[place].size = 0; // the place stays taken, so that later ones are still found
}

static void drain(struct ike_pair *pair, unsigned host)
{
    struct ike_action action;
    while (ike_engine_next_action(pair->network.hosts[host].engine, &action)) {
        if (action.kind == IKE_LOG_KEYS) {
            const struct ike_keys *keys = action.keys->keys;
            remember(&keys->sk_d);
            remember(&keys->sk_ei);
            remember(&keys->sk_er);
            remember(&keys->sk_pi);
            remember(&keys->sk_pr);
        } else if (action.kind == IKE_INSTALL_CHILD_SA) {
            remember(&action.child_sa->inbound_encryption_key);
            remember(&action.child_sa->outbound_encryption_key);
        }
    }
}

// Carries what one host sent last to the other one, without the network's copies.
static void carry(struct ike_pair *pair, unsigned from, unsigned to)
{
    struct ike_action action;
    const struct network_path path = {
        .local = {.address = pair->network.addresses[to],   .port = IKE_PORT},
        .remote = {.address = pair->network.addresses[from], .port = IKE_PORT},
    };
    uint8_t datagram[DATAGRAM_MOST];
    size_t size = 0;
    while (ike_engine_next_action(pair->network.hosts[from].engine, &action)) {
        if (action.kind == IKE_SEND_DATAGRAM && action.datagram.size <= sizeof(datagram)) {
            size = action.datagram.size;
            memcpy(datagram, action.datagram.data, size);
        } else if (action.kind == IKE_INSTALL_CHILD_SA) {
            remember(&action.child_sa->inbound_encryption_key);
            remember(&action.child_sa->outbound_encryption_key);
        } else if (action.kind == IKE_LOG_KEYS) {
            const struct ike_keys *keys = action.keys->keys;
            remember(&keys->sk_d);
            remember(&keys->sk_pi);
        }
    }
    ike_engine_receive(pair->network.hosts[to].engine, pair->network.now, &path,
                       (struct byte_view){.data = datagram, .size = size});
}

static void no_key_is_left_in_freed_memory(bool is_deleted_first)
{
    struct ike_pair *pair = ike_pair_new();
    const struct ike_command up = {.kind = IKE_COMMAND_UP, .connection = "tunnel", .child = ""};
    const struct ike_command down = {.kind = IKE_COMMAND_DOWN, .connection = "tunnel", .child = ""};
    char problem[100];

    ike_pair_start(pair);
    known_count = 0;
    leaks = 0;
    if (!ike_engine_command(pair->network.hosts[WEST].engine, pair->network.now, &up, problem,
                            sizeof(problem))) {
        ok(false, "up");
    }
    carry(pair, WEST, EAST);
    carry(pair, EAST, WEST);
    carry(pair, WEST, EAST);
    carry(pair, EAST, WEST);
    ok(known_count >= 6, "%zu keys are known", known_count);
    if (is_deleted_first) {
        if (!ike_engine_command(pair->network.hosts[WEST].engine, pair->network.now, &down, problem,
                                sizeof(problem))) {
            ok(false, "down");
        }
        carry(pair, WEST, EAST);
        carry(pair, EAST, WEST);
        drain(pair, WEST);
        drain(pair, EAST);
    }
    ike_engine_free(pair->network.hosts[WEST].engine);
    ike_engine_free(pair->network.hosts[EAST].engine);
    pair->network.hosts[WEST].engine = NULL;
    pair->network.hosts[EAST].engine = NULL;
    ok(blocks_seen > 100 && leaks == 0, "%s: none of them was in any of %u freed blocks",
       is_deleted_first ? "after a Delete" : "engine freed while up", blocks_seen);
    ike_pair_free(pair);
}

static void the_search_finds_what_is_there(void)
{
    struct secret planted = {.data = NULL};
    static const uint8_t KEY[LEAST_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    known_count = 0;
    leaks = 0;
    ok(secret_set(&planted, VIEW_OF(KEY)), "a key is planted");
    remember(&planted);
    uint8_t *block = malloc(100);
    if (block != NULL) {
        // Volatile: or the compiler sees that nobody ever reads it.
        volatile uint8_t *copy = block + 10;
        for (size_t i = 0; i < sizeof(KEY); i++) {
            copy[i] = KEY[i];
        }
        free(block);
    }
    ok(leaks == 1, "and found in a freed block");
    secret_clear(&planted);
    ok(leaks == 1, "but not where it was wiped");
}

int main(void)
{
    if (__sanitizer_install_malloc_and_free_hooks(note_allocation, search_block) == 0) {
        ok(false, "no hooks");
        return done_testing();
    }
    the_search_finds_what_is_there();
    no_key_is_left_in_freed_memory(false);
    no_key_is_left_in_freed_memory(true);
    return done_testing();
}
