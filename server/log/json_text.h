/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: writes texts that strangers chose inside a JSON string. Escaped are the characters of RFC 8259 7,
 *   DEL, the C1 control characters, and invalid UTF-8; the rest stays readable.
 * Lifetime: nothing is kept.
 * Threads: any; pure functions over bytes.
 * Errors: none.
 */
#ifndef SERVER_LOG_JSON_TEXT_H
#define SERVER_LOG_JSON_TEXT_H

#include <stddef.h>

enum { JSON_ESCAPE_MAX = 6 /* bytes that one byte becomes at most: \u00XX */ };

/* The character at `at` as it is written: *length bytes. Returns how many of the `left` bytes it is. */
size_t json_escape(const char *at, size_t left, char to[JSON_ESCAPE_MAX], size_t *length);

/* How many bytes json_write will write. */
size_t json_measure(const char *bytes, size_t length);

/* Returns the byte after the last it wrote. */
char *json_write(char *to, const char *bytes, size_t length);

#endif
