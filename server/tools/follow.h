/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the subcommand `tidepool follow ID|next|ADDRESS`. Prints what happens in the pool of one
 *   connection, a line an event, until the pool is destroyed: in words (follow_view.h), or with -j as the
 *   server's JSON.
 * Lifetime: a process of its own.
 * Threads: one.
 * Errors: a line on stderr.
 */
#ifndef SERVER_TOOLS_FOLLOW_H
#define SERVER_TOOLS_FOLLOW_H

/* argv[0] is "follow". The status to exit with: 0: the pool was followed to its end; 1: that was not
 * possible; 2: wrong usage. */
int follow_command(int argc, char *const *argv);

#endif
