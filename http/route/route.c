/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/route/route.h"

#include <string.h>

#include "http/connection.h"
#include "http/keepalive.h"
#include "http/request.h"
#include "http/route/locations.h"
#include "server/log/log.h"

enum { ROUTE_RETURNS = 10 /* internal redirects and rewrites, as nginx */ };

enum http_outcome http_route_begin(struct http_request *request)
{
    const struct http_location *outside = request->server->outside;

    if (!outside->before)
        return HTTP_LOCATE;
    http_route_enter(request, outside);
    request->step = outside->before;
    return HTTP_NEXT;
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

enum http_outcome http_route_again(struct http_request *request)
{
    if (!http_route_count(request))
        return http_answer_status(request, 500); /* error_page would go on with the cycle */
    return http_route_begin(request);
}

enum http_outcome http_route_named(struct http_request *request, struct http_text name)
{
    const struct http_location *location = http_find_named(request->server, name);

    if (!location) {
        http_log(request, LOG_LEVEL_ERROR, 0, "could not find named location \"%.*s\"", (int)name.length,
                 name.bytes);
        request->status = 500;
        return HTTP_STATUS;
    }
    if (!http_route_count(request))
        return http_answer_status(request, 500);
    http_route_enter(request, location);
    return HTTP_ENTER;
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
