/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: texts that a client or a file system chose, as the inside of a JSON string: what RFC 8259 7 asks
 *   for, DEL, the C1 control characters, and bytes that are no UTF-8 are escaped; the rest stays readable.
 * Lifetime: nothing is kept.
 * Threads: any; pure functions over bytes.
 * Errors: none.
 */
#ifndef HTTP_TEXT_JSON_TEXT_H
#define HTTP_TEXT_JSON_TEXT_H

#include "http/protocol/head.h"

/* How many bytes http_json_write will write: at most six for each of the text's. */
uint32_t http_json_measure(struct http_text text);

/* Returns the byte after the last it wrote. */
char *http_json_write(char *to, struct http_text text);

#endif
