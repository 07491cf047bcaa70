/* SPDX-License-Identifier: BSD-2-Clause */
/* The filters of a location, one after another, and the ranges behind them. */
#include "http/filters.h"

#include "http/response_head.h"

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

int http_pass(struct http_transform *next, struct http_request *request, struct http_text bytes,
              enum http_piece piece)
{
    return next ? next->write(next, request, bytes, piece) : http_stream_sink(request, bytes);
}
