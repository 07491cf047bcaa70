/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: asks a running server, for the subcommands that show its answer. One question, one answer:
 *   `unix:PATH` is a control socket, which gets a line and answers until it closes; `http://HOST[:PORT]/PATH`
 *   is a location with pool_view. The caller may wait in its own way, and so go on reading keys. An answer
 *   that does not end by itself is read by the caller (fetch_open).
 * Lifetime: the text is the caller's, given back with fetch_free.
 * Threads: any, outside of workers: it waits up to FETCH_SECONDS for each step, and for names to be resolved.
 * Errors: false, with a sentence in `error` that tells a server that is stopped from one that hangs.
 */
#ifndef SERVER_TOOLS_FETCH_H
#define SERVER_TOOLS_FETCH_H

#include <stdbool.h>
#include <stddef.h>

enum {
    FETCH_SECONDS = 5,             /* that a server may stay silent */
    FETCH_MOST = 64 * 1024 * 1024, /* bytes of an answer */
    FETCH_ERROR = 256
};

struct fetched {
    char *text;    /* the answer (over HTTP: its body), NUL-terminated */
    size_t length; /* without the NUL */
    size_t size;   /* of the memory */
};

/* How a caller waits. */
struct fetch_wait {
    /* Until `fd` is ready for `events` of poll(). False: the answer is not wanted any more. */
    bool (*ready)(struct fetch_wait *wait, int fd, short events);
    /* set by fetch: */
    bool connected;  /* the server has taken the connection … */
    size_t received; /* … and sent bytes, if only a sign of life */
};

/* `from` as above. `line` is sent to a control socket (without a newline); over HTTP `path` is put behind
 * PATH ("/data?limit=0"). `wait` NULL: in poll(), FETCH_SECONDS at most. */
bool fetch(const char *from, const char *line, const char *path, struct fetch_wait *wait,
           struct fetched *fetched, char error[FETCH_ERROR]) __attribute__((warn_unused_result));

void fetch_free(struct fetched *fetched);

/* Asks alone: the descriptor that the answer arrives at, over HTTP/1.0 with its head; the caller closes it.
 * With `wait` it does not block; else it does, for FETCH_SECONDS at most. -1: `error` says why. */
int fetch_open(const char *from, const char *line, const char *path, struct fetch_wait *wait,
               char error[FETCH_ERROR]) __attribute__((warn_unused_result));

#endif
