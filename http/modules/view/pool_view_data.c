/* SPDX-License-Identifier: BSD-2-Clause */
/* data asks for a snapshot; events is a viewer of its worker's feed. */
#include "http/answer.h"
#include "http/limits.h"
#include "http/modules/view/pool_view_data.h"

#include <stdio.h>
#include <string.h>

#include "http/modules/view/snapshot_answer.h"
#include "http/modules/view/text_body.h"
#include "http/request.h"
#include "http/driver.h"
#include "http/response.h"
#include "server/watch/history.h"
#include "server/watch/snapshot_feed.h"

/* ---- data ---- */

static enum http_outcome pool_view_ask(struct http_request *request, bool cells)
{
    struct snapshot_query query;
    const char *wrong = snapshot_query_parse(&query, request->args.bytes, request->args.length);

    if (wrong)
        return http_answer_bytes(request, 400, HTTP_TEXT("text/plain"),
                                 (struct http_text){wrong, strlen(wrong)});
    query.cells = cells;
    if (cells)
        query.limit = 0;
    return http_answer_snapshot(request, &query, cells ? snapshot_write_cells : snapshot_write_json,
                                HTTP_TEXT("application/json"));
}

enum http_outcome http_pool_view_data(struct http_request *request)
{
    return pool_view_ask(request, false);
}

enum http_outcome http_pool_view_cells(struct http_request *request)
{
    return pool_view_ask(request, true);
}

enum http_outcome http_pool_view_history(struct http_request *request)
{
    struct text *text = text_create();
    enum http_outcome outcome;

    if (text)
        history_put(text);
    outcome = text && !text->failed ? http_answer_text(request, HTTP_TEXT("application/json"), text)
                                    : http_no_snapshot(request);
    text_put(text);
    return outcome;
}

/* ---- events ---- */

struct viewer {
    struct http_pump pump; /* first: see pump_event */
    struct snapshot_viewer base;
    struct http_request *request;
    struct text_reader reader; /* of the snapshot that it is being sent */
    uint64_t id;               /* of that; 0: its event has begun */
    const char *waits_for;     /* to be told to it; null: nothing */
};

static struct viewer *viewer_of(struct snapshot_viewer *base)
{
    return (struct viewer *)(void *)((char *)base - offsetof(struct viewer, base));
}

static int viewer_begin_event(struct viewer *viewer)
{
    char head[64];
    int length =
        snprintf(head, sizeof head, "event: snapshot\nid: %llu\ndata: ", (unsigned long long)viewer->id);

    viewer->id = 0;
    return http_stream_write(viewer->request, (struct http_text){head, (size_t)length});
}

static int viewer_say_wait(struct viewer *viewer)
{
    char event[128];
    int length = snprintf(event, sizeof event, "event: wait\ndata: %s\n\n", viewer->waits_for);

    viewer->waits_for = NULL;
    return http_stream_write(viewer->request, (struct http_text){event, (size_t)length});
}

static int viewer_write_snapshot(struct viewer *viewer)
{
    int result = viewer->id ? viewer_begin_event(viewer) : 0;

    if (!result)
        result = http_text_write(viewer->request, &viewer->reader);
    if (result || viewer->reader.piece)
        return result;
    text_reader_close(&viewer->reader);
    return http_stream_write(viewer->request, HTTP_TEXT("\n\n"));
}

static bool viewer_pump_event(struct http_request *request, struct http_pump *pump)
{
    struct viewer *viewer = (struct viewer *)(void *)pump;
    int result = 0;

    if (viewer->waits_for)
        result = viewer_say_wait(viewer);
    else if (!viewer->reader.text)
        return false;
    else
        result = viewer_write_snapshot(viewer);
    if (result)
        http_response_cut(request, result);
    return !result;
}

/* Whether it has taken all that it was sent: if not, it misses what comes now. */
static bool viewer_is_ready(const struct viewer *viewer)
{
    const struct http_connection *connection = viewer->request->connection;

    return !connection->base.closed && connection->state == HTTP_STATE_WAITING &&
           !connection->base.output.head && !viewer->reader.text;
}

static void viewer_wait(struct snapshot_viewer *base, const char *why)
{
    struct viewer *viewer = viewer_of(base);

    if (!viewer_is_ready(viewer))
        return;
    viewer->waits_for = why;
    http_resume(viewer->request, HTTP_OUTCOME_TAKEN);
}

static void viewer_show(struct snapshot_viewer *base, struct text *text, uint64_t id)
{
    struct viewer *viewer = viewer_of(base);
    struct http_request *request = viewer->request;

    if (!viewer_is_ready(viewer))
        return;
    if (text) {
        text_reader_open(&viewer->reader, text);
        viewer->id = id;
        http_resume(request, HTTP_OUTCOME_TAKEN);
    } else {
        http_resume(request, http_stream_end(request) ? http_no_memory(request) : HTTP_OUTCOME_ANSWERED);
    }
}

static void viewer_leave(void *data)
{
    struct viewer *viewer = data;

    snapshot_feed_leave(&viewer->base);
    text_reader_close(&viewer->reader);
}

enum http_outcome http_pool_view_events(struct http_request *request)
{
    struct connection *connection = &request->connection->base;
    struct viewer *viewer = pool_calloc(request->pool, sizeof *viewer, "event stream");
    struct text *last;

    request->status = 200;
    request->response.content_type = HTTP_TEXT("text/event-stream");
    if (request->head.method == HTTP_METHOD_HEAD)
        return HTTP_OUTCOME_ANSWERED;
    if (!viewer || !pool_cleanup_add(request->pool, viewer_leave, viewer))
        return http_no_memory(request);
    viewer->pump.run = viewer_pump_event;
    viewer->request = request;
    viewer->base.show = viewer_show;
    viewer->base.wait = viewer_wait;
    if (!snapshot_feed_join(connection->worker, connection->tenure, &viewer->base))
        return http_no_snapshot(request);
    if (http_stream_begin(request) || http_stream_write(request, HTTP_TEXT("retry: 2000\n\n")))
        return http_no_memory(request);
    request->response.pump = &viewer->pump;
    last = snapshot_feed_last(connection->worker, &viewer->id);
    if (last)
        text_reader_open(&viewer->reader, last);
    return HTTP_OUTCOME_TAKEN;
}
