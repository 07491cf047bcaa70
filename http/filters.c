/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/filters.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "http/protocol/status.h"
#include "http/request.h"
#include "server/shared/open_files.h"

enum { PIECE = 16 * 1024 /* bytes of a file read at a time */ };

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
        response->accept_ranges = false; /* what has no known length has no parts */
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

int http_pieces_begin(struct http_request *request)
{
    struct http_response *response = &request->response;
    int result;

    if (response->write_trailers && !http_status_empty(request->status))
        response->content_length = -1;
    http_response_frame(request);
    result = http_head_queue(request, 0);
    if (result || response->body == HTTP_BODY_FILE)
        return result; /* the pump reads it as the socket takes it */
    if (http_response_bodiless(request))
        return 0;
    if (response->body == HTTP_BODY_BYTES)
        result = http_pass(response->transforms, request, response->bytes, HTTP_PIECE_MORE);
    return result ? result : http_stream_end(request);
}

/* The next part's head, or the end. 0, 1 (nothing more is to come) or a negative errno. */
static int next_part(struct http_request *request)
{
    struct http_response *response = &request->response;
    const struct http_part *part = response->part;
    int result;

    if (!part) {
        result = http_stream_end(request);
        return result ? result : 1;
    }
    response->part = part->size ? part + 1 : NULL;
    response->offset = part->offset;
    response->left = (uint64_t)part->size;
    return http_pass(response->transforms, request, part->before, HTTP_PIECE_MORE);
}

static int read_piece(struct http_request *request)
{
    struct http_response *response = &request->response;
    char bytes[PIECE];
    ssize_t got = pread(response->file->fd, bytes, response->left < PIECE ? (size_t)response->left : PIECE,
                        response->offset);

    if (got <= 0)
        return got ? -errno : -ESTALE; /* it has become shorter */
    response->offset += got;
    response->left -= (uint64_t)got;
    return http_pass(response->transforms, request, (struct http_text){bytes, (size_t)got}, HTTP_PIECE_MORE);
}

bool http_pieces_pump(struct http_request *request)
{
    int result;

    if (!request->response.file)
        return false;
    result = request->response.left ? read_piece(request) : next_part(request);
    if (result < 0)
        http_response_cut(request, result);
    if (result)
        http_response_drop_file(request);
    return result >= 0;
}
