/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the head of a line of the error log, in each of its forms: "2026/11/21 03:26:00 [error] PID#TID: "
 *   and, short, "tidepool: [error] ". Where stderr is systemd's journal, a line begins with its priority,
 *   "<3>", and has no time: the journal has its own.
 * Lifetime: log_head_find_journal at the start, and when stderr has become another.
 * Threads: log_head_find_journal: the main thread, before others. The rest: any; also in a handler of a
 *   signal.
 * Errors: none: without JOURNAL_STREAM, or with one that names another place, stderr is no journal.
 * Source: systemd.exec(5), $JOURNAL_STREAM; sd-daemon(3), SD_ERR and its kin
 */
#ifndef SERVER_LOG_LOG_HEAD_H
#define SERVER_LOG_LOG_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "server/log/log.h"

void log_head_find_journal(void);

/* Whether lines to this target, or to stderr if it is NULL, go to the journal. */
bool log_head_is_journal(const struct log_target *target);

/* Writes the head and returns its length, at most `size`. `date`: the time as text; NULL: the short form. */
size_t log_head_print(char *out, size_t size, enum log_level level, const char *date, bool is_journal);

#endif
