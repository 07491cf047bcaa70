/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a reload whose configuration needs more than the sandbox of the server leaves within reach. What a
 *   process gave up it cannot get back, so another server process is started on the same sockets, under the
 *   new configuration. The old one serves until the new one does, and then as long as its requests take. If
 *   the new one does not come up, the old one goes on.
 * Lifetime: from renewal_begin to renewal_done or renewal_failed.
 * Threads: the supervisor has one.
 * Errors: logged.
 */
#ifndef SERVER_MASTER_RENEWAL_H
#define SERVER_MASTER_RENEWAL_H

#include <stdbool.h>

struct supervisor;

/* The candidate is such a configuration. False: refused, as the server before this one has not ended. */
__attribute__((warn_unused_result)) bool renewal_begin(struct supervisor *supervisor);

/* True: this is the new process, and the candidate is its configuration. */
bool renewal_start(struct supervisor *supervisor);

/* The new one serves: the end of the reload. */
void renewal_done(struct supervisor *supervisor);

/* It ended before that, or could not be made (`error`: a negative errno, or 0): the end of the reload. */
void renewal_failed(struct supervisor *supervisor, int error, const char *how);

#endif
