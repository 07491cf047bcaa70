/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what the open-file cache asks of the system: an open file with its facts, and whether they still
 *   hold.
 * Lifetime: a loaded file has one reference, the caller's (open_files_put), and does not change.
 * Threads: any; no lock may be held.
 * Errors: a negative errno.
 */
#ifndef SERVER_SHARED_OPEN_FILE_LOAD_H
#define SERVER_SHARED_OPEN_FILE_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

struct sgi;

struct open_file {
    int fd; /* O_RDONLY; -1 unless is_regular */
    bool is_directory;
    bool is_regular; /* neither: a device, a pipe: not to be served */
    off_t size;      /* bytes, when opened */
    struct timespec mtime;
    ino_t ino;
    dev_t dev;
    struct sgi *sgi; /* where its memory came from */
    atomic_uint references;
};

/* *file is NULL on failure. */
__attribute__((warn_unused_result)) int open_file_load(struct sgi *sgi, const char *path,
                                                       struct open_file **file);

/* A file that the caller has opened and whose size it knows; takes the descriptor over. NULL: no memory, and
 * the descriptor is still the caller's. */
__attribute__((warn_unused_result)) struct open_file *open_file_adopt(struct sgi *sgi, int fd, off_t size);

/* By stat(2): the same inode with the same size and time of modification. */
bool open_file_is_unchanged(const struct open_file *file, const char *path);

#endif
