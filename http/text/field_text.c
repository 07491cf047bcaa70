/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks for control bytes first: few texts have any. */
#include "http/text/field_text.h"

#include "http/protocol/uri.h"

static bool breaks(char byte)
{
    return byte == '\r' || byte == '\n' || byte == '\0';
}

bool http_field_clean(struct http_request *request, struct http_text *value)
{
    size_t at = 0;
    char *copy;

    while (at < value->length && !breaks(value->bytes[at]))
        at++;
    if (at == value->length)
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
    size_t length = http_uri_escaped_length(location->bytes, location->length, HTTP_ESCAPE_CONTROLS);
    char *copy;

    if (length == location->length)
        return true;
    copy = pool_nalloc(request->pool, length, "location");
    if (!copy)
        return false;
    (void)http_uri_escape(copy, location->bytes, location->length, HTTP_ESCAPE_CONTROLS);
    *location = (struct http_text){copy, length};
    return true;
}
