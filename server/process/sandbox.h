/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what the server process gives up for good, so that whoever takes it over has little of the
 *   machine. No new privileges by exec, no capability but CAP_NET_BIND_SERVICE, no files but those of
 *   sandbox_paths.h, no connections to others by TCP, no system call that a server has no use for: another
 *   program, another process, tracing, mounts, modules, io_uring, sockets of other protocols and the like.
 *   Not refused: what landlock.h says, UDP, and TCP Fast Open by MSG_FASTOPEN.
 * Lifetime: from sandbox_enter to the end of the process. There is no way back.
 * Threads: the main thread, before it creates others; those inherit it.
 * Errors: what the kernel cannot do is named by one line of level error, and the rest is in force.
 */
#ifndef SERVER_PROCESS_SANDBOX_H
#define SERVER_PROCESS_SANDBOX_H

struct log;
struct sandbox_paths;

/* Empties the bounding set, which takes CAP_SETPCAP: before privileges are dropped. Capabilities that the
 * process has stay. */
void sandbox_prepare(void);

/* The rest, afterwards. */
void sandbox_enter(const struct sandbox_paths *paths, const struct log *log);

#endif
