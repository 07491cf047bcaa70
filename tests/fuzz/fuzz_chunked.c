/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a chunked body. The first byte says how they are cut: whole and cut they yield the same data
 * and the same end, and data lies inside the input.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/protocol/chunked.h"
#include "tests/fuzz/check.h"

struct decoded {
    char *bytes;
    size_t length;
    size_t consumed;
    enum http_chunked_result result;
};

/* Decodes in parts of `step` bytes, each in memory of just its size. */
static void decode(struct decoded *decoded, const char *bytes, size_t length, size_t step)
{
    struct http_chunked chunked;
    http_chunked_init(&chunked);
    *decoded = (struct decoded){.bytes = malloc(length + 1), .result = HTTP_CHUNKED_MORE};
    CHECK(decoded->bytes != NULL);
    for (size_t start = 0; start < length && decoded->result == HTTP_CHUNKED_MORE; start += step) {
        size_t part = length - start < step ? length - start : step, at = 0;
        char *in = malloc(part);
        CHECK(in != NULL);
        memcpy(in, bytes + start, part);
        do {
            size_t consumed;
            struct http_text data;
            decoded->result = http_chunked_next(&chunked, in + at, part - at, &consumed, &data);
            CHECK(consumed <= part - at);
            if (decoded->result == HTTP_CHUNKED_DATA) {
                CHECK(data.length > 0 && data.length <= consumed &&
                      data.bytes + data.length == in + at + consumed);
                memcpy(decoded->bytes + decoded->length, data.bytes, data.length);
                decoded->length += data.length;
            }
            at += consumed;
        } while (decoded->result == HTTP_CHUNKED_DATA);
        CHECK(decoded->result != HTTP_CHUNKED_MORE || at == part);
        decoded->consumed += at;
        free(in);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct decoded whole, cut;
    if (size < 2)
        return 0;
    decode(&whole, (const char *)data + 1, size - 1, size - 1);
    decode(&cut, (const char *)data + 1, size - 1, data[0] % 32u + 1);
    CHECK(whole.result == cut.result && whole.consumed == cut.consumed && whole.length == cut.length);
    CHECK(memcmp(whole.bytes, cut.bytes, whole.length) == 0);
    CHECK(whole.length <= whole.consumed);
    free(whole.bytes);
    free(cut.bytes);
    return 0;
}
