/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "http/protocol/framing.h"
#include "http/protocol/list.h"

bool http_list_has(const struct http_head *head, enum http_field_id id, const char *token)
{
    for (const struct http_field *field = http_head_find(head, id); field;
         field = http_head_next(head, field)) {
        struct http_text rest = http_field_value(head, field), member;
        while (list_next(&rest, &member)) {
            if (http_text_is(member.bytes, member.length, token))
                return true;
        }
    }
    return false;
}

static bool is_token(struct http_text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (!http_char_is(text.bytes[i], HTTP_CHAR_TOKEN))
            return false;
    }
    return text.length > 0;
}

/*
 * RFC 9112 6.1, 6.3: 0 if the body is chunked, or the status. What ends in chunked but names another coding,
 * or is one other coding alone, is understood and not implemented (501); anything else leaves the length of
 * the body in doubt (400). An empty list member is no fault elsewhere, but here it hides a coding from a
 * laxer reader.
 */
static int decide_coding(const struct http_head *head)
{
    unsigned codings = 0, chunked = 0;
    bool last_is_chunked = false;
    const struct http_field *field = http_head_find(head, HTTP_FIELD_TRANSFER_ENCODING);
    for (; field; field = http_head_next(head, field)) {
        struct http_text rest = http_field_value(head, field), member;
        bool more;
        do {
            more = list_next_raw(&rest, &member);
            if (!is_token(member))
                return 400;
            last_is_chunked = http_text_is(member.bytes, member.length, "chunked");
            chunked += last_is_chunked;
            codings++;
        } while (more);
    }
    if (codings == 1)
        return chunked == 1 ? 0 : 501;
    return chunked == 1 && last_is_chunked ? 501 : 400;
}

/* RFC 9110 8.6: digits alone. A value above INT64_MAX is as valid as any and saturates. */
static int parse_length(struct http_text value, struct http_framing_result *result)
{
    if (value.length == 0)
        return 400;
    int64_t length = 0;
    for (size_t i = 0; i < value.length; i++) {
        int digit = value.bytes[i] - '0';
        if (digit < 0 || digit > 9)
            return 400;
        if (__builtin_mul_overflow(length, 10, &length) || __builtin_add_overflow(length, digit, &length)) {
            result->too_large = true;
            length = INT64_MAX;
        }
    }
    result->content_length = result->too_large ? INT64_MAX : length;
    return 0;
}

/* RFC 9110 10.1.1: other expectations may be refused; those of an HTTP/1.0 client must be ignored. */
static int decide_expect(const struct http_head *head, struct http_framing_result *result)
{
    bool expected = false;
    const struct http_field *field = http_head_find(head, HTTP_FIELD_EXPECT);
    for (; field; field = http_head_next(head, field)) {
        struct http_text rest = http_field_value(head, field), member;
        while (list_next(&rest, &member)) {
            if (!http_text_is(member.bytes, member.length, "100-continue"))
                return 417;
            expected = true;
        }
    }
    result->expect_continue = expected && result->framing != HTTP_FRAMING_NONE;
    return 0;
}

/* RFC 9112 9.3: close wins; HTTP/1.0 must ask for it. */
static bool decide_keep_alive(const struct http_head *head)
{
    if (!http_head_has(head, HTTP_FIELD_CONNECTION))
        return head->minor > 0;
    /* What nearly every browser sends, before the list is taken apart. */
    struct http_text value = http_field_value(head, http_head_find(head, HTTP_FIELD_CONNECTION));
    if (!http_head_repeats(head, HTTP_FIELD_CONNECTION) && value.length == 10 &&
        memcmp(value.bytes, "keep-alive", 10) == 0)
        return true;
    if (http_list_has(head, HTTP_FIELD_CONNECTION, "close"))
        return false;
    return head->minor > 0 || http_list_has(head, HTTP_FIELD_CONNECTION, "keep-alive");
}

int http_framing_decide(const struct http_head *head, struct http_framing_result *result)
{
    *result = (struct http_framing_result){.framing = HTTP_FRAMING_NONE, .content_length = -1};
    if (http_head_has(head, HTTP_FIELD_TRANSFER_ENCODING)) {
        /* RFC 9112 6.1: with a length it is an attempt at smuggling; HTTP/1.0 has no codings, its framing is
         * faulty. */
        if (http_head_has(head, HTTP_FIELD_CONTENT_LENGTH) || head->minor == 0)
            return 400;
        int status = decide_coding(head);
        if (status != 0)
            return status;
        result->framing = HTTP_FRAMING_CHUNKED;
    } else if (http_head_has(head, HTTP_FIELD_CONTENT_LENGTH)) {
        /* RFC 9112 6.3: a repeated length may be refused even where the values agree. */
        if (http_head_repeats(head, HTTP_FIELD_CONTENT_LENGTH))
            return 400;
        const struct http_field *field = http_head_find(head, HTTP_FIELD_CONTENT_LENGTH);
        int status = parse_length(http_field_value(head, field), result);
        if (status != 0)
            return status;
        result->framing = HTTP_FRAMING_LENGTH;
    }
    if (head->minor > 0 && http_head_has(head, HTTP_FIELD_EXPECT)) {
        int status = decide_expect(head, result);
        if (status != 0)
            return status;
    }
    result->keep_alive = decide_keep_alive(head);
    return 0;
}
