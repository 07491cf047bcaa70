/* SPDX-License-Identifier: BSD-2-Clause */
/* The system's memory: counted, budgeted, failed on purpose. */
#include "pool/sysmem.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "pool/fault.h"

const char *const sysmem_call_names[SYSMEM_CALLS] = {
    [SYSMEM_ALLOC] = "alloc",     [SYSMEM_CALLOC] = "calloc", [SYSMEM_MEMALIGN] = "memalign",
    [SYSMEM_REALLOC] = "realloc", [SYSMEM_FREE] = "free",     [SYSMEM_MAP] = "map",
    [SYSMEM_UNMAP] = "unmap",     [SYSMEM_PURGE] = "purge"};
const char *const sysmem_use_names[SYSMEM_USES] = {[SYSMEM_OF_POOLS] = "pools",
                                                   [SYSMEM_OF_SHARED] = "shared",
                                                   [SYSMEM_OF_CONFIGURATION] = "configuration",
                                                   [SYSMEM_OF_WORKERS] = "workers",
                                                   [SYSMEM_OF_LOOPS] = "loops",
                                                   [SYSMEM_OF_ZONES] = "zones",
                                                   [SYSMEM_OF_FILES] = "files",
                                                   [SYSMEM_OF_LOGS] = "logs",
                                                   [SYSMEM_OF_REGEX] = "regex",
                                                   [SYSMEM_OF_VIEW] = "view"};
static _Atomic uint64_t sysmem_calls[SYSMEM_CALLS];
static _Atomic uint64_t sysmem_bytes, sysmem_count, sysmem_peak, sysmem_budget, sysmem_refused, sysmem_failed;
static _Atomic uint64_t sysmem_uses[SYSMEM_USES], sysmem_peak_uses[SYSMEM_USES], sysmem_kept_peak;
static _Atomic uint64_t sysmem_spare;
static _Thread_local bool sysmem_uses_spare;
static void (*_Atomic sysmem_report)(const char *call, size_t size);

static void sysmem_add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static void sysmem_subtract(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_sub_explicit(counter, n, memory_order_relaxed);
}

static void sysmem_tell(const char *call, size_t size, int error)
{
    void (*report)(const char *, size_t) = atomic_load(&sysmem_report);

    sysmem_add(error == EDQUOT ? &sysmem_refused : &sysmem_failed, 1);
    errno = error;
    if (report)
        report(call, size);
    errno = error;
}

static void sysmem_unbook(enum sysmem_use use, size_t size)
{
    sysmem_subtract(&sysmem_bytes, size);
    sysmem_subtract(&sysmem_uses[use], size);
}

/* At a new peak: what it consists of is written down again whenever it has grown by a sixteenth. */
static void sysmem_keep_peak(uint64_t peak)
{
    uint64_t kept = atomic_load_explicit(&sysmem_kept_peak, memory_order_relaxed);

    if (peak - kept < kept / 16 || !atomic_compare_exchange_strong(&sysmem_kept_peak, &kept, peak))
        return;
    for (int use = 0; use < SYSMEM_USES; use++)
        atomic_store_explicit(&sysmem_peak_uses[use],
                              atomic_load_explicit(&sysmem_uses[use], memory_order_relaxed),
                              memory_order_relaxed);
}

/* Books `size` bytes before the system is asked: two threads cannot both take the last of the budget. */
static bool sysmem_book(enum sysmem_use use, const char *call, size_t size)
{
    uint64_t now = atomic_fetch_add_explicit(&sysmem_bytes, size, memory_order_relaxed) + size;
    uint64_t budget = atomic_load_explicit(&sysmem_budget, memory_order_relaxed);
    uint64_t peak;

    if (budget != 0 && sysmem_uses_spare)
        budget += atomic_load_explicit(&sysmem_spare, memory_order_relaxed);
    sysmem_add(&sysmem_uses[use], size);
    if (budget != 0 && now > budget && size != 0) {
        sysmem_unbook(use, size);
        sysmem_tell(call, size, EDQUOT);
        return false;
    }
    peak = atomic_load_explicit(&sysmem_peak, memory_order_relaxed);
    while (now > peak && !atomic_compare_exchange_weak(&sysmem_peak, &peak, now))
        continue;
    if (now > peak)
        sysmem_keep_peak(now);
    return true;
}

static bool sysmem_admit(enum sysmem_use use, enum sysmem_call kind, const char *call, size_t size)
{
    sysmem_add(&sysmem_calls[kind], 1);
    if (fault_fires(FAULT_SYSTEM) || size > PTRDIFF_MAX) {
        sysmem_tell(call, size, ENOMEM);
        return false;
    }
    return sysmem_book(use, call, size);
}

/* The system's answer `p`: counts it as live, or takes the booking back. */
static void *sysmem_admitted(enum sysmem_use use, void *p, const char *call, size_t size)
{
    if (!p) {
        sysmem_unbook(use, size);
        sysmem_tell(call, size, ENOMEM);
        return NULL;
    }
    sysmem_add(&sysmem_count, 1);
    return p;
}

void *sysmem_alloc(enum sysmem_use use, size_t size)
{
    if (!sysmem_admit(use, SYSMEM_ALLOC, "malloc", size))
        return NULL;
    return sysmem_admitted(use, malloc(size != 0 ? size : 1), "malloc", size);
}

void *sysmem_calloc(enum sysmem_use use, size_t size)
{
    if (!sysmem_admit(use, SYSMEM_CALLOC, "calloc", size))
        return NULL;
    return sysmem_admitted(use, calloc(1, size != 0 ? size : 1), "calloc", size);
}

void *sysmem_memalign(enum sysmem_use use, size_t alignment, size_t size)
{
    void *p = NULL;

    if (!sysmem_admit(use, SYSMEM_MEMALIGN, "posix_memalign", size))
        return NULL;
    if (posix_memalign(&p, alignment, size != 0 ? size : 1) != 0)
        p = NULL;
    return sysmem_admitted(use, p, "posix_memalign", size);
}

void *sysmem_realloc(enum sysmem_use use, void *p, size_t old, size_t size)
{
    size_t more = size > old ? size - old : 0;
    void *moved;

    if (!sysmem_admit(use, SYSMEM_REALLOC, "realloc", more))
        return NULL;
    moved = realloc(p, size != 0 ? size : 1);
    if (!moved) {
        sysmem_unbook(use, more);
        sysmem_tell("realloc", size, ENOMEM);
        return NULL;
    }
    if (!p)
        sysmem_add(&sysmem_count, 1);
    if (size < old)
        sysmem_unbook(use, old - size);
    return moved;
}

void sysmem_free(enum sysmem_use use, void *p, size_t size)
{
    if (!p)
        return;
    sysmem_add(&sysmem_calls[SYSMEM_FREE], 1);
    sysmem_unbook(use, size);
    sysmem_subtract(&sysmem_count, 1);
    free(p);
}

static char *sysmem_mmap(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? NULL : p;
}

/* The kernel places mappings one below the other, so once one of a size is aligned the next is by itself. So
 * ask for the plain size first; only if that is not aligned, for so much more that it can be cut out. */
static void *sysmem_map_aligned(size_t alignment, size_t size)
{
    char *p = sysmem_mmap(size);
    size_t more, before;

    if (!p || ((uintptr_t)p & (alignment - 1)) == 0)
        return p;
    munmap(p, size);
    if (__builtin_add_overflow(size, alignment, &more) || !(p = sysmem_mmap(more)))
        return NULL;
    before = -(uintptr_t)p & (alignment - 1);
    if (before != 0)
        munmap(p, before);
    munmap(p + before + size, alignment - before);
    return p + before;
}

/* `booked`: so many bytes of it count as live at once. */
static void *sysmem_map_booked(enum sysmem_use use, size_t alignment, size_t size, size_t booked)
{
    void *p;

    if (!sysmem_admit(use, SYSMEM_MAP, "mmap", booked))
        return NULL;
    p = sysmem_map_aligned(alignment, size);
    if (p)
        (void)madvise(p, size, MADV_NOHUGEPAGE); /* EINVAL: a kernel without huge pages, which is as good */
    return sysmem_admitted(use, p, "mmap", booked);
}

static void sysmem_unmap_booked(enum sysmem_use use, void *p, size_t size, size_t booked)
{
    if (!p)
        return;
    sysmem_add(&sysmem_calls[SYSMEM_UNMAP], 1);
    sysmem_unbook(use, booked);
    sysmem_subtract(&sysmem_count, 1);
    munmap(p, size);
}

void *sysmem_map(enum sysmem_use use, size_t alignment, size_t size)
{
    return sysmem_map_booked(use, alignment, size, size);
}

void sysmem_unmap(enum sysmem_use use, void *p, size_t size)
{
    sysmem_unmap_booked(use, p, size, size);
}

void *sysmem_reserve(enum sysmem_use use, size_t alignment, size_t size)
{
    return sysmem_map_booked(use, alignment, size, 0);
}

void sysmem_unreserve(enum sysmem_use use, void *p, size_t size)
{
    sysmem_unmap_booked(use, p, size, 0);
}

bool sysmem_charge(enum sysmem_use use, size_t bytes)
{
    return sysmem_book(use, "charge", bytes);
}

void sysmem_uncharge(enum sysmem_use use, size_t bytes)
{
    sysmem_unbook(use, bytes);
}

int sysmem_purge(void *p, size_t size)
{
    sysmem_add(&sysmem_calls[SYSMEM_PURGE], 1);
    return madvise(p, size, MADV_DONTNEED) == 0 ? 0 : -errno;
}

void sysmem_set_budget(size_t bytes)
{
    atomic_store(&sysmem_budget, bytes);
}

bool sysmem_use_spare(bool use)
{
    bool was = sysmem_uses_spare;

    sysmem_uses_spare = use;
    return was;
}

void sysmem_set_spare(size_t bytes)
{
    atomic_store(&sysmem_spare, bytes);
}

size_t sysmem_spare_left(void)
{
    uint64_t budget = atomic_load(&sysmem_budget), most = budget + atomic_load(&sysmem_spare);
    uint64_t live = atomic_load(&sysmem_bytes);

    return budget == 0 ? SIZE_MAX : live < most ? (size_t)(most - live) : 0;
}

void sysmem_map_above(size_t size)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, (int)size);
#else
    (void)size;
#endif
}

void sysmem_on_failure(void (*report)(const char *call, size_t size))
{
    atomic_store(&sysmem_report, report);
}

void sysmem_stats(struct sysmem_stats *stats)
{
    for (int call = 0; call < SYSMEM_CALLS; call++)
        stats->calls[call] = atomic_load(&sysmem_calls[call]);
    stats->live_bytes = atomic_load(&sysmem_bytes);
    for (int use = 0; use < SYSMEM_USES; use++) {
        stats->uses[use] = atomic_load(&sysmem_uses[use]);
        stats->peak_uses[use] = atomic_load(&sysmem_peak_uses[use]);
    }
    stats->live_count = atomic_load(&sysmem_count);
    stats->peak_bytes = atomic_load(&sysmem_peak);
    stats->budget_bytes = atomic_load(&sysmem_budget);
    stats->refused = atomic_load(&sysmem_refused);
    stats->failed = atomic_load(&sysmem_failed);
}
