/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the subcommand `tidepool top`: a running server's memory in a terminal. Asks a server for a
 *   snapshot every few seconds (fetch.h) and draws it (top_view.h). Keys sort, search and select; -1, or an
 *   output that is no terminal, prints one snapshot with exact figures, for reports.
 * Lifetime: a process of its own.
 * Threads: one.
 * Errors: a line on stderr at the first question; later ones are shown on the screen, and it goes on asking.
 */
#ifndef SERVER_TOOLS_TOP_H
#define SERVER_TOOLS_TOP_H

#define TOP_DEFAULT_SERVER "http://127.0.0.1:8080/pools"

/* argv[0] is "top". The status to exit with: 0; 1: the server could not be asked; 2: wrong usage. */
int top_command(int argc, char *const *argv);

#endif
