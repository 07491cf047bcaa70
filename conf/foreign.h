/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: directives that nginx has and we have not. Tells the author of a configuration that was written
 *   for nginx which of its lines mean nothing here, and what to do instead. A directive is taken, with a
 *   warning, if its absence changes nothing that a client could see; it is refused if it would be missed (a
 *   proxy, a password, a certificate).
 * Lifetime: constant.
 * Threads: any.
 * Errors: none.
 */
#ifndef CONF_FOREIGN_H
#define CONF_FOREIGN_H

#include <stdbool.h>

/* The advice for what would run programs or scripts. */
#define CONF_FOREIGN_SCRIPT "requests start no programs: let another server do it"

struct conf_foreign {
    const char *name;   /* a directive, or with `*` at its end all that begin with it */
    bool ignored;       /* taken, with a warning */
    const char *advice; /* part of a sentence */
};

/* The first row that fits; NULL: nginx has no such directive either. */
const struct conf_foreign *conf_foreign_find(const char *name);

#endif
