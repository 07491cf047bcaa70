/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: numbers, sizes and times as nginx writes them (src/core/ngx_parse.c). Pure functions over
 *   NUL-terminated strings (never NULL).
 *     number  digits alone
 *     size    digits, then k or m (either case)
 *     offset  digits, then k, m or g (either case)
 *     time    one or more of digits and unit, largest unit first, spaces between them allowed: y M w d h m s
 *             ms. y = 365 days, M = 30 days. Without a unit: seconds. y and M only where seconds are meant,
 *             ms only where milliseconds are.
 * Lifetime: none.
 * Threads: any.
 * Errors: false, *out untouched: not a number, a wrong unit, or more than the type holds.
 */
#ifndef CONF_UNITS_H
#define CONF_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

bool conf_parse_number(const char *text, int64_t *out);
bool conf_parse_size(const char *text, size_t *out);  /* bytes, at most SSIZE_MAX */
bool conf_parse_offset(const char *text, off_t *out); /* bytes */
bool conf_parse_msec(const char *text, int64_t *out); /* milliseconds */
bool conf_parse_sec(const char *text, int64_t *out);  /* seconds */

#endif
