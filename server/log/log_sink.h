/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the place that log lines go to: a file, a pipe, a socket or a terminal, whatever names and
 *   descriptors it has. Lines of all threads and logs that go to the same place arrive whole. The kernel
 *   keeps writes apart only up to PIPE_BUF bytes into a pipe, and into a file only while the disk has room. A
 *   line that was taken in part needs a second write. So a writer has the turn, from the first byte of its
 *   lines to the last; others wait for it, as they would wait in write(2) for the kernel's own lock of the
 *   same file. Only writers to this place wait for the turn. Into a pipe, lines are written in groups of at
 *   most PIPE_BUF bytes, so that other processes' lines are kept apart too. When only a part of a line was
 *   taken (disk full, O_NONBLOCK), the part is removed from a file; if that is not possible, the rest of the
 *   line is kept and written before anything else.
 * Lifetime: counted, one for each place that is open; log_sink_stderr is there always.
 * Threads: all functions, every thread; log_sink_moved: the main thread.
 * Errors: get: NULL, no memory or no such descriptor. write tells what was lost. Without memory for a rest, a
 *   line feed ends the part that is out. A rest whose file was rotated away is dropped.
 */
#ifndef SERVER_LOG_LOG_SINK_H
#define SERVER_LOG_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_sink;

/* An open place to write to, by one of its descriptors. */
struct log_target {
    struct log_sink *sink;       /* of the place */
    int fd;                      /* O_APPEND; 2 for stderr */
    _Atomic uint64_t lost_lines; /* since the start; every writer's */
};

/* The one of an open descriptor. */
struct log_sink *log_sink_get(int fd);
void log_sink_put(struct log_sink *sink);

/* That of descriptor 2, and of every other name of that place; put does nothing to it. */
struct log_sink *log_sink_stderr(void);

/* The descriptor that writes to the sink is another file now (it was opened anew, or put in its place). */
void log_sink_moved(struct log_sink *sink, int fd);

/* `lines`: bytes are lines, each ended by a line feed; else they are one piece (a gzip member). Returns how
 * many of the first bytes are out, or kept to follow: whole lines. If that is less than `length`, *error is
 * an errno. */
size_t log_sink_write(struct log_sink *sink, int fd, const char *bytes, size_t length, bool lines,
                      int *error);

/* Counts lines that are lost: the target's since the start, which it returns, and those of all targets. */
uint64_t log_sink_lost(struct log_target *target, uint64_t lines);

/* Lines that were lost since the start, of all logs. Any thread. */
uint64_t log_sink_lost_in_all(void);

/* A line of the error log, which cannot complain about itself: a lost line is only counted. */
void log_sink_say(struct log_target *target, const char *line, size_t length);

#endif
