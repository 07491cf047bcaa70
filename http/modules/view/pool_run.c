/* SPDX-License-Identifier: BSD-2-Clause */
/* run/: requests that the page can send, so that there is a pool to watch. */
#include "http/modules/view/pool_run.h"

#include <stdio.h>
#include <string.h>

#include "http/answer.h"
#include "http/limits.h"
#include "http/pace.h"
#include "http/response.h"
#include "http/upload.h"

#define RUN_RATE                                                                                             \
    "1m" /* bytes a second, as from a slow client, whose slowness the kernel's buffers would hide */

enum { RUN_SLOW = 4 * 1024 * 1024 /* bytes of the long answer */, RUN_PIECE = 16 * 1024 };

/* With "?close" the connection closes after the answer: a page cannot ask for that itself. */
enum http_outcome http_pool_run_hello(struct http_request *request)
{
    if (request->args.length == 5 && !memcmp(request->args.bytes, "close", 5))
        request->keep_alive = false;
    return http_answer_bytes(request, 200, HTTP_TEXT("text/plain"), HTTP_TEXT("hello\n"));
}

static enum http_outcome pool_run_received(struct http_request *request)
{
    char *text = pool_nalloc(request->pool, 40, "count of bytes");
    int length;

    if (!text)
        return http_no_memory(request);
    length = snprintf(text, 40, "%llu bytes\n", (unsigned long long)request->body.received);
    return http_answer_bytes(request, 200, HTTP_TEXT("text/plain"), (struct http_text){text, (size_t)length});
}

static enum http_outcome pool_run_whole(struct http_request *request, const struct http_upload *upload)
{
    (void)upload;
    return pool_run_received(request);
}

/* What does not fit into client_body_buffer_size is counted and dropped. */
static enum http_outcome pool_run_drop(struct http_request *request, struct http_text bytes, bool last)
{
    (void)bytes;
    return last ? pool_run_received(request) : HTTP_OUTCOME_TAKEN;
}

enum http_outcome http_pool_run_body(struct http_request *request)
{
    return http_upload_read(request, pool_run_whole, pool_run_drop);
}

struct long_answer {
    struct http_pump pump; /* first */
    uint32_t left;         /* bytes */
};

/* A piece at a time, as the client takes it. */
static bool pool_run_pump(struct http_request *request, struct http_pump *pump)
{
    struct long_answer *answer = (struct long_answer *)(void *)pump;
    char piece[RUN_PIECE];
    int result;

    if (!answer->left)
        return false;
    memset(piece, '~', sizeof piece);
    result = http_stream_write(request, (struct http_text){piece, sizeof piece});
    answer->left -= RUN_PIECE;
    if (!result && !answer->left)
        result = http_stream_end(request);
    if (result)
        http_response_cut(request, result);
    return !result;
}

enum http_outcome http_pool_run_slow(struct http_request *request)
{
    struct long_answer *answer;

    request->status = 200;
    request->response.content_type = HTTP_TEXT("text/plain");
    request->response.content_length = RUN_SLOW;
    if (request->head.method == HTTP_METHOD_HEAD)
        return HTTP_OUTCOME_ANSWERED;
    http_pace_set(request, RUN_RATE);
    answer = pool_calloc(request->pool, sizeof *answer, "long answer");
    if (!answer || http_stream_begin(request))
        return http_no_memory(request);
    answer->pump.run = pool_run_pump;
    answer->left = RUN_SLOW;
    request->response.pump = &answer->pump;
    return HTTP_OUTCOME_ANSWERED;
}
