/* SPDX-License-Identifier: BSD-2-Clause */
/* A pump that queues a piece of a text whenever the last one is out. */
#include "http/limits.h"
#include "http/modules/view/text_body.h"

#include "http/request.h"
#include "http/response.h"

struct body {
    struct http_pump pump;
    struct text_reader reader; /* of a text … */
    struct http_text rest;     /* … or what is left of bytes that stay where they are */
};

int http_text_write(struct http_request *request, struct text_reader *reader)
{
    const struct text_piece *piece = text_reader_next(reader);

    return piece ? http_stream_write(request, (struct http_text){piece->bytes, piece->length}) : 0;
}

static int text_body_write_rest(struct http_request *request, struct http_text *rest)
{
    size_t length = rest->length < TEXT_PIECE ? rest->length : TEXT_PIECE;
    struct http_text piece = {rest->bytes, length};

    rest->bytes += length;
    rest->length -= length;
    return http_stream_write(request, piece);
}

static bool text_body_pump(struct http_request *request, struct http_pump *pump)
{
    struct body *body = (struct body *)(void *)pump;
    int result = body->rest.length ? text_body_write_rest(request, &body->rest)
                                   : http_text_write(request, &body->reader);

    if (!result && !body->reader.piece && !body->rest.length) {
        request->response.pump = NULL;
        text_reader_close(&body->reader);
        result = http_stream_end(request);
    }
    if (result)
        http_response_cut(request, result);
    return !result;
}

static void text_body_drop(void *data)
{
    struct body *body = data;

    text_reader_close(&body->reader);
}

/* `text`, or if that is null, `bytes`. */
static enum http_outcome text_body_begin(struct http_request *request, struct http_text type,
                                         struct text *text, struct http_text bytes)
{
    struct http_response *response = &request->response;
    struct body *body;

    request->status = 200;
    response->content_type = type;
    response->content_length = (int64_t)(text ? text->length : bytes.length);
    if (request->head.method == HTTP_METHOD_HEAD)
        return HTTP_OUTCOME_ANSWERED;
    body = pool_calloc(request->pool, sizeof *body, "text body");
    if (!body || !pool_cleanup_add(request->pool, text_body_drop, body))
        return http_no_memory(request);
    if (text)
        text_reader_open(&body->reader, text);
    else
        body->rest = bytes;
    body->pump.run = text_body_pump;
    if (http_stream_begin(request))
        return http_no_memory(request);
    response->pump = &body->pump;
    return HTTP_OUTCOME_ANSWERED;
}

enum http_outcome http_answer_text(struct http_request *request, struct http_text type, struct text *text)
{
    return text_body_begin(request, type, text, (struct http_text){"", 0});
}

enum http_outcome http_answer_constant(struct http_request *request, struct http_text type,
                                       struct http_text bytes)
{
    return text_body_begin(request, type, NULL, bytes);
}
