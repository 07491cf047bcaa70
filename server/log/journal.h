/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the heads of the error log's lines. Where stderr is systemd's journal, a line begins with its
 *   priority, "<3>[error] PID#TID: message", and has no time: the journal has its own.
 * Lifetime: journal_find at the start, and when stderr has become another.
 * Threads: journal_find: the main thread, before others. The rest: any; also in a handler of a signal.
 * Errors: none: without JOURNAL_STREAM, or with one that names another place, stderr is no journal.
 * Source: systemd.exec(5), $JOURNAL_STREAM; sd-daemon(3), SD_ERR and its kin
 */
#ifndef SERVER_LOG_JOURNAL_H
#define SERVER_LOG_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "server/log/log.h"

void journal_find(void);

/* Whether lines to this target, or to stderr if it is NULL, go to the journal. */
bool journal_reads(const struct log_target *target);

/* Writes the head of a line for the journal and returns its length, at most `size`. `is_short`: the form
 * "tidepool: [error] message". */
size_t journal_head(char *out, size_t size, enum log_level level, bool is_short);

#endif
