/* SPDX-License-Identifier: BSD-2-Clause */
/* The filters of a location, one after another, and the ranges behind them. */
#include "http/filters.h"

#include <errno.h>
#include <stdio.h>

#include "http/connection.h"
#include "http/limits.h"
#include "http/protocol/status.h"

static int run_location(struct http_request *request)
{
    int result = 0;

    for (const struct http_filter *filter = request->location->filters; filter->run && !result; filter++)
        result = filter->run(request, filter->section);
    return result;
}

int http_filters_run(struct http_request *request)
{
    struct http_response *response = &request->response;
    int result = run_location(request);

    if (response->content_length < 0)
        response->accept_ranges = false; /* ranges need a known length */
    if (result || request->status != 200 || !response->accept_ranges)
        return result;
    result = http_ranges_take(request);
    if (result || request->status != 416)
        return result;
    /* It is another answer now. */
    response->headers = NULL;
    response->headers_end = &response->headers;
    response->transforms = NULL;
    response->write_trailers = NULL;
    response->piecewise = response->encoded = false;
    return run_location(request);
}

void http_add_transform(struct http_request *request, struct http_transform *transform)
{
    struct http_response *response = &request->response;
    struct http_transform **end = &response->transforms;

    if (transform) {
        while (*end)
            end = &(*end)->next;
        transform->next = NULL;
        *end = transform;
    }
    response->piecewise = true;
    response->content_length = -1;
}

bool http_response_bodiless(const struct http_request *request)
{
    return request->head.method == HTTP_METHOD_HEAD || http_status_empty(request->status);
}

bool http_response_chunked(const struct http_request *request)
{
    return request->response.content_length < 0 && request->head.minor && request->location->core.chunked &&
           !http_status_empty(request->status);
}

/* Queues what has passed all transforms, as a chunk or as it is. */
static int sink(struct http_request *request, struct http_text bytes)
{
    struct output *output = &request->connection->base.output;
    bool chunked = http_response_chunked(request);
    char size[24];

    if (!bytes.length || http_response_bodiless(request))
        return 0;
    /* While a body is read, a full output stops reading. A module that waits for anything else must stop by
     * itself. */
    if (output->unsent >= HTTP_UNSENT_MOST && request->connection->state == HTTP_STATE_WAITING)
        return http_refuse_unsent(request, bytes.length);
    request->sent_body += bytes.length;
    if (chunked && output_copy(output, request->pool, size,
                               (size_t)snprintf(size, sizeof size, "%zx\r\n", bytes.length)))
        return -ENOMEM;
    if (output_copy(output, request->pool, bytes.bytes, bytes.length))
        return -ENOMEM;
    return chunked ? output_copy(output, request->pool, "\r\n", 2) : 0;
}

int http_pass(struct http_transform *next, struct http_request *request, struct http_text bytes,
              enum http_piece piece)
{
    return next ? next->write(next, request, bytes, piece) : sink(request, bytes);
}
