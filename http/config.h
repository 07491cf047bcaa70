/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the http block as it is served: what the directives of http, server and location become. A
 *   location holds a section of settings per module (module.h) and the steps that a request in it takes.
 * Lifetime: in the generation's pool; never changes once the configuration is read.
 * Threads: read-only, shared by all workers.
 * Errors: those of reading, with a sentence in struct conf.
 */
#ifndef HTTP_CONFIG_H
#define HTTP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf/directive.h"
#include "conf/set.h"
#include "http/module.h"
#include "http/protocol/head.h"
#include "http/protocol/mime.h"
#include "server/process/temp_file.h"

struct generation;
struct log;
struct http_regex;
struct http_template;
struct http_names;     /* server_names.h */
struct http_locations; /* locations.h */
struct http_location_list;

/* Everything under `http { }`. */
struct http_main {
    struct generation *generation;
    struct conf *conf;
    struct http_server *servers; /* all, in file order */
    unsigned named_count;        /* variables that the configuration makes (named.h) */
    struct http_named *captured; /* those of them that are groups of locations and server names alone */
};

/* What a binding (a listening address) serves: binding->data. */
struct http_address {
    const struct http_server *default_server; /* default_server, or the first that listens here */
    const struct http_names *names;           /* null: the default server answers every name */
    struct http_address *next;                /* all of a generation, while it is read */
    struct binding *binding;
};

/* Settings of reading a request: directives of http and server, before a location is known. */
struct http_reading {
    size_t client_header_buffer_size;                /* bytes */
    struct conf_buffers large_client_header_buffers; /* at most 15 of them */
    int64_t client_header_timeout;                   /* ms */
    size_t connection_pool_size;                     /* bytes of a pool's first block, connection included */
    size_t request_pool_size;                        /* bytes of the blocks after the pin */
    bool request_pool_auto;        /* it follows what requests need, beginning with request_pool_size */
    size_t connection_pool_budget; /* bytes that a connection may hold; 0: no limit */
    bool merge_slashes;
    bool strict_line_endings; /* a bare LF is refused */
    bool underscores;         /* $http_a_b is also the field A_B */
    int64_t max_headers;      /* field lines of a head */
};

struct http_server {
    struct http_server *next;
    struct http_main *main;
    struct http_reading reading;
    struct http_location *outside; /* settings of the server itself: for what no location takes */
    const struct http_locations *locations;
    struct http_location_list *named; /* location @name, in file order */
    const char *name;                 /* first server_name, "" if none: $server_name */
    struct http_server_name *names;   /* as configured, in file order (server_names.h) */
    const char *file;                 /* where its block begins, for messages */
    unsigned line;
};

enum http_location_kind {
    HTTP_LOCATION_SERVER,    /* not a location: what stands directly in server { } */
    HTTP_LOCATION_PREFIX,    /* location /x */
    HTTP_LOCATION_PREFERRED, /* location ^~ /x: regular expressions are not tried */
    HTTP_LOCATION_EXACT,     /* location = /x */
    HTTP_LOCATION_REGEX,     /* location ~ or ~* */
    HTTP_LOCATION_NAMED,     /* location @x: entered by name alone */
    HTTP_LOCATION_INNER      /* a block such as `if` in one of these: entered by a step */
};

/* A size, or the text that says it for each request. */
struct http_amount {
    size_t bytes;                     /* if there is no text */
    const struct http_template *text; /* null: constant */
};

/* Core settings that every location has; inherited by copying. */
struct http_core {
    const struct log *error_log;         /* null: the main context's (generation->settings.log) */
    int64_t keepalive_timeout;           /* ms; 0: connections close after each answer */
    int64_t keepalive_header;            /* seconds in `Keep-Alive: timeout=`; 0: not sent */
    int64_t keepalive_requests;          /* requests per connection */
    int64_t keepalive_time;              /* ms that a connection may go on for */
    double keepalive_seconds;            /* the same */
    int keepalive_disable;               /* of enum http_keepalive_disable (keepalive.h) */
    int64_t client_body_timeout;         /* ms between two reads of a body */
    int64_t send_timeout;                /* ms between two writes */
    struct http_amount limit_rate;       /* bytes per second of an answer; 0: no limit */
    struct http_amount limit_rate_after; /* bytes before limit_rate begins */
    int if_modified_since;               /* enum http_if_modified_since */
    int64_t max_ranges;                  /* ranges of one request; with more, the whole file is sent */
    int64_t lingering_time;         /* ms for which unread bytes are received and dropped before closing */
    int64_t lingering_timeout;      /* ms between two such reads */
    off_t client_max_body_size;     /* bytes; 0: no limit */
    size_t client_body_buffer_size; /* bytes */
    int client_body_in_file_only;   /* enum http_upload_files (upload.h) */
    struct temp_folder client_body_temp_path;
    const char *default_type;
    const struct http_mime *types;
    bool sendfile, tcp_nodelay, tcp_nopush, etag, internal, log_not_found, server_tokens;
    bool absolute_redirect, port_in_redirect, server_name_in_redirect;
    bool tuned;   /* limit_rate or tcp_nodelay off: http_pace_begin has something to do */
    bool chunked; /* bodies of unknown length go out in chunks; off: the connection's end ends them */
};

struct http_location {
    enum http_location_kind kind;
    struct http_text name;          /* prefix or exact text; the pattern of a regex */
    const struct http_regex *regex; /* HTTP_LOCATION_REGEX */
    const struct http_server *server;
    struct http_core core;
    void *sections[HTTP_MODULES];          /* each module's settings here, in the order of http_modules */
    const struct http_step *before;        /* HTTP_LOCATION_SERVER: the steps before the search; null: none */
    const struct http_step *steps;         /* what a request does here, by phase; ends with a null function */
    const struct http_filter *filters;     /* likewise what an answer passes; null: none */
    const struct http_log_step *log_steps; /* likewise after the answer */
    const struct http_locations *locations; /* nested ones; null: none */
    const struct http_location *outer;      /* the one around it; null on the server's level */
    bool looks;                             /* it shows this server: its requests may use view_reserve */
    bool slashes; /* its prefix without the slash at the end leads here, too, unless that is a location */
};

/* The module whose `http` directive stands in the main context. */
extern const struct conf_module http_block;

#endif
