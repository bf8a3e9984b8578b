// number_map.h - a hash table from 64-bit numbers (SPIs, ids) to pointers it does not own.
#ifndef REFGW_IKE_NUMBER_MAP_H
#define REFGW_IKE_NUMBER_MAP_H

#include "refgw/base/bytes.h"

struct number_map_slot {
    uint64_t number;
    void *value; // NULL: the slot is empty
};

// A zeroed struct is an empty map.
struct number_map {
    struct number_map_slot *slots;
    size_t capacity; // a power of two, or 0
    size_t count;
};

// False when memory runs out or the number is taken; the map is unchanged then.
MUST_USE bool number_map_add(struct number_map *map, uint64_t number, void *value);
// NULL when the number is not there.
MUST_USE void *number_map_find(const struct number_map *map, uint64_t number);
// Does nothing when the number is not there.
void number_map_remove(struct number_map *map, uint64_t number);
void number_map_clear(struct number_map *map);

#endif
