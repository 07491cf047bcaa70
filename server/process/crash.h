/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the last line of a process that crashes. On SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT one
 *   [alert] line in the error log says which signal it was and where, how the thread came there, and what it
 *   was doing. Then the signal does what it always does: the core is what it would have been, and so is the
 *   status.
 * Lifetime: crash_start at the start of the process; crash_thread_start and crash_thread_end at the start
 *   and the end of each other thread. The handler runs on a stack of its own, as the thread's may be what
 *   ran out.
 * Threads: of several that crash, the first is heard.
 * Errors: start functions: a negative errno. If the handler crashes too, what there is of the line is
 *   written, with a word about that, and the process ends.
 *
 * The sanitizers have handlers of their own, which say more. In their builds these functions do nothing.
 */
#ifndef SERVER_PROCESS_CRASH_H
#define SERVER_PROCESS_CRASH_H

#include <signal.h>
#include <stddef.h>

#include "pool/annotate.h"

#if defined ANNOTATE_ASAN || defined ANNOTATE_TSAN
enum { CRASH_OURS = 0 };
#else
enum { CRASH_OURS = 1 };
#endif

/* What the thread is busy with, for the `describe` of its start; null: nothing. It is set where a callback
 * begins, and must be null before it dies. */
extern _Thread_local const void *crash_subject;

/* Installs the handlers; `name` is the thread's, for the line. */
__attribute__((warn_unused_result)) int crash_start(const char *name);

/* For the calling thread: "NAME NUMBER". `describe` writes what a subject is, at most `size` bytes, and
 * returns their number: in a handler of a signal, so without memory and locks. The bytes may be a
 * stranger's. */
__attribute__((warn_unused_result)) int crash_thread_start(const char *name, unsigned number,
                                                           size_t (*describe)(const void *subject, char *to,
                                                                              size_t size));
void crash_thread_end(void);

/* Takes these signals out of a set that is to be blocked: one that is blocked ends the process without a
 * word. */
void crash_leave_open(sigset_t *set);

#endif
