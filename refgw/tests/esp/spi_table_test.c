// The table against an array, with few different SPIs so that runs collide and wrap.
#include "refgw/esp/spi_table.h"
#include "harness/tap/tap.h"
#include "refgw/crypto/scripted/deterministic_random.h"

#include <string.h>

enum { SPI_COUNT = 200, STEPS = 20000 };

static bool holds_what_was_put_in(uint64_t seed)
{
    static uint8_t values[SPI_COUNT];
    bool is_there[SPI_COUNT] = {false};
    struct spi_table table = {0};
    struct deterministic_random random;
    bool same = true;
    deterministic_random_init(&random, seed);
    for (unsigned step = 0; same && step < STEPS; step++) {
        const size_t index = deterministic_random_next(&random) % SPI_COUNT;
        const uint32_t spi = (uint32_t)(256 + index * 0x01000001U);
        // Phases of growing and of shrinking.
        if (deterministic_random_next(&random) % 8 < (step / 1000 % 2 == 0 ? 6U : 2U)) {
            same = spi_table_add(&table, spi, &values[index]) == !is_there[index];
            is_there[index] = true;
        } else {
            spi_table_remove(&table, spi);
            is_there[index] = false;
        }
        for (size_t i = 0; same && i < SPI_COUNT; i++) {
            void *found = spi_table_find(&table, (uint32_t)(256 + i * 0x01000001U));
            same = found == (is_there[i] ? &values[i] : NULL);
        }
    }
    spi_table_clear(&table);
    return same;
}

static void behaves_like_an_array(void)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        ok(holds_what_was_put_in(seed), "holds exactly what was put in (%u)", (unsigned)seed);
    }
}

static void knows_no_spi_zero(void)
{
    struct spi_table table = {0};
    uint8_t value;
    ok(spi_table_find(&table, 0) == NULL && spi_table_find(&table, 256) == NULL,
       "an empty table finds nothing");
    ok(!spi_table_add(&table, 0, &value), "0 cannot be added");
    ok(spi_table_add(&table, 256, &value) && spi_table_find(&table, 0) == NULL,
       "0 is not found beside another");
    spi_table_remove(&table, 0);
    spi_table_remove(&table, 999);
    ok(spi_table_find(&table, 256) == &value && table.count == 1,
       "removing what is not there removes nothing");
    spi_table_clear(&table);
}

int main(void)
{
    behaves_like_an_array();
    knows_no_spi_zero();
    return done_testing();
}
