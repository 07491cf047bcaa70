/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what a location can do. A module is a table of directives, a section of settings per location, and
 *   the steps it adds to the road of a request in locations that want it. A location that does not use a
 *   module does not call it.
 * Lifetime: module tables are constant; sections and steps lie in the generation's pool.
 * Threads: steps run on the worker of the request.
 * Errors: a step's outcome; finish and set return a negative errno with a sentence in struct conf.
 *
 * How to write one: fill a struct http_module, add it to enum http_module_index and to the table in
 * modules.c, and have `finish` call http_add_step for the locations whose section asks for it.
 */
#ifndef HTTP_MODULE_H
#define HTTP_MODULE_H

#include <stddef.h>

#include "conf/directive.h"

struct http_request;
struct http_location;
struct http_build;
struct http_variable_row; /* http/text/variables_table.h */

enum http_module_index {
    HTTP_MODULE_CORE, /* core_directives.c: struct http_core */
    HTTP_MODULE_ERROR_PAGE,
    HTTP_MODULE_LIMIT_EXCEPT,
    HTTP_MODULE_REWRITE,
    HTTP_MODULE_MAP,
    HTTP_MODULE_LIMIT_REQ,
    HTTP_MODULE_LIMIT_CONN,
    HTTP_MODULE_ACCESS,
    HTTP_MODULE_TRY_FILES,
    HTTP_MODULE_ECHO_BODY,
    HTTP_MODULE_POOL_VIEW,
    HTTP_MODULE_STUB_STATUS,
    HTTP_MODULE_METRICS,
    HTTP_MODULE_AUTOINDEX,
    HTTP_MODULE_GZIP_STATIC,
    HTTP_MODULE_STATIC,
    HTTP_MODULE_HEADERS,
    HTTP_MODULE_CHARSET,
    HTTP_MODULE_GZIP,
    HTTP_MODULE_ACCESS_LOG,
    HTTP_MODULES
};

/* In the order in which a request meets them. */
enum http_phase {
    HTTP_PHASE_SERVER,  /* rewrite in server { }: before a location is looked for */
    HTTP_PHASE_REWRITE, /* limit_except, rewrite */
    HTTP_PHASE_LIMIT,   /* limit_req, limit_conn */
    HTTP_PHASE_ACCESS,  /* allow, deny */
    HTTP_PHASE_TRY,     /* try_files */
    HTTP_PHASE_CONTENT, /* static, echo_body, pool_view: exactly one answers */
    HTTP_PHASES
};

enum http_outcome {
    HTTP_OUTCOME_NEXT,     /* the next step decides */
    HTTP_OUTCOME_ANSWERED, /* the response is described in the request: send it */
    HTTP_OUTCOME_STATUS,   /* request->status is set: answer with its page */
    HTTP_OUTCOME_RELOCATE, /* request->path was replaced (http_relocate): an internal redirect */
    HTTP_OUTCOME_LOCATE,   /* the same by rewrite: only the location is looked for again */
    HTTP_OUTCOME_ENTER,    /* request->location was replaced: its steps */
    HTTP_OUTCOME_TAKEN     /* the step answers later by itself (it waits for the body) */
};

struct http_step {
    enum http_outcome (*run)(struct http_request *request, void *section);
    void *section;
};

/* Filters change every answer of a location before its head is written, in this order. Then ranges are
 * applied, if the answer still allows them. */
enum http_filter_place {
    HTTP_FILTER_HEADERS, /* expires, add_header, add_trailer */
    HTTP_FILTER_CHARSET,
    HTTP_FILTER_GZIP,
    HTTP_FILTERS
};

/* Changes request->response, or adds a transform of the body (filters.h). 0 or -ENOMEM. */
struct http_filter {
    int (*run)(struct http_request *request, void *section);
    void *section;
};

struct http_log_step {
    void (*run)(struct http_request *request, void *section);
    void *section;
};

struct http_module {
    struct conf_module conf;
    size_t section_size; /* bytes of the settings; 0: none */
    /* The defaults that no preset of the table sets (conf/set.h); may be null. 0 or a negative errno. */
    int (*defaults)(struct conf *conf, void *section);
    /* A level is complete: checks it, and adds steps. May be null. */
    int (*finish)(struct http_build *build, struct http_location *location, void *section);
    const struct http_variable_row *variables; /* those that it brings; null: none */
};

/* A row is null in a program (a test) without that module. */
extern const struct http_module *const http_modules[HTTP_MODULES];

/* For `finish`: memory for the location's steps comes from the generation's pool. 0 or -ENOMEM (said in
 * conf). */
int http_add_step(struct http_build *build, enum http_phase phase,
                  enum http_outcome (*run)(struct http_request *request, void *section), void *section);
int http_add_filter(struct http_build *build, enum http_filter_place place,
                    int (*run)(struct http_request *request, void *section), void *section);
int http_add_log_step(struct http_build *build, void (*run)(struct http_request *request, void *section),
                      void *section);

/* The start says where this location is: "listening on http://ADDRESS/ (WHAT: PATH)". `what` is a literal. A
 * location without a path of its own is not named. 0 or -ENOMEM. */
int http_announce(struct http_build *build, const struct http_location *location, const char *what);
struct conf *http_build_conf(struct http_build *build);

#endif
