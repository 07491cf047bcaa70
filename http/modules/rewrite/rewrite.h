/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: rewrite, set, if, break, return: a short program per server and per location. The directives of a
 *   level become its program, in file order; a block of `if` is a program of its own and a location with the
 *   settings of the block, which the request enters. As in nginx, a server's program runs before the location
 *   is looked for, a location's when it is entered; neither is inherited. A level without any of them has no
 *   step. A program that is one `return` is that answer.
 * Lifetime: programs lie in the generation's pool; values and new paths in the request's.
 * Threads: the request's worker.
 * Errors: 503 without memory, 500 for an empty path or an expression that gave up.
 */
#ifndef HTTP_MODULES_REWRITE_REWRITE_H
#define HTTP_MODULES_REWRITE_REWRITE_H

#include "http/modules/rewrite/return.h"
#include "http/route/regex.h"
#include "http/text/named.h"

enum http_test {
    HTTP_TEST_TRUE,    /* `if ($x)`: neither empty nor "0" */
    HTTP_TEST_EQUAL,   /* `if ($x = text)` */
    HTTP_TEST_MATCHES, /* `if ($x ~ regex)`: captures are kept */
    HTTP_TEST_FILE,    /* `if (-f text)` */
    HTTP_TEST_FOLDER,  /* -d */
    HTTP_TEST_EXISTS,  /* -e */
    HTTP_TEST_EXECUTES /* -x */
};

struct http_condition_test {
    enum http_test test;
    bool negated;
    struct http_template subject; /* the variable; the file's name */
    struct http_template other;   /* HTTP_TEST_EQUAL */
    const struct http_regex *regex;
    const struct http_group *groups; /* of `regex`; null: none has a name */
};

/* A named group of an expression, which is kept when it matches. */
struct http_group {
    const struct http_group *next;
    const struct http_named *named;
};

enum http_rewrite_flag { HTTP_REWRITE_ON, HTTP_REWRITE_LAST, HTTP_REWRITE_BREAK };

struct http_rewrite_rule {
    const struct http_regex *regex;
    const struct http_group *groups;
    struct http_template path; /* what stands before a ? in the replacement; the whole of a redirect */
    struct http_template args; /* what stands behind it */
    bool has_args;             /* there is one */
    bool keeps_args;           /* the client's arguments follow: no ? at the end */
    int redirect;              /* 0, 301 or 302 */
    enum http_rewrite_flag flag;
};

enum http_operation {
    HTTP_DO_RETURN,
    HTTP_DO_REWRITE,
    HTTP_DO_SET,
    HTTP_DO_LIMIT_RATE,
    HTTP_DO_BREAK,
    HTTP_DO_IF
};

struct http_instruction {
    struct http_instruction *next;
    enum http_operation operation;
    union {
        struct http_return_rule answer;
        struct http_rewrite_rule rewrite;
        struct {
            const struct http_named *named; /* null: $args */
            struct http_template value;
        } set;
        struct {
            struct http_condition_test test;
            const struct http_location *inner; /* settings and program of its block */
        } branch;
    } as;
};

struct http_rewrite {
    struct http_instruction *first, **end;
    const void *owner;     /* the section that the program stands in; inherited copies have another address */
    bool log;              /* rewrite_log: log at level notice what happens */
    struct http_text type; /* default_type, its length counted once */
};

extern const struct http_module http_rewrite_module;

/* rewrite_read.c: the setters. */
int http_set_rewrite(struct conf_setting *setting);
int http_set_set(struct conf_setting *setting);
int http_set_if(struct conf_setting *setting);
int http_set_break(struct conf_setting *setting);
int http_set_return(struct conf_setting *setting);

/* condition_if.c: reads what stands in the parentheses. 0 or a negative errno. */
int http_if_read(struct conf *conf, const struct conf_node *node, struct http_condition_test *test);

/* The named groups of an expression become variables. 0 or a negative errno. */
int http_groups_make(struct conf *conf, const struct conf_node *node, const struct http_regex *regex,
                     const struct http_group **groups);

/* Keeps the groups of the match that was last. False: no memory. */
bool http_groups_keep(struct http_request *request, const struct http_regex *regex,
                      const struct http_group *groups, struct http_text subject);

/* HTTP_OUTCOME_NEXT: *holds says whether it does; else what the request ends with. */
enum http_outcome http_if_test(struct http_request *request, const struct http_condition_test *test,
                               bool *holds);

#endif
