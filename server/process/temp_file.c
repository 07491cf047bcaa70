/* SPDX-License-Identifier: BSD-2-Clause */
/* Temporary files and the folders they stand in. */
#include "server/process/temp_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/process/process.h"
#include "server/process/settings.h"

enum {
    FOLDER_MODE = 0700,
    FILE_MODE = 0600,
    TRIES = 1000 /* numbers in use that are passed over: kept files, or other threads' */
};

static _Thread_local uint32_t last; /* number of the thread's last file */

int temp_folder_make(const struct temp_folder *folder, const struct settings *settings)
{
    const char *user = settings->user ? settings->user : "nobody";
    struct stat status;
    uid_t uid;
    gid_t gid;

    if (mkdir(folder->path, FOLDER_MODE) && errno != EEXIST)
        return -errno;
    if (geteuid() || process_find_user(user, settings->group, &uid, &gid, NULL))
        return 0; /* only root can give folders away; an unknown user is an error elsewhere */
    if (stat(folder->path, &status))
        return -errno;
    return status.st_uid == uid || !chown(folder->path, uid, (gid_t)-1) ? 0 : -errno;
}

size_t temp_name_size(const struct temp_folder *folder)
{
    size_t size = strlen(folder->path) + 1 + TEMP_NUMBER + 1;

    for (int i = 0; i < TEMP_LEVELS; i++)
        size += folder->digits[i] ? folder->digits[i] + 1u : 0;
    return size;
}

/* The levels take their digits from the end of the number, the first level the very last ones. */
static void compose(const struct temp_folder *folder, uint32_t number, char *name)
{
    char digits[TEMP_NUMBER + 1];
    size_t length = strlen(folder->path), end = TEMP_NUMBER;

    snprintf(digits, sizeof digits, "%010u", number);
    memcpy(name, folder->path, length);
    for (int i = 0; i < TEMP_LEVELS; i++) {
        if (!folder->digits[i])
            continue;
        name[length++] = '/';
        end -= folder->digits[i];
        memcpy(name + length, digits + end, folder->digits[i]);
        length += folder->digits[i];
    }
    name[length++] = '/';
    memcpy(name + length, digits, sizeof digits);
}

/* Makes the folders of a name. On failure the name ends with the one that could not be made. */
static int make_folders(const struct temp_folder *folder, char *name)
{
    for (char *slash = name + strlen(folder->path); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(name, FOLDER_MODE) && errno != EEXIST)
            return -errno;
        *slash = '/';
    }
    return 0;
}

int temp_file_open(const struct temp_folder *folder, uint32_t salt, char *name)
{
    int error = EEXIST;

    for (int i = 0; i < TRIES; i++) {
        int fd, refused;

        compose(folder, ++last, name);
        fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
        if (fd >= 0)
            return fd;
        error = errno;
        if (error == ENOENT) {
            refused = make_folders(folder, name);
            if (refused)
                return refused;
            last--;
        } else if (error == EEXIST) {
            last += salt * 2654435761u % 999983u + 1; /* golden ratio: neighbours' jumps lie far apart */
        } else if (error != EINTR) {
            return -error;
        }
    }
    return -error;
}
