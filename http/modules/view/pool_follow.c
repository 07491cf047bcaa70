/* SPDX-License-Identifier: BSD-2-Clause */
/* follow: the life of a pool as server-sent events. */
#include "http/modules/view/pool_follow.h"

#include <string.h>

#include "http/answer.h"
#include "http/driver.h"
#include "http/limits.h"
#include "http/modules/view/snapshot_answer.h"
#include "http/request.h"
#include "http/response.h"
#include "server/watch/follow.h"
#include "server/watch/text.h"

struct following {
    struct http_pump pump; /* first */
    struct follow_asker asker;
    struct http_request *request;
    bool begun;    /* the stream is */
    bool signs;    /* of life: sent if there is nothing else */
    bool finished; /* the last event has been queued */
};

static void pool_follow_leave(void *data)
{
    follow_leave(&((struct following *)data)->asker);
}

/* Sends pending events, as many as a piece of text holds. */
static bool pool_follow_pump(struct http_request *request, struct http_pump *pump)
{
    struct following *following = (struct following *)(void *)pump;
    struct text_piece piece;
    struct text text;
    int result;

    text_stand_on(&text, &piece);
    while (text.length + FOLLOW_TEXT_MOST < sizeof piece.bytes) {
        size_t before = text.length;

        text_add(&text, "event: pool\ndata: ", 18);
        if (!follow_read(&following->asker, &text)) {
            piece.length = text.length = before;
            break;
        }
        text_add(&text, "\n\n", 2);
    }
    if (!text.length && following->signs)
        text_add(&text, ":\n\n", 3);
    following->signs = false;
    if (!text.length)
        return false;
    result = http_stream_write(request, (struct http_text){piece.bytes, piece.length});
    if (result)
        http_response_cut(request, result);
    return !result;
}

static enum http_outcome pool_follow_refuse(struct http_request *request, enum follow_found found)
{
    const char *why = follow_refusal(found);

    request->response.retry_after = found == FOLLOW_FULL;
    return http_answer_bytes(request,
                             found == FOLLOW_FULL   ? 503
                             : found == FOLLOW_SELF ? 400
                                                    : 404,
                             HTTP_TEXT("text/plain"), (struct http_text){why, strlen(why)});
}

static enum http_outcome pool_follow_begin(struct following *following)
{
    struct http_request *request = following->request;

    request->status = 200;
    request->response.content_type = HTTP_TEXT("text/event-stream");
    if (http_stream_begin(request) || http_stream_write(request, HTTP_TEXT("retry: 2000\n\n")))
        return http_no_memory(request);
    following->begun = true;
    request->response.pump = &following->pump;
    return HTTP_OUTCOME_TAKEN;
}

static enum http_outcome pool_follow_end(struct following *following, const char *why)
{
    struct http_request *request = following->request;
    struct text_piece piece;
    struct text text;

    text_stand_on(&text, &piece);
    text_add(&text, "event: end\ndata: ", 17);
    json_put_open(&text, NULL, '{');
    json_put_text(&text, "why", why);
    json_put_close(&text, '}');
    text_add(&text, "\n\n", 2);
    following->finished = true;
    return http_stream_write(request, (struct http_text){piece.bytes, piece.length}) ||
                   http_stream_end(request)
               ? http_no_memory(request)
               : HTTP_OUTCOME_ANSWERED;
}

/* Decides what to send: nothing yet, a refusal, the next events, a sign of life, or the end. */
static enum http_outcome pool_follow_goes_on(struct following *following)
{
    enum follow_found found = follow_found(&following->asker);
    const char *over;

    if (found == FOLLOW_ASKING)
        return HTTP_OUTCOME_TAKEN;
    if (found != FOLLOW_FOUND)
        return pool_follow_refuse(following->request, found);
    if (!following->begun)
        return pool_follow_begin(following);
    over = follow_over(&following->asker);
    if (over)
        return pool_follow_end(following, over);
    following->signs = true;
    return HTTP_OUTCOME_TAKEN;
}

static void pool_follow_look(struct follow_asker *asker)
{
    struct following *following =
        (struct following *)(void *)((char *)asker - offsetof(struct following, asker));
    const struct http_connection *connection = following->request->connection;

    if (connection->base.closed || connection->state != HTTP_STATE_WAITING || connection->base.output.head ||
        following->finished)
        return;
    http_resume(following->request, pool_follow_goes_on(following));
}

enum http_outcome http_pool_follow(struct http_request *request)
{
    struct connection *connection = &request->connection->base;
    struct following *following;
    struct follow_query query;
    const char *wrong = follow_query_parse(&query, request->args.bytes, request->args.length);

    if (wrong)
        return http_answer_bytes(request, 400, HTTP_TEXT("text/plain"),
                                 (struct http_text){wrong, strlen(wrong)});
    if (request->head.method == HTTP_METHOD_HEAD) {
        request->status = 200;
        request->response.content_type = HTTP_TEXT("text/event-stream");
        return HTTP_OUTCOME_ANSWERED;
    }
    following = pool_calloc(request->pool, sizeof *following, "follow");
    if (!following || !pool_cleanup_add(request->pool, pool_follow_leave, following))
        return http_no_memory(request);
    following->pump.run = pool_follow_pump;
    following->asker.look = pool_follow_look;
    following->request = request;
    if (follow_begin(&following->asker, connection, &query))
        return http_no_snapshot(request);
    return pool_follow_goes_on(following);
}
