/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An answer as modules describe it.
 *
 * Purpose: what response.c turns into bytes: status line and fields, and where the body comes from.
 * Lifetime: part of struct http_request; texts live as long as the request.
 * Threads: the request's worker.
 * Errors: none here.
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
    struct http_header *sent_trailers; /* once the body is over; the last added comes last */
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
    bool trailers;      /* add_trailer has something to say at the end */
};

#endif
