/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: everything one connection and its requests allocate (source documents 0, 1 and 3). Small
 *   allocations are cut off a block by moving a pointer and go together; a large one has a block to itself
 *   and can be freed early.
 * Lifetime: create … destroy. pool_pin() divides it: what was allocated before the pin lives until
 *   destroy, what comes after it until the next pool_reset(). Buffers (pool_take) live until pool_put,
 *   over resets. At reset and destroy cleanups run first, newest first, each unlinked before it is called,
 *   while all memory is still there.
 * Threads: one owner: the creating thread, or pool_set_owner()'s caller. The slow call asserts it.
 * Errors: NULL, and pool_failure() tells why. A full budget is such an error. It is checked when a block, a
 *   large allocation or a buffer is taken, never per small allocation. `purpose` is a literal saying what the
 *   memory is for; only the slow call reads it.
 *
 *   blocks   [pool|connection|free] -> [head|request, fields|s] -> [head|path, ...|   free    ]
 *                            ^ pin                         ^ stranded        ^ cursor    ^ limit
 *   large    [head| more than half a block ] ...    freed one by one, or at the reset
 *   buffers  [head| input ] [head| output ] ...     whole blocks, from pool_take until pool_put
 *
 * A reset rewinds the cursor to the pin, frees the large allocations and keeps as many blocks as recent
 * requests used (the reserve). An allocation of 0 bytes gives a pointer that must not be written to and may
 * equal the next one's. Modes: pool/mode.h.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pool/mode.h"
#include "pool/sizeclass.h"

enum {
    POOL_FIRST_MIN = 256, /* bytes of the smallest first block */
    POOL_BLOCK_MIN = 512,
    POOL_HEADER_MAX = 176, /* what the pool itself takes of its first block */
    /* What a large allocation or a buffer takes of its class: take(4096 - this) costs one page. */
    POOL_CHUNK_HEADER = 48,
    POOL_RESERVE_BLOCKS = 8, /* at most so many blocks are kept over resets */
    POOL_RESERVE_WINDOW = 16 /* requests: blocks that none of the last 16 to 32 used go back */
};

enum pool_failure {
    POOL_FAILURE_NONE,
    POOL_FAILURE_SYSTEM, /* the system has no memory, or the size is absurd */
    POOL_FAILURE_BUDGET, /* this pool's budget */
    POOL_FAILURE_TOTAL,  /* memory_budget, of all */
    POOL_FAILURE_WORKER, /* worker_memory_budget, of the size classes that blocks come from */
    POOL_FAILURES
};

struct pool_options {
    struct sizeclass *classes; /* where blocks come from; must outlive the pool. NULL: the system */
    /* Bytes of the first block, pool included; rounded up to a class, POOL_FIRST_MIN at least. */
    size_t first_size;
    size_t block_size; /* of each later block; rounded likewise, POOL_BLOCK_MIN at least; 0: 4096 */
    size_t budget;     /* bytes this pool may hold; 0: no limit. The first block is never refused */
    const char *name;  /* a literal */
    bool spared;       /* see pool_set_spared() */
};

struct pool_stats {
    const char *name;
    size_t held_bytes;     /* blocks, large ones and buffers, rounding included */
    size_t peak_bytes;     /* the most held_bytes has been */
    size_t budget_bytes;   /* 0: none */
    size_t used_bytes;     /* handed out of blocks in use, alignment included */
    size_t stranded_bytes; /* left at the ends of blocks in use that were passed over */
    size_t pinned_bytes;   /* of used_bytes, before the pin */
    uint32_t blocks;       /* in use, the first included */
    uint32_t reserve;      /* kept for later */
    uint32_t larges;       /* large ones alive */
    uint32_t buffers;      /* taken */
    uint32_t resets;       /* requests served: pool_reset and pool_idle */
    uint32_t slow_calls;
    enum pool_failure failure; /* the last */
    const char *purpose;       /* of the last request that a block, large one or buffer was taken for */
};

/* Why a pool last gave this thread NULL. */
struct pool_refusal {
    enum pool_failure why;
    size_t asked; /* bytes that the pool wanted to take: the block, with rounding. SIZE_MAX: an absurd size */
    const char *purpose; /* a literal; the name of a pool that could not be made */
};

struct pool;

/* The options are copied. NULL: no memory, or sizes no block can have (errno EINVAL). */
struct pool *pool_create(const struct pool_options *options) __attribute__((warn_unused_result));
void pool_destroy(struct pool *pool);   /* NULL is allowed */
void pool_pin(struct pool *pool);       /* what has been allocated so far outlives resets */
void pool_reset(struct pool *pool);     /* back to the pin; what recent requests used is kept as a reserve */
void pool_idle(struct pool *pool);      /* reset, and the reserve goes back; buffers that are taken stay */
void pool_set_owner(struct pool *pool); /* the calling thread is the owner from now on */

/* True: what memory_budget or worker_memory_budget refuses is taken from the spare of the pool's size classes
 * (sizeclass_set_spare). False ends that; what has been taken stays. */
void pool_set_spared(struct pool *pool, bool spared);

static inline void *pool_alloc(struct pool *pool, size_t size, const char *purpose);  /* aligned to 16 */
static inline void *pool_nalloc(struct pool *pool, size_t size, const char *purpose); /* not aligned */
void *pool_calloc(struct pool *pool, size_t size, const char *purpose);               /* zeroed */
void *pool_array(struct pool *pool, size_t count, size_t size, const char *purpose);  /* product checked */
char *pool_strndup(struct pool *pool, const char *bytes, size_t length, const char *purpose); /* adds a NUL */

/* Always a large allocation, aligned to `alignment`, a power of two up to 64 KiB. */
void *pool_memalign(struct pool *pool, size_t alignment, size_t size, const char *purpose);

/* Resizes the last allocation, `old` bytes at `last`, to `size` bytes in place; never one from before the
 * pin. False: it is not the last, or there is no room; nothing has changed. Passthrough: always false. */
bool pool_extend(struct pool *pool, void *last, size_t old, size_t size);

/* Gives back all but the first `keep` bytes of the last allocation. False: not the last, or from before the
 * pin. */
bool pool_give_back(struct pool *pool, void *last, size_t old, size_t keep);

/* Frees a large allocation, O(1); 0. -ENOENT ("declined"): anything else that this pool gave, or NULL;
 * nothing has changed. */
int pool_free(struct pool *pool, void *p);

/* A buffer of at least `size` bytes, aligned to 16; `*capacity`, unless null, is its size. It outlives
 * resets. */
void *pool_take(struct pool *pool, size_t size, size_t *capacity, const char *purpose);
void pool_put(struct pool *pool, void *buffer); /* NULL is allowed; O(1) */

/* Runs `handler(data)` at reset (added before the pin: at destroy). NULL: no memory, nothing registered. */
struct pool_cleanup *pool_cleanup_add(struct pool *pool, void (*handler)(void *), void *data);
/* Closes `fd`, or deletes the file `name` and closes `fd`; `name` is copied. On NULL the descriptor stays the
 * caller's. */
struct pool_cleanup *pool_cleanup_fd(struct pool *pool, int fd, const char *name);
struct pool_cleanup *pool_cleanup_unlink(struct pool *pool, int fd, const char *name);
void pool_cleanup_run(struct pool *pool, struct pool_cleanup *cleanup); /* now; it will not run again */

/* `report` is told when a file cleanup's call ("close", "unlink") fails, with a positive errno. NULL: nobody
 * is. Set before threads start. */
void pool_on_file_error(void (*report)(const char *call, const char *name, int error));

bool pool_owns(const struct pool *pool, const void *p);  /* in a live allocation; O(what is held) */
enum pool_failure pool_failure(const struct pool *pool); /* of the last NULL */
const struct pool_refusal *pool_last_refusal(void);      /* the calling thread's, of whichever pool */
void pool_stats(const struct pool *pool, struct pool_stats *stats); /* the owner's; O(what is held) */

#include "pool/pool_inline.h"

#endif
