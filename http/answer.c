/* SPDX-License-Identifier: BSD-2-Clause */
/* What modules say when they answer (request.h): the response is described here and written by response.c. */
#include "http/answer.h"

#include <ev.h>
#include <stdio.h>
#include <string.h>

#include "http/filters.h"
#include "http/limits.h"
#include "http/protocol/condition.h"
#include "http/protocol/etag.h"
#include "http/protocol/status.h"
#include "http/protocol/uri.h"
#include "http/request.h"
#include "http/response_body.h"
#include "http/text/field_text.h"
#include "http/text/variables_table.h"
#include "server/shared/open_files.h"
#include "server/version.h"

enum { PAGE_MAX = 512 /* bytes of a status page: the fixed text and the longest reason, twice */ };

enum http_outcome http_answer_bytes(struct http_request *request, int status, struct http_text type,
                                    struct http_text body)
{
    struct http_response *response = &request->response;

    request->status = status;
    response->content_type = type;
    response->content_length = (int64_t)body.length;
    response->bytes = body;
    response->body = request->head.method == HTTP_METHOD_HEAD || http_status_bodiless(status)
                         ? HTTP_BODY_NONE
                         : HTTP_BODY_BYTES;
    return HTTP_OUTCOME_ANSWERED;
}

enum http_outcome http_answer_status(struct http_request *request, int status)
{
    struct http_text line = http_status_line(status);
    char number[HTTP_PRINT_MAX], *page, *to;

    request->status = status;
    request->route.final_status = 0;
    http_response_drop_file(request);
    request->response.body = HTTP_BODY_NONE;
    request->response.content_length = 0;
    request->response.last_modified = -1;
    request->response.etag.length = 0;
    request->response.accept_ranges = false;
    request->response.content_type.length = 0;
    if (status == 444 || http_status_bodiless(status))
        return HTTP_OUTCOME_ANSWERED;
    page = pool_nalloc(request->pool, PAGE_MAX, "page");
    if (!page && status == 503)
        return http_answer_bytes(request, status, HTTP_TEXT("text/html"), http_no_memory_page());
    if (!page)
        return HTTP_OUTCOME_ANSWERED; /* a bare status is better than none */
    if (!line.length)                 /* one without a phrase, such as 418 */
        line = (struct http_text){number, (size_t)(http_print_number(number, (uint64_t)status) - number)};
    to = mempcpy(stpcpy(page, HTTP_PAGE_STATUS_BEGIN), line.bytes, line.length);
    to = mempcpy(stpcpy(to, HTTP_PAGE_STATUS_BODY), line.bytes, line.length);
    to = stpcpy(to, HTTP_PAGE_STATUS_NAME);
    to = stpcpy(to, request->location->core.server_tokens ? VERSION_TEXT : VERSION_NAME);
    to = stpcpy(to, HTTP_PAGE_STATUS_END);
    return http_answer_bytes(request, status, HTTP_TEXT("text/html"),
                             (struct http_text){page, (size_t)(to - page)});
}

enum { HOST_MAX = PEER_TEXT_MAX + 2 /* bytes of an address as the host of a URI */ };

/* The host that redirects name: the server's name if server_name_in_redirect says so, else the request's
 * host, else (HTTP/1.0) the address that the client connected to. `to` has room for HOST_MAX. Empty: a unix
 * socket. */
static struct http_text host_of(const struct http_request *request, char *to)
{
    size_t name = strlen(request->server->name);
    struct peer local;

    if (request->location->core.server_name_in_redirect && name)
        return (struct http_text){request->server->name, name};
    if (request->host.name.length)
        return request->host.name;
    if (!connection_local(&request->connection->base, &local))
        return HTTP_TEXT("");
    name = peer_format(&local, to);
    if (!memchr(to, ':', name))
        return (struct http_text){to, name};
    memmove(to + 1, to, name); /* RFC 3986 3.2.2: an IPv6 address stands in brackets */
    *to = '[';
    to[name + 1] = ']';
    return (struct http_text){to, name + 2};
}

/* Makes an absolute URL of a path: "http://host[:port]/path", with the port that the request came in by. It
 * stays a path if there is no host to name (RFC 9110 10.2.2 allows both). False: no memory. */
static bool make_absolute(struct http_request *request, struct http_text *location)
{
    unsigned port = listen_address_port(&request->connection->base.binding->address);
    char local[HOST_MAX], *absolute;
    struct http_text host = host_of(request, local);
    size_t room = location->length + host.length + sizeof "http://:65535";
    int length;

    if (!host.length)
        return true;
    absolute = pool_nalloc(request->pool, room, "location");
    if (!absolute)
        return false;
    if (port && port != 80 && request->location->core.port_in_redirect)
        length = snprintf(absolute, room, "http://%.*s:%u", (int)host.length, host.bytes, port);
    else
        length = snprintf(absolute, room, "http://%.*s", (int)host.length, host.bytes);
    memcpy(absolute + length, location->bytes, location->length);
    *location = (struct http_text){absolute, (size_t)length + location->length};
    return true;
}

bool http_lead_to(struct http_request *request, struct http_text location)
{
    bool path = location.length && location.bytes[0] == '/';

    if (!http_location_clean(request, &location) ||
        (path && request->location->core.absolute_redirect && !make_absolute(request, &location)))
        return false;
    request->response.location = location;
    return true;
}

enum http_outcome http_answer_redirect(struct http_request *request, int status, struct http_text location)
{
    if (!http_lead_to(request, location))
        return http_no_memory(request);
    return http_fail_with(request, status);
}

static enum http_outcome answer_condition(struct http_request *request, enum http_condition condition)
{
    struct http_response *response = &request->response;
    struct http_text etag = response->etag;
    int64_t modified = response->last_modified;
    enum http_outcome outcome = http_answer_status(request, condition == HTTP_CONDITION_FAILED ? 412 : 304);

    if (condition == HTTP_CONDITION_NOT_MODIFIED) {
        response->etag = etag;
        response->last_modified = modified;
        response->content_length = -1;
    }
    return outcome;
}

enum http_outcome http_answer_only_get(struct http_request *request)
{
    if (request->head.method == HTTP_METHOD_GET || request->head.method == HTTP_METHOD_HEAD)
        return HTTP_OUTCOME_NEXT;
    request->response.allow = HTTP_TEXT("GET, HEAD");
    return http_fail_with(request, 405);
}

enum http_outcome http_answer_slash(struct http_request *request)
{
    struct http_text path = request->path, args = request->args;
    size_t escaped = http_uri_escaped_length(path.bytes, path.length, HTTP_ESCAPE_URI);
    char *location = pool_nalloc(request->pool, escaped + args.length + 2, "location"), *at;

    if (!location)
        return http_no_memory(request);
    at = http_uri_escape(location, path.bytes, path.length, HTTP_ESCAPE_URI);
    *at++ = '/';
    if (args.length) {
        *at++ = '?';
        memcpy(at, args.bytes, args.length);
        at += args.length;
    }
    return http_answer_redirect(request, 301, (struct http_text){location, (size_t)(at - location)});
}

/* Describes a file in the response, which takes the reference over. */
static void describe_file(struct http_request *request, int status, struct http_text type,
                          struct open_file *file)
{
    struct http_response *response = &request->response;

    request->status = status;
    response->file = file;
    response->pump = &http_file_pump;
    response->content_type = type;
    response->content_length = file->size;
    response->left = (uint64_t)file->size;
}

/* An answer to HEAD has no body, and an empty file is none. */
static enum http_outcome answer_described(struct http_request *request)
{
    struct http_response *response = &request->response;

    response->body = request->head.method == HTTP_METHOD_HEAD || !response->content_length ? HTTP_BODY_NONE
                                                                                           : HTTP_BODY_FILE;
    if (response->body == HTTP_BODY_NONE)
        http_response_drop_file(request);
    return HTTP_OUTCOME_ANSWERED;
}

enum http_outcome http_answer_file(struct http_request *request, struct open_file *file)
{
    const struct http_core *core = &request->location->core;
    struct http_response *response = &request->response;
    struct http_validators validators = {.last_modified = file->mtime.tv_sec};
    enum http_condition condition;
    char *etag;

    describe_file(request, request->route.final_status ? request->route.final_status : 200,
                  http_type_of(request), file);
    /* An error's page has neither parts nor conditions, and so nothing to compare: validators belong to
     * the selected representation (RFC 9110 8.8), which this is not. */
    response->accept_ranges = request->status == 200 && core->max_ranges > 0;
    response->last_modified = request->status == 200 ? file->mtime.tv_sec : -1;
    response->etag.length = 0;
    if (request->status != 200)
        return answer_described(request);
    if (core->etag) {
        etag = pool_nalloc(request->pool, HTTP_ETAG_MAX, "etag");
        if (!etag)
            return http_no_memory(request);
        response->etag = (struct http_text){etag, http_etag_format(file->mtime.tv_sec, file->size, etag)};
    }
    validators.etag = response->etag;
    condition = http_condition_evaluate(&request->head, &validators,
                                        (enum http_if_modified_since)core->if_modified_since);
    if (condition != HTTP_CONDITION_PASS)
        return answer_condition(request, condition);
    /* Otherwise after the filters, which may forbid it. */
    if (!request->location->filters && http_head_has(&request->head, HTTP_FIELD_RANGE) &&
        http_ranges_take(request))
        return http_no_memory(request);
    return request->status == 416 ? HTTP_OUTCOME_ANSWERED : answer_described(request);
}

enum http_outcome http_answer_content(struct http_request *request, int status, struct http_text type,
                                      struct open_file *file)
{
    describe_file(request, status, type, file);
    return answer_described(request);
}

bool http_add_header(struct http_request *request, struct http_text name, struct http_text value)
{
    struct http_header *header = pool_alloc(request->pool, sizeof *header, "answer header");

    if (!header || !http_field_clean(request, &value))
        return false;
    *header = (struct http_header){.name = name, .value = value};
    *request->response.headers_end = header;
    request->response.headers_end = &header->next;
    return true;
}

struct http_text http_type_of(const struct http_request *request)
{
    const struct http_core *core = &request->location->core;
    const char *type = request->extension.length
                           ? http_mime_find(core->types, request->extension.bytes, request->extension.length)
                           : NULL;

    if (!type)
        type = core->default_type;
    return (struct http_text){type, strlen(type)};
}
