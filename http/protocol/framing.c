/* SPDX-License-Identifier: BSD-2-Clause */
/* Transfer-Encoding and Content-Length, Expect, Connection. */
#include "http/protocol/framing.h"
#include "http/protocol/list.h"

/* Whether Connection has the option (in lower case) in any of its lines. */
static bool has_option(const struct http_head *head, const char *option)
{
    const struct http_field *field = http_head_find(head, HTTP_FIELD_CONNECTION);

    for (; field; field = http_head_next(head, field)) {
        struct http_text rest = http_field_value(head, field), member;

        while (list_next(&rest, &member))
            if (http_text_is(member.bytes, member.length, option))
                return true;
    }
    return false;
}

static int refuse_framing(struct http_head *head, int status, const char *why)
{
    head->error = why;
    return status;
}

static bool is_token(struct http_text text)
{
    const char *end = text.bytes + text.length;

    return text.length && http_skip_token(text.bytes, end) == end;
}

/*
 * RFC 9112 6.1, 6.3: 0 if the body is chunked, or the status. A list that ends in chunked but names another
 * coding, or has one other coding alone, is not implemented (501). Any other list leaves the length of the
 * body in doubt (400). An empty list member is allowed elsewhere, but here it could hide a coding from a
 * laxer reader.
 */
static int decide_coding(struct http_head *head)
{
    const char *unknown = "client sent unknown \"Transfer-Encoding\"";
    unsigned codings = 0, chunked = 0;
    bool last_is_chunked = false;
    const struct http_field *field = http_head_find(head, HTTP_FIELD_TRANSFER_ENCODING);

    for (; field; field = http_head_next(head, field)) {
        struct http_text rest = http_field_value(head, field), member;
        bool more;

        do {
            more = list_next_raw(&rest, &member);
            if (!is_token(member))
                return refuse_framing(head, 400, "client sent invalid \"Transfer-Encoding\" header");
            last_is_chunked = http_text_is(member.bytes, member.length, "chunked");
            chunked += last_is_chunked;
            codings++;
        } while (more);
    }
    if (codings == 1 && chunked == 1)
        return 0;
    return refuse_framing(head, codings == 1 || (chunked == 1 && last_is_chunked) ? 501 : 400, unknown);
}

/* RFC 9110 8.6: digits alone. A value above INT64_MAX is valid, and saturates. */
static int parse_length(struct http_head *head, struct http_framing_result *result)
{
    struct http_text value = http_field_value(head, http_head_find(head, HTTP_FIELD_CONTENT_LENGTH));
    const char *end = value.bytes + value.length;
    bool above = false;
    int64_t length;

    if (!value.length || http_read_number(value.bytes, end, &length, &above) != end)
        return refuse_framing(head, 400, "client sent invalid \"Content-Length\" header");
    result->content_length = length;
    result->too_large = above;
    return 0;
}

/* RFC 9110 10.1.1: other expectations may be refused; those of an HTTP/1.0 client must be ignored. */
static int decide_expect(struct http_head *head, struct http_framing_result *result)
{
    bool expected = false;
    const struct http_field *field = http_head_find(head, HTTP_FIELD_EXPECT);

    for (; field; field = http_head_next(head, field)) {
        struct http_text rest = http_field_value(head, field), member;

        while (list_next(&rest, &member)) {
            if (!http_text_is(member.bytes, member.length, "100-continue"))
                return refuse_framing(head, 417, "client sent unknown \"Expect\"");
            expected = true;
        }
    }
    result->expect_continue = expected && result->framing != HTTP_FRAMING_NONE;
    return 0;
}

/* RFC 9112 9.3: close wins; HTTP/1.0 must ask for it. */
static bool decide_keep_alive(const struct http_head *head)
{
    const struct http_field *field = http_head_find(head, HTTP_FIELD_CONNECTION);

    if (!field)
        return head->minor > 0;
    /* First the value that nearly every browser sends. */
    if (!http_head_repeats(head, HTTP_FIELD_CONNECTION) &&
        http_text_equal(http_field_value(head, field), HTTP_TEXT("keep-alive")))
        return true;
    if (has_option(head, "close"))
        return false;
    return head->minor > 0 || has_option(head, "keep-alive");
}

/* Framing and Expect, of a head that has one of their fields. */
__attribute__((noinline)) static int decide_body(struct http_head *head, struct http_framing_result *result)
{
    int status = 0;

    if (http_head_has(head, HTTP_FIELD_TRANSFER_ENCODING)) {
        /* RFC 9112 6.1: with a length it may be smuggling; HTTP/1.0 has no codings, so its framing is
         * faulty. */
        if (http_head_has(head, HTTP_FIELD_CONTENT_LENGTH))
            return refuse_framing(head, 400,
                                  "client sent \"Content-Length\" and \"Transfer-Encoding\" headers at the "
                                  "same time");
        if (head->minor == 0)
            return refuse_framing(head, 400,
                                  "client sent HTTP/1.0 request with \"Transfer-Encoding\" header");
        status = decide_coding(head);
        result->framing = status ? HTTP_FRAMING_NONE : HTTP_FRAMING_CHUNKED;
    } else if (http_head_has(head, HTTP_FIELD_CONTENT_LENGTH)) {
        /* RFC 9112 6.3: a repeated length may be refused even where the values agree. */
        if (http_head_repeats(head, HTTP_FIELD_CONTENT_LENGTH))
            return refuse_framing(head, 400, "client sent duplicate header line: \"Content-Length\"");
        status = parse_length(head, result);
        result->framing = status ? HTTP_FRAMING_NONE : HTTP_FRAMING_LENGTH;
    }
    if (!status && head->minor > 0 && http_head_has(head, HTTP_FIELD_EXPECT))
        status = decide_expect(head, result);
    return status;
}

int http_framing_decide(struct http_head *head, struct http_framing_result *result)
{
    const uint64_t fields = UINT64_C(1) << HTTP_FIELD_TRANSFER_ENCODING |
                            UINT64_C(1) << HTTP_FIELD_CONTENT_LENGTH | UINT64_C(1) << HTTP_FIELD_EXPECT;
    int status;

    *result = (struct http_framing_result){.framing = HTTP_FRAMING_NONE, .content_length = -1};
    status = head->present & fields ? decide_body(head, result) : 0;
    result->keep_alive = !status && decide_keep_alive(head);
    return status;
}
