/* SPDX-License-Identifier: BSD-2-Clause */
/* The body of an answer after its head: files that are read and copied, pieces of files, streams. */
#include "http/response_body.h"

#include <errno.h>
#include <unistd.h>

#include "http/filters.h"
#include "http/limits.h"
#include "server/shared/open_files.h"

enum {
    FILE_COPY = 8192,      /* bytes of a file read at a time behind what is queued */
    FILE_PUMP = 32 * 1024, /* bytes read at a time with sendfile off */
    PIECE = 16 * 1024      /* bytes of a file read at a time for transforms and parts */
};

void http_response_drop_file(struct http_request *request)
{
    if (request->response.file)
        open_files_put(request->response.file);
    request->response.file = NULL;
    request->response.pump = NULL;
}

void http_response_empty(struct http_request *request)
{
    struct http_response *response = &request->response;

    http_response_drop_file(request);
    response->content_type.length = 0;
    if (request->status == 205)
        response->content_length = 0;
}

int http_response_copy_file(struct http_request *request, size_t size)
{
    struct http_response *response = &request->response;
    struct output *output = &request->connection->base.output;

    while (size) {
        size_t room;
        char *to = output_reserve(output, request->pool, size < FILE_COPY ? size : FILE_COPY, &room);
        ssize_t got;

        if (!to)
            return -ENOMEM;
        got = pread(response->file->fd, to, room < size ? room : size, response->offset);
        if (got <= 0)
            return got ? -errno : -ESTALE;
        output_commit(output, (size_t)got);
        response->offset += got;
        response->left -= (uint64_t)got;
        request->sent_body += (uint64_t)got;
        size -= (size_t)got;
    }
    return 0;
}

void http_response_cut(struct http_request *request, int error)
{
    if (error == -ENOMEM)
        (void)http_no_memory(request);
    else
        http_log(request, LOG_LEVEL_CRIT, -error, "reading the file to be sent failed");
    request->keep_alive = false;
    request->connection->cut = true;
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

static bool pump_pieces(struct http_request *request)
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

static bool pump_file(struct http_request *request, struct http_pump *pump)
{
    uint64_t left = request->response.left;
    int error;

    (void)pump;
    if (request->response.piecewise)
        return pump_pieces(request);
    if (!left || !request->response.file)
        return false;
    error = http_response_copy_file(request, left < FILE_PUMP ? (size_t)left : FILE_PUMP);
    if (error)
        http_response_cut(request, error);
    return !error;
}

struct http_pump http_file_pump = {pump_file};

int http_stream_write(struct http_request *request, struct http_text bytes)
{
    return bytes.length ? http_pass(request->response.transforms, request, bytes, HTTP_PIECE_FLUSH) : 0;
}

int http_stream_end(struct http_request *request)
{
    struct output *output = &request->connection->base.output;
    struct http_text trailers = HTTP_TEXT("");

    if (request->response.transforms &&
        http_pass(request->response.transforms, request, HTTP_TEXT(""), HTTP_PIECE_LAST))
        return -ENOMEM;
    if (!http_response_chunked(request) || http_response_bodiless(request))
        return 0;
    if (request->response.write_trailers && request->response.write_trailers(request, &trailers))
        return -ENOMEM;
    if (output_copy(output, request->pool, "0\r\n", 3) ||
        output_copy(output, request->pool, trailers.bytes, trailers.length))
        return -ENOMEM;
    return output_copy(output, request->pool, "\r\n", 2);
}
