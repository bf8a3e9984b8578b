#include "refgw/esp/spi_table.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 16 };

// SPIs are random, but a peer that counts must not fill one corner: multiply and mix.
static size_t home_of(uint32_t spi, size_t capacity)
{
    const uint32_t mixed = spi * 0x9e3779b1U;
    return (mixed ^ mixed >> 15) & (capacity - 1);
}

void spi_table_clear(struct spi_table *table)
{
    free(table->entries);
    *table = (struct spi_table){0};
}

// The place of the SPI, or the empty one where it would stand. The table is never full.
static size_t find_place(const struct spi_table *table, uint32_t spi)
{
    size_t place = home_of(spi, table->capacity);
    while (table->entries[place].spi != 0 && table->entries[place].spi != spi) {
        place = (place + 1) & (table->capacity - 1);
    }
    return place;
}

static bool grow(struct spi_table *table)
{
    struct spi_table larger = {
        .capacity = table->capacity == 0 ? (size_t)FIRST_CAPACITY : 2 * table->capacity,
        .count = table->count,
    };
    larger.entries = calloc(larger.capacity, sizeof(*larger.entries));
    if (larger.entries == NULL) {
        return false;
    }
    for (size_t i = 0; i < table->capacity; i++) {
        if (table->entries[i].spi != 0) {
            larger.entries[find_place(&larger, table->entries[i].spi)] = table->entries[i];
        }
    }
    free(table->entries);
    *table = larger;
    return true;
}

bool spi_table_add(struct spi_table *table, uint32_t spi, void *value)
{
    if (spi == 0 || spi_table_find(table, spi) != NULL) {
        return false;
    }
    // At most half full, so that runs stay short.
    if (2 * (table->count + 1) > table->capacity && !grow(table)) {
        return false;
    }
    table->entries[find_place(table, spi)] = (struct spi_entry){.spi = spi, .value = value};
    table->count++;
    return true;
}

void spi_table_remove(struct spi_table *table, uint32_t spi)
{
    if (spi == 0 || spi_table_find(table, spi) == NULL) {
        return;
    }
    const size_t mask = table->capacity - 1;
    size_t hole = find_place(table, spi);
    table->entries[hole] = (struct spi_entry){0};
    table->count--;
    // Whatever follows in the run and may stand in the hole moves there.
    for (size_t place = (hole + 1) & mask; table->entries[place].spi != 0;
         place = (place + 1) & mask) {
        const size_t home = home_of(table->entries[place].spi, table->capacity);
        if (((place - home) & mask) >= ((place - hole) & mask)) {
            table->entries[hole] = table->entries[place];
            table->entries[place] = (struct spi_entry){0};
            hole = place;
        }
    }
}

void *spi_table_find(const struct spi_table *table, uint32_t spi)
{
    if (table->capacity == 0 || spi == 0) {
        return NULL;
    }
    const struct spi_entry *entry = &table->entries[find_place(table, spi)];
    return entry->spi == spi ? entry->value : NULL;
}
