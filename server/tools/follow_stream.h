/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the events of a followed pool, read as they arrive: a JSON object a line at a control socket,
 *   server-sent events over HTTP. Only their "data:" matters.
 * Lifetime: of the caller, who sets the first group and the pool, and owns the descriptor. An event lives
 *   until the next is read.
 * Threads: one.
 * Errors: FOLLOW_BROKEN, with a sentence in `error`: also what the server answers instead of events.
 */
#ifndef SERVER_TOOLS_FOLLOW_STREAM_H
#define SERVER_TOOLS_FOLLOW_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "server/tools/fetch.h"

enum { FOLLOW_LINE = 16 * 1024 }; /* bytes of a line: an event has a few hundred */

struct json;
struct pool;

struct follow_stream {
    void (*line)(struct follow_stream *stream,
                 const char *line); /* an event as the server sent it; or NULL */
    void (*event)(struct follow_stream *stream, const struct json *event); /* the same, read; or NULL */
    bool http;
    struct pool *pool; /* of the event in hand */
    /* the stream's: zeroed */
    char text[FOLLOW_LINE];
    size_t length; /* of what is in `text` */
    bool in_body;  /* http: the head has been read */
    bool refused;  /* http: the body is a sentence that says why */
    char error[FETCH_ERROR];
};

enum follow_verdict {
    FOLLOW_GOES_ON,
    FOLLOW_SILENT,   /* nothing has come */
    FOLLOW_FINISHED, /* the pool was destroyed */
    FOLLOW_BROKEN
};

/* What to ask so that `whom` is followed: an id, "next", or an address. False: it is none of these. */
bool follow_question(const char *whom, bool allocations, char line[FETCH_ERROR], char path[FETCH_ERROR + 2]);

/* Reads once from `fd`, and passes on each event that is whole. */
enum follow_verdict follow_stream_read(struct follow_stream *stream, int fd);

#endif
