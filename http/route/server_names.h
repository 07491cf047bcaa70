/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: server_name: which server of an address answers for a host. It reads the forms of server_name and
 *   searches in nginx's order: the exact name, the longest name with a leading asterisk, the longest with a
 *   trailing one, the first matching regular expression in file order, the default server. Names are looked
 *   up in hash tables, one per form; a lookup reads the host once or twice.
 * Lifetime: in the generation's pool.
 * Threads: read-only once built.
 * Errors: building: -EINVAL or -ENOMEM, said in struct conf. Finding: NULL if an expression failed (regex.h).
 */
#ifndef HTTP_ROUTE_SERVER_NAMES_H
#define HTTP_ROUTE_SERVER_NAMES_H

#include "http/config.h"
#include "http/protocol/head.h"
#include "http/route/regex.h"

enum http_name_form {
    HTTP_NAME_EXACT,    /* example.org, also "" for requests without a host */
    HTTP_NAME_LEADING,  /* *.example.org: everything below it */
    HTTP_NAME_DOTTED,   /* .example.org: itself and everything below it */
    HTTP_NAME_TRAILING, /* mail.* */
    HTTP_NAME_REGEX     /* ~^www\d+ */
};

struct http_server_name {
    struct http_server_name *next;
    enum http_name_form form;
    struct http_text text;  /* lower case, without asterisk and the dot beside it; the pattern of a regex */
    const char *configured; /* as it was written */
    const struct http_regex *regex; /* HTTP_NAME_REGEX */
};

/* Reads one argument of server_name; "$hostname" is this machine's name. NULL: noted in conf. */
struct http_server_name *http_server_name_parse(struct conf *conf, const struct conf_node *node,
                                                const char *text);

/* Tables of the names of `count` servers (≥ 1) that listen on the address called `address`. A name that two
 * servers claim stays with the first, with nginx's warning. *names is NULL if no lookup is needed: a single
 * server answers everything and captures nothing. 0 or a negative errno. */
int http_names_build(struct conf *conf, const struct http_server *const *servers, size_t count,
                     const char *address, const struct http_names **names)
    __attribute__((warn_unused_result));

/* The server for `host` (lower case, no port; may be empty). A regular expression that decides sets the
 * request's captures. NULL: answer 500. */
const struct http_server *http_find_server(const struct http_address *address, struct http_text host,
                                           struct http_request *request);

/* Whether a name other than a regular expression covers `host`: then none was asked. */
bool http_server_name_covers(const struct http_server_name *name, struct http_text host);

#endif
