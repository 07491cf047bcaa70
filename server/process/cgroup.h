/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: reads the processor quota of the process's control group. A container with two processors on a
 *   machine of 64 should run two workers, and no system call tells the quota. v2 has it in cpu.max, v1 in
 *   cpu.cfs_quota_us.
 * Lifetime: nothing is kept.
 * Threads: any.
 * Errors: a quota that cannot be read counts as none.
 */
#ifndef SERVER_PROCESS_CGROUP_H
#define SERVER_PROCESS_CGROUP_H

/* Processors, rounded up; the least of the group and those above it; 0: no quota. `root`: "" (tests: a folder
 * that stands for /). */
unsigned cgroup_cpu_quota(const char *root);

#endif
