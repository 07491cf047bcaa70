/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the only callers of the system's allocator and of mmap. They count, keep the budget for all
 *   (memory_budget) and carry the switch that fails the Nth call (FAULT_SYSTEM).
 * Lifetime: static; what one function gave, its partner takes back with the size it was asked for.
 * Threads: any; the counters are relaxed atomics, touched only where the system is called anyway.
 * Errors: NULL, with errno ENOMEM (the system, or the fault switch) or EDQUOT (memory_budget). Every failure
 *   is handed to the reporter, if one is set: pool/ knows no log.
 */
#ifndef POOL_SYSMEM_H
#define POOL_SYSMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sysmem_call {
    SYSMEM_ALLOC,
    SYSMEM_CALLOC,
    SYSMEM_MEMALIGN,
    SYSMEM_REALLOC,
    SYSMEM_FREE,
    SYSMEM_MAP,
    SYSMEM_UNMAP,
    SYSMEM_PURGE,
    SYSMEM_CALLS
};

extern const char *const sysmem_call_names[SYSMEM_CALLS];

/* What the memory is for: every caller says. */
enum sysmem_use {
    SYSMEM_OF_POOLS,         /* size classes, and what is too large for them */
    SYSMEM_OF_SHARED,        /* sgi */
    SYSMEM_OF_CONFIGURATION, /* pools without size classes */
    SYSMEM_OF_WORKERS,       /* and what joins them: tenures, sockets */
    SYSMEM_OF_LOOPS,         /* libev's, timeouts */
    SYSMEM_OF_ZONES,         /* limit_req, limit_conn */
    SYSMEM_OF_FILES,         /* open_file_cache */
    SYSMEM_OF_LOGS,
    SYSMEM_OF_REGEX,
    SYSMEM_OF_VIEW, /* whoever looks: snapshots, follows, texts */
    SYSMEM_USES
};

extern const char *const sysmem_use_names[SYSMEM_USES];

struct sysmem_stats {
    uint64_t calls[SYSMEM_CALLS];    /* made, failed ones included */
    uint64_t live_bytes;             /* as asked for; a mapping counts whole, a reservation what is charged */
    uint64_t live_count;             /* allocations and mappings not given back */
    uint64_t peak_bytes;             /* the most live_bytes has been */
    uint64_t uses[SYSMEM_USES];      /* live_bytes by what they are for; they add up to it */
    uint64_t peak_uses[SYSMEM_USES]; /* the same when peak_bytes last grew by a sixteenth */
    uint64_t budget_bytes;           /* 0: none */
    uint64_t refused;                /* by the budget */
    uint64_t failed;                 /* by the system or the fault switch */
};

/* malloc: `size` bytes (0 counts as 1) aligned to 16. */
void *sysmem_alloc(enum sysmem_use use, size_t size) __attribute__((warn_unused_result));

/* The same, zeroed. */
void *sysmem_calloc(enum sysmem_use use, size_t size) __attribute__((warn_unused_result));

/* The same, aligned to `alignment`, a power of two ≥ sizeof(void *). */
void *sysmem_memalign(enum sysmem_use use, size_t alignment, size_t size) __attribute__((warn_unused_result));

/* realloc: `p` may be NULL (then `old` is 0). When it fails, `p` is as it was. */
void *sysmem_realloc(enum sysmem_use use, void *p, size_t old, size_t size)
    __attribute__((warn_unused_result));

/* Gives back what one of the four above gave, with the size last asked for; NULL is allowed. */
void sysmem_free(enum sysmem_use use, void *p, size_t size);

/* Anonymous zeroed pages: `size` a multiple of the page, `alignment` a power of two ≥ the page. Untouched
 * pages cost nothing. They are kept out of transparent huge pages, which would make them resident 2 MiB at a
 * time. */
void *sysmem_map(enum sysmem_use use, size_t alignment, size_t size) __attribute__((warn_unused_result));
void sysmem_unmap(enum sysmem_use use, void *p, size_t size);

/* As sysmem_map, but nothing counts as live yet. The caller says with sysmem_charge how many bytes it will
 * touch, and with sysmem_uncharge how many are purged or go with sysmem_unreserve. */
void *sysmem_reserve(enum sysmem_use use, size_t alignment, size_t size) __attribute__((warn_unused_result));
void sysmem_unreserve(enum sysmem_use use, void *p, size_t size);
__attribute__((warn_unused_result)) bool sysmem_charge(
    enum sysmem_use use, size_t bytes); /* false: over the budget, errno EDQUOT */
void sysmem_uncharge(enum sysmem_use use, size_t bytes);

/* Gives the memory of mapped pages back and keeps the addresses; they read as zero afterwards. 0 or a
 * negative errno. */
int sysmem_purge(void *p, size_t size);

/* The budget for all, in bytes; 0 is none. What is live already stays, even when it is more. */
void sysmem_set_budget(size_t bytes);

/* True: what the calling thread asks for may exceed the budget by the spare. It is kept for whoever looks at
 * the server when the budget is full. Returns the previous state. */
bool sysmem_use_spare(bool use);
void sysmem_set_spare(size_t bytes);
size_t sysmem_spare_left(void); /* bytes up to the end of the spare; SIZE_MAX: there is no budget */

/* Tells glibc to map every block of more than `size` bytes separately, so that it leaves the process when it
 * is freed. By default glibc raises this bound itself, up to 32 MiB, and keeps what is freed. Other
 * allocators ignore the call. Call it before threads start. */
void sysmem_map_above(size_t size);

/* `report` is told about every failure: the call's name and the size; on any thread. NULL: nobody is. */
void sysmem_on_failure(void (*report)(const char *call, size_t size));

/* A snapshot; each figure is exact, together they may be a moment apart. */
void sysmem_stats(struct sysmem_stats *stats);

#endif
