/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what a variable is, for code that defines variables and code that asks for one. A row names a
 *   variable and its getter. Each file here has a table, and a module that brings variables has one (struct
 *   http_module); variables.c looks through them. Values are never cached: they are spans of existing bytes,
 *   or so short that they are cheaper to make again.
 * Lifetime: tables are constant. A value points into the request, its pool or a literal, and lives until the
 *   request's reset.
 * Threads: getters run on the request's worker.
 * Errors: HTTP_VALUE_NONE, also when memory is missing.
 */
#ifndef HTTP_TEXT_VARIABLES_TABLE_H
#define HTTP_TEXT_VARIABLES_TABLE_H

#include <stdint.h>
#include <string.h>

#include "conf/conf.h"
#include "http/request.h"

enum http_found {
    HTTP_VALUE_FOUND,
    HTTP_VALUE_NONE /* the value is empty; a log writes "-" */
};

enum { HTTP_PRINT_MAX = 48 /* bytes that a printed variable takes at most: an address */ };

struct http_variable {
    enum http_found (*get)(struct http_request *request, const struct http_variable *variable,
                           struct http_text *value);
    /* Null, or: writes the value to `to`, at most HTTP_PRINT_MAX bytes that need no escaping in logs, and
     * returns the byte after it. `get` does the same by way of the request's pool. */
    char *(*print)(struct http_request *request, char *to);
    /* NUL-terminated: the argument of the getter ("x-one" of $http_x_one), or the name itself. */
    const char *name;
    uint32_t length;                /* of `name` */
    uint16_t number;                /* the getter's: of a known field, of a capture, or its row's */
    const struct http_named *named; /* null, or: the configuration's own (named.h) */
};

/* *value is empty and not null if nothing was found. */
static inline enum http_found http_variable_get(struct http_request *request,
                                                const struct http_variable *variable, struct http_text *value)
{
    return variable->get(request, variable, value);
}

typedef enum http_found http_getter(struct http_request *request, const struct http_variable *variable,
                                    struct http_text *value);

struct http_variable_row {
    const char *name; /* null after the last */
    http_getter *get; /* null if `print` is not */
    char *(*print)(struct http_request *request, char *to);
    const char *help; /* Markdown, a sentence; null for those of a family (document.c) */
    uint16_t number;  /* for the getter, which several rows may share */
};

extern const struct http_variable_row http_request_variables[];    /* variables_request.c */
extern const struct http_variable_row http_connection_variables[]; /* variables_connection.c */
extern const struct http_variable_row http_response_variables[];   /* variables_response.c */
extern const struct http_variable_row http_system_variables[];     /* variables_system.c */

/* Without the sent_http_ before them. */
extern const struct http_variable_row http_sent_variables[]; /* variables_response.c */

enum { HTTP_SENT_OTHER = UINT16_MAX /* a field without a row: one that a module added */ };

/* Of families of names; variable->name is the part behind the prefix; for fields it is spelled as in a
 * header.
 */
http_getter http_get_field, http_get_other_field, http_get_argument, http_get_cookie, http_get_capture;
http_getter http_get_named;                                    /* named.c */
http_getter http_get_request_body, http_get_request_body_file; /* upload.c */
/* variable->number: of the row in http_sent_variables, or HTTP_SENT_OTHER. */
http_getter http_get_sent, http_get_trailer;

static inline enum http_found http_value_none(struct http_text *value)
{
    *value = HTTP_TEXT("");
    return HTTP_VALUE_NONE;
}

/* A span that may be missing (null). */
static inline enum http_found http_value_text(struct http_text text, struct http_text *value)
{
    if (!text.bytes)
        return http_value_none(value);
    *value = text;
    return HTTP_VALUE_FOUND;
}

static inline enum http_found http_value_string(const char *string, struct http_text *value)
{
    *value = http_text_of(string);
    return HTTP_VALUE_FOUND;
}

static inline enum http_found http_value_number(struct http_request *request, uint64_t number,
                                                struct http_text *value)
{
    char *to = pool_nalloc(request->pool, HTTP_PRINT_MAX, "variable");

    if (!to)
        return http_value_none(value);
    *value = (struct http_text){to, (size_t)(http_print_number(to, number) - to)};
    return HTTP_VALUE_FOUND;
}

#endif
