/* SPDX-License-Identifier: BSD-2-Clause */
/* Path, absolute URI, authority or asterisk. */
#include "http/protocol/target.h"

/* Length of "http://" or "https://" at the start, either case (RFC 3986 3.1), or 0. */
static size_t scheme_length(const char *target, size_t length)
{
    if (length >= 7 && http_text_is(target, 7, "http://"))
        return 7;
    if (length >= 8 && http_text_is(target, 8, "https://"))
        return 8;
    return 0;
}

const char *http_target_parse(struct http_head *head, const char *line)
{
    const char *target = line + head->target.offset, *fragment;
    size_t length = head->target.length, skip = 0;

    head->authority = (struct http_span){head->target.offset, 0};
    head->path = (struct http_span){head->target.offset, 0};
    head->unmarked = 1;
    if (head->method == HTTP_METHOD_CONNECT) { /* RFC 9112 3.2.3 */
        head->form = HTTP_TARGET_AUTHORITY;
        head->authority = head->target;
        return NULL;
    }
    if (target[0] == '*' && length == 1) { /* RFC 9112 3.2.4 */
        head->form = HTTP_TARGET_ASTERISK;
        /* An unknown method may ask for it, and gets 501 (RFC 9110 9.1): M-SEARCH *. */
        return head->method == HTTP_METHOD_OPTIONS || head->method == HTTP_METHOD_UNKNOWN
                   ? NULL
                   : "client sent invalid request: the target * with a method other than OPTIONS";
    }

    /* A fragment does not belong in a target (RFC 9112 3.2), but clients send it: dropped, as in nginx. */
    fragment = memchr(target, '#', length);
    if (fragment)
        length = (size_t)(fragment - target);
    if (target[0] == '/') {
        head->form = HTTP_TARGET_ORIGIN;
    } else {
        size_t scheme = scheme_length(target, length);

        if (!scheme)
            return "client sent invalid request: its target is neither a path nor an http URI";
        skip = scheme;
        while (skip < length && target[skip] != '/' && target[skip] != '?')
            skip++;
        head->form = HTTP_TARGET_ABSOLUTE;
        head->authority.offset += (uint32_t)scheme;
        head->authority.length = (uint32_t)(skip - scheme);
    }
    head->path.offset += (uint32_t)skip;
    head->path.length = (uint32_t)(length - skip);
    return NULL;
}
