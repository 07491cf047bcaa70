/* SPDX-License-Identifier: BSD-2-Clause */
/* Long texts in pieces, and the JSON that is written into them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pool/fault.h"
#include "pool/pool.h"
#include "pool/sysmem.h"
#include "server/tools/json.h"
#include "server/watch/text.h"

static uint64_t live(void)
{
    struct sysmem_stats stats;

    sysmem_stats(&stats);
    return stats.live_count;
}

/* What is in it, NUL-terminated; of at most `size` - 1 bytes. */
static const char *all_of(struct text *text, char *to, size_t size)
{
    struct text_reader reader = {0};
    const struct text_piece *piece;
    size_t length = 0;

    text_reader_open(&reader, text);
    while ((piece = text_reader_next(&reader))) {
        assert_true(length + piece->length < size);
        memcpy(to + length, piece->bytes, piece->length);
        length += piece->length;
    }
    text_reader_close(&reader);
    assert_int_equal(length, text->length);
    to[length] = '\0';
    return to;
}

static void pieces_join_to_what_was_added(void **state)
{
    static char expected[10 * TEXT_PIECE], found[10 * TEXT_PIECE];
    uint64_t before = live();
    struct text *text = text_create();
    size_t length = 0;

    (void)state;
    assert_non_null(text);
    for (size_t step = 1; length + step < sizeof expected - 1; step = step * 3 / 2 + 1) {
        for (size_t i = 0; i < step; i++)
            expected[length + i] = (char)('a' + (length + i) % 26);
        text_add(text, expected + length, step);
        length += step;
    }
    assert_true(length > 2 * TEXT_PIECE);
    assert_int_equal(text->length, length);
    assert_string_equal(all_of(text, found, sizeof found), expected);
    text_put(text);
    assert_int_equal(live(), before);
}

static void a_reader_keeps_it(void **state)
{
    uint64_t before = live();
    struct text *text = text_create();
    struct text_reader one = {0}, other = {0};

    (void)state;
    text_add(text, "abc", 3);
    text_reader_open(&one, text);
    text_reader_open(&other, text);
    text_put(text);
    assert_memory_equal(text_reader_next(&one)->bytes, "abc", 3);
    assert_null(text_reader_next(&one));
    text_reader_close(&one);
    text_reader_close(&one);
    assert_memory_equal(text_reader_next(&other)->bytes, "abc", 3);
    text_reader_close(&other);
    assert_int_equal(live(), before);
    text_put(NULL);
}

/* A text has a piece in hand for its end: it is short of memory first, and has failed when that is full. */
static void missing_memory_is_remembered(void **state)
{
    static char long_text[TEXT_PIECE];
    char found[64];

    (void)state;
    for (uint64_t call = 1; call <= 4; call++) {
        struct text *text;

        fault_arm(FAULT_SYSTEM, call, true);
        text = text_create();
        if (call <= 2) {
            assert_null(text);
            continue;
        }
        text_add(text, "abc", 3);
        assert_int_equal(text->short_of_memory, call == 3);
        text_add(text, "def", 3);
        assert_false(text->failed);
        assert_string_equal(all_of(text, found, sizeof found), "abcdef");
        text_add(text, long_text, sizeof long_text);
        assert_true(text->short_of_memory);
        assert_int_equal(text->failed, call == 3);
        text_put(text);
    }
    fault_arm(FAULT_SYSTEM, 0, false);
}

static void prints_up_to_a_line(void **state)
{
    struct text *text = text_create();
    char found[2048], long_one[1500];

    (void)state;
    memset(long_one, 'x', sizeof long_one - 1);
    long_one[sizeof long_one - 1] = '\0';
    text_print(text, "%d-%s", 42, "b");
    assert_string_equal(all_of(text, found, sizeof found), "42-b");
    text_print(text, "%s", long_one);
    assert_int_equal(text->length, 4 + 1023);
    text_put(text);
}

/* ---- JSON ---- */

static void commas_stand_where_they_should(void **state)
{
    struct text *text = text_create();
    char found[512];

    (void)state;
    json_put_open(text, NULL, '{');
    json_put_number(text, "a", 0);
    json_put_open(text, "b", '[');
    json_put_number(text, NULL, 1);
    json_put_open(text, NULL, '[');
    json_put_close(text, ']');
    json_put_open(text, NULL, '{');
    json_put_close(text, '}');
    json_put_text(text, NULL, "x");
    json_put_close(text, ']');
    json_put_bool(text, "c", true);
    json_put_bool(text, "d", false);
    json_put_text(text, "e", NULL);
    json_put_signed(text, "f", -1);
    json_put_signed(text, "g", INT64_MIN);
    json_put_signed(text, "h", 7);
    json_put_close(text, '}');
    assert_string_equal(all_of(text, found, sizeof found),
                        "{\"a\":0,\"b\":[1,[],{},\"x\"],\"c\":true,\"d\":false,\"e\":null,\"f\":-1,"
                        "\"g\":-9223372036854775808,\"h\":7}");
    text_put(text);
}

static void numbers(void **state)
{
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {{0, "0"},
                 {-1, "0"},
                 {1, "1"},
                 {0.5, "0.5"},
                 {0.000001, "0.000001"},
                 {0.0000004, "0"},
                 {12.34, "12.34"},
                 {0.1, "0.1"},
                 {0.9999999, "1"},
                 {1700000000.123456, "1700000000.123456"},
                 {100.05, "100.05"}};
    char found[64];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct text *text = text_create();

        json_put_seconds(text, NULL, cases[i].seconds);
        assert_string_equal(all_of(text, found, sizeof found), cases[i].text);
        text_put(text);
    }
    struct text *text = text_create();
    json_put_number(text, NULL, UINT64_MAX);
    json_put_number(text, NULL, 7);
    assert_string_equal(all_of(text, found, sizeof found), "18446744073709551615,7");
    text_put(text);
}

/* Every byte, through our own reader, which is strict. */
static void texts_are_escaped(void **state)
{
    struct pool *pool = pool_create(&(struct pool_options){.name = "json"});
    char all[256], found[4096], expected[512], *to = expected;
    struct text *text = text_create();
    struct json *json;

    (void)state;
    /* A byte that is not UTF-8 becomes the character of its number. */
    for (int i = 1; i < 256; i++) {
        all[i - 1] = (char)i;
        if (i >= 0x80)
            *to++ = (char)(0xc0 | i >> 6);
        *to++ = (char)(i < 0x80 ? i : 0x80 | (i & 0x3f));
    }
    all[255] = *to = '\0';
    json_put_open(text, NULL, '{');
    json_put_text(text, "all", all);
    json_put_text(text, "empty", "");
    json_put_close(text, '}');
    all_of(text, found, sizeof found);
    assert_null(strchr(found, '\n'));
    json = json_read(pool, found);
    assert_non_null(json);
    assert_string_equal(json_text(json, "all"), expected);
    assert_string_equal(json_text(json, "empty"), "");
    text_put(text);
    pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_join_to_what_was_added),
        cmocka_unit_test(a_reader_keeps_it),
        cmocka_unit_test(missing_memory_is_remembered),
        cmocka_unit_test(prints_up_to_a_line),
        cmocka_unit_test(commas_stand_where_they_should),
        cmocka_unit_test(numbers),
        cmocka_unit_test(texts_are_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
