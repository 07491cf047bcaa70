/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints directive tables as Markdown, nginx's way: syntax, default, contexts, help.
 *
 * Lifetime: keeps nothing.
 * Threads: one at a time per stream. Errors: 0, or -EIO if the stream failed.
 */
#ifndef CONF_DOCUMENT_H
#define CONF_DOCUMENT_H

#include <stdio.h>

#include "conf/directive.h"

/* A heading per module in the order given, directives in the table's order. */
int conf_document(const struct conf_modules *modules, FILE *out) __attribute__((warn_unused_result));

/* The contexts' names as nginx writes them ("http, server, location"), cut if `size` is too small. Returns
 * `out`. */
const char *conf_context_names(uint32_t contexts, char *out, size_t size);

#endif
