/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: printf for log lines. Nearly all of their formats are made of %s, %.*s, %d, %u, %zu and %llu,
 *   which are put together here at a tenth of the price; a format with anything else is left to vsnprintf.
 *   Behind a quote, as in "%s", a quote within the string becomes \x22 (not by vsnprintf): much of what is
 *   quoted was made by clients, and log readers such as fail2ban take what follows the next quote for ours.
 * Lifetime: nothing is kept.
 * Threads: any.
 * Errors: none: what does not fit is cut.
 */
#ifndef SERVER_LOG_LOG_TEXT_H
#define SERVER_LOG_LOG_TEXT_H

#include <stdarg.h>
#include <stddef.h>

/* Writes at most size - 1 bytes (size > 0) and a NUL; returns the bytes without it. */
__attribute__((format(printf, 3, 4))) size_t log_text_print(char *to, size_t size, const char *format, ...);
__attribute__((format(printf, 3, 0))) size_t log_text_vprint(char *to, size_t size, const char *format,
                                                             va_list arguments);

#endif
