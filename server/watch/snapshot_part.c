/* SPDX-License-Identifier: BSD-2-Clause */
/* A part of a snapshot: its rows, of which the best are kept, and its memory. */
#include "server/watch/snapshot_part.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "pool/holds.h"
#include "pool/sysmem.h"

/* Who has a reference on a part (pool/holds.h). */
#define ASKER "its asker"
#define ASKED "the worker that was asked"

struct snapshot_rows {
    struct snapshot_rows *next;
    uint32_t count;
    struct snapshot_row rows[];
};

enum {
    ROWS_LEAST = 32, /* room that may be taken from view_reserve */
    ROWS_FIRST = 64  /* on top of the best and half as many */
};

/* All that are best by any key, and half as much again, so that choosing is rare. */
static uint32_t most_rows(const struct snapshot_query *query)
{
    uint32_t best = snapshot_query_keys(query) * query->limit;

    return best + best / 2 + ROWS_FIRST;
}

static size_t size_of(uint32_t rows)
{
    return sizeof(struct snapshot_rows) + rows * sizeof(struct snapshot_row);
}

/* A block of more rows. */
static bool grow(struct snapshot_part *part, uint32_t more)
{
    const size_t each = sizeof *part->rows;
    struct snapshot_rows *block = sysmem_alloc(SYSMEM_OF_VIEW, size_of(more));
    struct snapshot_row **rows = block ? sysmem_realloc(SYSMEM_OF_VIEW, part->rows, part->capacity * each,
                                                        (part->capacity + more) * each)
                                       : NULL;

    if (!rows) {
        sysmem_free(SYSMEM_OF_VIEW, block, block ? size_of(more) : 0);
        return false;
    }
    block->next = part->blocks;
    block->count = more;
    part->blocks = block;
    part->rows = rows;
    for (uint32_t i = 0; i < more; i++)
        rows[part->capacity++] = &block->rows[i];
    return true;
}

static void free_rows(struct snapshot_part *part)
{
    while (part->blocks) {
        struct snapshot_rows *block = part->blocks;

        part->blocks = block->next;
        sysmem_free(SYSMEM_OF_VIEW, block, size_of(block->count));
    }
    sysmem_free(SYSMEM_OF_VIEW, part->rows, part->capacity * sizeof *part->rows);
}

double snapshot_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

struct snapshot_part *snapshot_part_create(const struct snapshot_query *query, double asked)
{
    bool was = sysmem_use_spare(true), room = true;
    struct snapshot_part *part = sysmem_calloc(SYSMEM_OF_VIEW, sizeof *part);

    if (part && query->limit)
        room = grow(part, ROWS_LEAST);
    (void)sysmem_use_spare(was);
    if (!part)
        return NULL;
    atomic_init(&part->references, 2);
    holds_take(part, NULL, ASKER);
    holds_take(part, NULL, ASKED);
    part->query = *query;
    part->asked = asked;
    part->most = most_rows(query);
    if (!room)
        part->query.limit = 0;
    part->short_of_memory = !room;
    return part;
}

static void part_put(struct snapshot_part *part, const char *why)
{
    holds_give(part, NULL, why);
    if (atomic_fetch_sub_explicit(&part->references, 1, memory_order_acq_rel) != 1)
        return;
    holds_none(part, "a part of a snapshot");
    snapshot_cells_drop(&part->cells);
    free_rows(part);
    sysmem_free(SYSMEM_OF_VIEW, part, sizeof *part);
}

void snapshot_part_put(struct snapshot_part *part)
{
    if (part)
        part_put(part, ASKER);
}

void snapshot_part_finish(struct snapshot_part *part, enum snapshot_part_state state)
{
    atomic_store_explicit(&part->state, (int)state, memory_order_release);
    part_put(part, ASKED);
}

void snapshot_part_drop(struct errand *errand)
{
    snapshot_part_finish((struct snapshot_part *)(void *)errand, SNAPSHOT_LOST);
}

bool snapshot_part_wants(const struct snapshot_part *part, const double keys[SNAPSHOT_FIGURES], uint64_t id)
{
    if (!part->query.limit)
        return false;
    if (!part->full)
        return true;
    for (unsigned i = 0; i < snapshot_query_keys(&part->query); i++) {
        enum snapshot_key key = snapshot_query_key(&part->query, i);
        struct snapshot_place place = snapshot_place_of(keys, key, id);

        if (snapshot_is_before(&place, &part->bars[key]))
            return true;
    }
    return false;
}

void snapshot_counters_add(struct snapshot_counters *sum, const struct counters *counters)
{
    /* In this order: a connection that ends in between must not make more closed than accepted. */
    sum->closed += counter_read(&counters->closed);
    sum->accepted += counter_read(&counters->accepted);
    sum->requests += counter_read(&counters->requests);
    sum->received += counter_read(&counters->received);
    sum->sent += counter_read(&counters->sent);
    sum->refused += counter_read(&counters->refused);
    sum->reading += counter_read(&counters->reading);
    sum->writing += counter_read(&counters->writing);
    sum->over_budget += counter_read(&counters->over_budget);
}

uint64_t snapshot_filled(const struct pool_stats *pool, const struct pool_layout *layout)
{
    uint64_t filled = pool->used_bytes + layout->large_bytes + layout->buffer_bytes;

    for (uint32_t i = 0; i < layout->count; i++)
        if (layout->parts[i].start)
            filled -= layout->parts[i].size - layout->parts[i].used;
    return filled;
}

void snapshot_peer_text(const struct peer *peer, char text[SNAPSHOT_PEER_TEXT])
{
    char host[PEER_TEXT_MAX];

    peer_format(peer, host);
    if (peer->family == AF_INET6)
        snprintf(text, SNAPSHOT_PEER_TEXT, "[%s]:%u", host, peer->port);
    else if (peer->family == AF_INET)
        snprintf(text, SNAPSHOT_PEER_TEXT, "%s:%u", host, peer->port);
    else
        snprintf(text, SNAPSHOT_PEER_TEXT, "%s", host);
}

/* ---- the best ---- */

static void swap(struct snapshot_row **a, struct snapshot_row **b)
{
    struct snapshot_row *kept = *a;

    *a = *b;
    *b = kept;
}

static bool is_before(const struct snapshot_row *row, enum snapshot_key key,
                      const struct snapshot_place *other)
{
    struct snapshot_place place = snapshot_place_of_row(row, key);

    return snapshot_is_before(&place, other);
}

static bool is_behind(const struct snapshot_row *row, enum snapshot_key key,
                      const struct snapshot_place *other)
{
    struct snapshot_place place = snapshot_place_of_row(row, key);

    return snapshot_is_before(other, &place);
}

/* Quickselect: afterwards each of the first `limit` is before all of the others. No two places are equal. */
static void select_first(struct snapshot_row **rows, ptrdiff_t count, enum snapshot_key key, ptrdiff_t limit)
{
    ptrdiff_t low = 0, high = count - 1;

    while (low < high) {
        struct snapshot_place pivot = snapshot_place_of_row(rows[low + (high - low) / 2], key);
        ptrdiff_t left = low, right = high;

        while (left <= right) {
            while (is_before(rows[left], key, &pivot))
                left++;
            while (is_behind(rows[right], key, &pivot))
                right--;
            if (left <= right)
                swap(&rows[left++], &rows[right--]);
        }
        if (limit <= right)
            high = right;
        else if (limit > left)
            low = left;
        else
            return;
    }
}

void snapshot_choose(struct snapshot_row **rows, size_t count, enum snapshot_key key, size_t limit,
                     struct snapshot_place *bar)
{
    *bar = (struct snapshot_place){-HUGE_VAL, UINT64_MAX, {0, 0}};
    if (count > limit)
        select_first(rows, (ptrdiff_t)count, key, (ptrdiff_t)limit);
    for (size_t i = 0; i < count && i < limit; i++) {
        rows[i]->chosen = true;
        if (count >= limit && (!i || is_behind(rows[i], key, bar)))
            *bar = snapshot_place_of_row(rows[i], key);
    }
}

size_t snapshot_chosen_first(struct snapshot_row **rows, size_t count)
{
    size_t chosen = 0;

    for (size_t i = 0; i < count; i++)
        if (rows[i]->chosen)
            swap(&rows[chosen++], &rows[i]);
    return chosen;
}

/* ---- room ---- */

/* There is no memory for more rows, so from here on only the best by one key are kept. With all keys that is
 * the first, the bytes that a pool holds: the largest pools fill the budget. */
static void keep_to_one_key(struct snapshot_part *part)
{
    part->short_of_memory = true;
    part->query.sort = snapshot_query_key(&part->query, 0);
    part->query.limit = part->capacity * 2 / 3;
    part->most = part->capacity;
}

bool snapshot_part_make_room(struct snapshot_part *part)
{
    uint32_t left = part->most - part->capacity;

    if (part->count < part->capacity || !part->query.limit)
        return false;
    if (!part->chosen_keys) {
        if (left && grow(part, part->capacity < left ? part->capacity : left))
            return false;
        if (left)
            keep_to_one_key(part);
        for (uint32_t i = 0; i < part->count; i++)
            part->rows[i]->chosen = false;
    }
    if (part->chosen_keys < snapshot_query_keys(&part->query)) {
        enum snapshot_key key = snapshot_query_key(&part->query, part->chosen_keys++);

        snapshot_choose(part->rows, part->count, key, part->query.limit, &part->bars[key]);
        return true;
    }
    part->count = (uint32_t)snapshot_chosen_first(part->rows, part->count);
    part->chosen_keys = 0;
    part->full = true;
    return false;
}

struct snapshot_row *snapshot_part_add(struct snapshot_part *part)
{
    while (snapshot_part_make_room(part))
        ;
    return part->rows[part->count++];
}
