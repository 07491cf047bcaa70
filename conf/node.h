/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a configuration as a tree. The reader makes it of a text; conf_apply turns it into settings.
 * Lifetime: nodes, names and arguments lie in the pool of the struct conf they were read with and go with it.
 * Threads: written by the reader alone; read-only afterwards.
 * Errors: none.
 */
#ifndef CONF_NODE_H
#define CONF_NODE_H

#include <stdbool.h>

/* One directive: `name arg arg;` or `name arg { children }`. */
struct conf_node {
    const char *name;
    const char **args;  /* args[0] is the first, quotes and escapes resolved; NULL after the last */
    unsigned arg_count; /* without the name */
    unsigned line;  /* of the closing `;` or the opening `{`, as nginx counts; 0: the command line has none */
    unsigned place; /* of the directive in the order of reading, includes expanded */
    const char *file;           /* full name of the file, or of the text ("command line") */
    bool block;                 /* `{` followed, even if nothing stands in it */
    struct conf_node *children; /* first one, in file order; includes are already expanded */
    struct conf_node *next;     /* the next directive of the same level */
};

#endif
