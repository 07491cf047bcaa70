/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Escaping in access logs, so that no client writes our log.
 *
 * Purpose: two forms. The default, nginx's: a quote, a backslash and every byte outside printable ASCII is
 *   \xXX. JSON: what a string of RFC 8259 7 must escape, DEL, the C1 control characters, and bytes that are
 *   no UTF-8; other characters stay readable. Lifetime, threads: pure functions over bytes.
 * Errors: none. `odd`: whether either form may have to change the text: nearly always not. `measure` returns
 *   how many bytes `write` will write, which returns the byte after; both go by the same table.
 */
#ifndef HTTP_MODULES_LOG_LOG_ESCAPE_H
#define HTTP_MODULES_LOG_LOG_ESCAPE_H

#include <stdint.h>

#include "http/protocol/head.h"

bool http_log_odd(struct http_text text);

uint32_t http_log_escape_measure(struct http_text text);
char *http_log_escape_write(char *to, struct http_text text);

uint32_t http_log_json_measure(struct http_text text);
char *http_log_json_write(char *to, struct http_text text);

#endif
