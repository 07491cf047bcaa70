/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of the preconditions, and If-Range. */
#include "http/protocol/condition.h"
#include "http/protocol/date.h"
#include "http/protocol/etag.h"

/* Whether a list field has the resource's tag; * matches any, since the resource exists. */
static bool lists_tag(const struct http_head *head, enum http_field_id id,
                      const struct http_validators *resource, bool weak)
{
    for (const struct http_field *field = http_head_find(head, id); field;
         field = http_head_next(head, field))
        if (http_etag_listed(http_field_value(head, field), resource->etag, weak))
            return true;
    return false;
}

/* The date in a field; false if it is missing, sent twice or invalid: the field is then ignored (RFC 9110
 * 13.1.3, 13.1.4). */
static bool read_date(const struct http_head *head, enum http_field_id id, int64_t *date)
{
    const struct http_field *field = http_head_find(head, id);
    struct http_text value;

    if (!field || http_head_repeats(head, id))
        return false;
    value = http_field_value(head, field);
    return http_date_parse(value.bytes, value.length, date);
}

/* RFC 9110 13.2.2, steps 1 and 2: whether the resource is in the state that the client expects. */
static bool is_expected_state(const struct http_head *head, const struct http_validators *resource)
{
    int64_t date;

    if (http_head_has(head, HTTP_FIELD_IF_MATCH))
        return lists_tag(head, HTTP_FIELD_IF_MATCH, resource, false);
    if (resource->last_modified >= 0 && read_date(head, HTTP_FIELD_IF_UNMODIFIED_SINCE, &date))
        return resource->last_modified <= date;
    return true;
}

enum http_condition http_condition_evaluate(const struct http_head *head,
                                            const struct http_validators *resource,
                                            enum http_if_modified_since mode)
{
    bool reads = head->method == HTTP_METHOD_GET || head->method == HTTP_METHOD_HEAD, unmodified;
    int64_t date;

    if (!is_expected_state(head, resource))
        return HTTP_CONDITION_FAILED;
    if (http_head_has(head, HTTP_FIELD_IF_NONE_MATCH)) { /* step 3, which excludes step 4 */
        if (!lists_tag(head, HTTP_FIELD_IF_NONE_MATCH, resource, true))
            return HTTP_CONDITION_PASS;
        return reads ? HTTP_CONDITION_NOT_MODIFIED : HTTP_CONDITION_FAILED;
    }
    if (!reads || mode == HTTP_IMS_OFF || resource->last_modified < 0 ||
        !read_date(head, HTTP_FIELD_IF_MODIFIED_SINCE, &date))
        return HTTP_CONDITION_PASS;
    unmodified = mode == HTTP_IMS_EXACT ? resource->last_modified == date : resource->last_modified <= date;
    return unmodified ? HTTP_CONDITION_NOT_MODIFIED : HTTP_CONDITION_PASS;
}

bool http_condition_range(const struct http_head *head, const struct http_validators *resource)
{
    const struct http_field *field = http_head_find(head, HTTP_FIELD_IF_RANGE);
    struct http_text value;
    int64_t date;

    if (!field)
        return true;
    if (http_head_repeats(head, HTTP_FIELD_IF_RANGE))
        return false;
    value = http_field_value(head, field);
    if (value.length > 0 && value.bytes[value.length - 1] == '"')
        return http_etag_equal(value, resource->etag, false);
    return resource->last_modified >= 0 && http_date_parse(value.bytes, value.length, &date) &&
           date == resource->last_modified;
}
