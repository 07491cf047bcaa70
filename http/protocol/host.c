/* SPDX-License-Identifier: BSD-2-Clause */
/* The forms of a host, and which of Host and the target names it. */
#include "http/protocol/host.h"

#include <arpa/inet.h>

#include "pool/annotate.h"

/* IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ), RFC 3986 3.2.2. */
static bool is_future(const char *bytes, size_t length)
{
    size_t at = 1;

    if (length < 4 || http_lower(bytes[0]) != 'v')
        return false;
    while (at < length && http_char_is(bytes[at], HTTP_CHAR_HEX))
        at++;
    if (at == 1 || at + 1 >= length || bytes[at] != '.')
        return false;
    for (at++; at < length; at++)
        if (bytes[at] != ':' && bytes[at] != ',' && !http_char_is(bytes[at], HTTP_CHAR_HOST))
            return false;
    return true;
}

static bool is_ipv6(const char *bytes, size_t length)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (length >= sizeof text || memchr(bytes, '\0', length))
        return false;
    memcpy(text, bytes, length);
    text[length] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1;
}

/* IP-literal (RFC 3986 3.2.2) at the start: its length with the brackets, or 0 if there is none. */
static size_t literal_length(const char *bytes, size_t length, bool *upper)
{
    const char *end = memchr(bytes, ']', length);
    size_t inner;

    if (!end)
        return 0;
    inner = (size_t)(end - bytes) - 1;
    for (size_t i = 1; i <= inner; i++)
        *upper |= bytes[i] >= 'A' && bytes[i] <= 'Z';
    return is_ipv6(bytes + 1, inner) || is_future(bytes + 1, inner) ? inner + 2 : 0;
}

/*
 * reg-name or IPv4 address at the start: its length, or 0 if there is none. Two dots in a row are refused,
 * since names become parts of file names.
 */
static size_t name_length(const char *bytes, size_t length, bool *upper)
{
    size_t at = 0;

    for (;; at++) {
        char byte;

        while (at < length && http_char_is(bytes[at], HTTP_CHAR_DNS))
            at++;
        if (at == length)
            break;
        byte = bytes[at];
        if (byte == ':')
            break;
        if (byte == '.') {
            if (at > 0 && bytes[at - 1] == '.')
                return 0;
        } else if (byte == '%') {
            if (length - at < 3 || !http_char_is(bytes[at + 1], HTTP_CHAR_HEX) ||
                !http_char_is(bytes[at + 2], HTTP_CHAR_HEX))
                return 0;
        } else {
            if (!http_char_is(byte, HTTP_CHAR_HOST))
                return 0;
            *upper |= byte >= 'A' && byte <= 'Z';
        }
    }
    return at;
}

/* port = *DIGIT (RFC 3986 3.2.3), up to 65535. */
static int parse_port(const char *bytes, size_t length, struct http_host *host)
{
    unsigned port = 0;

    for (size_t i = 0; i < length; i++) {
        unsigned digit = (unsigned)bytes[i] - '0';

        if (digit > 9)
            return 400;
        port = port * 10 + digit;
        if (port > UINT16_MAX)
            return 400;
    }
    host->has_port = length > 0;
    host->port = (uint16_t)port;
    return 0;
}

UNGUARDED int http_host_parse(const char *bytes, size_t length, struct http_host *host)
{
    bool literal = length && bytes[0] == '[';
    size_t end;

    *host = (struct http_host){.name = {bytes, 0}};
    if (!length)
        return 400;
    end = literal ? literal_length(bytes, length, &host->upper) : name_length(bytes, length, &host->upper);
    if (!end)
        return 400;
    if (end < length && (bytes[end] != ':' || parse_port(bytes + end + 1, length - end - 1, host)))
        return 400;
    if (!literal && bytes[end - 1] == '.' && --end == 0) /* the root's dot: it does not change the name */
        return 400;
    host->name.length = end;
    return 0;
}

static int refuse_host(struct http_head *head, const char *why)
{
    head->error = why;
    return 400;
}

int http_host_decide(struct http_head *head, struct http_host *host)
{
    const struct http_field *field = http_head_find(head, HTTP_FIELD_HOST);
    struct http_text text;

    *host = (struct http_host){.name = {"", 0}};
    if (!field && head->minor > 0)
        return refuse_host(head, "client sent HTTP/1.1 request without \"Host\" header");
    if (field) {
        text = http_field_value(head, field);
        if (http_head_repeats(head, HTTP_FIELD_HOST))
            return refuse_host(head, "client sent duplicate header line: \"Host\"");
        if (http_host_parse(text.bytes, text.length, host))
            return refuse_host(head, "client sent invalid host header");
    }
    if (head->form != HTTP_TARGET_ABSOLUTE && head->form != HTTP_TARGET_AUTHORITY)
        return 0;
    text = http_head_text(head, head->authority);
    if (http_host_parse(text.bytes, text.length, host) ||
        (head->form == HTTP_TARGET_AUTHORITY && !host->has_port))
        return refuse_host(head, "client sent invalid host in request line");
    return 0;
}

void http_host_lower(struct http_host *host, char *out)
{
    for (size_t i = 0; i < host->name.length; i++)
        out[i] = http_lower(host->name.bytes[i]);
    host->name.bytes = out;
    host->upper = false;
}
