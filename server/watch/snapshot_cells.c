/* SPDX-License-Identifier: BSD-2-Clause */
/* Every connection in nine bytes. */
#include "server/watch/snapshot_cells.h"

#include <time.h>
#include <unistd.h>

#include "pool/sysmem.h"
#include "server/watch/census.h"
#include "server/watch/snapshot.h"

/* ---- cells ---- */

/* NULL: no memory. */
static struct snapshot_cells_piece *add_piece(struct snapshot_cells *cells)
{
    bool was = sysmem_use_spare(!cells->first);
    struct snapshot_cells_piece *piece = sysmem_alloc(SYSMEM_OF_VIEW, sizeof *piece);

    (void)sysmem_use_spare(was);
    if (!piece)
        return NULL;
    piece->next = NULL;
    piece->count = 0;
    if (cells->last)
        cells->last->next = piece;
    else
        cells->first = piece;
    return cells->last = piece;
}

static unsigned place_of_protocol(struct snapshot_cells *cells, const char *name)
{
    unsigned place = 0;

    while (place < SNAPSHOT_PROTOCOLS - 1 && cells->protocols[place] && cells->protocols[place] != name)
        place++;
    if (!cells->protocols[place])
        cells->protocols[place] = name;
    return place;
}

void snapshot_cells_add(struct snapshot_cells *cells, const struct snapshot_cell *cell)
{
    unsigned size = snapshot_bucket_of_size(cell->held), age = snapshot_bucket_of_age(cell->age);
    unsigned protocol = place_of_protocol(cells, cell->protocol);
    uint64_t fill = cell->held ? 15 * cell->filled / cell->held : 0;
    struct snapshot_cells_piece *piece = cells->last;
    uint8_t *to;

    cells->by_state[cell->state][size] += cell->matches;
    if (cells->count == SNAPSHOT_CELLS ||
        ((!piece || piece->count == SNAPSHOT_CELLS_A_PIECE) && !(piece = add_piece(cells)))) {
        cells->left_out++;
        return;
    }
    cells->count++;
    to = &piece->bytes[SNAPSHOT_CELL_BYTES * piece->count++];
    for (unsigned i = 0; i < 5; i++)
        *to++ = (uint8_t)(cell->number >> (32 - 8 * i));
    *to++ = (uint8_t)((unsigned)cell->state | (unsigned)cell->watches << 3 | (unsigned)cell->matches << 4 |
                      protocol << 5);
    *to++ = (uint8_t)size;
    *to++ = (uint8_t)(age << 4 | (fill < 15 ? (unsigned)fill : 15));
    *to = (uint8_t)cell->resets;
}

static void drop_first(struct snapshot_cells *cells)
{
    struct snapshot_cells_piece *piece = cells->first;

    cells->first = piece->next;
    if (!cells->first)
        cells->last = NULL;
    sysmem_free(SYSMEM_OF_VIEW, piece, sizeof *piece);
}

void snapshot_cells_drop(struct snapshot_cells *cells)
{
    while (cells->first)
        drop_first(cells);
}

/* ---- writing ---- */

enum section { SECTION_HEAD, SECTION_WORKER, SECTION_PIECE, SECTION_END };

static void put_base64(struct text *text, const struct snapshot_cells_piece *piece)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *end = piece->bytes + SNAPSHOT_CELL_BYTES * piece->count;

    for (const uint8_t *at = piece->bytes; at < end; at += 3) {
        char four[] = {digits[at[0] >> 2], digits[(at[0] & 3) << 4 | at[1] >> 4],
                       digits[(at[1] & 15) << 2 | at[2] >> 6], digits[at[2] & 63]};

        text_add(text, four, sizeof four);
    }
}

/* Up to the workers, whose cells come one after the other. */
static void put_head(struct snapshot *snapshot)
{
    struct text *text = snapshot->text;
    uint64_t counts[CONNECTION_STATES][SNAPSHOT_SIZES + 1] = {0};

    json_put_open(text, NULL, '{');
    json_put_number(text, "schema", 1);
    json_put_number(text, "pid", (uint64_t)getpid());
    json_put_seconds(text, "started", census_began());
    json_put_number(text, "total", snapshot->tally.total);
    json_put_number(text, "matched", snapshot->tally.matched);
    json_put_number(text, "most", SNAPSHOT_CELLS);
    for (unsigned i = 0; i < snapshot->count; i++)
        for (unsigned j = 0; snapshot->parts[i] && j < CONNECTION_STATES; j++)
            for (unsigned k = 0; k <= SNAPSHOT_SIZES; k++)
                counts[j][k] += snapshot->parts[i]->cells.by_state[j][k];
    json_put_open(text, "by_state", '{');
    for (unsigned j = 0; j < CONNECTION_STATES; j++) {
        json_put_open(text, connection_state_names[j], '[');
        for (unsigned k = 0; k <= SNAPSHOT_SIZES; k++)
            json_put_number(text, NULL, counts[j][k]);
        json_put_close(text, ']');
    }
    json_put_close(text, '}');
    json_put_open(text, "workers", '[');
    snapshot->at = 0;
}

/* The next worker's object, up to its cells; false: there is none. */
static bool open_worker(struct snapshot *snapshot)
{
    struct text *text = snapshot->text;
    const struct snapshot_part *part;

    while (snapshot->at < snapshot->count && !snapshot->parts[snapshot->at])
        snapshot->at++;
    if (snapshot->at == snapshot->count || text->short_of_memory)
        return false;
    part = snapshot->parts[snapshot->at];
    json_put_open(text, NULL, '{');
    json_put_number(text, "worker", part->worker);
    json_put_open(text, "protocols", '[');
    for (unsigned i = 0; i < SNAPSHOT_PROTOCOLS && part->cells.protocols[i]; i++)
        json_put_text(text, NULL, part->cells.protocols[i]);
    json_put_close(text, ']');
    json_put_open(text, "cells", '"');
    return true;
}

static void put_piece(struct snapshot *snapshot)
{
    struct snapshot_cells *cells = &snapshot->parts[snapshot->at]->cells;

    if (!cells->first || snapshot->text->short_of_memory || snapshot->tally.total > SNAPSHOT_CELLS) {
        json_put_close(snapshot->text, '"');
        json_put_close(snapshot->text, '}');
        snapshot->at++;
        snapshot->section = SECTION_WORKER;
        return;
    }
    put_base64(snapshot->text, cells->first);
    snapshot->row_count += cells->first->count;
    drop_first(cells);
}

/* Last, since it says how much found room. */
static void put_end(struct snapshot *snapshot)
{
    struct text *text = snapshot->text;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    json_put_close(text, ']');
    json_put_bool(text, "aggregated", snapshot->tally.total > SNAPSHOT_CELLS);
    json_put_number(text, "left_out", snapshot->tally.total - snapshot->row_count);
    json_put_bool(text, "complete", !snapshot->partial);
    json_put_seconds(text, "time", (double)now.tv_sec + (double)now.tv_nsec * 1e-9);
    json_put_seconds(text, "slice_seconds", snapshot->slice_seconds);
    json_put_close(text, '}');
}

bool snapshot_write_cells(struct snapshot *snapshot)
{
    switch ((enum section)snapshot->section) {
    case SECTION_HEAD:
        put_head(snapshot);
        snapshot->section = SECTION_WORKER;
        return true;
    case SECTION_WORKER:
        snapshot->section = open_worker(snapshot) ? SECTION_PIECE : SECTION_END;
        return true;
    case SECTION_PIECE:
        put_piece(snapshot);
        return true;
    case SECTION_END:
        put_end(snapshot);
        return false;
    }
    return false;
}
