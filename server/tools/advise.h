/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the subcommand `tidepool advise [-j] [-c unix:PATH | http://HOST[:PORT]/PATH]`. Prints the
 *   sentence (server/watch/advice.h) of a running server, or with -j all of its figures as JSON. Without -c
 *   it asks the embedded default's pool view.
 * Lifetime: a process of its own.
 * Threads: one.
 * Errors: a line on stderr.
 */
#ifndef SERVER_TOOLS_ADVISE_H
#define SERVER_TOOLS_ADVISE_H

#define ADVICE_DEFAULT_SERVER "http://127.0.0.1:8080/pools"

/* argv[0] is "advise". The status to exit with: 0; 1: there is no advice; 2: the arguments are wrong. */
int advice_command(int argc, char *const *argv);

#endif
