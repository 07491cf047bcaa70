/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the processor quota of the control group. */
#include "server/process/cgroup.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SMALL_FILE = 4096 }; /* bytes; /proc/self/cgroup has a line per controller */

static bool read_small(const char *path, char text[SMALL_FILE])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length;

    if (fd < 0)
        return false;
    length = read(fd, text, SMALL_FILE - 1);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static unsigned processors(long long quota, long long period)
{
    long long count;

    if (quota <= 0 || period <= 0)
        return 0;
    count = (quota - 1) / period + 1;
    return count > INT_MAX ? 0 : (unsigned)count;
}

/* "max 100000" or "150000 100000" (Documentation/admin-guide/cgroup-v2.rst, cpu.max) */
static unsigned quota_v2(const char *folder)
{
    char path[PATH_MAX], text[SMALL_FILE], *end;
    long long quota;

    if (snprintf(path, sizeof path, "%s/cpu.max", folder) >= (int)sizeof path || !read_small(path, text))
        return 0;
    quota = strtoll(text, &end, 10);
    return end == text ? 0 : processors(quota, strtoll(end, NULL, 10));
}

static unsigned quota_v1(const char *folder)
{
    char path[PATH_MAX], text[SMALL_FILE];
    long long quota;

    if (snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder) >= (int)sizeof path ||
        !read_small(path, text))
        return 0;
    quota = strtoll(text, NULL, 10); /* -1: none */
    if (snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder) >= (int)sizeof path)
        return 0;
    return read_small(path, text) ? processors(quota, strtoll(text, NULL, 10)) : 0;
}

/* The least quota from the group up to the mount; a group that the namespace hides leaves the mount itself.
 */
static unsigned least(const char *mount, const char *group, unsigned (*quota_of)(const char *))
{
    char folder[PATH_MAX], *slash;
    unsigned quota = 0;
    size_t top = strlen(mount);

    if (snprintf(folder, sizeof folder, "%s%s", mount, group) >= (int)sizeof folder)
        return 0;
    for (;;) {
        unsigned here = quota_of(folder);

        if (here > 0 && (quota == 0 || here < quota))
            quota = here;
        slash = strrchr(folder, '/');
        if (!slash || slash < folder + top)
            return quota;
        *slash = '\0';
    }
}

/* Whether "cpu" is one of a comma-separated list of `length` bytes. */
static bool has_cpu(const char *list, size_t length)
{
    for (const char *end = list + length; list < end;) {
        size_t word = strcspn(list, ",:");

        if (word == 3 && memcmp(list, "cpu", 3) == 0)
            return true;
        list += word + 1;
    }
    return false;
}

unsigned cgroup_cpu_quota(const char *root)
{
    char path[PATH_MAX], text[SMALL_FILE], *rest = text, *line;
    unsigned quota = 0, here;

    if (snprintf(path, sizeof path, "%s/proc/self/cgroup", root) >= (int)sizeof path ||
        !read_small(path, text))
        return 0;
    /* hierarchy:controllers:path (cgroups(7)); v2's line is 0::path */
    while ((line = strsep(&rest, "\n"))) {
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        size_t length = group ? (size_t)(group - controllers - 1) : 0;

        here = 0;
        if (group && !length) {
            snprintf(path, sizeof path, "%s/sys/fs/cgroup", root);
            here = least(path, group + 1, quota_v2);
        } else if (group && has_cpu(controllers + 1, length)) {
            snprintf(path, sizeof path, "%s/sys/fs/cgroup/%.*s", root, (int)length, controllers + 1);
            here = least(path, group + 1, quota_v1);
        }
        if (here > 0 && (quota == 0 || here < quota))
            quota = here;
    }
    return quota;
}
