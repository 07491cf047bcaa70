/* SPDX-License-Identifier: BSD-2-Clause */
/* Followed pools: their followers, and the slow way of their allocations. */
#include "pool/pool_follow.h"

#include "pool/pool_inner.h"

static _Thread_local struct pool_follower *followers; /* of all pools of this thread: a few */

/* The follower that keeps the pool's cursor. NULL: its allocations are not reported. */
static struct pool_follower *pool_hider(const struct pool *pool)
{
    struct pool_follower *follower = followers;

    while (follower && (follower->pool != pool || !follower->allocs))
        follower = follower->next;
    return follower;
}

void pool_follow_show(struct pool *pool)
{
    struct pool_follower *hider = pool->hidden ? pool_hider(pool) : NULL;

    if (!hider)
        return;
    pool->hidden = 0;
    pool->mark_base -= (uint32_t)(pool->cursor - hider->cursor);
    pool->cursor = hider->cursor;
    pool_set_limit(pool);
}

void pool_follow_hide(struct pool *pool)
{
    struct pool_follower *hider = pool_hider(pool);

    if (!hider)
        return;
    hider->cursor = pool->cursor;
    pool->cursor = pool->limit = pool_block_end(pool->current);
    pool->mark_base += (uint32_t)(pool->cursor - hider->cursor);
    pool->hidden = 1;
}

char *pool_follow_cursor(const struct pool *pool)
{
    struct pool_follower *hider = pool->hidden ? pool_hider(pool) : NULL;

    return hider ? hider->cursor : pool->cursor;
}

static bool pool_has_follower(const struct pool *pool)
{
    for (const struct pool_follower *follower = followers; follower; follower = follower->next)
        if (follower->pool == pool)
            return true;
    return false;
}

static void pool_follow_unlink(struct pool_follower *follower)
{
    struct pool_follower **link = &followers;

    while (*link != follower)
        link = &(*link)->next;
    *link = follower->next;
    follower->pool->followed = pool_has_follower(follower->pool);
    follower->pool = NULL;
}

void pool_follow(struct pool_follower *follower, struct pool *pool)
{
    pool_check_owner(pool);
    assert(!pool->traced && "a traced pool has its cursor hidden already");
    pool_follow_show(pool);
    follower->pool = pool;
    follower->next = followers;
    followers = follower;
    pool->followed = 1;
    pool_follow_hide(pool);
}

void pool_unfollow(struct pool_follower *follower)
{
    struct pool *pool = follower->pool;

    if (!pool)
        return;
    pool_follow_show(pool);
    pool_follow_unlink(follower);
    pool_follow_hide(pool);
}

static void pool_follow_tell_all(struct pool *pool, struct pool_event *event)
{
    event->held = event->kind == POOL_EVENT_DESTROY ? 0 : pool->held;
    for (struct pool_follower *follower = followers, *next; follower; follower = next) {
        next = follower->next;
        if (follower->pool != pool || (event->kind == POOL_EVENT_ALLOC && !follower->allocs))
            continue;
        if (event->kind == POOL_EVENT_DESTROY)
            pool_follow_unlink(follower);
        follower->tell(follower, event);
    }
}

void pool_follow_tell(struct pool *pool, enum pool_event_kind kind, enum pool_event_piece piece, size_t bytes,
                      const char *purpose)
{
    pool_follow_tell_all(
        pool, &(struct pool_event){.kind = kind, .piece = piece, .bytes = bytes, .purpose = purpose});
}

void pool_follow_block(struct pool *pool, enum pool_event_kind kind, size_t bytes, const char *purpose)
{
    pool_follow_tell(pool, kind, POOL_PIECE_BLOCK, bytes, purpose);
}

void pool_follow_moved(struct pool *pool, enum pool_event_kind kind)
{
    pool_follow_tell(pool, kind, POOL_PIECE_NONE, 0, NULL);
    pool_follow_hide(pool);
}

void pool_note(struct pool *pool, const void *note)
{
    pool_follow_tell_all(pool, &(struct pool_event){.kind = POOL_EVENT_NOTE, .note = note});
}

void *pool_follow_alloc(struct pool *pool, size_t size, size_t align, const char *purpose)
{
    char *p, *block;

    pool_follow_show(pool);
    p = align == 1 ? (pool_nalloc)(pool, size, purpose) : (pool_alloc)(pool, size, purpose);
    block = (char *)pool->current;
    if (p >= block && p < pool_block_end(pool->current))
        pool_follow_tell(pool, POOL_EVENT_ALLOC, POOL_PIECE_NONE, size, purpose);
    pool_follow_hide(pool);
    return p;
}

bool pool_follow_resize(struct pool *pool, void *last, size_t old, size_t size)
{
    bool done;

    pool_follow_show(pool);
    done = size < old ? pool_give_back(pool, last, old, size) : pool_extend(pool, last, old, size);
    pool_follow_hide(pool);
    return done;
}
