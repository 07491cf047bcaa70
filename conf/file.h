/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the files of a configuration, for read.c: reads one whole, knows which are open and which -T has
 *   to show.
 * Lifetime: texts lie in conf->pool. A struct conf_open is the reader's, on its stack, linked into conf->open
 *   while the file's directives are read.
 * Threads: one at a time.
 * Errors: 0 or a negative errno, with the sentence in conf->error.
 */
#ifndef CONF_FILE_H
#define CONF_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "conf/conf.h"

enum { CONF_FILE_MAX = 256 << 20 /* bytes: more is no configuration, but /dev/zero or a mistake */ };

struct conf_text {
    const char *bytes;
    size_t length;
};

struct conf_open {
    struct conf_open *outer;
    dev_t device; /* with inode: tells a file that includes itself, by whatever name */
    ino_t inode;
};

/* Reads the file and remembers it for -T; fills `opened`, which is not linked yet. `node` is the include that
 * asked for it, NULL for the first file. `path` must live as long as the pool. */
int conf_file_read(struct conf *conf, const struct conf_node *node, const char *path,
                   struct conf_open *opened, struct conf_text *text) __attribute__((warn_unused_result));

/* Adds a text to conf->files unless one of that name is there. Both must live as long as the pool. */
int conf_file_remember(struct conf *conf, const char *name, const struct conf_text *text)
    __attribute__((warn_unused_result));

#endif
