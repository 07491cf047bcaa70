/* SPDX-License-Identifier: BSD-2-Clause */
/* shifted_clock: a wall clock that a test sets, for LD_PRELOAD (test_clock.py builds it).
 *
 * Purpose: the wall clock of the process is the system's, and as many seconds more as stand, in decimal
 *   digits, in the file that SHIFTED_CLOCK names; clocks that measure durations are left alone, as
 *   settimeofday leaves them.
 * Lifetime: the file is read at each call: a test writes to it while the server runs.
 * Threads: any.
 * Errors: without the file nothing is shifted.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long shift(void)
{
    const char *path = getenv("SHIFTED_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    char text[32];
    ssize_t size = fd < 0 ? 0 : pread(fd, text, sizeof text - 1, 0);

    if (fd >= 0)
        close(fd);
    text[size > 0 ? size : 0] = '\0';
    return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t which, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    int result;

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    result = real(which, now);
    if (!result && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
        now->tv_sec += shift();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec time;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &time);
    now->tv_sec = time.tv_sec;
    now->tv_usec = time.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *where)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (where)
        *where = now.tv_sec;
    return now.tv_sec;
}
