/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what a directive that is unknown or misplaced may have been meant to be: where a name belongs, or
 *   the known name that is nearest to it.
 * Lifetime: keeps nothing.
 * Threads: any.
 * Errors: none; an empty text if there is nothing to say.
 */
#ifndef CONF_HINT_H
#define CONF_HINT_H

#include "conf/directive.h"

enum { CONF_HINT_SIZE = 256 };

/* " (it belongs in CONTEXTS)", if the tables know the name. `everything` may be NULL. */
void conf_hint_place(const struct conf_modules *everything, const char *name, char text[CONF_HINT_SIZE]);

/* " (did you mean "NAME"?)": a name at most two slips away (letters left out, too many, wrong or swapped; one
 * in names of up to four); of two that are equally near, the one that may stand in `context`. */
void conf_hint_name(const struct conf_modules *everything, const char *name, uint32_t context,
                    char text[CONF_HINT_SIZE]);

#endif
