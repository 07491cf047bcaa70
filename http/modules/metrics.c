/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/modules/metrics.h"

#include "http/flow.h"
#include "server/ev_memory.h"
#include "server/snapshot.h"

struct metrics_section {
    const void *owner; /* the section that the directive stood in: a copy of it elsewhere is not ours */
};

/* A request that waits for a snapshot. */
struct scrape {
    struct http_request *request;
    struct snapshot *snapshot; /* null: it is done */
};

static void client_has_left(void *data)
{
    struct scrape *scrape = data;

    snapshot_cancel(scrape->snapshot);
}

static enum http_outcome no_memory(struct http_request *request)
{
    http_log(request, LOG_LEVEL_ERROR, 0, "no memory for a snapshot");
    request->response.retry_after = true;
    request->status = 503;
    return HTTP_STATUS;
}

static enum http_outcome answer(struct http_request *request, const struct text *text)
{
    request->status = 200;
    request->response.content_type = HTTP_TEXT("text/plain; version=0.0.4; charset=utf-8");
    request->response.content_length = (int64_t)text->length;
    if (!http_add_header(request, HTTP_TEXT("Cache-Control"), HTTP_TEXT("no-store")) ||
        http_stream_begin(request))
        return http_no_memory(request);
    for (const struct text_piece *piece = text->first; piece; piece = piece->next)
        if (http_stream_write(request, (struct http_text){piece->bytes, piece->length}))
            return http_no_memory(request);
    return http_stream_end(request) ? http_no_memory(request) : HTTP_ANSWERED;
}

static void on_done(void *data, struct text *text)
{
    struct scrape *scrape = data;
    struct http_request *request = scrape->request;

    scrape->snapshot = NULL;
    if (!request->connection->base.closed)
        http_resume(request, text ? answer(request, text) : no_memory(request));
}

static enum http_outcome run(struct http_request *request, void *section)
{
    struct connection *base = &request->connection->base;
    struct snapshot_query query;
    struct scrape *scrape;

    (void)section;
    if (request->head.method != HTTP_GET && request->head.method != HTTP_HEAD) {
        request->response.allow = HTTP_TEXT("GET, HEAD");
        request->status = 405;
        return HTTP_STATUS;
    }
    scrape = pool_calloc(request->pool, sizeof *scrape, "metrics");
    if (!scrape || !pool_cleanup_add(request->pool, client_has_left, scrape))
        return http_no_memory(request);
    scrape->request = request;
    snapshot_query_init(&query);
    query.connections = false;
    if (ev_memory_reserve(base->io.fd)) /* for the snapshot's timer */
        scrape->snapshot = snapshot_ask(base->worker, &query, metrics_write, on_done, scrape);
    return scrape->snapshot ? HTTP_TAKEN : no_memory(request);
}

static int set_metrics(struct conf_setting *setting)
{
    struct metrics_section *section = setting->section;

    section->owner = section;
    return 0;
}

static int finish(struct http_build *build, struct http_location *location, void *section)
{
    const struct metrics_section *settings = section;

    (void)location;
    return settings->owner == section ? http_add_step(build, HTTP_PHASE_CONTENT, run, section) : 0;
}

static const struct conf_directive directives[] = {
    {"metrics", CONF_LOCATION, 0, 0, 0, set_metrics, 0, NULL, NULL,
     "What this server counts, as text for Prometheus. To be protected with allow and deny."},
};

const struct http_module http_metrics_module = {
    .conf = {"metrics", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct metrics_section),
    .finish = finish,
};
