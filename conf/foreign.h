/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Directives that nginx has and we have not: what to tell who writes one.
 *
 * Purpose: a configuration that was written for nginx says at once which of its lines mean nothing here, and
 *   what to do instead. What changes nothing that a client could see is taken, with a warning; what would be
 *   missed (a proxy, a password, a certificate) is refused.
 * Lifetime: constant.
 * Threads: any.
 * Errors: none.
 */
#ifndef CONF_FOREIGN_H
#define CONF_FOREIGN_H

#include <stdbool.h>

struct conf_foreign {
    const char *name;   /* a directive; with `*` at its end all that begin so */
    bool ignored;       /* taken, with a warning */
    const char *advice; /* part of a sentence */
};

/* The first row that fits, or NULL: nobody knows such a directive. */
const struct conf_foreign *conf_foreign_find(const char *name);

#endif
