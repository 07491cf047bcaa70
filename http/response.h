/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An answer as modules describe it.
 *
 * Purpose: status line and fields, and where the body comes from; response.c turns them into bytes in the
 *   output queue. A module describes an answer by answer.h, or streams it by http_stream_*.
 * Lifetime: part of struct http_request; texts live as long as the request.
 * Threads: the request's worker.
 * Errors: -ENOMEM, with nothing or a part of the answer queued.
 */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <stdbool.h>
#include <stdint.h>

#include "http/protocol/head.h"

struct open_file;
struct http_request;

/* Where more of a body comes from when what was queued is out. Stands first in a struct of its owner's, which
 * lives as long as the request. `run` queues some more; false: nothing is left, or the connection is cut. */
struct http_pump {
    bool (*run)(struct http_request *request, struct http_pump *pump);
};

/* A header of the answer that a module adds; the last added comes last. */
struct http_header {
    struct http_header *next;
    struct http_text name, value;
};

enum http_body_kind {
    HTTP_BODY_NONE,  /* no bytes; content_length is what GET would have (HEAD), or 0 */
    HTTP_BODY_BYTES, /* response.bytes: copied into the output queue */
    HTTP_BODY_FILE,  /* response.file from response.offset, content_length bytes */
    HTTP_BODY_STREAM /* the module queues it by itself: content_length ≥ 0, or -1 for chunked */
};

struct http_response {
    int64_t content_length;        /* bytes of the body; -1: not known */
    int64_t last_modified;         /* seconds since the epoch; -1: none */
    struct http_text content_type; /* length 0: none */
    struct http_text etag;         /* with its quotes; length 0: none */
    struct http_text location;     /* as to be sent; length 0: none */
    struct http_text allow;        /* for 405 and OPTIONS */
    struct http_text bytes;        /* HTTP_BODY_BYTES; must live until the step returns */
    struct http_header *headers, **headers_end;
    /* Null, or: the trailers of a chunked body, evaluated once it is over, each line with its CRLF. 0 or
     * -ENOMEM. */
    int (*write_trailers)(struct http_request *request, struct http_text *lines);
    struct http_header *sent_trailers; /* what it wrote; the last added comes last */
    struct http_pump *pump;            /* null: all that there will be is queued, or a module still writes */
    struct open_file *file;            /* HTTP_BODY_FILE: a reference that the response takes over */
    int64_t offset;                    /* of the file's first byte to send */
    uint64_t left;                     /* bytes of the file to read from there, when it is read in pieces */
    const struct http_part *part;      /* filters.h: the next part of several ranges; null: one piece alone */
    struct http_transform *transforms; /* filters.h: what the body passes on its way out; null: nothing */
    int64_t range_first, range_size; /* 206: first byte, size of the whole; range_size -1: no Content-Range */
    enum http_body_kind body;
    bool accept_ranges; /* the range filter may answer 206, and Accept-Ranges is sent */
    bool retry_after;   /* 503 for want of memory */
    bool encoded;       /* has a Content-Encoding: is not compressed again */
    bool piecewise;     /* goes out in pieces: several ranges, transforms, or trailers at its end */
};

enum {
    HTTP_UNSENT_MOST =
        1024 * 1024 /* bytes queued at which a streamed answer whose module still writes is cut */
};

/* Queues head and body, or the file. 0 or -ENOMEM, with nothing or a part of it queued. */
int http_response_queue(struct http_request *request);

/* Its head alone, with room for `body_room` bytes behind it. */
int http_head_queue(struct http_request *request, size_t body_room);

/* Whether no body follows the head, whatever there is of one. */
bool http_response_bodiless(const struct http_request *request);

/* Whether the body goes out in chunks: its length is not known, and the client can take them. */
bool http_response_chunked(const struct http_request *request);

/* Before the head: if neither a length nor chunks say where the body ends, the connection's end does. */
void http_response_frame(struct http_request *request);

/* The answer cannot be finished: logs the errno and cuts the connection. */
void http_response_cut(struct http_request *request, int error);

/* Of a file that is read and copied (sendfile off), or goes out in pieces. */
extern struct http_pump http_file_pump; /* without a state: never written to */

/* The status forbids content (http_status_empty): drops what there is of it, and what describes it. */
void http_response_empty(struct http_request *request);

/* Drops the reference on the file of the answer, if it still has one. */
void http_response_drop_file(struct http_request *request);

/* A streamed answer: HTTP_BODY_STREAM. Each returns 0 or -ENOMEM. A module looks at http_output_full()
 * and waits; one that goes on writing to a client who does not read is stopped with -ENOBUFS, said in the
 * log. */
int http_stream_begin(struct http_request *request);
int http_stream_write(struct http_request *request, struct http_text bytes);
int http_stream_end(struct http_request *request);

/* What has passed all transforms (filters.h): to the output queue, as a chunk or as it is. */
int http_stream_sink(struct http_request *request, struct http_text bytes);

#endif
