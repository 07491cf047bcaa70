/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: reports the life of one pool as it happens. A follower is told of each block, large one and buffer
 *   that its pool takes and gives back, of pin, reset, idle, refusal and destroy. With `allocs` it is also
 *   told of each allocation, which then takes the slow call. Other pools only pay for the test of a bit in
 *   the slow calls.
 * Lifetime: the follower is the caller's, from pool_follow until pool_unfollow or POOL_EVENT_DESTROY.
 *   A pool may have several.
 * Threads: the pool's owner.
 * Errors: none.
 */
#ifndef POOL_POOL_FOLLOW_H
#define POOL_POOL_FOLLOW_H

#include "pool/pool.h"

enum pool_event_kind {
    POOL_EVENT_PIN,
    POOL_EVENT_TAKE,
    POOL_EVENT_GIVE,
    POOL_EVENT_ALLOC, /* cut from a block */
    POOL_EVENT_RESET, /* what it gave back was reported before; likewise the next ones */
    POOL_EVENT_IDLE,
    POOL_EVENT_REFUSED, /* pool_failure() says why */
    POOL_EVENT_DESTROY, /* the first block goes when the call returns; the pool is not followed any more */
    POOL_EVENT_NOTE     /* of pool_note */
};

enum pool_event_piece { POOL_PIECE_NONE, POOL_PIECE_BLOCK, POOL_PIECE_LARGE, POOL_PIECE_BUFFER };

struct pool_event {
    const char *purpose; /* POOL_HERE: the line of source stands behind its NUL. NULL: none */
    const void *note;
    size_t bytes; /* of the piece, the allocation, or what was asked for */
    size_t held;  /* by the pool, after it */
    enum pool_event_kind kind;
    enum pool_event_piece piece; /* of take and give */
};

struct pool_follower {
    /* Must not use the pool. */
    void (*tell)(struct pool_follower *follower, const struct pool_event *event);
    bool allocs;
    /* pool_follow's */
    struct pool *pool; /* NULL: follows none */
    struct pool_follower *next;
    char *cursor; /* the pool's, while it is hidden from the inline path */
};

void pool_follow(struct pool_follower *follower, struct pool *pool);
void pool_unfollow(struct pool_follower *follower); /* does nothing to one that follows none */

/* Whether anybody would hear pool_note. */
static inline bool pool_is_followed(const struct pool *pool)
{
    return __builtin_expect(pool->followed, 0);
}

/* Passes a note of the pool's user to its followers. */
void pool_note(struct pool *pool, const void *note);

#endif
