/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: system calls that concern the process as a whole. Streams, becoming a daemon, limits, privileges,
 *   processors.
 * Lifetime: nothing is kept.
 * Threads: the main thread, before it creates others (process_cpus: any).
 * Errors: 0 or a negative errno; the caller says what it means. process_drop_privileges also logs which step
 *   failed.
 */
#ifndef SERVER_PROCESS_PROCESS_H
#define SERVER_PROCESS_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

struct log;

/* Opens /dev/null for each of stdin, stdout and stderr that is closed: otherwise the next file opened would
 * become that stream. Call it before anything is opened. */
void process_open_streams(void);

/* fork (the parent leaves with status 0), setsid, umask 0, stdin and stdout to /dev/null; stderr stays, as
 * nginx does. */
__attribute__((warn_unused_result)) int process_daemonise(void);

/* stderr to /dev/null: when a daemon has started. */
__attribute__((warn_unused_result)) int process_close_stderr(void);

/* The soft limit of descriptors; 0: not known. */
uint64_t process_nofile(void);

/* Descriptors that are open, as the kernel counts them: since Linux 6.2 without reading their list. 0: not
 * known. Any thread. */
uint64_t process_descriptors(void);

/* CPU time that the process has used, user and system, in microseconds. Any thread. */
uint64_t process_cpu_micros(void);

/* Sets the soft and, if needed and allowed, the hard limit of descriptors. */
__attribute__((warn_unused_result)) int process_set_nofile(uint64_t descriptors);

/* Looks a user and group up; `group` NULL: the user's own. -ENOENT: *missing (may be NULL) is the name not
 * found. */
__attribute__((warn_unused_result)) int process_find_user(const char *user, const char *group, uid_t *uid,
                                                          gid_t *gid, const char **missing);

/*
 * Becomes `user` (name; NULL does nothing) and `group` (NULL: the user's own) with the user's other groups.
 * Of the capabilities at most CAP_NET_BIND_SERVICE is kept, so that a reload may open port 80. When not root:
 * warns that the directive means nothing, as nginx does, and returns 0.
 */
__attribute__((warn_unused_result)) int process_drop_privileges(const char *user, const char *group,
                                                                const struct log *log);

/* Drops all capabilities but CAP_NET_BIND_SERVICE, which stays if it is there. */
__attribute__((warn_unused_result)) int process_keep_bind_service(void);

/* What the process does until the next call is done as that user, by its effective identity: files are opened
 * and made as his. The groups stay his afterwards. */
__attribute__((warn_unused_result)) int process_act_as(const char *user, uid_t uid, gid_t gid);
__attribute__((warn_unused_result)) int process_act_as_before(void);

/* Processors that this process may use: affinity, bounded by the cgroup's quota (v2 or v1) rounded up; at
 * least 1. */
unsigned process_cpus(void);

/* Bytes of the process that are in memory; 0: not known. Any thread. */
uint64_t process_resident(void);

/* The most bytes that the container of the process may have, as read last; 0: no limit. Any thread. */
uint64_t process_container(void);

/* Reads that limit: at the start and at a reload. The main thread. */
void process_read_container(void);

/* SIGPIPE and SIGXFSZ are ignored for good: writing to a closed socket is EPIPE, writing past the limit of a
 * file's size (RLIMIT_FSIZE) EFBIG. */
void process_ignore_signals(void);

#endif
