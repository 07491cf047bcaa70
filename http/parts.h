/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the parts of struct http_request, as types alone: its way, its body, its answer. Functions on them
 *   are in route/route.h, body.h, answer.h and response.h.
 * Lifetime: of the request; texts live as long as it does, unless a line says less.
 * Threads: the request's worker.
 * Errors: none.
 */
#ifndef HTTP_PARTS_H
#define HTTP_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "http/module.h"
#include "http/protocol/chunked.h"
#include "http/protocol/head.h"

struct open_file;

/* ---- its way ---- */

/* What a request remembers of its way. */
struct http_route {
    struct http_text *values; /* by struct http_named's number; null: none was given one */
    struct http_text found;   /* the path that the location was found by; null: none was looked for */
    int final_status;         /* of error_page: replaces the answer's own status; 0: nothing */
    bool internal;            /* the path is no longer the client's: `internal` locations are open */
    bool error_page;          /* an error page is being made: the next error has no other */
    bool behind_alias;        /* try_files found the path behind the text of a whole alias (paths.h) */
    bool gave_up;             /* an expression that a variable needs gave up: http_no_memory answers 500 */
    bool got;                 /* the method counts as GET, as it does for error pages */
    bool limit_rate_set;      /* `set $limit_rate`: limit_rate holds instead of the location's */
    size_t limit_rate;        /* bytes a second; 0: no limit */
    uint8_t limited;          /* what limit_req said (enum http_limited); 0: it was not asked */
    uint8_t limited_conn;     /* what limit_conn said (enum http_limited_conn); 0: it was not asked */
};

/* ---- the body that comes in ---- */

/* Gets the next bytes (perhaps none) of the body; `last`: there are no more. Returns HTTP_OUTCOME_TAKEN to
 * go on, else how the request is answered. The bytes are gone when it returns. */
typedef enum http_outcome http_body_taker(struct http_request *request, struct http_text bytes, bool last);

struct http_body {
    http_body_taker *take;       /* null: bytes are dropped */
    void *data;                  /* the taker's own */
    int64_t left;                /* HTTP_FRAMING_LENGTH: bytes still to come */
    uint64_t received;           /* bytes of content so far */
    bool begun;                  /* a module reads it */
    struct http_chunked chunked; /* HTTP_FRAMING_CHUNKED; made ready by http_body_init */
};

/* ---- the answer ---- */

/* Gives more of a body when what was queued has been sent. Stands first in a struct of its owner, which lives
 * as long as the request. `run` queues some more; false: nothing is left, or the connection is cut. Without
 * `run` nothing is left, but the request lasts until the queue has been sent. */
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
    struct http_pump *pump;            /* null: everything is queued, or a module still writes */
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

#endif
