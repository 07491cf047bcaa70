/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows that a walk keeps: against an oracle that has all of them and sorts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "pool/fault.h"
#include "pool/sysmem.h"
#include "server/watch/snapshot_part.h"
#include "tests/unit/pool/seed.h"

enum { MOST = 5000 };

static double all[MOST][SNAPSHOT_FIGURES];
static uint64_t seed;

static uint64_t live(void)
{
    struct sysmem_stats stats;

    sysmem_stats(&stats);
    return stats.live_count;
}

static int downwards(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? 1 : x > y ? -1 : 0;
}

static struct snapshot_part *part_of(const char *text)
{
    struct snapshot_query query;
    struct snapshot_part *part;

    assert_null(snapshot_query_parse(&query, text, strlen(text)));
    part = snapshot_part_create(&query, snapshot_clock());
    assert_non_null(part);
    return part;
}

/* Both references. */
static void done_with(struct snapshot_part *part)
{
    snapshot_part_finish(part, SNAPSHOT_DONE);
    snapshot_part_put(part);
}

static void walk(struct snapshot_part *part, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct snapshot_row *row = snapshot_part_wants(part, all[i], i) ? snapshot_part_add(part) : NULL;

        if (!row)
            continue;
        memcpy(row->keys, all[i], sizeof row->keys);
        row->id = i;
    }
}

/* The `limit` best by that key are as good as those of all: the same values, though among equals it may be
 * others. */
static void assert_best(struct snapshot_part *part, enum snapshot_key key, size_t count, size_t limit)
{
    static double expected[MOST], found[MOST];

    for (size_t i = 0; i < count; i++)
        expected[i] = all[i][key];
    for (uint32_t i = 0; i < part->count; i++)
        found[i] = part->rows[i]->keys[key];
    qsort(expected, count, sizeof *expected, downwards);
    qsort(found, part->count, sizeof *found, downwards);
    assert_true(part->count >= (count < limit ? count : limit));
    for (size_t i = 0; i < limit && i < count; i++)
        assert_true(found[i] == expected[i]);
}

/* How the values of a key are spread: all different, few different ones, all the same, rising, falling. */
static double value(unsigned how, size_t i)
{
    switch (how % 5) {
    case 0:
        return (double)(seed_next(&seed) % 1000000);
    case 1:
        return (double)(seed_next(&seed) % 4);
    case 2:
        return 0;
    case 3:
        return (double)i;
    default:
        return (double)(MOST - i);
    }
}

static void the_best_by_every_key_are_kept(void **state)
{
    static const char *const queries[] = {"limit=5",
                                          "limit=64",
                                          "limit=128",
                                          "sort=age&limit=10",
                                          "sort=used&limit=1",
                                          "sort=total&limit=1000",
                                          "sort=larges&limit=7"};
    static const size_t counts[] = {0, 1, 5, 63, 64, 65, 500, 900, MOST};
    uint64_t before = live();

    (void)state;
    for (size_t q = 0; q < sizeof queries / sizeof *queries; q++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            struct snapshot_part *part = part_of(queries[q]);

            for (size_t i = 0; i < counts[c]; i++)
                for (unsigned key = 0; key < SNAPSHOT_KEYS; key++)
                    all[i][key] = value(key + (unsigned)c, i);
            walk(part, counts[c]);
            assert_false(part->short_of_memory);
            assert_true(part->count <= part->capacity && part->capacity <= 7 * 1000 * 3 / 2 + 64);
            for (unsigned n = 0; n < snapshot_query_keys(&part->query); n++)
                assert_best(part, snapshot_query_key(&part->query, n), counts[c], part->query.limit);
            done_with(part);
        }
    assert_int_equal(live(), before);
}

static void no_rows_are_wanted_with_limit_0(void **state)
{
    struct snapshot_part *part = part_of("limit=0");

    (void)state;
    assert_false(snapshot_part_wants(part, all[0], 0));
    done_with(part);
}

static void choosing_marks_the_best(void **state)
{
    static struct snapshot_row rows[MOST];
    static struct snapshot_row *places[MOST];
    static double sorted[MOST];

    (void)state;
    for (unsigned how = 0; how < 5; how++)
        for (size_t limit = 1; limit < 2000; limit = limit * 3 + 1)
            for (size_t count = 0; count <= 3000; count = count * 4 + 1) {
                size_t chosen = 0;
                struct snapshot_place bar;
                double least = -1;

                for (size_t i = 0; i < count; i++) {
                    rows[i].chosen = false;
                    rows[i].id = i;
                    sorted[i] = rows[i].keys[SNAPSHOT_PEAK] = value(how, i);
                    places[i] = &rows[i];
                }
                snapshot_choose(places, count, SNAPSHOT_PEAK, limit, &bar);
                qsort(sorted, count, sizeof *sorted, downwards);
                for (size_t i = 0; i < count; i++) {
                    if (!rows[i].chosen)
                        continue;
                    chosen++;
                    if (least < 0 || rows[i].keys[SNAPSHOT_PEAK] < least)
                        least = rows[i].keys[SNAPSHOT_PEAK];
                }
                assert_int_equal(chosen, count < limit ? count : limit);
                if (chosen)
                    assert_true(least == sorted[chosen - 1]);
                if (count >= limit)
                    assert_true(bar.key == least);
                for (size_t i = 0; i < count; i++) { /* of equal ones the older are chosen */
                    struct snapshot_place place = snapshot_place_of(rows[i].keys, SNAPSHOT_PEAK, i);

                    assert_int_equal(rows[i].chosen, !snapshot_is_before(&bar, &place));
                }
            }
}

/* When there is no memory for more rows, those that hold most are kept in the room there is; without any room
 * none. Either is said. */
static void memory_runs_short(void **state)
{
    uint64_t before = live();
    struct snapshot_part *part;
    struct snapshot_query query;

    (void)state;
    for (size_t i = 0; i < MOST; i++)
        for (unsigned key = 0; key < SNAPSHOT_KEYS; key++)
            all[i][key] = (double)(key == SNAPSHOT_TOTAL ? i : MOST - i);
    for (uint64_t call = 1; call <= 4; call++) {
        part = part_of("limit=64");
        fault_arm(FAULT_SYSTEM, call, true);
        walk(part, MOST);
        fault_arm(FAULT_SYSTEM, 0, false);
        assert_true(part->short_of_memory);
        assert_best(part, SNAPSHOT_TOTAL, MOST, 10);
        done_with(part);
    }
    assert_null(snapshot_query_parse(&query, "limit=64", 8));
    fault_arm(FAULT_SYSTEM, 2, true);
    part = snapshot_part_create(&query, snapshot_clock());
    fault_arm(FAULT_SYSTEM, 0, false);
    assert_true(part->short_of_memory);
    walk(part, MOST);
    assert_int_equal(part->count, 0);
    done_with(part);
    assert_int_equal(live(), before);
}

static void clients(void **state)
{
    struct peer peer = {.family = AF_INET, .bytes = {127, 0, 0, 1}, .port = 65535};
    char text[SNAPSHOT_PEER_TEXT];

    (void)state;
    snapshot_peer_text(&peer, text);
    assert_string_equal(text, "127.0.0.1:65535");
    peer = (struct peer){.family = AF_INET6, .bytes = {[15] = 1}, .port = 80};
    snapshot_peer_text(&peer, text);
    assert_string_equal(text, "[::1]:80");
    memset(peer.bytes, 0xff, sizeof peer.bytes);
    peer.port = 65535;
    snapshot_peer_text(&peer, text);
    assert_string_equal(text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
    peer = (struct peer){.family = AF_UNIX};
    snapshot_peer_text(&peer, text);
    assert_string_equal(text, "unix:");
}

int main(void)
{
    seed = seed_start("snapshot_part");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_by_every_key_are_kept),
        cmocka_unit_test(no_rows_are_wanted_with_limit_0),
        cmocka_unit_test(choosing_marks_the_best),
        cmocka_unit_test(memory_runs_short),
        cmocka_unit_test(clients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
