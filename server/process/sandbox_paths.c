/* SPDX-License-Identifier: BSD-2-Clause */
/* What a sandbox leaves within reach of the server. */
#include "server/process/sandbox_paths.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/conf.h"
#include "pool/pool.h"

enum {
    BLOCK = 4096, /* bytes of the pool; a few dozen paths */
    READ = SANDBOX_READ_FILE | SANDBOX_READ_DIR,
    WRITE = SANDBOX_WRITE_FILE | SANDBOX_MAKE_REG,
};

static const uint32_t access_of[] = {
    [CONF_READ_FILES] = READ,
    [CONF_WRITE_FILES] = WRITE,
    [CONF_MAKE_FILES] = READ | WRITE | SANDBOX_TRUNCATE | SANDBOX_REMOVE_FILE | SANDBOX_MAKE_DIR,
    [CONF_MAKE_SOCKETS] = SANDBOX_MAKE_SOCK | SANDBOX_REMOVE_FILE,
    [CONF_PID_FILE] = WRITE | SANDBOX_TRUNCATE | SANDBOX_REMOVE_FILE,
};

static_assert(sizeof access_of / sizeof *access_of == CONF_PID_FILE + 1, "each use has its rights");

/* Read without being configured: by libc (names of users and hosts, the time zone, libraries that it loads
 * late), by this server (its size, limits of its control group, names of functions in a crash), by
 * sanitizers. Of other processes Landlock lets nothing be seen in /proc that tracing would be needed for. */
static const struct {
    const char *name;
    uint32_t access;
} always[] = {
    {"/proc", READ},
    {"/proc/self/exe", SANDBOX_READ_FILE},
    {"/sys/fs/cgroup", READ},
    {"/sys/devices/system/cpu", READ},
    {"/lib", READ},
    {"/lib64", READ},
    {"/usr/lib", READ},
    {"/usr/lib64", READ},
    {"/usr/share/zoneinfo", READ},
    {"/etc/localtime", SANDBOX_READ_FILE},
    {"/etc/ld.so.cache", SANDBOX_READ_FILE},
    {"/etc/nsswitch.conf", SANDBOX_READ_FILE},
    {"/etc/passwd", SANDBOX_READ_FILE},
    {"/etc/group", SANDBOX_READ_FILE},
    {"/etc/hosts", SANDBOX_READ_FILE},
    {"/etc/host.conf", SANDBOX_READ_FILE},
    {"/etc/gai.conf", SANDBOX_READ_FILE},
    {"/etc/resolv.conf", SANDBOX_READ_FILE},
    {"/dev/null", SANDBOX_READ_FILE | SANDBOX_WRITE_FILE},
    {"/dev/urandom", SANDBOX_READ_FILE},
};

static int add(struct sandbox_paths *paths, const char *name, const char *asked, uint32_t access)
{
    struct sandbox_path *path;
    char real[PATH_MAX];
    struct stat about;

    if (!realpath(name, real) || stat(real, &about))
        return 0;
    path = pool_calloc(paths->pool, sizeof *path, "sandbox");
    if (!path)
        return -ENOMEM;
    path->name = pool_strndup(paths->pool, real, strlen(real), "sandbox");
    if (!path->name)
        return -ENOMEM;
    path->asked = asked;
    path->device = about.st_dev;
    path->inode = about.st_ino;
    path->access = S_ISDIR(about.st_mode) ? access : access & SANDBOX_OF_FILES;
    path->next = paths->first;
    paths->first = path;
    return 0;
}

/* A file may be made anew, by a rotation or an editor: its folder is what counts. A log that is no file, such
 * as /dev/stderr, is meant itself. A unix socket's name may be relative to the folder that the server was
 * started in, as bind(2) takes it. */
static int add_configured(struct sandbox_paths *paths, const struct conf_path *note)
{
    const char *name = note->name, *slash;
    char real[PATH_MAX], folder[PATH_MAX];
    struct stat about;
    bool there = !stat(name, &about), file = there && S_ISREG(about.st_mode);

    if (name[strlen(name) - 1] != '/' && (!there || file || note->use == CONF_MAKE_SOCKETS)) {
        if (file && realpath(name, real))
            name = real;
        slash = strrchr(name, '/');
        if (slash && slash - name + 2 > PATH_MAX)
            return 0;
        snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - name) + 1 : 1, slash ? name : ".");
        name = folder;
    }
    return add(paths, name, note->name, access_of[note->use]);
}

struct sandbox_paths *sandbox_paths_create(const struct conf *conf, bool supervised)
{
    struct pool_options pools = {.first_size = BLOCK, .block_size = BLOCK, .name = "sandbox"};
    struct pool *pool = pool_create(&pools);
    struct sandbox_paths *paths = pool ? pool_calloc(pool, sizeof *paths, "sandbox") : NULL;
    int result = paths ? 0 : -ENOMEM;

    if (paths)
        paths->pool = pool;
    for (unsigned i = 0; i < sizeof always / sizeof *always && !result; i++)
        result = add(paths, always[i].name, NULL, always[i].access);
    for (const struct conf_path *note = conf->paths; note && !result; note = note->next)
        if (note->use != CONF_PID_FILE || !supervised)
            result = add_configured(paths, note);
    if (!result)
        return paths;
    pool_destroy(pool);
    return NULL;
}

void sandbox_paths_destroy(struct sandbox_paths *paths)
{
    if (paths)
        pool_destroy(paths->pool);
}

static bool lies_in(const char *name, const char *folder)
{
    size_t length = strlen(folder);

    if (length == 1) /* the root of all */
        return true;
    return !strncmp(name, folder, length) && (name[length] == '/' || name[length] == '\0');
}

static bool is_still_there(const struct sandbox_path *path)
{
    struct stat about;

    return !stat(path->name, &about) && about.st_dev == path->device && about.st_ino == path->inode;
}

/* What was not configured is no matter of a reload: another /etc/hosts may have been put in place. */
int sandbox_paths_cover(const struct sandbox_paths *paths, struct conf *conf, bool supervised)
{
    struct sandbox_paths *wanted = sandbox_paths_create(conf, supervised);
    int result = wanted ? 0 : conf_fail_memory(conf);

    for (const struct sandbox_path *path = wanted ? wanted->first : NULL; path && !result;
         path = path->next) {
        uint32_t granted = 0;

        if (!path->asked)
            continue;
        for (const struct sandbox_path *one = paths->first; one; one = one->next)
            if (lies_in(path->name, one->name) && is_still_there(one))
                granted |= one->access;
        if (path->access & ~granted)
            result = conf_fail(conf, NULL,
                               "\"%s\" lies outside the sandbox that the server is in: restart it to change "
                               "what the sandbox leaves within reach",
                               path->asked);
    }
    sandbox_paths_destroy(wanted);
    return result;
}
