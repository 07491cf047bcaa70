/* SPDX-License-Identifier: BSD-2-Clause */
/* Receives the body of a request, by length or in chunks, for the module that reads it, or drops it. */
#include "http/body.h"

#include "http/connection.h"
#include "http/limits.h"
#include "http/request.h"

/* `why` is logged; null: it has been. The end of the body cannot be found any more: what follows must not be
 * read as a request. */
static enum http_outcome lose_framing(struct http_request *request, int status, const char *why)
{
    if (why)
        http_log(request, LOG_LEVEL_INFO, 0, "%s", why);
    request->keep_alive = false;
    return http_fail_with(request, status);
}

static bool too_long(const struct http_request *request, uint64_t more)
{
    off_t limit = request->location->core.client_max_body_size;

    return limit && request->body.received + more > (uint64_t)limit;
}

/* `more`: bytes that are known to follow. */
static enum http_outcome deliver(struct http_request *request, struct http_text bytes, int64_t more,
                                 bool last)
{
    request->length += bytes.length;
    if (too_long(request, bytes.length + (uint64_t)more)) {
        http_log_body_limit(request, bytes.length + (uint64_t)more);
        request->body.received += bytes.length;
        return lose_framing(request, 413, NULL);
    }
    request->body.received += bytes.length;
    if (last)
        request->body_read = true;
    return request->body.take ? request->body.take(request, bytes, last) : HTTP_OUTCOME_TAKEN;
}

static enum http_outcome advance_length(struct http_request *request, struct http_input *input)
{
    struct http_body *body = &request->body;
    struct http_text bytes = {input->bytes + input->start, input->end - input->start};

    if ((uint64_t)bytes.length > (uint64_t)body->left)
        bytes.length = (size_t)body->left;
    if (!bytes.length)
        return HTTP_OUTCOME_TAKEN;
    body->left -= (int64_t)bytes.length;
    input->start += (uint32_t)bytes.length;
    return deliver(request, bytes, 0, !body->left);
}

/* One span at a time: the received part of a chunk is passed on, and the framing checked before the next. */
static enum http_outcome advance_chunked(struct http_request *request, struct http_input *input)
{
    enum http_outcome outcome = HTTP_OUTCOME_TAKEN;

    while (outcome == HTTP_OUTCOME_TAKEN && input->start < input->end &&
           !http_output_full(request->connection)) {
        struct http_text bytes = {"", 0};
        size_t consumed = 0;
        enum http_chunked_result result =
            http_chunked_next(&request->body.chunked, input->bytes + input->start, input->end - input->start,
                              &consumed, &bytes);

        input->start += (uint32_t)consumed;
        switch (result) {
        case HTTP_CHUNKED_MORE:
            return HTTP_OUTCOME_TAKEN;
        case HTTP_CHUNKED_DATA:
            outcome = deliver(request, bytes, request->body.chunked.left, false);
            break;
        case HTTP_CHUNKED_DONE:
            return deliver(request, (struct http_text){"", 0}, 0, true);
        case HTTP_CHUNKED_BAD:
            return lose_framing(request, 400, "client sent invalid chunked body");
        case HTTP_CHUNKED_TOO_LARGE:
            if (request->body.chunked.trailer_bytes > HTTP_CHUNKED_TRAILERS)
                return lose_framing(request, 431, "client sent too long trailers");
            return lose_framing(request, 400, "client sent too long chunk extensions");
        }
    }
    return outcome;
}

enum http_outcome http_body_advance(struct http_request *request)
{
    struct http_input *input = &request->connection->input;

    if (request->body_read)
        return HTTP_OUTCOME_TAKEN;
    return request->framing.framing == HTTP_FRAMING_LENGTH ? advance_length(request, input)
                                                           : advance_chunked(request, input);
}

enum http_outcome http_body_read(struct http_request *request, http_body_taker *take, void *data)
{
    static const struct http_text go_on = {"HTTP/1.1 100 Continue\r\n\r\n", 25};
    struct http_connection *connection = request->connection;

    request->body.take = take;
    request->body.data = data;
    request->body.begun = true;
    if (request->body_read)
        return take(request, (struct http_text){"", 0}, true);
    if (request->framing.expect_continue && connection->input.start == connection->input.end &&
        output_copy(&connection->base.output, request->pool, go_on.bytes, go_on.length))
        return http_no_memory(request);
    return http_body_advance(request);
}
