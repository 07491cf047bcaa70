/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: log lines as a gzip member (RFC 1952): access_log with `gzip`. What a buffer holds becomes a
 *   member of its own; members after one another are a file that zcat reads.
 * Lifetime: the result is the caller's, to be freed with sysmem_free.
 * Threads: any.
 * Errors: NULL, no memory.
 */
#ifndef SERVER_LOG_LOG_GZIP_H
#define SERVER_LOG_LOG_GZIP_H

#include <stddef.h>

/* `level` 1 … 9. *size is what was allocated, *used how much of it the member takes. */
char *log_gzip(const char *bytes, size_t length, int level, size_t *size, size_t *used);

#endif
