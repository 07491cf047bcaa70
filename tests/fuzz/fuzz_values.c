/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as the value of a field that a client sends: dates, entity tags, ranges, codings. A date that
 * is read is written and read again as the same; ranges lie inside the file and are no more bytes than it
 * has; a tag that is listed is there; so is a coding. The first two bytes choose the size of the file and
 * how many ranges there may be.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/protocol/coding.h"
#include "http/protocol/date.h"
#include "http/protocol/etag.h"
#include "http/protocol/framing.h"
#include "http/protocol/range.h"
#include "tests/fuzz/check.h"

enum { RANGES = 8 };

static void check_date(struct http_text value)
{
    int64_t seconds, again;
    char text[HTTP_DATE_LENGTH + 1];

    if (!http_date_parse(value.bytes, value.length, &seconds))
        return;
    http_date_format(seconds, text);
    CHECK(http_date_parse(text, HTTP_DATE_LENGTH, &again) && again == seconds);
}

static void check_ranges(struct http_text value, int64_t size, unsigned capacity)
{
    struct http_range ranges[RANGES];
    unsigned count;
    int64_t total = 0;

    if (http_range_parse(value, size, ranges, capacity, &count) != HTTP_RANGE_OK)
        return;
    CHECK(count > 0 && count <= capacity);
    for (unsigned i = 0; i < count; i++) {
        CHECK(ranges[i].first >= 0 && ranges[i].first <= ranges[i].last && ranges[i].last < size);
        total += ranges[i].last - ranges[i].first + 1;
    }
    CHECK(total <= size);
}

static void check_tags(struct http_text value)
{
    static const struct http_text tag = {"\"a-1\"", 5};
    bool found = memmem(value.bytes, value.length, tag.bytes, tag.length) != NULL ||
                 memchr(value.bytes, '*', value.length) != NULL;

    CHECK(!http_etag_listed(value, tag, true) || found);
    CHECK(!http_etag_listed(value, tag, false) || http_etag_listed(value, tag, true));
}

/* A head that has the value in these fields, as the parser would have made it. */
static void check_lists(struct http_text value)
{
    struct http_field fields[] = {{.value_length = (uint32_t)value.length, .id = HTTP_FIELD_ACCEPT_ENCODING},
                                  {.value_length = (uint32_t)value.length, .id = HTTP_FIELD_CONNECTION}};
    struct http_head head = {.fields = fields, .field_count = 2, .field_capacity = 2, .buffer_count = 1};
    struct http_framing_result result;
    bool gzip = false;

    head.buffers[0] = value.bytes;
    for (unsigned i = 0; i < 2; i++) {
        head.present |= UINT64_C(1) << fields[i].id;
        head.first[fields[i].id] = (uint16_t)i;
    }
    for (size_t at = 0; at + 4 <= value.length; at++)
        gzip |= http_text_is(value.bytes + at, 4, "gzip");
    CHECK(!http_coding_accepted(&head, "gzip") || gzip);
    (void)http_framing_decide(&head, &result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t length = size - 2;
    char *copy = malloc(length + (length == 0));
    CHECK(copy != NULL);
    memcpy(copy, data + 2, length);
    struct http_text value = {copy, length};
    check_date(value);
    check_ranges(value, data[0] == 255 ? INT64_MAX : data[0], data[1] % (RANGES + 1));
    check_tags(value);
    check_lists(value);
    free(copy);
    return 0;
}
