/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * account: what has been taken and not given back, for the line that the process logs at its end.
 *
 * Lifetime: static.
 * Threads: to be asked when the others have ended.
 * Errors: none.
 */
#ifndef POOL_ACCOUNT_H
#define POOL_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>

/* True: everything is back, and `text` is "". Else one line without its end that says what is out (pools,
 * objects that a destroyed sizeclass still had out, the system's memory), cut off at `size`. */
bool account_settled(char *text, size_t size);

#endif
