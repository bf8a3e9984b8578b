// spi_table.h - finds the SA for an SPI: a hash table with open addressing, so that a lookup
// usually touches one cache line.
#ifndef REFGW_ESP_SPI_TABLE_H
#define REFGW_ESP_SPI_TABLE_H

#include "refgw/base/bytes.h"

struct spi_entry {
    uint32_t spi; // 0: empty, it is never an SPI on the wire (RFC 4303, section 2.1)
    void *value;  // borrowed
};

// A zeroed struct is an empty table.
struct spi_table {
    struct spi_entry *entries;
    size_t capacity; // a power of two, or 0
    size_t count;
};

void spi_table_clear(struct spi_table *table);
// False when the SPI is 0 or taken, or memory runs out; the table is unchanged then.
MUST_USE bool spi_table_add(struct spi_table *table, uint32_t spi, void *value);
void spi_table_remove(struct spi_table *table, uint32_t spi);
MUST_USE void *spi_table_find(const struct spi_table *table, uint32_t spi); // or NULL

#endif
