/* SPDX-License-Identifier: BSD-2-Clause */
/* Browsers that cannot keep a connection (keepalive_disable), by their names. */
#include "http/route/keepalive.h"

#include <string.h>

static bool has(struct http_text text, const char *part)
{
    return memmem(text.bytes, text.length, part, strlen(part)) != NULL;
}

/* MSIE 4, 5, and 6 before its second service pack, which closed connections after a POST by themselves. */
static bool is_msie6(struct http_text agent)
{
    const char *at = memmem(agent.bytes, agent.length, "MSIE ", 5), *end = agent.bytes + agent.length;

    if (!at || at + 7 > end || at[6] != '.' || has(agent, "Opera"))
        return false;
    return at[5] == '4' || at[5] == '5' || (at[5] == '6' && !has(agent, "SV1"));
}

static bool is_safari(struct http_text agent)
{
    return has(agent, "Mac OS X") && has(agent, "Safari/") && !has(agent, "Chrome/") && !has(agent, "Gecko/");
}

bool http_keepalive_disabled(const struct http_request *request)
{
    const struct http_field *field = http_head_find(&request->head, HTTP_FIELD_USER_AGENT);
    int disable = request->location->core.keepalive_disable;
    struct http_text agent;

    if (!field)
        return false;
    agent = http_field_value(&request->head, field);
    return ((disable & HTTP_KEEPALIVE_MSIE6) && request->head.method == HTTP_METHOD_POST &&
            is_msie6(agent)) ||
           ((disable & HTTP_KEEPALIVE_SAFARI) && is_safari(agent));
}
