/* SPDX-License-Identifier: BSD-2-Clause */
/* The answer at a limit, and its line in the log. */
#include "http/limits.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

#include "http/answer.h"
#include "http/request.h"
#include "http/route/regex.h"
#include "server/shortage.h"
#include "server/version.h"

enum {
    DRAIN_READS = 16, /* receives of what a refused client has sent already */
    DRAIN_BYTES = 4096
};

#define PHRASE "503 Service Temporarily Unavailable"
#define PAGE                                                                                                 \
    HTTP_PAGE_STATUS_BEGIN PHRASE HTTP_PAGE_STATUS_BODY PHRASE HTTP_PAGE_STATUS_NAME VERSION_NAME            \
        HTTP_PAGE_STATUS_END
#define HEAD                                                                                                 \
    "HTTP/1.1 " PHRASE "\r\nServer: " VERSION_TEXT "\r\nContent-Type: text/html\r\nContent-Length: 353"      \
    "\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"

static const char last_words[] = HEAD PAGE;

static_assert(sizeof PAGE - 1 == 353, "Content-Length");

/* ---- the body ---- */

void http_log_body_limit(struct http_request *request, uint64_t asked)
{
    char text[LIMIT_TEXT_MAX];

    http_log(request, LOG_LEVEL_ERROR | LOG_KEPT, 0, "client intended to send too large body: %s",
             limit_text(text, "client_max_body_size", (uint64_t)request->location->core.client_max_body_size,
                        request->body.received, asked, "bytes", "body"));
}

int http_refuse_unsent(struct http_request *request, size_t asked)
{
    struct http_connection *connection = request->connection;

    if (!connection->cut)
        http_log(request, LOG_LEVEL_ERROR | LOG_KEPT, 0,
                 "the answer is cut: %llu of %d unsent bytes used, %zu more asked for by a client that does "
                 "not read; this limit is fixed",
                 (unsigned long long)connection->base.output.unsent, HTTP_UNSENT_MOST, asked);
    connection->cut = true;
    return -ENOBUFS;
}

/* ---- memory ---- */

void http_log_gave_up(const struct http_request *request)
{
    char text[512];

    http_regex_explain(text, sizeof text);
    http_log(request, LOG_LEVEL_ERROR, 0, "%s", text);
}

enum http_outcome http_gave_up(struct http_request *request)
{
    http_log_gave_up(request);
    return http_fail_with(request, 500);
}

static enum http_outcome no_memory(struct http_request *request, const struct pool_refusal *refusal)
{
    struct connection *base = &request->connection->base;
    char text[LIMIT_TEXT_MAX];

    request->keep_alive = false;
    if (request->route.gave_up) { /* the reason was another one, and was logged */
        request->route.gave_up = false;
        return http_fail_with(request, 500);
    }
    request->status = 503;
    if (request->response.retry_after || request->connection->cut)
        return HTTP_OUTCOME_STATUS; /* said already */
    request->response.retry_after = true;
    if (shortage_text(text, base->worker, request->pool, refusal))
        http_log(request, LOG_LEVEL_ERROR | LOG_KEPT, 0, "%s%s",
                 request->head_queued ? "the answer is cut: " : "", text);
    shortage_note(base->worker, refusal->why);
    return HTTP_OUTCOME_STATUS;
}

enum http_outcome http_no_memory(struct http_request *request)
{
    return no_memory(request, pool_last_refusal());
}

bool http_borrow(struct http_connection *connection)
{
    return (!connection->request || connection->state == HTTP_STATE_HEAD) &&
           shortage_borrow(&connection->base, pool_last_refusal()->why, true);
}

enum http_outcome http_look(struct http_request *request)
{
    struct connection *base = &request->connection->base;
    struct pool_refusal refusal = {(enum pool_failure)base->borrowed, sizeof *request, "request"};

    if (!request->location->looks)
        return request->route.error_page ? HTTP_OUTCOME_NEXT : no_memory(request, &refusal);
    base->looks = base->watches = true;
    pool_set_spared(base->pool, true);
    return HTTP_OUTCOME_NEXT;
}

void http_looked(struct http_connection *connection)
{
    connection->base.looks = false;
    pool_set_spared(connection->base.pool, connection->base.borrowed != POOL_FAILURE_NONE);
}

void http_refuse_early(struct http_connection *connection)
{
    shortage_tell(&connection->base);
    http_refuse_bare(connection);
}

struct http_text http_no_memory_page(void)
{
    return HTTP_TEXT(PAGE);
}

/* Received bytes are read and dropped: closing a socket with unread bytes resets it, and a reset may overtake
 * the answer. Later bytes cannot be waited for. */
static void send_last_words(int fd, size_t length)
{
    char bytes[DRAIN_BYTES];

    if (send(fd, last_words, length, MSG_NOSIGNAL) < 0)
        return;
    shutdown(fd, SHUT_WR);
    for (int i = 0; i < DRAIN_READS && recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0; i++)
        ;
}

void http_refuse_descriptor(int fd)
{
    send_last_words(fd, sizeof last_words - 1);
}

/* The answer to HEAD has no page (RFC 9110 9.3.2). */
void http_refuse_bare(struct http_connection *connection)
{
    bool head = connection->request && connection->request->head.method == HTTP_METHOD_HEAD;

    if (connection->base.output.head && connection_send(&connection->base, OUTPUT_SHARE) != OUTPUT_DONE)
        return; /* it would stand in the middle of another answer */
    connection->linger = false;
    send_last_words(connection->base.io.fd, head ? sizeof HEAD - 1 : sizeof last_words - 1);
}
