/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a path with query. What comes out begins with a slash, holds no dot segment and no NUL, is not
 * longer, is unchanged if plain, and comes out the same again when it is escaped and normalised once more.
 * The first byte chooses merge_slashes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/protocol/host.h"
#include "http/protocol/uri.h"
#include "tests/fuzz/check.h"

static char *copy_of(const char *bytes, size_t length)
{
    char *copy = malloc(length + (length == 0));
    CHECK(copy != NULL);
    memcpy(copy, bytes, length);
    return copy;
}

static void check_path(struct http_text path, bool merge_slashes)
{
    CHECK(path.length > 0 && path.bytes[0] == '/');
    CHECK(memchr(path.bytes, '\0', path.length) == NULL);
    for (size_t at = 0; at < path.length; at++) {
        if (path.bytes[at] != '/')
            continue;
        const char *segment = path.bytes + at + 1;
        size_t rest = path.length - at - 1, length = 0;
        while (length < rest && segment[length] != '/')
            length++;
        CHECK(!(length == 1 && segment[0] == '.'));
        CHECK(!(length == 2 && segment[0] == '.' && segment[1] == '.'));
        CHECK(!(merge_slashes && length == 0 && rest > 0));
    }
}

/* Escaped and read again, a path is what it was. */
static void check_again(struct http_text path, bool merge_slashes, enum http_uri_escape how)
{
    size_t length = http_uri_escaped_length(path.bytes, path.length, how);
    char *escaped = malloc(length), *out = malloc(length + 1);
    CHECK(escaped != NULL && out != NULL);
    CHECK(http_uri_escape(escaped, path.bytes, path.length, how) == escaped + length);
    struct http_uri uri;
    if (how == HTTP_ESCAPE_URI) {
        CHECK(http_uri_normalize(escaped, length, out, merge_slashes, &uri) == 0);
        CHECK(uri.path.length == path.length && memcmp(uri.path.bytes, path.bytes, path.length) == 0);
        CHECK(!uri.has_args);
    }
    free(escaped);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    bool merge_slashes = (data[0] & 1) != 0;
    size_t length = size - 1;
    char *in = copy_of((const char *)data + 1, length), *out = malloc(length + 1);
    CHECK(out != NULL);
    struct http_uri uri;
    struct http_host host;
    if (http_uri_normalize(in, length, out, merge_slashes, &uri) == 0) {
        if (uri.plain)
            CHECK(uri.path.bytes == in);
        else
            CHECK(uri.path.bytes == out && uri.path.length <= length + 1);
        if (memchr(in, '\0', length) == NULL) {
            check_path(uri.path, merge_slashes);
            check_again(uri.path, merge_slashes, HTTP_ESCAPE_URI);
            check_again(uri.path, merge_slashes, HTTP_ESCAPE_COMPONENT);
        }
        CHECK(uri.extension.bytes + uri.extension.length == uri.path.bytes + uri.path.length);
        CHECK(uri.args.bytes + uri.args.length == in + length);
    }
    if (http_host_parse(in, length, &host) == 0)
        CHECK(host.name.length > 0 && host.name.length <= length && host.name.bytes == in);
    free(in);
    free(out);
    return 0;
}
