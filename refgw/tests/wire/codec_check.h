// codec_check.h - what every codec test does with its known bytes.
#ifndef REFGW_TESTS_WIRE_CODEC_CHECK_H
#define REFGW_TESTS_WIRE_CODEC_CHECK_H

#include "harness/tap/tap.h"
#include "refgw/wire/wire_fault.h"

#include <stdlib.h>
#include <string.h>

// A codec with its struct as bytes, so that one check serves all.
struct codec {
    size_t struct_size;
    bool (*read)(struct byte_view body, void *out, struct wire_fault *out_fault);
    void (*write)(struct byte_writer *out, const void *in);
};

enum { CODEC_UNTOUCHED = 0xa5, CODEC_MOST_WRITTEN = 70000 };

static inline void *codec_allocate(size_t size)
{
    uint8_t *memory = malloc(size > 0 ? size : 1);
    if (memory == NULL) {
        abort();
    }
    memset(memory, CODEC_UNTOUCHED, size);
    return memory;
}

// Reads a copy that ends where its allocation ends, so that the sanitizer sees every byte read
// too far. A rejected body must leave the struct as it was and name kind and section.
static inline bool codec_accepts(const struct codec *codec, struct byte_view body,
                                 struct wire_fault *out_fault)
{
    uint8_t *copy = codec_allocate(body.size);
    uint8_t *untouched = codec_allocate(codec->struct_size);
    void *got = codec_allocate(codec->struct_size);
    struct wire_fault fault = {.kind = WIRE_OK};

    if (body.size > 0) {
        memcpy(copy, body.data, body.size);
    }
    const bool accepted =
        codec->read((struct byte_view){.data = copy, .size = body.size}, got, &fault);
    if (!accepted && (memcmp(got, untouched, codec->struct_size) != 0 || fault.kind == WIRE_OK ||
                      fault.section == NULL || strncmp(fault.section, "rfc", 3) != 0)) {
        ok(false, "a rejected body of %zu bytes changes nothing and names its fault", body.size);
    }
    *out_fault = fault;
    free(got);
    free(untouched);
    free(copy);
    return accepted;
}

// Reads `body`, writes it again into `buffer`; the written size, or SIZE_MAX when rejected.
static inline size_t codec_rewrite(const struct codec *codec, struct byte_view body,
                                   uint8_t buffer[CODEC_MOST_WRITTEN])
{
    void *got = codec_allocate(codec->struct_size);
    struct byte_writer out = writer_into(buffer, CODEC_MOST_WRITTEN);
    struct byte_view written = {0};
    struct wire_fault fault;
    size_t size = SIZE_MAX;

    if (codec->read(body, got, &fault)) {
        codec->write(&out, got);
        size = writer_finish(&out, &written) ? written.size : SIZE_MAX;
    }
    free(got);
    return size;
}

static inline void codec_gives_same_bytes(const struct codec *codec, struct byte_view body,
                                          const char *what)
{
    uint8_t *buffer = codec_allocate(CODEC_MOST_WRITTEN);
    const size_t size = codec_rewrite(codec, body, buffer);
    is_bytes(buffer, size == SIZE_MAX ? 0 : size, body.data, body.size, "%s: same bytes", what);
    free(buffer);
}

static inline void codec_rejects(const struct codec *codec, struct byte_view body,
                                 enum wire_fault_kind kind, const char *what)
{
    struct wire_fault fault = {0};
    const bool accepted = codec_accepts(codec, body, &fault);
    ok(!accepted && fault.kind == kind, "%s: %s", what, wire_fault_name(kind));
    if (accepted || fault.kind != kind) {
        note("got: %s", wire_fault_name(fault.kind));
    }
}

// Every size below `least` is rejected, every one from there on accepted.
static inline void codec_needs_at_least(const struct codec *codec, struct byte_view body,
                                        size_t least, const char *what)
{
    size_t wrong = 0;
    for (size_t size = 0; size <= body.size; size++) {
        struct wire_fault fault;
        const struct byte_view cut = {.data = body.data, .size = size};
        if (codec_accepts(codec, cut, &fault) != (size >= least)) {
            note("wrong for %zu bytes", size);
            wrong++;
        }
    }
    ok(wrong == 0, "%s: rejected below %zu bytes, accepted from there on", what, least);
}

static inline void codec_rejects_every_truncation(const struct codec *codec, struct byte_view body,
                                                  const char *what)
{
    codec_needs_at_least(codec, body, body.size, what);
}

// Whether what is written after reading `body` reads and writes as itself.
static inline bool codec_is_stable(const struct codec *codec, struct byte_view body, uint8_t *first,
                                   uint8_t *second)
{
    const size_t first_size = codec_rewrite(codec, body, first);
    if (first_size == SIZE_MAX) {
        return true;
    }
    const struct byte_view again = {.data = first, .size = first_size};
    return codec_rewrite(codec, again, second) == first_size &&
           memcmp(first, second, first_size) == 0;
}

// Sets each byte to each value. Whatever is still accepted must be stable.
static inline void codec_survives_every_byte(const struct codec *codec, struct byte_view body,
                                             const char *what)
{
    uint8_t *copy = codec_allocate(body.size);
    uint8_t *first = codec_allocate(CODEC_MOST_WRITTEN);
    uint8_t *second = codec_allocate(CODEC_MOST_WRITTEN);
    size_t unstable = 0;

    memcpy(copy, body.data, body.size);
    for (size_t i = 0; i < body.size; i++) {
        for (unsigned value = 0; value <= UINT8_MAX; value++) {
            copy[i] = (uint8_t)value;
            const struct byte_view changed = {.data = copy, .size = body.size};
            unstable += !codec_is_stable(codec, changed, first, second);
        }
        copy[i] = body.data[i];
    }
    ok(unstable == 0, "%s: every byte may have every value", what);
    free(second);
    free(first);
    free(copy);
}

#endif
