/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: how a thread came to where a signal has interrupted it, as a part of a log line:
 *   "tidepool+0x41f2c (http_body_take), tidepool+0x8a10 (on_io), libev.so.4+0x5f21". The offsets are what
 *   `addr2line -e tidepool` takes; they lie within the calls, so that it names their lines.
 * Lifetime: nothing is kept but the list of libraries (code_names.h).
 * Threads: start: the main thread, before others; the rest: any, in a handler of a signal: no memory, no
 *   lock.
 * Errors: none. If the stack is broken, reading it may crash.
 */
#ifndef SERVER_PROCESS_BACKTRACE_H
#define SERVER_PROCESS_BACKTRACE_H

#include <stdint.h>

struct log_line;

void backtrace_start(void);

/* `interrupted`: the handler's third argument. */
void backtrace_frames(struct log_line *line, void *interrupted);

/* "0x7f00". */
void backtrace_address(struct log_line *line, uintptr_t address);

#endif
