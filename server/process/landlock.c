/* SPDX-License-Identifier: BSD-2-Clause */
/* Landlock by its system calls; a library would be too much for three. */
#include "server/process/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/process/sandbox_paths.h"

#ifndef SYS_landlock_create_ruleset /* these numbers are the same on all processors */
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

enum {
    GET_VERSION = 1 << 0,
    PATH_BENEATH = 1,

    /* Each version of the interface knows a few kinds of access more; all that it knows are restricted. */
    FILES_1 = (1 << 13) - 1, /* from executing to making symbolic links */
    FILES_2 = 1 << 13,       /* to link or rename from one folder to another */
    FILES_3 = 1 << 14,       /* truncating */
    FILES_5 = 1 << 15,       /* ioctl of devices */
    CONNECT_TCP = 1 << 1,    /* 4 */
    ABSTRACT_SOCKETS = 1 << 0,
    SIGNALS = 1 << 1, /* 6, both */
};

/* As in linux/landlock.h; whichever fields an older kernel does not know are 0. */
struct ruleset_attributes {
    uint64_t files, network, scopes;
};

struct path_rule {
    uint64_t access;
    int32_t folder;
} __attribute__((packed));

static int64_t files_of(long version)
{
    return FILES_1 | (version >= 2 ? FILES_2 : 0) | (version >= LANDLOCK_TRUNCATES ? FILES_3 : 0) |
           (version >= LANDLOCK_DEVICES ? FILES_5 : 0);
}

/* What cannot be opened any more, or is of no file system (a pipe), needs no rule. */
static int add_rule(int rules, const struct sandbox_path *path, uint64_t known)
{
    struct path_rule rule = {.access = path->access & known, .folder = open(path->name, O_PATH | O_CLOEXEC)};
    int error = 0;

    if (rule.folder < 0)
        return 0;
    if (rule.access && syscall(SYS_landlock_add_rule, rules, PATH_BENEATH, &rule, 0) && errno != EBADFD)
        error = -errno;
    close(rule.folder);
    return error;
}

int landlock_enter(const struct sandbox_paths *paths)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, GET_VERSION);
    struct ruleset_attributes attributes = {
        .files = (uint64_t)files_of(version),
        .network = version >= LANDLOCK_CONNECTS ? CONNECT_TCP : 0,
        .scopes = version >= LANDLOCK_SIGNALS ? ABSTRACT_SOCKETS | SIGNALS : 0,
    };
    int rules, error = 0;

    if (version < 1)
        return version < 0 ? -errno : -ENOSYS;
    rules = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    if (rules < 0)
        return -errno;
    for (const struct sandbox_path *path = paths->first; path && !error; path = path->next)
        error = add_rule(rules, path, attributes.files);
    if (!error && syscall(SYS_landlock_restrict_self, rules, 0))
        error = -errno;
    close(rules);
    return error ? error : (int)version;
}
