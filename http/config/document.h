/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: prints the directives of http { } and the variables as Markdown.
 * Lifetime: nothing is kept.
 * Threads: one at a time per stream. Errors: 0, or -EIO if the stream failed.
 */
#ifndef HTTP_CONFIG_DOCUMENT_H
#define HTTP_CONFIG_DOCUMENT_H

#include <stdio.h>

/* A heading and a table for each module that has directives (conf/document.h). */
int http_document_directives(FILE *out) __attribute__((warn_unused_result));

/* A table of the variables, in the order in which they are looked for. */
int http_document_variables(FILE *out) __attribute__((warn_unused_result));

#endif
