/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the pid file: `-s`, and whoever else looks for the process, finds its number there.
 * Lifetime: opened before privileges are dropped, for its folder is often root's; written once threads serve;
 *   the descriptor is kept until the end. If the user may not remove the file, it is emptied by the
 *   descriptor, so that the number of an ended process does not stay.
 *   While an upgrade runs, the old binary's is called NAME.oldbin, as nginx's.
 * Threads: the main thread.
 * Errors: a negative errno; the end logs what it could not do.
 */
#ifndef SERVER_PROCESS_PID_FILE_H
#define SERVER_PROCESS_PID_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct log;

struct pid_file {
    int fd; /* negative: there is none */
    bool written;
    bool aside; /* it is called PATH.oldbin */
    char path[PATH_MAX];
};

#define PID_FILE_NONE                                                                                        \
    {                                                                                                        \
        .fd = -1                                                                                             \
    }

/* Creates it, or opens what is there, untouched; mode 0644. */
__attribute__((warn_unused_result)) int pid_file_open(struct pid_file *file, const char *path);

/* One line with the number. A failed write removes the file, if it is a regular one. No file: 0. */
__attribute__((warn_unused_result)) int pid_file_write(struct pid_file *file, pid_t pid);

/* Renames it to NAME.oldbin, and back; a file that has the name by then is replaced. No file, a device: 0. */
__attribute__((warn_unused_result)) int pid_file_put_aside(struct pid_file *file);
__attribute__((warn_unused_result)) int pid_file_take_back(struct pid_file *file);

/* The name that it has then. -ENAMETOOLONG. */
__attribute__((warn_unused_result)) int pid_file_old_name(const char *path, char old[PATH_MAX]);

/* Removes it: a written one only while it still holds `pid`, as a later process may have taken the path; any
 * other only if it is empty. A file that may not be removed is emptied, and a line says so. */
void pid_file_end(struct pid_file *file, pid_t pid, const struct log *log);

/* The number, > 0, or a negative errno (-EINVAL: the file holds no number). */
__attribute__((warn_unused_result)) pid_t pid_file_read(const char *path);

#endif
