/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: text to tree, includes expanded. `include` is read wherever a directive may stand, `types` and
 *   `map` included. Its path is relative to the folder of the configuration file; with * ? or [ in it, it is
 *   a pattern, whose matches (there may be none) are read in alphabetical order. A file must be balanced in
 *   itself. The syntax of the whole text is checked before any directive's meaning. A read gives a root: a
 *   node that stands for the text, whose children are the directives (NULL: an empty text). Apply it with
 *   conf_apply(conf, root->children, CONF_MAIN, …).
 * Lifetime: the tree lies in conf->pool.
 * Threads: one at a time.
 * Errors: NULL, and a sentence in conf->error.
 */
#ifndef CONF_READ_H
#define CONF_READ_H

#include <stddef.h>

#include "conf/conf.h"
#include "conf/directive.h"

enum {
    CONF_DEPTH_MAX = 64,   /* blocks in blocks, so that no text can exhaust the stack */
    CONF_INCLUDE_MAX = 32, /* files in files; a file that includes itself is refused at once */
};

/* A file by its full name. */
struct conf_node *conf_read_file(struct conf *conf, const char *path);

/* A text in memory, such as the embedded default; it need not outlive the call. `name` stands in for the file
 * name in errors and with -T, and is copied. */
struct conf_node *conf_read_text(struct conf *conf, const char *name, const char *text, size_t length);

/* The argument of -g, NUL-terminated: errors are "in command line", blocks are refused, -T omits it. */
struct conf_node *conf_read_option(struct conf *conf, const char *directives);

/* Appends the directives of `second` to those of `first`, so that -g and a file become one level. */
void conf_join(struct conf_node *first, struct conf_node *second);

/* The documentation of `include`, for conf_document; conf_apply never meets one. */
extern const struct conf_module conf_include_module;

#endif
