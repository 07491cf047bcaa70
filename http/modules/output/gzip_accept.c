/* SPDX-License-Identifier: BSD-2-Clause */
/* Which requests get gzip: what the client accepts, and what the settings say of proxies and browsers. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "http/answer.h"
#include "http/limits.h"
#include "http/modules/output/gzip.h"
#include "http/protocol/coding.h"
#include "http/protocol/date.h"
#include "http/protocol/list.h"
#include "http/route/regex.h"

static bool gzip_text_is(struct http_text text, const char *name)
{
    return text.length == strlen(name) && !strncasecmp(text.bytes, name, text.length);
}

/* Which of these directives Cache-Control has, in all its lines. */
static unsigned gzip_cache_control(const struct http_response *response, bool *found)
{
    static const struct {
        const char *name;
        unsigned bit;
    } words[] = {
        {"no-cache", HTTP_GZIP_NO_CACHE}, {"no-store", HTTP_GZIP_NO_STORE}, {"private", HTTP_GZIP_PRIVATE}};
    unsigned bits = 0;

    for (const struct http_header *header = response->headers; header; header = header->next) {
        struct http_text rest = header->value, member;

        if (!gzip_text_is(header->name, "Cache-Control"))
            continue;
        *found = true;
        while (list_next(&rest, &member))
            for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
                if (gzip_text_is(member, words[i].name))
                    bits |= words[i].bit;
    }
    return bits;
}

/* nginx: one wanted property is enough; Cache-Control, where there is one, decides about the rest. */
static bool gzip_proxied_wants(const struct http_request *request, unsigned wanted)
{
    const struct http_response *response = &request->response;
    bool controlled = false;
    unsigned control;

    if (wanted & HTTP_GZIP_ANY)
        return true;
    if ((wanted & HTTP_GZIP_AUTH) && http_head_find(&request->head, HTTP_FIELD_AUTHORIZATION))
        return true;
    for (const struct http_header *header = response->headers; header; header = header->next) {
        int64_t when = 0;

        if (!gzip_text_is(header->name, "Expires"))
            continue;
        /* An invalid date counts as past (RFC 9111 5.3). */
        if ((wanted & HTTP_GZIP_EXPIRED) &&
            (!http_date_parse(header->value.bytes, header->value.length, &when) ||
             when < (int64_t)http_now(request)))
            return true;
    }
    control = gzip_cache_control(response, &controlled);
    if (controlled)
        return (control & wanted) != 0;
    return ((wanted & HTTP_GZIP_NO_LAST_MODIFIED) && response->last_modified < 0) ||
           ((wanted & HTTP_GZIP_NO_ETAG) && !response->etag.length);
}

bool http_gzip_accepted(const struct http_request *request, const struct http_gzip *settings)
{
    const struct http_field *agent;

    if (request->head.minor < settings->http_minor || !http_coding_accepted(&request->head, "gzip"))
        return false;
    if (http_head_find(&request->head, HTTP_FIELD_VIA) && !gzip_proxied_wants(request, settings->proxied))
        return false;
    agent = settings->disable ? http_head_find(&request->head, HTTP_FIELD_USER_AGENT) : NULL;
    for (const struct http_gzip_disable *one = settings->disable; agent && one; one = one->next) {
        struct http_text captures[HTTP_CAPTURES];
        unsigned count;

        switch (http_regex_match(one->agent, http_field_value(&request->head, agent), captures, &count)) {
        case HTTP_REGEX_NO_MATCH:
            break;
        case HTTP_REGEX_FAILED:
            http_log_gave_up(request);
            return false; /* every client reads what is not compressed */
        case HTTP_REGEX_MATCH:
            return false;
        }
    }
    return true;
}

int http_gzip_vary(struct http_request *request, const struct http_gzip *settings)
{
    if (!settings->vary)
        return 0;
    for (const struct http_header *header = request->response.headers; header; header = header->next)
        if (gzip_text_is(header->name, "Vary") && gzip_text_is(header->value, "Accept-Encoding"))
            return 0;
    return http_add_header(request, HTTP_TEXT("Vary"), HTTP_TEXT("Accept-Encoding")) ? 0 : -ENOMEM;
}
