/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: regular expressions of server_name, location, rewrite, map: PCRE2, compiled once, matched by any
 *   thread. Hides what PCRE2 needs around a match (memory, limits), so that matching takes no memory of the
 *   system after a thread's first match. PCRE2's compiler to machine code stays off, as in nginx: its memory
 *   is executable, and no budget counts it.
 * Lifetime: a compiled one lies in conf->pool and goes with it. Each thread that matches has scratch
 *   memory of its own, made by its first match and freed when the thread ends (or by
 *   http_regex_thread_release).
 * Threads: compiling: one at a time. Matching: any number.
 * Errors: compiling: NULL, with nginx's sentence in struct conf. Matching: HTTP_REGEX_FAILED, when
 *   memory is missing or the expression backtracks beyond HTTP_REGEX_STEPS, which bounds what one
 *   request can cost a worker.
 */
#ifndef HTTP_ROUTE_REGEX_H
#define HTTP_ROUTE_REGEX_H

#include <stdbool.h>

#include "conf/conf.h"
#include "http/protocol/head.h"

enum {
    HTTP_CAPTURES = 10,        /* $0 … $9 */
    HTTP_REGEX_GROUPS = 64,    /* with $0: more are refused; those behind $9 are reached by name */
    HTTP_REGEX_STEPS = 500000, /* PCRE2's match limit; its own default is 20 times that: half a second */
    HTTP_REGEX_HEAP = 4096     /* KiB of backtracking memory per thread */
};

struct http_regex;

enum http_regex_result { HTTP_REGEX_MATCH, HTTP_REGEX_NO_MATCH, HTTP_REGEX_FAILED };

/* Compiles `pattern` (NUL-terminated; not copied, nor is `node`, where it stands). */
struct http_regex *http_regex_compile(struct conf *conf, const struct conf_node *node, const char *pattern,
                                      bool caseless);

/* How many groups it captures, without $0. */
unsigned http_regex_groups(const struct http_regex *regex);

/* The number of the group of that name; 0: it has none. */
unsigned http_regex_group(const struct http_regex *regex, const char *name);

/* The names of its groups, one after another from `index` 0 on; NULL: no more. */
const char *http_regex_name(const struct http_regex *regex, unsigned index);

/* Matches. After HTTP_REGEX_MATCH captures[0 … *count-1] are spans of `subject`, a group that took no part
 * being empty; an expression without groups sets *count to 0, as in nginx. Otherwise nothing is changed. */
enum http_regex_result http_regex_match(const struct http_regex *regex, struct http_text subject,
                                        struct http_text captures[HTTP_CAPTURES], unsigned *count)
    __attribute__((warn_unused_result));

/* The same for one group alone. */
enum http_regex_result http_regex_match_group(const struct http_regex *regex, struct http_text subject,
                                              unsigned group, struct http_text *capture)
    __attribute__((warn_unused_result));

/* A sentence about the match of this thread that ended with HTTP_REGEX_FAILED last, NUL-terminated: the
 * expression, its directive and where that stands. */
void http_regex_explain(char *to, size_t size);

/* Frees the calling thread's scratch memory. A thread's end does so by itself; the main thread may call. */
void http_regex_thread_release(void);

#endif
