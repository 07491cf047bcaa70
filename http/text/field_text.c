/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/text/field_text.h"

static bool breaks(char byte)
{
    return byte == '\r' || byte == '\n' || byte == '\0';
}

static bool is_control(char byte)
{
    return (unsigned char)byte < ' ' || byte == 0x7f;
}

static size_t count(struct http_text text, bool (*is)(char byte))
{
    size_t found = 0;

    for (size_t i = 0; i < text.length; i++)
        found += is(text.bytes[i]);
    return found;
}

bool http_field_clean(struct http_request *request, struct http_text *value)
{
    char *copy;

    if (!count(*value, breaks))
        return true;
    copy = pool_nalloc(request->pool, value->length, "header");
    if (!copy)
        return false;
    for (size_t i = 0; i < value->length; i++)
        copy[i] = breaks(value->bytes[i]) ? ' ' : value->bytes[i];
    value->bytes = copy;
    return true;
}

bool http_location_clean(struct http_request *request, struct http_text *location)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t escaped = count(*location, is_control);
    char *copy, *to;

    if (!escaped)
        return true;
    copy = to = pool_nalloc(request->pool, location->length + 2 * escaped, "location");
    if (!copy)
        return false;
    for (size_t i = 0; i < location->length; i++) {
        unsigned char byte = (unsigned char)location->bytes[i];

        if (!is_control(location->bytes[i])) {
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
