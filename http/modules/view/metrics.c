/* SPDX-License-Identifier: BSD-2-Clause */
/* The directive and its step; metrics_text.c writes the families. */
#include "http/answer.h"
#include "http/limits.h"
#include "http/modules/view/metrics.h"

#include "http/modules/view/snapshot_answer.h"
#include "http/request.h"

struct metrics_section {
    const void *owner; /* the section that the directive stands in; inherited copies have another address */
};

static enum http_outcome metrics_run(struct http_request *request, void *section)
{
    struct snapshot_query query;

    (void)section;
    if (http_answer_only_get(request) != HTTP_OUTCOME_NEXT)
        return HTTP_OUTCOME_STATUS;
    if (!http_add_header(request, HTTP_TEXT("Cache-Control"), HTTP_TEXT("no-store")))
        return http_no_memory(request);
    snapshot_query_init(&query);
    query.connections = false;
    return http_answer_snapshot(request, &query, metrics_write,
                                HTTP_TEXT("text/plain; version=0.0.4; charset=utf-8"));
}

static int set_metrics(struct conf_setting *setting)
{
    struct metrics_section *section = setting->section;

    section->owner = section;
    return 0;
}

static int metrics_finish(struct http_build *build, struct http_location *location, void *section)
{
    const struct metrics_section *settings = section;
    int result;

    if (settings->owner != section)
        return 0;
    location->looks = true;
    result = http_announce(build, location, "metrics");
    return result ? result : http_add_step(build, HTTP_PHASE_CONTENT, metrics_run, section);
}

static const struct conf_directive directives[] = {
    {"metrics", CONF_LOCATION, .flags = CONF_NO_ARGS, .set = set_metrics,
     "Answers with the counters of this server, as text for Prometheus. Protect it with `allow` and `deny`."},
};

const struct http_module http_metrics_module = {
    .conf = {"metrics", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct metrics_section),
    .finish = metrics_finish,
};
