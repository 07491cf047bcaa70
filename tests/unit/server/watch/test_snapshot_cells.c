/* SPDX-License-Identifier: BSD-2-Clause */
/* Nine bytes of each connection, as http/modules/view/pool_view.md has them; too many, and no memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pool/fault.h"
#include "pool/sysmem.h"
#include "server/connection.h"
#include "server/watch/snapshot.h"

static const char http[] = "http", echo[] = "echo";
static struct snapshot_part parts[2];

/* A snapshot that waits to be written, of two workers. */
static struct snapshot *begin(void)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot + 2 * sizeof *snapshot->parts);

    assert_non_null(snapshot);
    memset(parts, 0, sizeof parts);
    for (unsigned i = 0; i < 2; i++) {
        parts[i].worker = i;
        snapshot->parts[i] = &parts[i];
    }
    snapshot->count = 2;
    snapshot->text = text_create();
    assert_non_null(snapshot->text);
    return snapshot;
}

/* Its text; to be freed. */
static char *write_all(struct snapshot *snapshot)
{
    char *text;
    size_t length = 0;

    while (snapshot_write_cells(snapshot))
        ;
    assert_false(snapshot->text->failed);
    text = malloc(snapshot->text->length + 1);
    assert_non_null(text);
    for (const struct text_piece *piece = snapshot->text->first; piece; piece = piece->next) {
        memcpy(text + length, piece->bytes, piece->length);
        length += piece->length;
    }
    text[length] = '\0';
    return text;
}

static void done_with(struct snapshot *snapshot)
{
    for (unsigned i = 0; i < 2; i++)
        snapshot_cells_drop(&parts[i].cells);
    text_put(snapshot->text);
    free(snapshot);
}

static void add(struct snapshot *snapshot, unsigned worker, const struct snapshot_cell *cell)
{
    snapshot_cells_add(&parts[worker].cells, cell);
    snapshot->tally.total++;
    snapshot->tally.matched += cell->matches;
}

static void crowd(struct snapshot *snapshot, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        add(snapshot, i % 2,
            &(struct snapshot_cell){.number = i, .protocol = http, .held = 512, .matches = true});
}

static unsigned digits_in(const char *text)
{
    const char *cells = text;
    size_t digits = 0;

    while ((cells = strstr(cells, "\"cells\":\""))) {
        cells += strlen("\"cells\":\"");
        digits += strcspn(cells, "\"");
    }
    return (unsigned)digits;
}

static void assert_has(const char *text, const char *what)
{
    if (!strstr(text, what))
        fail_msg("%s is not in %.1200s", what, text);
}

/* The expected digits are of python3: base64.b64encode(bytes.fromhex(…)). */
static void as_the_schema_says(void **state)
{
    struct snapshot *snapshot = begin();
    char *text;

    (void)state;
    add(snapshot, 0, /* 00 00 00 00 01 10 00 00 00 */
        &(struct snapshot_cell){.number = 1, .protocol = http, .held = 512, .filled = 0, .matches = true});
    add(snapshot, 0, /* 01 02 03 04 05 2c 02 78 ff */
        &(struct snapshot_cell){.number = 0x102030405,
                                .protocol = echo,
                                .held = 1025,
                                .filled = 600,
                                .age = 5000,
                                .resets = 0x1ff,
                                .state = CONNECTION_LINGERING,
                                .watches = true});
    add(snapshot, 1, /* ff ff ff ff ff 13 10 9f 07 */
        &(struct snapshot_cell){.number = UINT64_MAX,
                                .protocol = echo,
                                .held = UINT64_C(1) << 40,
                                .filled = UINT64_C(1) << 40,
                                .age = 1e9,
                                .resets = 7,
                                .state = CONNECTION_SENDING,
                                .matches = true});
    text = write_all(snapshot);
    assert_has(text, "\"total\":3,\"matched\":2,\"most\":20000,\"by_state\":{\"idle\":[1,0,");
    assert_has(text, "\"lingering\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}");
    assert_has(text, "\"sending\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1]");
    assert_has(text,
               "{\"worker\":0,\"protocols\":[\"http\",\"echo\"],\"cells\":\"AAAAAAEQAAAAAQIDBAUsAnj/\"}");
    assert_has(text, "{\"worker\":1,\"protocols\":[\"echo\"],\"cells\":\"//////8TEJ8H\"}");
    assert_has(text, "\"aggregated\":false,\"left_out\":0,\"complete\":true,");
    free(text);
    done_with(snapshot);
}

static void up_to_so_many(void **state)
{
    static const char *const ends[] = {"\"aggregated\":false,\"left_out\":0,",
                                       "\"aggregated\":true,\"left_out\":20001,"};

    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        struct snapshot *snapshot = begin();
        char *text;

        crowd(snapshot, SNAPSHOT_CELLS + more);
        text = write_all(snapshot);
        assert_has(text, ends[more]);
        assert_has(text, more ? "\"idle\":[20001,0," : "\"idle\":[20000,0,");
        assert_int_equal(digits_in(text), more ? 0 : 12 * SNAPSHOT_CELLS);
        free(text);
        done_with(snapshot);
    }
}

/* One worker's cells are bounded, whatever the others have. */
static void a_worker_keeps_no_more(void **state)
{
    struct snapshot *snapshot = begin();

    (void)state;
    for (unsigned i = 0; i < SNAPSHOT_CELLS + 100; i++)
        add(snapshot, 0, &(struct snapshot_cell){.protocol = http});
    assert_int_equal(parts[0].cells.count, SNAPSHOT_CELLS);
    assert_int_equal(parts[0].cells.left_out, 100);
    done_with(snapshot);
}

/* Whether memory is short for cells or for their text: those that are there are whole, the others counted. */
static void without_memory(void **state)
{
    struct sysmem_stats before, after;
    char left_out[64];

    (void)state;
    sysmem_stats(&before);
    for (uint64_t call = 1; call < 19; call++)
        for (int writing = 0; writing < 2; writing++) {
            struct snapshot *snapshot = begin();
            unsigned digits;
            char *text;

            fault_arm(FAULT_SYSTEM, writing ? UINT64_MAX : call, true);
            crowd(snapshot, 9000);
            fault_arm(FAULT_SYSTEM, writing ? call : 0, writing);
            text = write_all(snapshot);
            fault_arm(FAULT_SYSTEM, 0, false);
            digits = digits_in(text);
            assert_int_equal(digits % 12, 0);
            snprintf(left_out, sizeof left_out, "\"left_out\":%u,", 9000 - digits / 12);
            assert_has(text, left_out);
            if (!writing || call < 6)
                assert_true(digits < 12 * 9000);
            free(text);
            done_with(snapshot);
        }
    sysmem_stats(&after);
    assert_int_equal(before.live_count, after.live_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_schema_says),
        cmocka_unit_test(up_to_so_many),
        cmocka_unit_test(a_worker_keeps_no_more),
        cmocka_unit_test(without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
