/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts connections by state, protocol, size and age. */
#include "server/watch/snapshot_tally.h"

#include <string.h>

#include "pool/pool_layout.h"
#include "server/watch/text.h"

/* Pieces for which there is no room. */
static const char others[] = "others";

static uint64_t bound_of_size(unsigned bucket)
{
    return UINT64_C(512) << bucket;
}

static uint64_t bound_of_age(unsigned bucket)
{
    return UINT64_C(1) << 2 * bucket;
}

/* ---- counting ---- */

unsigned snapshot_bucket_of_size(uint64_t bytes)
{
    unsigned bucket = 0;

    while (bucket < SNAPSHOT_SIZES && bytes > bound_of_size(bucket))
        bucket++;
    return bucket;
}

unsigned snapshot_bucket_of_age(double seconds)
{
    unsigned bucket = 0;

    while (bucket < SNAPSHOT_AGES && seconds > (double)bound_of_age(bucket))
        bucket++;
    return bucket;
}

static void count_protocol(struct snapshot_tally *tally, const char *name, uint64_t count)
{
    for (unsigned i = 0; i < SNAPSHOT_PROTOCOLS; i++)
        if (!tally->protocols[i].name || tally->protocols[i].name == name) {
            tally->protocols[i].name = name;
            tally->protocols[i].count += count;
            return;
        }
}

void snapshot_tally_count(struct snapshot_tally *tally, enum connection_state state, const char *protocol,
                          size_t held, size_t peak, double age)
{
    tally->matched++;
    tally->states[state]++;
    count_protocol(tally, protocol, 1);
    tally->held[snapshot_bucket_of_size(held)][snapshot_bucket_of_age(age)]++;
    tally->peaks[snapshot_bucket_of_size(peak)]++;
}

/* Purposes are literals, of which the same may stand in several places. */
static void count_purpose(struct snapshot_tally *tally, uint8_t kind, const char *name, uint64_t bytes,
                          uint64_t count)
{
    struct snapshot_purpose *purpose = tally->purposes, *last = purpose + SNAPSHOT_PURPOSES - 1;

    while (purpose < last && purpose->name &&
           (purpose->kind != kind || (purpose->name != name && strcmp(purpose->name, name) != 0)))
        purpose++;
    if (!purpose->name) {
        purpose->name = purpose == last ? others : name;
        purpose->kind = kind;
    }
    purpose->bytes += bytes;
    purpose->count += count;
}

static const char *name_of(const struct pool_layout *layout, uint32_t i)
{
    static const char *const names[] = {
        [POOL_PART_BLOCK] = "request blocks", [POOL_PART_RESERVE] = "reserve"};
    const struct pool_part *part = &layout->parts[i];

    return !i ? "first block" : part->purpose ? part->purpose : names[part->kind];
}

void snapshot_tally_pieces(struct snapshot_tally *tally, const struct pool_layout *layout, size_t held)
{
    for (uint32_t i = 0; i < layout->count; i++) {
        count_purpose(tally, layout->parts[i].kind, name_of(layout, i), layout->parts[i].size, 1);
        held -= layout->parts[i].size;
    }
    if (layout->more)
        count_purpose(tally, POOL_PART_LARGE, others, held, layout->more);
}

bool snapshot_has_purpose(const struct pool_layout *layout, const char *purpose)
{
    for (uint32_t i = 0; i < layout->count; i++)
        if (!strcmp(name_of(layout, i), purpose))
            return true;
    return layout->more && !strcmp(others, purpose);
}

void snapshot_tally_name(struct snapshot_tally *tally, const char *protocol)
{
    count_protocol(tally, protocol, 0);
}

static void add_counts(uint64_t *sum, const uint64_t *counts, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        sum[i] += counts[i];
}

void snapshot_tally_add(struct snapshot_tally *sum, const struct snapshot_tally *tally)
{
    sum->total += tally->total;
    sum->used_bytes += tally->used_bytes;
    sum->held_bytes += tally->held_bytes;
    sum->matched += tally->matched;
    sum->watchers += tally->watchers;
    add_counts(sum->states, tally->states, CONNECTION_STATES);
    for (unsigned i = 0; i < SNAPSHOT_PROTOCOLS && tally->protocols[i].name; i++)
        count_protocol(sum, tally->protocols[i].name, tally->protocols[i].count);
    for (unsigned i = 0; i <= SNAPSHOT_SIZES; i++)
        add_counts(sum->held[i], tally->held[i], SNAPSHOT_AGES + 1);
    add_counts(sum->peaks, tally->peaks, SNAPSHOT_SIZES + 1);
    for (unsigned i = 0; i < SNAPSHOT_PURPOSES && tally->purposes[i].name; i++)
        count_purpose(sum, tally->purposes[i].kind, tally->purposes[i].name, tally->purposes[i].bytes,
                      tally->purposes[i].count);
}

/* ---- writing ---- */

static void put_histogram(struct text *text, const char *name, const uint64_t *counts, unsigned bounds,
                          uint64_t (*bound)(unsigned bucket))
{
    json_put_open(text, name, '[');
    for (unsigned i = 0; i <= bounds; i++) {
        json_put_open(text, NULL, '{');
        if (i == bounds)
            json_put_text(text, "le", NULL);
        else
            json_put_number(text, "le", bound(i));
        json_put_number(text, "count", counts[i]);
        json_put_close(text, '}');
    }
    json_put_close(text, ']');
}

static void put_histograms(const struct snapshot_tally *tally, struct text *text)
{
    uint64_t sizes[SNAPSHOT_SIZES + 1] = {0}, ages[SNAPSHOT_AGES + 1] = {0};

    for (unsigned i = 0; i <= SNAPSHOT_SIZES; i++) {
        add_counts(ages, tally->held[i], SNAPSHOT_AGES + 1);
        for (unsigned j = 0; j <= SNAPSHOT_AGES; j++)
            sizes[i] += tally->held[i][j];
    }
    put_histogram(text, "total_bytes", sizes, SNAPSHOT_SIZES, bound_of_size);
    put_histogram(text, "peak_bytes", tally->peaks, SNAPSHOT_SIZES, bound_of_size);
    put_histogram(text, "age_seconds", ages, SNAPSHOT_AGES, bound_of_age);
    json_put_open(text, "total_bytes_by_age", '[');
    for (unsigned i = 0; i <= SNAPSHOT_SIZES; i++) {
        json_put_open(text, NULL, '[');
        for (unsigned j = 0; j <= SNAPSHOT_AGES; j++)
            json_put_number(text, NULL, tally->held[i][j]);
        json_put_close(text, ']');
    }
    json_put_close(text, ']');
}

static void put_purposes(const struct snapshot_tally *tally, struct text *text)
{
    json_put_open(text, "purposes", '[');
    for (unsigned i = 0; i < SNAPSHOT_PURPOSES && tally->purposes[i].name; i++) {
        const struct snapshot_purpose *purpose = &tally->purposes[i];

        json_put_open(text, NULL, '{');
        json_put_text(text, "kind", pool_part_names[purpose->kind]);
        json_put_text(text, "purpose", purpose->name);
        json_put_number(text, "bytes", purpose->bytes);
        json_put_number(text, "count", purpose->count);
        json_put_close(text, '}');
    }
    json_put_close(text, ']');
}

void snapshot_tally_put(const struct snapshot_tally *tally, struct text *text)
{
    json_put_open(text, "states", '{');
    for (unsigned i = 0; i < CONNECTION_STATES; i++)
        json_put_number(text, connection_state_names[i], tally->states[i]);
    json_put_close(text, '}');
    json_put_open(text, "protocols", '{');
    for (unsigned i = 0; i < SNAPSHOT_PROTOCOLS && tally->protocols[i].name; i++)
        json_put_number(text, tally->protocols[i].name, tally->protocols[i].count);
    json_put_close(text, '}');
    json_put_open(text, "histograms", '{');
    put_histograms(tally, text);
    json_put_close(text, '}');
    put_purposes(tally, text);
}
