/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: reads the limits of the process's control group, which no system call tells. A container with
 *   two processors on a machine of 64 should run two workers: v2 has the quota in cpu.max, v1 in
 *   cpu.cfs_quota_us. How much memory it may have is in memory.max or memory.limit_in_bytes.
 * Lifetime: nothing is kept.
 * Threads: any.
 * Errors: a limit that cannot be read counts as none.
 */
#ifndef SERVER_PROCESS_CGROUP_H
#define SERVER_PROCESS_CGROUP_H

#include <stdint.h>

/* Processors, rounded up; the least of the group and those above it; 0: no quota. `root`: "" (tests: a folder
 * that stands for /). */
unsigned cgroup_cpu_quota(const char *root);

/* Bytes, the least likewise; 0: no limit. */
uint64_t cgroup_memory_limit(const char *root);

#endif
