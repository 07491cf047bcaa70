/* SPDX-License-Identifier: BSD-2-Clause */
/* Members of Accept-Encoding with their weights. */
#include "http/protocol/coding.h"
#include "http/protocol/list.h"

/* weight = OWS ";" OWS "q=" qvalue (RFC 9110 12.4.2), behind its semicolon: whether it is above 0. */
static bool is_above_zero(struct http_text weight)
{
    if (weight.length < 3 || http_lower(weight.bytes[0]) != 'q' || weight.bytes[1] != '=')
        return false;
    for (size_t i = 2; i < weight.length; i++)
        if (weight.bytes[i] >= '1' && weight.bytes[i] <= '9')
            return true;
    return false;
}

static bool names(struct http_text member, const char *coding)
{
    const char *end = member.bytes + member.length, *semicolon = memchr(member.bytes, ';', member.length);
    struct http_text name = {member.bytes, (size_t)((semicolon ? semicolon : end) - member.bytes)};

    name = list_trim(name);
    if (!http_text_is(name.bytes, name.length, coding))
        return false;
    return !semicolon ||
           is_above_zero(list_trim((struct http_text){semicolon + 1, (size_t)(end - semicolon) - 1}));
}

bool http_coding_accepted(const struct http_head *head, const char *coding)
{
    const struct http_field *field = http_head_find(head, HTTP_FIELD_ACCEPT_ENCODING);

    for (; field; field = http_head_next(head, field)) {
        struct http_text rest = http_field_value(head, field), member;

        while (list_next(&rest, &member))
            if (names(member, coding))
                return true;
    }
    return false;
}
