/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * account: what has been taken and not given back.
 *
 * Purpose: the line that the process logs at its end.
 * Lifetime: static.
 * Threads: to be called when all others have ended.
 * Errors: none.
 */
#ifndef POOL_ACCOUNT_H
#define POOL_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

/* True: everything is back, and `text` is "". Else `text` is one line, without its end and cut off at `size`:
 * pools, objects that were out when their sizeclass was destroyed, the system's memory. */
bool account_settled(char *text, size_t size);

#endif
