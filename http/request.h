/* SPDX-License-Identifier: BSD-2-Clause */
/* A request, from its first byte until its answer is queued and logged.
 *
 * Purpose: what the parser found, what the router chose, and the answer as modules describe it.
 * Lifetime: in the connection's pool after the pin: everything here, and all that modules allocate from
 * request->pool, goes at the reset. What outlives the request (queued output) lies in the output queue.
 * Threads: the connection's worker.
 * Errors: outcomes (module.h); an allocation that fails is HTTP_STATUS with http_no_memory(request).
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "http/body.h"
#include "http/config.h"
#include "http/module.h"
#include "http/protocol/framing.h"
#include "http/protocol/head.h"
#include "http/protocol/host.h"
#include "http/response.h"
#include "http/route/route.h"
#include "pool/pool.h"

struct http_connection;
struct open_file;

struct http_request {
    struct http_connection *connection;
    struct pool *pool;
    /* what was asked */
    struct http_head head;
    struct http_framing_result framing;
    struct http_host host;      /* name in lower case; empty if HTTP/1.0 sent none */
    struct http_text target;    /* as received: $request_uri */
    struct http_text path;      /* decoded and normalised, NUL-terminated: $uri */
    struct http_text args;      /* after the first ?, as received: $args */
    struct http_text extension; /* of the last segment, without the dot; length 0: none */
    double began;               /* seconds (http_steady_now) when its first byte was there */
    uint64_t length;            /* bytes of it received so far: head and body */
    /* what was chosen */
    const struct http_server *server;
    const struct http_location *location;
    const struct http_step *step;  /* the next to run */
    struct http_text captures[10]; /* $0 … $9 of the last regular expression that matched */
    unsigned capture_count;
    unsigned relocations; /* internal redirects so far; bounded */
    struct http_route route;
    /* the answer */
    int status; /* 0: not decided */
    struct http_response response;
    struct http_pace *pace; /* pace.h; null: as fast as it goes */
    uint64_t sent_head;     /* bytes of the head queued */
    uint64_t sent_body;     /* bytes of the body queued */
    bool keep_alive;        /* the connection goes on after this answer */
    bool head_queued;       /* the answer has begun: errors can only cut the connection */
    bool complete;          /* the whole answer is queued, but for a file that is still being sent */
    /* the body that comes in: body.h */
    struct http_body body;
    bool body_read; /* nothing of the request is left on the connection */
    /* input blocks that hold parts of the head; the last one may be the connection's current block */
    void *kept[HTTP_HEAD_BUFFERS + 1];
    unsigned kept_count;
    bool head_in_input; /* the connection's current block holds some of the head: it stays as it is */
};

/* ---- for modules: describing the answer; all return what a step may return at once ---- */

/* `body` must live until the step has returned. HEAD gets the head alone. */
enum http_outcome http_answer_bytes(struct http_request *request, int status, struct http_text type,
                                    struct http_text body);

/* The page of a status: a small HTML text for errors and redirects, nothing for 1xx, 204, 304. */
enum http_outcome http_answer_status(struct http_request *request, int status);

/* Sets Location: an absolute URL, or a path, which becomes absolute; in memory of the request. False: no
 * memory. */
bool http_lead_to(struct http_request *request, struct http_text location)
    __attribute__((warn_unused_result));

/* A redirect that leads there: HTTP_STATUS, so that error_page may show something else with it. */
enum http_outcome http_answer_redirect(struct http_request *request, int status, struct http_text location);

/* A regular file, whose reference the response takes over: type, validators and ranges are filled in. */
enum http_outcome http_answer_file(struct http_request *request, struct open_file *file);

/* The bytes of a file without a name, type or history that others know: a body that was sent. Takes the
 * reference over. */
enum http_outcome http_answer_content(struct http_request *request, int status, struct http_text type,
                                      struct open_file *file);

/* A step that said HTTP_TAKEN without reading the body goes on with this: another outcome answers, HTTP_TAKEN
 * again sends what a streamed answer has queued. The request may be gone when it returns. Who waits adds a
 * cleanup to request->pool, which says that the client has left. */
void http_resume(struct http_request *request, enum http_outcome outcome);

/* Goes on at another path of this server (NUL-terminated, the request's); null `args` are kept. */
enum http_outcome http_relocate(struct http_request *request, struct http_text path,
                                const struct http_text *args);

/* 503: which budget was full is logged with its directive. 500 if not memory but route.gave_up is why. */
enum http_outcome http_no_memory(struct http_request *request);

/* 500: a regular expression of this request ended with HTTP_REGEX_FAILED, just now; logged with its
 * directive. A variable, which cannot answer, sets route.gave_up beside it: the text that it is for cannot be
 * written. */
enum http_outcome http_gave_up(struct http_request *request);

/* The line alone, where the answer can do without the expression. */
void http_log_gave_up(const struct http_request *request);

/* Adds a header to the answer; CR, LF and NUL in its value become blanks. Texts must live as long as the
 * request. False: no memory. */
bool http_add_header(struct http_request *request, struct http_text name, struct http_text value);

/* Seconds since the epoch: the wall clock, which may be set, as the loop has it for this turn. For dates. */
double http_now(const struct http_request *request);
/* Seconds of a clock that does not go back, the same for all workers (timeouts_now). For durations. */
double http_steady_now(const struct http_request *request);

/* The media type of request->extension in this location. */
struct http_text http_type_of(const struct http_request *request);

/* One line in the location's error log: "MESSAGE, client: …, server: …, request: …". */
void http_log(const struct http_request *request, int level, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static inline void *http_section(const struct http_location *location, enum http_module_index module)
{
    return location->sections[module];
}

#define HTTP_TEXT(literal) ((struct http_text){(literal), sizeof(literal) - 1})

#endif
