/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the values of named groups by matching the expressions of a server and its locations again. */
#include "http/route/captures.h"

#include "http/request.h"
#include "http/route/locations.h"
#include "http/route/regex.h"
#include "http/route/server_names.h"

static bool has_group(const struct http_location *location, const void *name)
{
    return location->regex && http_regex_group(location->regex, name);
}

bool http_capture_known(const struct http_main *main, const char *name)
{
    for (const struct http_server *server = main->servers; server; server = server->next) {
        for (const struct http_server_name *at = server->names; at; at = at->next)
            if (at->regex && http_regex_group(at->regex, name))
                return true;
        if (http_locations_any(server->locations, has_group, name))
            return true;
    }
    return false;
}

/* Whether this expression has the group, and matches. */
static bool matches(const struct http_regex *regex, const char *name, struct http_text subject,
                    struct http_text *value)
{
    unsigned group = http_regex_group(regex, name);

    return group && http_regex_match_group(regex, subject, group, value) == HTTP_REGEX_MATCH;
}

/* The expression that chose the server by its host; none if another form of name did. */
static const struct http_regex *server_regex(const struct http_server *server, struct http_text host)
{
    struct http_text whole;

    for (const struct http_server_name *at = server->names; at; at = at->next)
        if (http_server_name_covers(at, host))
            return NULL;
    for (const struct http_server_name *at = server->names; at; at = at->next)
        if (at->regex && http_regex_match_group(at->regex, host, 0, &whole) == HTTP_REGEX_MATCH)
            return at->regex;
    return NULL;
}

bool http_capture_of_location(const struct http_request *request, const char *name, struct http_text *value)
{
    if (!request->route.found.bytes)
        return false;
    for (const struct http_location *at = request->location; at; at = at->outer)
        if (at->regex && matches(at->regex, name, request->route.found, value))
            return true;
    return false;
}

bool http_capture_of_server(const struct http_request *request, const char *name, struct http_text *value)
{
    const struct http_regex *regex;

    if (!request->server || !request->host.name.length)
        return false;
    regex = server_regex(request->server, request->host.name);
    return regex && matches(regex, name, request->host.name, value);
}
