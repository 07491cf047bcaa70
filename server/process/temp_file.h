/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: temporary files, named as in nginx: a number of ten digits, in up to three levels of folders that
 *   are named by its last digits. With levels 1 2: `7/45/0000012457`.
 * Lifetime: a struct temp_folder lies in the generation's pool. An open file is the caller's, as is its
 *   name's end.
 * Threads: any; each has its own counter, and passes over numbers of others.
 * Errors: a negative errno.
 */
#ifndef SERVER_PROCESS_TEMP_FILE_H
#define SERVER_PROCESS_TEMP_FILE_H

#include <stddef.h>
#include <stdint.h>

struct settings;

enum { TEMP_LEVELS = 3, TEMP_NUMBER = 10 /* digits of a name */ };

struct temp_folder {
    const char *path;            /* full name, no slash at its end */
    uint8_t digits[TEMP_LEVELS]; /* of the names of each level; 0: no such level */
};

/* Makes the folder (not those around it), mode 0700, for the user that the workers run as. Called when a
 * configuration that needs it is read, before privileges are dropped. */
__attribute__((warn_unused_result)) int temp_folder_make(const struct temp_folder *folder,
                                                         const struct settings *settings);

/* Bytes of a name, the NUL included. */
size_t temp_name_size(const struct temp_folder *folder);

/* Makes a new file, mode 0600, for reading and writing, and whatever folders it lacks; `name` gets its full
 * name. `salt` differs between threads. The descriptor, or a negative errno: `name` is then what could not be
 * made. */
__attribute__((warn_unused_result)) int temp_file_open(const struct temp_folder *folder, uint32_t salt,
                                                       char *name);

#endif
