#include "refgw/iana/number_names.h"

#include <string.h>

const char *number_names_name(struct number_name_table table, unsigned number)
{
    for (size_t i = 0; i < table.count; i++) {
        if (table.rows[i].number == number) {
            return table.rows[i].name;
        }
    }
    return NULL;
}

bool number_names_number(struct number_name_table table, const char *name, unsigned *out_number)
{
    for (size_t i = 0; i < table.count; i++) {
        if (strcmp(table.rows[i].name, name) == 0) {
            *out_number = table.rows[i].number;
            return true;
        }
    }
    return false;
}
