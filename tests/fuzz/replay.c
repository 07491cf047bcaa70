/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for libFuzzer's engine: hands each file that is named to a target, once (`make cover-fuzz`). */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { INPUT_MAX = 1 << 20 };

int LLVMFuzzerInitialize(int *count, char ***arguments) __attribute__((weak));
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In memory of just its size, so that a read behind it is seen. */
static int replay(const char *name)
{
    static uint8_t bytes[INPUT_MAX];
    FILE *file = fopen(name, "rb");
    uint8_t *input;
    size_t size;

    if (!file)
        return -1;
    size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    input = malloc(size ? size : 1);
    if (!input)
        return -1;
    for (size_t i = 0; i < size; i++)
        input[i] = bytes[i];
    (void)LLVMFuzzerTestOneInput(input, size);
    free(input);
    return 0;
}

int main(int count, char **arguments)
{
    if (LLVMFuzzerInitialize && LLVMFuzzerInitialize(&count, &arguments))
        return 1;
    for (int i = 1; i < count; i++)
        if (replay(arguments[i])) {
            perror(arguments[i]);
            return 1;
        }
    return 0;
}
