/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: writes texts from a client or a file system inside a JSON string. Escaped are the characters of
 *   RFC 8259 7, DEL, the C1 control characters, and invalid UTF-8; the rest stays readable.
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
