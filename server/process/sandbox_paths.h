/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the files and folders that a sandbox leaves within reach: what the configuration names, and what
 *   libc and this server read without being told. As the kernel does, it takes a folder for what it is now:
 *   another folder that gets its name later is not allowed.
 * Lifetime: create … destroy; the server process has the list that its sandbox was made of until it ends,
 *   and its supervisor has a copy.
 * Threads: the main thread.
 * Errors: NULL, there is no memory. What is not there, or cannot be reached, is left out.
 */
#ifndef SERVER_PROCESS_SANDBOX_PATHS_H
#define SERVER_PROCESS_SANDBOX_PATHS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct conf;
struct pool;

/* The kernel's numbers (linux/landlock.h, of which the newest are missing in older headers). */
enum sandbox_access {
    SANDBOX_WRITE_FILE = 1 << 1,
    SANDBOX_READ_FILE = 1 << 2,
    SANDBOX_READ_DIR = 1 << 3,
    SANDBOX_REMOVE_FILE = 1 << 5,
    SANDBOX_MAKE_DIR = 1 << 7,
    SANDBOX_MAKE_REG = 1 << 8,
    SANDBOX_MAKE_SOCK = 1 << 9,
    SANDBOX_TRUNCATE = 1 << 14, /* from version 3 of the interface on */

    SANDBOX_OF_FILES = SANDBOX_WRITE_FILE | SANDBOX_READ_FILE | SANDBOX_TRUNCATE /* the rest is of folders */
};

struct sandbox_path {
    struct sandbox_path *next;
    const char *name;  /* full, without symbolic links */
    const char *asked; /* as it was configured; lives as long as that configuration. NULL: it was not */
    dev_t device;      /* what bore that name */
    ino_t inode;
    uint32_t access; /* to it, and to all below */
};

struct sandbox_paths {
    struct pool *pool;
    struct sandbox_path *first;
};

/* What `conf` takes. `supervised`: without the pid file. NULL: no memory. */
struct sandbox_paths *sandbox_paths_create(const struct conf *conf, bool supervised)
    __attribute__((warn_unused_result));
void sandbox_paths_destroy(struct sandbox_paths *paths); /* NULL is allowed */

/* Whether a server in the sandbox of `paths` may go over to `conf`. Otherwise conf->error names what would
 * be out of reach. 0 or a negative errno. */
int sandbox_paths_cover(const struct sandbox_paths *paths, struct conf *conf, bool supervised)
    __attribute__((warn_unused_result));

#endif
