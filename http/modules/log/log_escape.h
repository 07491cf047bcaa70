/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: escaping in access logs, so that no client can forge lines: nginx's form, in which a quote, a
 *   backslash and every byte outside printable ASCII is \xXX. JSON's form: server/log/json_text.h.
 * Lifetime: nothing is kept.
 * Threads: any; pure functions over bytes.
 * Errors: none.
 */
#ifndef HTTP_MODULES_LOG_LOG_ESCAPE_H
#define HTTP_MODULES_LOG_LOG_ESCAPE_H

#include <stdint.h>

#include "http/protocol/head.h"

/* Whether nginx's form or JSON's may have to change the text. */
bool http_log_odd(struct http_text text);

/* Copies the text, all of its length, and says whether it is odd. */
bool http_log_copy(char *to, struct http_text text);

/* How many bytes `write` will write, which returns the byte after them. */
uint32_t http_log_escape_measure(struct http_text text);
char *http_log_escape_write(char *to, struct http_text text);

#endif
