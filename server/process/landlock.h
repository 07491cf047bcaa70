/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the kernel's Landlock: files and folders out of reach but for a list, no connections to others by
 *   TCP, no signals and abstract unix sockets to processes outside. Unix sockets by path, UDP, and data sent
 *   with MSG_FASTOPEN it does not refuse (docs.kernel.org/userspace-api/landlock.html).
 * Lifetime: from landlock_enter to the end of the process; threads made later inherit it.
 * Threads: the main thread, before it creates others. It takes no_new_privs.
 * Errors: a negative errno; then nothing is restricted.
 */
#ifndef SERVER_PROCESS_LANDLOCK_H
#define SERVER_PROCESS_LANDLOCK_H

struct sandbox_paths;

enum {
    LANDLOCK_TRUNCATES = 3, /* the version of the kernel's interface that restricts truncation too, … */
    LANDLOCK_CONNECTS = 4,  /* … connections, … */
    LANDLOCK_DEVICES = 5,   /* … ioctl of devices, … */
    LANDLOCK_SIGNALS = 6    /* … and signals and abstract unix sockets */
};

/* The version that is in force, 1 or more; -ENOSYS, -EOPNOTSUPP: the kernel has no Landlock, or it is off. */
__attribute__((warn_unused_result)) int landlock_enter(const struct sandbox_paths *paths);

#endif
