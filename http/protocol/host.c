/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <string.h>

#include "http/protocol/host.h"

/* IP-literal (RFC 3986 3.2.2) at the start: its length with the brackets, or 0 if it is none. IPvFuture is
 * refused. */
static size_t literal_length(const char *bytes, size_t length, bool *upper)
{
    const char *end = memchr(bytes, ']', length);
    if (end == NULL)
        return 0;
    char text[INET6_ADDRSTRLEN];
    size_t inner = (size_t)(end - bytes) - 1;
    if (inner >= sizeof(text) || memchr(bytes + 1, '\0', inner) != NULL)
        return 0;
    memcpy(text, bytes + 1, inner);
    text[inner] = '\0';
    for (size_t i = 0; i < inner; i++)
        *upper |= text[i] >= 'A' && text[i] <= 'Z';
    struct in6_addr address;
    return inet_pton(AF_INET6, text, &address) == 1 ? inner + 2 : 0;
}

/*
 * reg-name or IPv4 address at the start: its length, or 0 if it is none. Two dots in a row are refused, since
 * names end up in paths of files.
 */
static size_t name_length(const char *bytes, size_t length, bool *upper)
{
    size_t at = 0;
    while (at < length && bytes[at] != ':') {
        char byte = bytes[at];
        if (http_char_is(byte, HTTP_CHAR_DNS)) {
            at++;
        } else if (byte == '%') {
            if (length - at < 3 || !http_char_is(bytes[at + 1], HTTP_CHAR_HEX) ||
                !http_char_is(bytes[at + 2], HTTP_CHAR_HEX))
                return 0;
            at++;
        } else {
            if (!http_char_is(byte, HTTP_CHAR_HOST) || (byte == '.' && at > 0 && bytes[at - 1] == '.'))
                return 0;
            *upper |= byte >= 'A' && byte <= 'Z';
            at++;
        }
    }
    return at;
}

/* port = *DIGIT (RFC 3986 3.2.3), up to 65535. */
static int parse_port(const char *bytes, size_t length, struct http_host *host)
{
    unsigned port = 0;
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] < '0' || bytes[i] > '9')
            return 400;
        port = port * 10 + (unsigned)(bytes[i] - '0');
        if (port > UINT16_MAX)
            return 400;
    }
    host->has_port = length > 0;
    host->port = (uint16_t)port;
    return 0;
}

int http_host_parse(const char *bytes, size_t length, struct http_host *host)
{
    *host = (struct http_host){.name = {bytes, 0}};
    if (length == 0)
        return 400;
    bool literal = bytes[0] == '[';
    size_t end =
        literal ? literal_length(bytes, length, &host->upper) : name_length(bytes, length, &host->upper);
    if (end == 0)
        return 400;
    if (end < length) {
        if (bytes[end] != ':' || parse_port(bytes + end + 1, length - end - 1, host) != 0)
            return 400;
    }
    if (!literal && bytes[end - 1] == '.' && --end == 0) /* the root's dot: the same name without it */
        return 400;
    host->name.length = end;
    return 0;
}

int http_host_decide(const struct http_head *head, struct http_host *host)
{
    *host = (struct http_host){.name = {"", 0}};
    const struct http_field *field = http_head_find(head, HTTP_FIELD_HOST);
    if (field == NULL && head->minor > 0)
        return 400;
    if (field != NULL) {
        struct http_text value = http_field_value(head, field);
        if (http_head_repeats(head, HTTP_FIELD_HOST) || http_host_parse(value.bytes, value.length, host) != 0)
            return 400;
    }
    if (head->form != HTTP_TARGET_ABSOLUTE && head->form != HTTP_TARGET_AUTHORITY)
        return 0;
    struct http_text authority = http_head_text(head, head->authority);
    if (http_host_parse(authority.bytes, authority.length, host) != 0)
        return 400;
    return head->form == HTTP_TARGET_AUTHORITY && !host->has_port ? 400 : 0;
}

void http_host_lower(struct http_host *host, char *out)
{
    for (size_t i = 0; i < host->name.length; i++)
        out[i] = http_lower(host->name.bytes[i]);
    host->name.bytes = out;
    host->upper = false;
}
