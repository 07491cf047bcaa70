/* SPDX-License-Identifier: BSD-2-Clause */
/* The directive, and which part answers below its prefix. */
#include "http/answer.h"
#include "http/limits.h"
#include "http/modules/view/pool_view.h"

#include <string.h>

#include "http/modules/view/pool_follow.h"
#include "http/modules/view/pool_run.h"
#include "http/modules/view/pool_trace.h"
#include "http/modules/view/pool_view_data.h"
#include "http/modules/view/text_body.h"
#include "http/protocol/coding.h"
#include "http/request.h"

struct pool_view_section {
    const void *owner; /* the section that the directive stands in; inherited copies have another address */
    const struct conf_node *node; /* the directive */
};

/* What answers below the prefix, and how. */
struct part {
    struct http_text name;
    enum http_outcome (*answer)(struct http_request *request);
    bool posts; /* it answers POST, instead of GET and HEAD */
};

/* Compressed a page is a third as long, and fits into a small connection_pool_budget. */
static enum http_outcome pool_view_answer_page(struct http_request *request,
                                               const struct pool_view_page *page)
{
    struct http_text type = HTTP_TEXT("text/html; charset=utf-8");

    if (!http_add_header(request, HTTP_TEXT("Content-Security-Policy"), page->policy) ||
        !http_add_header(request, HTTP_TEXT("Referrer-Policy"), HTTP_TEXT("no-referrer")) ||
        !http_add_header(request, HTTP_TEXT("Vary"), HTTP_TEXT("Accept-Encoding")))
        return http_no_memory(request);
    if (!http_coding_accepted(&request->head, "gzip"))
        return http_answer_constant(request, type, page->plain);
    if (!http_add_header(request, HTTP_TEXT("Content-Encoding"), HTTP_TEXT("gzip")))
        return http_no_memory(request);
    return http_answer_constant(request, type, page->gzip);
}

static enum http_outcome pool_view_answer_main(struct http_request *request)
{
    return pool_view_answer_page(request, &pool_view_main);
}

static enum http_outcome pool_view_answer_request(struct http_request *request)
{
    return pool_view_answer_page(request, &pool_view_request);
}

static const struct part parts[] = {
    {{"", 0}, pool_view_answer_main, false},        {{"request", 7}, pool_view_answer_request, false},
    {{"data", 4}, http_pool_view_data, false},      {{"cells", 5}, http_pool_view_cells, false},
    {{"events", 6}, http_pool_view_events, false},  {{"history", 7}, http_pool_view_history, false},
    {{"follow", 6}, http_pool_follow, false},       {{"trace", 5}, http_pool_trace_answer, false},
    {{"run/hello", 9}, http_pool_run_hello, false}, {{"run/body", 8}, http_pool_run_body, true},
    {{"run/slow", 8}, http_pool_run_slow, false},
};

static const struct part *find_part(struct http_text name)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].name.length == name.length && !memcmp(parts[i].name.bytes, name.bytes, name.length))
            return &parts[i];
    return NULL;
}

static enum http_outcome pool_view_only_post(struct http_request *request)
{
    if (request->head.method == HTTP_METHOD_POST)
        return HTTP_OUTCOME_NEXT;
    request->response.allow = HTTP_TEXT("POST");
    return http_fail_with(request, 405);
}

/* The rest of the path behind the prefix names the part. */
static enum http_outcome pool_view_run(struct http_request *request, void *section)
{
    struct http_text rest = request->path, prefix = request->location->name;
    const struct part *part;

    (void)section;
    if (rest.length + 1 == prefix.length && !memcmp(rest.bytes, prefix.bytes, rest.length))
        return http_answer_slash(request);
    if (rest.length < prefix.length || memcmp(rest.bytes, prefix.bytes, prefix.length) != 0)
        return http_fail_with(request, 404); /* rewritten to a path elsewhere */
    rest.bytes += prefix.length;
    rest.length -= prefix.length;
    if (prefix.bytes[prefix.length - 1] != '/') {
        if (!rest.length)
            return http_answer_slash(request);
        if (*rest.bytes != '/')
            return http_fail_with(request, 404);
        rest.bytes++;
        rest.length--;
    }
    part = find_part(rest);
    if (!part)
        return http_fail_with(request, 404);
    if ((part->posts ? pool_view_only_post : http_answer_only_get)(request) != HTTP_OUTCOME_NEXT)
        return HTTP_OUTCOME_STATUS;
    if (!http_add_header(request, HTTP_TEXT("Cache-Control"), HTTP_TEXT("no-store")) ||
        !http_add_header(request, HTTP_TEXT("X-Content-Type-Options"), HTTP_TEXT("nosniff")))
        return http_no_memory(request);
    return part->answer(request);
}

static int set_pool_view(struct conf_setting *setting)
{
    struct pool_view_section *section = setting->section;

    section->owner = section;
    section->node = setting->node;
    return 0;
}

static int pool_view_finish(struct http_build *build, struct http_location *location, void *section)
{
    const struct pool_view_section *settings = section;
    struct conf *conf = http_build_conf(build);
    int result;

    if (settings->owner != section)
        return 0;
    if (location->kind != HTTP_LOCATION_PREFIX && location->kind != HTTP_LOCATION_PREFERRED)
        return conf_fail(conf, settings->node,
                         "\"pool_view\" needs a location with a prefix, such as /pools/");
    location->looks = location->slashes = true;
    result = http_announce(build, location, "pools");
    return result ? result : http_add_step(build, HTTP_PHASE_CONTENT, pool_view_run, section);
}

static const struct conf_directive directives[] = {
    {"pool_view", CONF_LOCATION, .flags = CONF_NO_ARGS | CONF_OURS, .set = set_pool_view,
     "Shows the memory of this server: a page, and below it data, events and trace. Protect it with `allow` "
     "and `deny`."},
};

const struct http_module http_pool_view_module = {
    .conf = {"pool_view", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct pool_view_section),
    .finish = pool_view_finish,
};
