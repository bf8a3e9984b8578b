#include "refgw/base/secret.h"
#include "harness/tap/tap.h"

#include <stdint.h>
#include <string.h>

static const uint8_t key[] = {1, 2, 3, 4, 5, 6, 7, 8};

static void holds_a_copy(void)
{
    struct secret secret = {0};
    ok(secret_view(&secret).size == 0, "a zeroed secret is empty");
    ok(secret_set(&secret, VIEW_OF(key)) && secret.data != key, "it copies");
    is_bytes(secret.data, secret.size, key, sizeof(key), "the bytes are the same");
    ok(secret_set(&secret, (struct byte_view){.data = secret.data + 2, .size = 3}),
       "it can be set to a part of itself");
    is_bytes(secret.data, secret.size, key + 2, 3, "and holds that part");
    ok(secret_set(&secret, (struct byte_view){0}) && secret.size == 0, "or to nothing");
    secret_clear(&secret);
}

static void allocates_zeros(void)
{
    struct secret secret = {0};
    static const uint8_t zeros[16] = {0};
    ok(secret_set(&secret, VIEW_OF(key)) && secret_allocate(&secret, sizeof(zeros)), "room");
    is_bytes(secret.data, secret.size, zeros, sizeof(zeros), "is zero");
    ok(secret_allocate(&secret, 0) && secret.size == 0 && secret.data == NULL, "room for nothing");
    secret_clear(&secret);
}

static void moves_without_a_copy(void)
{
    struct secret from = {0};
    struct secret to = {0};
    ok(secret_set(&from, VIEW_OF(key)) && secret_set(&to, VIEW_OF(key)), "two secrets");
    const uint8_t *data = from.data;
    secret_move(&to, &from);
    ok(to.data == data && to.size == sizeof(key), "the bytes went over");
    ok(from.data == NULL && from.size == 0, "nothing stays behind");
    secret_move(&to, &to);
    is_bytes(to.data, to.size, key, sizeof(key), "moving to itself changes nothing");
    secret_clear(&to);
    secret_clear(&to);
    ok(to.data == NULL && to.size == 0, "clearing twice is fine");
}

static void compares_sizes_and_every_byte(void)
{
    uint8_t other[sizeof(key)];
    size_t wrong = 0;
    memcpy(other, key, sizeof(key));
    for (size_t bit = 0; bit < 8 * sizeof(key); bit++) {
        const uint8_t mask = (uint8_t)(1U << (bit % 8));
        other[bit / 8] ^= mask;
        wrong += secret_equals(VIEW_OF(key), VIEW_OF(other));
        other[bit / 8] ^= mask;
    }
    ok(wrong == 0, "every single bit makes a difference");
    ok(secret_equals(VIEW_OF(key), VIEW_OF(key)), "equal bytes are equal");
    ok(!secret_equals(VIEW_OF(key), (struct byte_view){.data = key, .size = 7}), "sizes differ");
    ok(secret_equals((struct byte_view){0}, (struct byte_view){0}), "nothing equals nothing");
}

static void wipes(void)
{
    uint8_t buffer[] = {1, 2, 3};
    static const uint8_t wiped[] = {0, 0, 3};
    secret_wipe(buffer, 2);
    is_bytes(buffer, sizeof(buffer), wiped, sizeof(wiped), "as many bytes as asked");
    secret_wipe(NULL, 0);
}

int main(void)
{
    holds_a_copy();
    allocates_zeros();
    moves_without_a_copy();
    compares_sizes_and_every_byte();
    wipes();
    return done_testing();
}
