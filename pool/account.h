/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what has been taken and not given back. The line that the process logs at its end.
 * Lifetime: static.
 * Threads: called when all other threads have ended.
 * Errors: none.
 */
#ifndef POOL_ACCOUNT_H
#define POOL_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

/* True: all memory has been given back, and `text` is "". False: `text` is one line without a newline, cut
 * off at `size`: pools, objects that were out when their sizeclass was destroyed, system memory. */
bool account_settled(char *text, size_t size);

#endif
