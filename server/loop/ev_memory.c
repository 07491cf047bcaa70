/* SPDX-License-Identifier: BSD-2-Clause */
/* libev's memory: a reserve for each thread, from which its arrays grow when the system refuses. */
#include "server/loop/ev_memory.h"

#include "pool/sysmem.h"
#include "server/log/log.h"

#include <errno.h>
#include <ev.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * What libev 4.33 asks for. Its arrays grow by array_nextsize(elem, cur, cnt): from `cur` elements to the
 * first 2^k * (cur + 1) >= cnt, and above a page up to the next multiple of 4096 behind that. So the bytes it
 * asks for are at most 2 * max(elem * cur, elem * cnt) + 3 * elem + 4096, where elem * cur is the block it
 * holds now (never more than `largest`), elem <= 16, and cnt is cur + 1 for all arrays but anfds, whose
 * elements are 16 bytes and whose cnt is the descriptor + 1. need() is that bound. struct ev_loop and the
 * first epoll_events (64 * 12 bytes) are smaller than its constant part.
 *
 * Which arrays can grow between two calls of ev_memory_reserve, which comes before every new descriptor:
 * anfds and fdchanges (watching it), epoll_events and pendings of one priority (its events), timers (a timer
 * of its own), and one of asyncs, prepares or checks while a loop is set up: six. A block that was taken from
 * the reserve is used up to its end before its array asks again, which is at least one more doubling.
 */
enum {
    PAUSE_MS = 10, /* before libev tries again what the kernel refused */
    NEW_ROW_MS = 1000,
    GIVE_UP_MS = 10000,

    BLOCKS = 6,
    WATCHING = 3, /* of them for one descriptor and its event: anfds, fdchanges, pendings */
    ELEMENT = 16, /* of anfds, the largest too */
    PAGE = 4096,
    SLACK = 4096 + 3 * ELEMENT,
    MAP_FROM =
        64 * 1024, /* blocks of this size are mapped, so that they are not resident before they are used */
    SMALLEST = 8 * 1024,
};

/* Before every block that libev has; 16 bytes, so that what follows is aligned as malloc's. */
struct head {
    size_t total;  /* bytes with this head */
    size_t mapped; /* 0 or 1 */
};

static __thread struct {
    struct head *blocks[BLOCKS];
    size_t enough_for; /* every block is there and serves this many bytes; 0: some block is missing */
    size_t largest;    /* bytes of the largest request of this thread's loop */
} reserve;

static size_t capacity(const struct head *head)
{
    return head->total - sizeof *head;
}

static void release(struct head *head)
{
    if (head->mapped)
        sysmem_unmap(SYSMEM_OF_LOOPS, head, head->total);
    else
        sysmem_free(SYSMEM_OF_LOOPS, head, head->total);
}

static struct head *take_from_reserve(size_t size)
{
    struct head **best = NULL, *head;

    for (struct head **at = reserve.blocks; at < reserve.blocks + BLOCKS; at++)
        if (*at && capacity(*at) >= size && (!best || (*at)->total < (*best)->total))
            best = at;
    if (!best)
        return NULL;
    head = *best;
    *best = NULL;
    reserve.enough_for = 0;
    return head;
}

static struct head *acquire(size_t size)
{
    struct head *head = sysmem_alloc(SYSMEM_OF_LOOPS, sizeof *head + size);

    if (!head)
        return take_from_reserve(size);
    head->total = sizeof *head + size;
    head->mapped = 0;
    return head;
}

static struct head *enlarge(struct head *old, size_t size)
{
    struct head *head =
        old->mapped ? NULL : sysmem_realloc(SYSMEM_OF_LOOPS, old, old->total, sizeof *head + size);

    if (head) {
        head->total = sizeof *head + size;
        return head;
    }
    head = old->mapped ? acquire(size) : take_from_reserve(size);
    if (head) {
        memcpy(head + 1, old + 1, capacity(old));
        release(old);
    }
    return head;
}

/* libev's contract: that of realloc, and size 0 frees. */
static void *allocate(void *pointer, long asked)
{
    struct head *head = pointer ? (struct head *)pointer - 1 : NULL;
    size_t size = (size_t)asked;

    if (size == 0) {
        if (head)
            release(head);
        return NULL;
    }
    if (size > reserve.largest)
        reserve.largest = size;
    if (!head)
        head = acquire(size);
    else if (capacity(head) < size)
        head = enlarge(head, size);
    return head ? head + 1 : NULL;
}

/* libev's own calls (epoll_wait, epoll_create1) have no outcome but this, after which it tries them again. So
 * a failure costs a pause; if there is nothing but failures for GIVE_UP_MS, the process ends. */
static void on_system_error(const char *message)
{
    static __thread int64_t first, last; /* ms of CLOCK_MONOTONIC: of this row of failures */
    const struct timespec pause = {0, PAUSE_MS * 1000000};
    struct timespec now;
    int error = errno;
    int64_t ms;

    clock_gettime(CLOCK_MONOTONIC, &now);
    ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (!first || ms - last > NEW_ROW_MS) {
        first = ms;
        log_write(log_thread(), LOG_LEVEL_CRIT, error, "%s failed, it is tried again", message);
    }
    last = ms;
    if (ms - first > GIVE_UP_MS) {
        log_write(log_thread(), LOG_LEVEL_EMERG, error, "the event loop cannot go on: %s", message);
        _exit(1);
    }
    nanosleep(&pause, NULL);
}

void ev_memory_install(void)
{
    ev_set_allocator(allocate);
    ev_set_syserr_cb(on_system_error);
}

static size_t need(int fd)
{
    size_t by_fd = ((size_t)fd + 1) * ELEMENT;

    return 2 * (by_fd > reserve.largest ? by_fd : reserve.largest) + SLACK;
}

static struct head *make_block(size_t total)
{
    bool mapped = total >= MAP_FROM;
    struct head *head =
        mapped ? sysmem_map(SYSMEM_OF_LOOPS, PAGE, total) : sysmem_alloc(SYSMEM_OF_LOOPS, total);

    if (head) {
        head->total = total;
        head->mapped = mapped;
    }
    return head;
}

static bool refill(size_t size)
{
    size_t total = SMALLEST; /* doubled, so that a growing table of descriptors seldom asks for new blocks */

    while (total < size + sizeof(struct head))
        total *= 2;
    for (struct head **at = reserve.blocks; at < reserve.blocks + BLOCKS; at++) {
        struct head *head = *at && (*at)->total >= total ? *at : make_block(total);

        if (!head)
            return false;
        if (*at && *at != head)
            release(*at);
        *at = head;
    }
    reserve.enough_for = total - sizeof(struct head);
    return true;
}

bool ev_memory_reserve(int fd)
{
    size_t size = need(fd);

    return size <= reserve.enough_for || refill(size);
}

size_t ev_memory_need(int fd)
{
    return BLOCKS * need(fd);
}

bool ev_memory_last(int fd)
{
    unsigned enough = 0;

    for (unsigned i = 0; i < BLOCKS; i++)
        enough += reserve.blocks[i] && capacity(reserve.blocks[i]) >= need(fd);
    return enough >= WATCHING;
}

bool ev_memory_spared(int fd)
{
    bool was, result = ev_memory_reserve(fd) || ev_memory_last(fd);

    if (result)
        return true;
    was = sysmem_use_spare(true);
    result = ev_memory_reserve(fd);
    (void)sysmem_use_spare(was);
    return result;
}

void ev_memory_release(void)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        if (reserve.blocks[i])
            release(reserve.blocks[i]);
    memset(&reserve, 0, sizeof reserve);
}
