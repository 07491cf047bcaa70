/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges of a file: one is sent as it is, several as multipart/byteranges (RFC 9110 14.6). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "http/answer.h"
#include "http/connection.h"
#include "http/filters.h"
#include "http/protocol/condition.h"
#include "http/protocol/range.h"
#include "http/request.h"
#include "http/text/request_id.h"

enum { PART_HEAD = 160 /* bytes of a part's head without its type: names, boundary, three numbers of 19 */ };

/* What stands before a part; null `range`: behind the last. */
static bool write_part_head(struct http_request *request, struct http_text boundary,
                            const struct http_range *range, struct http_text *head)
{
    struct http_text type = request->response.content_type;
    size_t size = PART_HEAD + type.length, used;
    char *text = pool_nalloc(request->pool, size, "ranges");

    if (!text)
        return false;
    used = (size_t)snprintf(text, size, "\r\n--%.*s%s", (int)boundary.length, boundary.bytes,
                            range ? "" : "--\r\n");
    if (range && type.length)
        used += (size_t)snprintf(text + used, size - used, "\r\nContent-Type: %.*s", (int)type.length,
                                 type.bytes);
    if (range)
        used += (size_t)snprintf(text + used, size - used, "\r\nContent-Range: bytes %lld-%lld/%lld\r\n\r\n",
                                 (long long)range->first, (long long)range->last,
                                 (long long)request->response.content_length);
    *head = (struct http_text){text, used};
    return true;
}

/* The heads of the parts are written now, since the whole length must be known; the parts are read later. */
static int take_several(struct http_request *request, const struct http_range *ranges, unsigned count)
{
    static const char multipart[] = "multipart/byteranges; boundary=";
    const struct connection *connection = &request->connection->base;
    struct http_response *response = &request->response;
    struct http_part *parts = pool_array(request->pool, count + 1, sizeof *parts, "ranges");
    char *type = pool_nalloc(request->pool, sizeof multipart + HTTP_BOUNDARY_LENGTH, "ranges"), *digits;
    struct http_text boundary;
    int64_t total = 0;

    if (!parts || !type)
        return -ENOMEM;
    digits = stpcpy(type, multipart);
    boundary = (struct http_text){digits, HTTP_BOUNDARY_LENGTH};
    http_boundary_write(connection->number, connection->requests, digits);
    for (unsigned i = 0; i <= count; i++) {
        parts[i] = (struct http_part){.size = 0};
        if (i < count) {
            parts[i].offset = response->offset + ranges[i].first;
            parts[i].size = ranges[i].last - ranges[i].first + 1;
        }
        if (!write_part_head(request, boundary, i < count ? &ranges[i] : NULL, &parts[i].before))
            return -ENOMEM;
        total += (int64_t)parts[i].before.length + parts[i].size;
    }
    response->content_type = (struct http_text){type, sizeof multipart - 1 + HTTP_BOUNDARY_LENGTH};
    response->content_length = total;
    response->left = 0;
    response->part = parts;
    response->piecewise = true;
    return 0;
}

static int refuse(struct http_request *request)
{
    int64_t size = request->response.content_length;

    (void)http_answer_status(request, 416);
    request->response.range_size = size;
    return 0;
}

static unsigned count_commas(struct http_text value)
{
    unsigned count = 0;

    for (size_t i = 0; i < value.length; i++)
        count += value.bytes[i] == ',';
    return count;
}

int http_ranges_take(struct http_request *request)
{
    const struct http_field *field = http_head_find(&request->head, HTTP_FIELD_RANGE);
    struct http_response *response = &request->response;
    struct http_validators validators = {.etag = response->etag, .last_modified = response->last_modified};
    int64_t most = request->location->core.max_ranges;
    struct http_range one, *ranges = &one;
    struct http_text value;
    unsigned count;

    /* RFC 9110 14.2: of other methods than GET it must be ignored; two lines together are not a valid
     * value. */
    if (!field || !most || request->head.method != HTTP_METHOD_GET ||
        http_head_repeats(&request->head, HTTP_FIELD_RANGE) ||
        !http_condition_range(&request->head, &validators))
        return 0;
    value = http_field_value(&request->head, field);
    if (count_commas(value) < most)
        most = count_commas(value) + 1;
    if (most > 1) {
        ranges = pool_array(request->pool, (size_t)most, sizeof *ranges, "ranges");
        if (!ranges)
            return -ENOMEM;
    }
    switch (http_range_parse(value, response->content_length, ranges, (unsigned)most, &count)) {
    case HTTP_RANGE_NONE:
        return 0;
    case HTTP_RANGE_UNSATISFIABLE:
        return refuse(request);
    case HTTP_RANGE_OK:
        break;
    }
    request->status = 206;
    request->route.final_status = 0; /* error_page's =200 is for the whole file */
    if (count > 1)
        return take_several(request, ranges, count);
    response->offset += ranges->first;
    response->range_first = ranges->first;
    response->range_size = response->content_length;
    response->content_length = ranges->last - ranges->first + 1;
    response->left = (uint64_t)response->content_length;
    return 0;
}
