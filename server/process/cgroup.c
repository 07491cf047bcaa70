/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the limits of the control group. */
#include "server/process/cgroup.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SMALL_FILE = 4096 }; /* bytes; /proc/self/cgroup has a line per controller */

/* A limit, and where each version has it. A function answers 0 for none. */
struct limit {
    const char *controller; /* of version 1 */
    uint64_t (*v2)(const char *folder);
    uint64_t (*v1)(const char *folder);
};

static bool read_small(const char *folder, const char *name, char text[SMALL_FILE])
{
    char path[PATH_MAX];
    ssize_t length;
    int fd;

    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    length = read(fd, text, SMALL_FILE - 1);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static uint64_t processors(long long quota, long long period)
{
    long long count;

    if (quota <= 0 || period <= 0)
        return 0;
    count = (quota - 1) / period + 1;
    return count > INT_MAX ? 0 : (uint64_t)count;
}

/* "max 100000" or "150000 100000" (Documentation/admin-guide/cgroup-v2.rst, cpu.max) */
static uint64_t quota_v2(const char *folder)
{
    char text[SMALL_FILE], *end;
    long long quota;

    if (!read_small(folder, "cpu.max", text))
        return 0;
    quota = strtoll(text, &end, 10);
    return end == text ? 0 : processors(quota, strtoll(end, NULL, 10));
}

static uint64_t quota_v1(const char *folder)
{
    char text[SMALL_FILE];
    long long quota;

    if (!read_small(folder, "cpu.cfs_quota_us", text))
        return 0;
    quota = strtoll(text, NULL, 10); /* -1: none */
    return read_small(folder, "cpu.cfs_period_us", text) ? processors(quota, strtoll(text, NULL, 10)) : 0;
}

/* "max" or bytes (cgroup-v2.rst, memory.max); version 1 without a limit has the most that pages can count. */
static uint64_t bytes_in(const char *folder, const char *name)
{
    char text[SMALL_FILE], *end;
    long long bytes;

    if (!read_small(folder, name, text))
        return 0;
    bytes = strtoll(text, &end, 10);
    return end == text || bytes <= 0 || bytes >= LLONG_MAX / 2 ? 0 : (uint64_t)bytes;
}

static uint64_t memory_v2(const char *folder)
{
    return bytes_in(folder, "memory.max");
}

static uint64_t memory_v1(const char *folder)
{
    return bytes_in(folder, "memory.limit_in_bytes");
}

static uint64_t lower(uint64_t a, uint64_t b)
{
    return a && (!b || a < b) ? a : b;
}

/* The least from the group up to the mount; a group that the namespace hides leaves the mount itself. */
static uint64_t least(const char *mount, const char *group, uint64_t (*limit_of)(const char *))
{
    char folder[PATH_MAX], *slash;
    uint64_t found = 0;
    size_t top = strlen(mount);

    if (snprintf(folder, sizeof folder, "%s%s", mount, group) >= (int)sizeof folder)
        return 0;
    for (;;) {
        found = lower(limit_of(folder), found);
        slash = strrchr(folder, '/');
        if (!slash || slash < folder + top)
            return found;
        *slash = '\0';
    }
}

/* Whether `name` is one of a comma-separated list of `length` bytes. */
static bool has(const char *list, size_t length, const char *name)
{
    for (const char *end = list + length; list < end;) {
        size_t word = strcspn(list, ",:");

        if (word == strlen(name) && memcmp(list, name, word) == 0)
            return true;
        list += word + 1;
    }
    return false;
}

/* The least over the lines of both versions: a machine may have both. */
static uint64_t limit_of_group(const char *root, const struct limit *limit)
{
    char path[PATH_MAX], text[SMALL_FILE], *rest = text, *line;
    uint64_t found = 0;

    if (!read_small(root, "proc/self/cgroup", text))
        return 0;
    /* hierarchy:controllers:path (cgroups(7)); v2's line is 0::path */
    while ((line = strsep(&rest, "\n"))) {
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        size_t length = group ? (size_t)(group - controllers - 1) : 0;

        if (group && !length) {
            snprintf(path, sizeof path, "%s/sys/fs/cgroup", root);
            found = lower(least(path, group + 1, limit->v2), found);
        } else if (group && has(controllers + 1, length, limit->controller)) {
            snprintf(path, sizeof path, "%s/sys/fs/cgroup/%.*s", root, (int)length, controllers + 1);
            found = lower(least(path, group + 1, limit->v1), found);
        }
    }
    return found;
}

unsigned cgroup_cpu_quota(const char *root)
{
    static const struct limit quota = {"cpu", quota_v2, quota_v1};

    return (unsigned)limit_of_group(root, &quota);
}

uint64_t cgroup_memory_limit(const char *root)
{
    static const struct limit memory = {"memory", memory_v2, memory_v1};

    return limit_of_group(root, &memory);
}
