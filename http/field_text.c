/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/field_text.h"

#include <string.h>

#include "http/protocol/fields.h"

static size_t count_odd(struct http_text text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.length; i++)
        count += !http_char_is(text.bytes[i], HTTP_CHAR_VALUE);
    return count;
}

bool http_field_clean(struct http_request *request, struct http_text *value)
{
    char *copy;

    if (!count_odd(*value))
        return true;
    copy = pool_nalloc(request->pool, value->length, "header");
    if (!copy)
        return false;
    for (size_t i = 0; i < value->length; i++)
        copy[i] = http_char_is(value->bytes[i], HTTP_CHAR_VALUE) ? value->bytes[i] : ' ';
    value->bytes = copy;
    return true;
}

bool http_location_clean(struct http_request *request, struct http_text *location)
{
    static const char digits[] = "0123456789ABCDEF";
    char *copy, *to;

    if (!count_odd(*location) && !memchr(location->bytes, '\t', location->length))
        return true;
    copy = to = pool_nalloc(request->pool, 3 * location->length, "location");
    if (!copy)
        return false;
    for (size_t i = 0; i < location->length; i++) {
        unsigned char byte = (unsigned char)location->bytes[i];

        if (byte >= ' ' && byte != 0x7f) {
            *to++ = (char)byte;
            continue;
        }
        *to++ = '%';
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
    }
    *location = (struct http_text){copy, (size_t)(to - copy)};
    return true;
}
