// number_names.h - searching a table of registry numbers and names.
#ifndef REFGW_IANA_NUMBER_NAMES_H
#define REFGW_IANA_NUMBER_NAMES_H

#include "refgw/base/bytes.h"

struct number_name {
    unsigned number;
    const char *name;
};

struct number_name_table {
    const struct number_name *rows;
    size_t count;
};

#define NUMBER_NAMES(array) \
    ((struct number_name_table){.rows = (array), .count = sizeof(array) / sizeof((array)[0])})

// The name of the first row with this number, or NULL.
MUST_USE const char *number_names_name(struct number_name_table table, unsigned number);
// The number of the row with this name (case-sensitive); false when there is none.
MUST_USE bool number_names_number(struct number_name_table table, const char *name,
                                  unsigned *out_number);

#endif
