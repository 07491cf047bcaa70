/* SPDX-License-Identifier: BSD-2-Clause */
/* A part of a snapshot: its rows, of which the best are kept, and its memory. */
#include "server/watch/snapshot_part.h"

#include <stdio.h>
#include <string.h>

#include "pool/sysmem.h"

enum { ROWS_FIRST = 64 /* room to begin with */ };

struct snapshot_part *snapshot_part_create(const struct snapshot_query *query)
{
    struct snapshot_part *part = sysmem_calloc(sizeof *part);

    if (!part)
        return NULL;
    atomic_init(&part->references, 2);
    part->query = *query;
    return part;
}

void snapshot_part_put(struct snapshot_part *part)
{
    if (!part || atomic_fetch_sub_explicit(&part->references, 1, memory_order_acq_rel) != 1)
        return;
    sysmem_free(part->rows, part->capacity * sizeof *part->rows);
    sysmem_free(part, sizeof *part);
}

void snapshot_part_finish(struct snapshot_part *part, enum snapshot_part_state state)
{
    atomic_store_explicit(&part->state, (int)state, memory_order_release);
    snapshot_part_put(part);
}

bool snapshot_part_wants(const struct snapshot_part *part, const double keys[SNAPSHOT_KEYS])
{
    if (!part->query.limit || part->short_of_memory)
        return false;
    if (!part->full)
        return true;
    for (unsigned i = 0; i < snapshot_query_keys(&part->query); i++) {
        enum snapshot_key key = snapshot_query_key(&part->query, i);

        if (keys[key] > part->bars[key])
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

static void swap(struct snapshot_mark *a, struct snapshot_mark *b)
{
    struct snapshot_mark kept = *a;

    *a = *b;
    *b = kept;
}

/* Quickselect, three ways, so that many that are equal do no harm: afterwards none of the first `limit`
 * is less than any of the others. */
static void select_first(struct snapshot_mark *marks, size_t count, size_t limit)
{
    size_t low = 0, high = count;

    while (high - low > 1) {
        double pivot = marks[low + (high - low) / 2].key;
        size_t above = low, at = low, below = high;

        while (at < below) {
            if (marks[at].key > pivot)
                swap(&marks[above++], &marks[at++]);
            else if (marks[at].key < pivot)
                swap(&marks[at], &marks[--below]);
            else
                at++;
        }
        if (limit <= above)
            high = above;
        else if (limit >= below)
            low = below;
        else
            return;
    }
}

void snapshot_choose(struct snapshot_mark *marks, size_t count, enum snapshot_key key, size_t limit,
                     double *bar)
{
    *bar = -1;
    for (size_t i = 0; i < count; i++)
        marks[i].key = marks[i].row->keys[key];
    if (count > limit)
        select_first(marks, count, limit);
    for (size_t i = 0; i < count && i < limit; i++) {
        marks[i].row->chosen = true;
        if (count >= limit && (*bar < 0 || marks[i].key < *bar))
            *bar = marks[i].key;
    }
}

/* ---- room ---- */

/* All that are best by any key, and half as much again, so that choosing is rare. */
static uint32_t most_rows(const struct snapshot_part *part)
{
    uint32_t best = snapshot_query_keys(&part->query) * part->query.limit;

    return best + best / 2 + ROWS_FIRST;
}

static bool make_room(struct snapshot_part *part)
{
    uint32_t most = most_rows(part), capacity = part->capacity ? 2 * part->capacity : ROWS_FIRST;
    struct snapshot_row *rows;

    if (capacity > most)
        capacity = most;
    rows = sysmem_realloc(part->rows, part->capacity * sizeof *rows, capacity * sizeof *rows);
    if (!rows)
        return false;
    part->rows = rows;
    part->capacity = capacity;
    return true;
}

/* Keeps the best by each key, and raises the bars. */
static bool drop_the_rest(struct snapshot_part *part)
{
    size_t size = part->count * sizeof(struct snapshot_mark);
    struct snapshot_mark *marks = sysmem_alloc(size);
    uint32_t kept = 0;

    if (!marks)
        return false;
    for (uint32_t i = 0; i < part->count; i++) {
        part->rows[i].chosen = false;
        marks[i].row = &part->rows[i];
    }
    for (unsigned i = 0; i < snapshot_query_keys(&part->query); i++) {
        enum snapshot_key key = snapshot_query_key(&part->query, i);

        snapshot_choose(marks, part->count, key, part->query.limit, &part->bars[key]);
    }
    sysmem_free(marks, size);
    for (uint32_t i = 0; i < part->count; i++)
        if (part->rows[i].chosen && kept++ != i)
            part->rows[kept - 1] = part->rows[i];
    part->count = kept;
    part->full = true;
    return true;
}

struct snapshot_row *snapshot_part_add(struct snapshot_part *part)
{
    bool room = part->count < part->capacity;

    if (!room)
        room = part->capacity < most_rows(part) ? make_room(part) : drop_the_rest(part);
    if (room)
        return &part->rows[part->count++];
    part->short_of_memory = true;
    return NULL;
}
