// Replays the files named as arguments through a fuzz target, without libFuzzer: for gdb, for
// valgrind and for compilers that have no fuzzer. Exit 2 when a file cannot be read.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_INPUT = 1024 * 1024 };

int main(int argument_count, char **arguments)
{
    uint8_t *buffer = malloc(MOST_INPUT);
    if (buffer == NULL) {
        return 2;
    }
    for (int i = 1; i < argument_count; i++) {
        FILE *file = fopen(arguments[i], "rb");
        if (file == NULL) {
            perror(arguments[i]);
            free(buffer);
            return 2;
        }
        const size_t size = fread(buffer, 1, MOST_INPUT, file);
        (void)fclose(file);
        // A block of exactly this size, so that a sanitizer sees a read behind its end.
        uint8_t *input = malloc(size > 0 ? size : 1);
        if (input == NULL) {
            free(buffer);
            return 2;
        }
        for (size_t j = 0; j < size; j++) {
            input[j] = buffer[j];
        }
        (void)LLVMFuzzerTestOneInput(input, size);
        free(input);
        printf("%s: %zu bytes\n", arguments[i], size);
    }
    free(buffer);
    return 0;
}
