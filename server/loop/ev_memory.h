/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: memory for libev, which aborts when its allocator fails. So memory that its arrays may need is
 *   taken beforehand: each thread has a reserve, from which the allocator serves when the system refuses.
 * Lifetime: install once, before the first loop. A thread's reserve begins with ev_memory_reserve and ends
 *   with ev_memory_release, after its loop is destroyed. A loop is made, used and destroyed by one thread.
 * Threads: install: the main thread, before others. The rest: each thread for itself.
 * Errors: ev_memory_reserve returns false; the caller then does without the new descriptor.
 */
#ifndef SERVER_LOOP_EV_MEMORY_H
#define SERVER_LOOP_EV_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Sets libev's allocator, and its callback for system errors: a failed call is logged and tried again after a
 * pause; if it only fails for ten seconds, the process ends with status 1. */
void ev_memory_install(void);

/*
 * Before ev_loop_new (with any fd), before a new descriptor is watched, and before a burst of new watchers of
 * other kinds: makes sure that this thread's reserve covers the next growth of every array of its loop, with
 * `fd` watched. false: the caller closes the descriptor and pauses. Costs some ten instructions when nothing
 * is missing.
 */
__attribute__((warn_unused_result)) bool ev_memory_reserve(int fd);

/* How many bytes that may take; for a log line. */
size_t ev_memory_need(int fd);

/* After ev_memory_reserve returned false: whether the rest of the reserve is enough for this one descriptor.
 * For listeners, which must go on without memory, so that clients get an answer. */
bool ev_memory_last(int fd);

/* The same for a descriptor or timer by which the server is watched: from the rest of the reserve, or above
 * memory_budget (sysmem_use_spare). */
bool ev_memory_spared(int fd);

/* Gives the thread's reserve back. */
void ev_memory_release(void);

#endif
