/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: which bytes of an allocation a trace shows. A client may see what its request put into memory, but
 *   no addresses: they would defeat the randomised layout of the process. So in structs, words that could be
 *   an address are hidden. Texts and received bytes are the client's own and are shown as they are.
 * Lifetime: nothing is kept.
 * Threads: any; the entry's pool is the caller's.
 * Errors: none. In doubt a word is hidden.
 */
#ifndef HTTP_MODULES_VIEW_POOL_TRACE_BYTES_H
#define HTTP_MODULES_VIEW_POOL_TRACE_BYTES_H

#include "pool/pool_trace.h"

enum { POOL_TRACE_STEP = 8 /* bytes looked at together: a word, where structs keep theirs */ };

/* Bytes up to the last that is not zero: a traced pool hands out zeros. */
size_t pool_trace_written(const struct pool_trace_entry *entry);

/* Whether the word at `offset`, a multiple of POOL_TRACE_STEP below the entry's size, is hidden. */
bool pool_trace_hides(const struct pool_trace_entry *entry, size_t offset);

#endif
