#include "refgw/ike/number_map.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 16 };

// Open addressing with linear probing. Numbers are ours or digests, so nobody outside can
// choose where they fall; the multiplication only spreads counters.
static size_t home_of(const struct number_map *map, uint64_t number)
{
    const uint64_t mixed = number * 0x9e3779b97f4a7c15U;
    return (size_t)(mixed >> 32) & (map->capacity - 1);
}

static size_t slot_of(const struct number_map *map, uint64_t number)
{
    size_t index = home_of(map, number);
    while (map->slots[index].value != NULL && map->slots[index].number != number) {
        index = (index + 1) & (map->capacity - 1);
    }
    return index;
}

static bool grow(struct number_map *map)
{
    struct number_map larger = {
        .capacity = map->capacity == 0 ? FIRST_CAPACITY : map->capacity * 2,
        .count = map->count,
    };
    larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
    if (larger.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->slots[i].value != NULL) {
            larger.slots[slot_of(&larger, map->slots[i].number)] = map->slots[i];
        }
    }
    free(map->slots);
    *map = larger;
    return true;
}

bool number_map_add(struct number_map *map, uint64_t number, void *value)
{
    if (number_map_find(map, number) != NULL) {
        return false;
    }
    if (map->count * 4 >= map->capacity * 3 && !grow(map)) {
        return false;
    }
    map->slots[slot_of(map, number)] = (struct number_map_slot){.number = number, .value = value};
    map->count++;
    return true;
}

void *number_map_find(const struct number_map *map, uint64_t number)
{
    return map->capacity == 0 ? NULL : map->slots[slot_of(map, number)].value;
}

// Whether the entry at `index` may stand at `hole` without being out of its probe sequence.
static bool may_move(const struct number_map *map, size_t index, size_t hole)
{
    const size_t home = home_of(map, map->slots[index].number);
    const size_t mask = map->capacity - 1;
    return ((index - home) & mask) >= ((index - hole) & mask);
}

void number_map_remove(struct number_map *map, uint64_t number)
{
    if (number_map_find(map, number) == NULL) {
        return;
    }
    size_t hole = slot_of(map, number);
    size_t index = hole;
    for (;;) {
        index = (index + 1) & (map->capacity - 1);
        if (map->slots[index].value == NULL) {
            break;
        }
        if (may_move(map, index, hole)) {
            map->slots[hole] = map->slots[index];
            hole = index;
        }
    }
    map->slots[hole] = (struct number_map_slot){.value = NULL};
    map->count--;
}

void number_map_clear(struct number_map *map)
{
    free(map->slots);
    *map = (struct number_map){.slots = NULL};
}
