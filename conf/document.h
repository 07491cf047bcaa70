/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: prints directive tables as Markdown: a row for each directive, with its arguments, contexts,
 *   default and help. A row is one line, so that `tidepool directives | grep limit_req` answers a question. A
 *   setter of set.h tells what its directive takes; for others the help begins with it (directive.h).
 * Lifetime: keeps nothing.
 * Threads: one at a time per stream.
 * Errors: 0, or -EIO if the stream failed.
 */
#ifndef CONF_DOCUMENT_H
#define CONF_DOCUMENT_H

#include <stdio.h>

#include "conf/directive.h"

/* A heading, and one table of the modules' directives in their order. */
int conf_document(const char *heading, const struct conf_modules *modules, FILE *out)
    __attribute__((warn_unused_result));

/* Prints those rows of a reference in Markdown whose first cell is about `name` (a variable's without its $),
 * a cell a line under the name of its column, without the marks of Markdown. Returns how many there were. */
unsigned conf_document_find(const char *reference, const char *name, FILE *out);

/* The contexts' names as nginx writes them ("http, server, location"), in `out`, which is returned. */
const char *conf_document_contexts(uint32_t contexts, char *out, size_t size);

enum { CONF_FORM_SIZE = 256 };

/* How a directive is written, as the reference has it: "root PATH;". Empty if there is no memory. */
void conf_document_form(const struct conf_directive *directive, char form[CONF_FORM_SIZE]);

/* Text for a cell of a table: a bar in it would end the cell. */
void conf_document_cell(const char *text, size_t length, FILE *out);

#endif
