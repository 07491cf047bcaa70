/* SPDX-License-Identifier: BSD-2-Clause */
/* From the head to server and path, on to a location, and the ways back. */
#include "http/route/route.h"

#include <errno.h>
#include <string.h>

#include "http/answer.h"
#include "http/body.h"
#include "http/connection.h"
#include "http/limits.h"
#include "http/protocol/uri.h"
#include "http/route/keepalive.h"
#include "http/route/locations.h"
#include "http/route/server_names.h"
#include "http/text/named.h"
#include "pool/annotate.h"
#include "server/log/log.h"

enum { ROUTE_RETURNS = 10 /* internal redirects and rewrites, as nginx */ };

/* ---- from a head to a server and a path ---- */

static bool copy_path(struct http_request *request, struct http_text path)
{
    char *copy = pool_nalloc(request->pool, path.length + 1, "path");

    if (!copy)
        return false;
    if (path.bytes)
        memcpy(copy, path.bytes, path.length);
    copy[path.length] = '\0';
    request->path = (struct http_text){copy, path.length};
    return true;
}

/* Of take_head, on the way of each request, and of name_refused. */
__attribute__((always_inline)) static inline int take_path(struct http_request *request)
{
    struct http_text raw = http_head_text(&request->head, request->head.path);
    bool merge = request->server->reading.merge_slashes;
    struct http_uri uri;

    request->target = http_head_text(&request->head, request->head.target);
    if (request->head.form == HTTP_TARGET_ASTERISK || request->head.form == HTTP_TARGET_AUTHORITY) {
        request->path = (struct http_text){"", 0};
        return 0;
    }
    if (http_uri_bare(raw.bytes, raw.length, request->head.unmarked)) {
        request->args = request->extension = (struct http_text){raw.bytes + raw.length, 0};
        return copy_path(request, raw) ? 0 : -ENOMEM;
    }
    if (!http_uri_plain(raw.bytes, raw.length, request->head.unmarked, merge, &uri)) {
        char *out = pool_nalloc(request->pool, raw.length + 2, "path");

        if (!out)
            return -ENOMEM;
        if (http_uri_normalize(raw.bytes, raw.length, out, merge, &uri)) {
            request->head.error = "client sent invalid request: its path leaves the root or has a bad escape";
            return 400;
        }
        if (uri.path.bytes == out)
            out[uri.path.length] = '\0';
        request->path = uri.path;
    }
    if ((uri.plain || !request->path.bytes) && !copy_path(request, uri.path))
        return -ENOMEM;
    request->args = uri.args;
    request->extension = uri.extension;
    return 0;
}

/* The Host that this thread accepted last: most requests have the same as the one before. */
static _Thread_local struct {
    struct http_host host; /* its name lies elsewhere */
    size_t length;         /* of the field's value; 0: none */
    char text[64];
} route_last_host;

/* http_host_decide, which is not asked about the same value twice in a row. */
static int decide_host(struct http_request *request)
{
    struct http_head *head = &request->head;
    struct http_host *host = &request->host;
    const struct http_field *field = http_head_find(head, HTTP_FIELD_HOST);
    bool usual = field && head->form == HTTP_TARGET_ORIGIN && !http_head_repeats(head, HTTP_FIELD_HOST);
    struct http_text text = usual ? http_field_value(head, field) : (struct http_text){"", 0};
    int status;

    if (usual && text.length && text.length == route_last_host.length &&
        !memcmp(text.bytes, route_last_host.text, text.length)) {
        *host = route_last_host.host;
        host->name.bytes = text.bytes;
        return 0;
    }
    status = http_host_decide(head, host);
    if (!status && usual && text.length <= sizeof route_last_host.text) {
        route_last_host.host = *host;
        route_last_host.length = text.length;
        memcpy(route_last_host.text, text.bytes, text.length);
    }
    return status;
}

/* A host in lower case is looked up as it was received; only others are copied. */
static int choose_server(struct http_request *request)
{
    const struct http_address *address = request->connection->base.binding->data;
    int status = decide_host(request);

    if (status)
        return status;
    if (request->host.upper) {
        char *lower = pool_nalloc(request->pool, request->host.name.length + 1, "host");

        if (!lower)
            return http_no_memory_status(request);
        http_host_lower(&request->host, lower);
    }
    if (address->names) {
        const struct http_server *server = http_find_server(address, request->host.name, request);

        if (!server) {
            (void)http_gave_up(request);
            return 500;
        }
        request->server = server;
        request->location = server->outside;
    }
    return 0;
}

UNGUARDED static int take_head(struct http_request *request)
{
    /* First, since errors are answered and logged under this server. */
    int status = choose_server(request);

    if (!status)
        status = http_framing_decide(&request->head, &request->framing);
    if (!status && (int64_t)request->head.field_count > request->server->reading.max_headers) {
        request->head.error = "client sent too many header lines: the directive to turn is max_headers";
        status = 400;
    }
    if (!status && http_head_repeats_singleton(&request->head)) {
        request->head.error = "client sent duplicate header line: a field that is no list";
        status = 400;
    }
    if (!status && request->head.method == HTTP_METHOD_UNKNOWN) {
        request->head.error = "client sent unknown method";
        status = 501;
    }
    if (!status)
        status = take_path(request);
    if (status == -ENOMEM)
        return http_no_memory_status(request);
    if (status)
        return status;
    http_body_init(request);
    request->keep_alive = request->framing.keep_alive;
    return 0;
}

/* For the log of a request that is refused before its path was decided: the path in its request line; empty
 * if there is none, as in nginx. */
static void name_refused(struct http_request *request)
{
    if (!request->path.bytes && request->head.path.length && take_path(request))
        request->path = (struct http_text){"", 0};
}

enum http_outcome http_route_refused(struct http_request *request, int status, const char *why)
{
    http_request_keep_line(request);
    http_request_reading(request);
    if (why && !request->response.retry_after)
        http_log(request, LOG_LEVEL_INFO, 0, "%s", why);
    name_refused(request);
    request->keep_alive = false;
    if (status == 505)
        request->head.minor = 1;
    return http_fail_with(request, status);
}

/* ---- to a location, and back ---- */

/* The request goes on in this location, whose settings apply to the connection. Values of the previous
 * location's named groups are kept. */
static void enter(struct http_request *request, const struct http_location *location)
{
    if (request->server->main->captured)
        http_named_keep_captures(request);
    request->location = location;
    request->route.found = request->path;
    if (request->keep_alive)
        request->keep_alive = http_keepalive_allowed(request);
}

bool http_route_count(struct http_request *request)
{
    request->route.internal = true;
    if (++request->relocations <= ROUTE_RETURNS)
        return true;
    http_log(request, LOG_LEVEL_ERROR, 0,
             "rewrite or internal redirection cycle while redirecting to \"%.*s\"", (int)request->path.length,
             request->path.bytes);
    request->status = 500;
    return false;
}

enum http_outcome http_route_named(struct http_request *request, struct http_text name)
{
    const struct http_location *location = http_find_named(request->server, name);

    if (!location) {
        http_log(request, LOG_LEVEL_ERROR, 0, "could not find named location \"%.*s\"", (int)name.length,
                 name.bytes);
        return http_fail_with(request, 500);
    }
    if (!http_route_count(request))
        return http_answer_status(request, 500);
    enter(request, location);
    return HTTP_OUTCOME_ENTER;
}

enum http_outcome http_relocate(struct http_request *request, struct http_text path,
                                const struct http_text *args)
{
    const char *segment = path.bytes, *dot = NULL;

    request->path = path;
    request->route.behind_alias = false;
    if (args)
        request->args = *args;
    for (const char *at = path.bytes; at < path.bytes + path.length; at++) {
        if (*at == '/') {
            segment = at + 1;
            dot = NULL;
        }
        if (*at == '.' && at > segment)
            dot = at + 1;
    }
    request->extension =
        dot ? (struct http_text){dot, (size_t)(path.bytes + path.length - dot)} : HTTP_TEXT("");
    return HTTP_OUTCOME_RELOCATE;
}

enum http_outcome http_route_redirect(struct http_request *request, struct http_text target)
{
    char *mark = memchr(target.bytes, '?', target.length);
    struct http_text path = target, args = {"", 0};

    if (mark) {
        path = (struct http_text){
            pool_strndup(request->pool, target.bytes, (size_t)(mark - target.bytes), "path"),
            (size_t)(mark - target.bytes)};
        args = (struct http_text){mark + 1, target.length - path.length - 1};
    }
    if (!path.bytes)
        return http_no_memory(request);
    return http_relocate(request, path, &args);
}

static enum http_outcome too_large(struct http_request *request)
{
    if (request->framing.too_large)
        http_log(request, LOG_LEVEL_ERROR, 0,
                 "client intended to send a body of more bytes than can be counted");
    else
        http_log_body_limit(request, (uint64_t)request->framing.content_length);
    request->keep_alive = false;
    return http_fail_with(request, 413);
}

UNGUARDED enum http_outcome http_route_locate(struct http_request *request)
{
    static const struct http_step no_steps[] = {{NULL, NULL}}; /* no module answers */
    const struct http_location *location = http_find_location(request);
    off_t limit;

    if (!location) {
        request->location = request->server->outside;
        return http_gave_up(request);
    }
    enter(request, location);
    if (location->core.internal && !request->route.internal)
        return http_fail_with(request, 404);
    limit = location->core.client_max_body_size;
    if ((request->framing.too_large || (limit && request->framing.content_length > limit)) &&
        !request->route.error_page)
        return too_large(request);
    request->step = location->steps ? location->steps : no_steps;
    if (location->looks || request->connection->base.borrowed)
        return http_look(request);
    return HTTP_OUTCOME_NEXT;
}

/* The steps of the server come first, if it has any. */
static enum http_outcome begin_at_server(struct http_request *request)
{
    const struct http_location *outside = request->server->outside;

    if (!outside->before)
        return http_route_locate(request);
    enter(request, outside);
    request->step = outside->before;
    return HTTP_OUTCOME_NEXT;
}

enum http_outcome http_route_again(struct http_request *request)
{
    if (!http_route_count(request))
        return http_answer_status(request, 500); /* error_page would go on with the cycle */
    return begin_at_server(request);
}

/* CONNECT and TRACE, as in nginx: no browser asks for a tunnel or for an echo of its fields. */
static enum http_outcome answer_method(struct http_request *request)
{
    http_log(request, LOG_LEVEL_INFO, 0, "client sent %s method",
             request->head.method == HTTP_METHOD_TRACE ? "TRACE" : "CONNECT");
    request->response.allow = HTTP_TEXT("GET, HEAD");
    request->keep_alive = false;
    return http_answer_status(request, 405);
}

UNGUARDED enum http_outcome http_route(struct http_request *request)
{
    int status = take_head(request);

    if (status)
        return http_route_refused(request, status,
                                  request->head.error ? request->head.error
                                  : status == 500     ? NULL /* said already */
                                                      : "client sent invalid request");
    if (request->head.method == HTTP_METHOD_CONNECT || request->head.method == HTTP_METHOD_TRACE)
        return answer_method(request);
    if (request->head.form == HTTP_TARGET_ASTERISK) {
        request->response.allow = HTTP_TEXT("GET, HEAD, POST, PUT, DELETE, OPTIONS");
        return http_answer_bytes(request, 200, (struct http_text){"", 0}, (struct http_text){"", 0});
    }
    return begin_at_server(request);
}

int http_route_only(struct http_request *request)
{
    int status = take_head(request);

    if (status)
        return status;
    return http_route_locate(request) == HTTP_OUTCOME_NEXT ? 0 : request->status;
}
