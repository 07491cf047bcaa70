/* SPDX-License-Identifier: BSD-2-Clause */
/* The arguments of http/modules/view/pool_view.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/connection.h"
#include "server/watch/snapshot_query.h"

static struct snapshot_query parse(const char *text)
{
    struct snapshot_query query;

    assert_null(snapshot_query_parse(&query, text, strlen(text)));
    return query;
}

static void nothing_is_the_default(void **state)
{
    static const char *const texts[] = {"", "&", "&&&"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct snapshot_query query = parse(texts[i]);

        assert_int_equal(query.sort, SNAPSHOT_ALL);
        assert_int_equal(query.limit, SNAPSHOT_LIMIT);
        assert_int_equal(query.state, -1);
        assert_int_equal(query.worker, -1);
        assert_int_equal(query.id, 0);
        assert_string_equal(query.protocol, "");
        assert_string_equal(query.address, "");
        assert_string_equal(query.purpose, "");
        assert_true(query.connections);
    }
}

static void all_arguments(void **state)
{
    struct snapshot_query query = parse("sort=idle&limit=7&state=sending&protocol=echo&address=%5B%3A%3a1]:&"
                                        "worker=4294967295&id=1099511627777");

    (void)state;
    assert_int_equal(query.sort, SNAPSHOT_IDLE);
    assert_int_equal(query.limit, 7);
    assert_int_equal(query.state, CONNECTION_SENDING);
    assert_string_equal(query.protocol, "echo");
    assert_string_equal(query.address, "[::1]:");
    assert_int_equal(query.worker, UINT32_MAX);
    assert_int_equal(query.id, 1099511627777);
    assert_string_equal(parse("purpose=first%20block").purpose, "first block");
    assert_int_equal(parse("limit=3&limit=4").limit, 4);
    assert_int_equal(parse("address=").address[0], '\0');
}

/* A connection's name is worker and number, or the number alone; `find` takes the rest for an address. */
static void names(void **state)
{
    struct snapshot_query query = parse("id=1.4911");

    (void)state;
    assert_int_equal(query.id, 4911);
    assert_int_equal(query.worker, 1);
    query = parse("find=3.4911&watchers=0");
    assert_string_equal(query.find, "3.4911");
    assert_int_equal(query.found.worker, 3);
    assert_int_equal(query.found.number, 4911);
    assert_int_equal(query.worker, -1);
    assert_false(query.watchers);
    query = parse("find=127&watchers=1");
    assert_int_equal(query.found.worker, -1);
    assert_int_equal(query.found.number, 127);
    assert_true(query.watchers);
    query = parse("find=127.0.0.");
    assert_string_equal(query.find, "127.0.0.");
    assert_int_equal(query.found.number, 0);
}

static void keys(void **state)
{
    char text[64];

    (void)state;
    for (unsigned key = 0; key < SNAPSHOT_KEYS; key++) {
        snprintf(text, sizeof text, "sort=%s&limit=1000", snapshot_key_names[key]);
        struct snapshot_query query = parse(text);

        assert_int_equal(query.limit, SNAPSHOT_LIMIT_MOST);
        assert_int_equal(snapshot_query_keys(&query), 1);
        assert_int_equal(snapshot_query_key(&query, 0), key);
    }
    struct snapshot_query query = parse("limit=1000&sort=all");

    assert_int_equal(query.limit, SNAPSHOT_LIMIT_MOST_ALL);
    assert_int_equal(snapshot_query_keys(&query), SNAPSHOT_UNSENT + 1);
    for (unsigned n = 0; n <= SNAPSHOT_UNSENT; n++)
        assert_int_equal(snapshot_query_key(&query, n), n);
}

/* Of exactly `length` bytes, as in a request: nothing behind them is looked at. */
static void its_length_is_kept(void **state)
{
    struct snapshot_query query;

    (void)state;
    assert_null(snapshot_query_parse(&query, "limit=123", 8));
    assert_int_equal(query.limit, 12);
    assert_null(snapshot_query_parse(&query, "address=%31%32", 11));
    assert_string_equal(query.address, "1");
}

static void what_is_wrong_is_said(void **state)
{
    static const char *const bad[] = {
        "x",
        "x=1",
        "=",
        "sort",
        "sort=",
        "sort=Age",
        "limit=1001",
        "limit=",
        "limit=-1",
        "limit=99999999999999999999",
        "state=idl",
        "protocol=0123456789abcdef",
        "worker=4294967296",
        "id=9223372036854775808",
        "id=1.",
        "id=.1",
        "id=1.2.3",
        "id=4294967296.1",
        "watchers=2",
        "address=%0",
        "address=%0g",
        "address=%00",
        "address=0123456789012345678901234567890123456789012345678901234567890123",
        "limit=1&sort",
        "sort=address&after=12.1",
        "sort=age&after=0000000000000000000000000000000000000.1",
        "sort=address&after=00000000000000000000000000000000000.1",
        "sort=address&after=g000000000000000000000000000000000000.1",
        "sort=address&after=000000000000000000000000000000000000x.1"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct snapshot_query query;
        const char *why = snapshot_query_parse(&query, bad[i], strlen(bad[i]));

        if (!why)
            fail_msg("%s is taken", bad[i]);
        assert_null(strpbrk(why, "\"\\"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_the_default),
        cmocka_unit_test(all_arguments),
        cmocka_unit_test(names),
        cmocka_unit_test(keys),
        cmocka_unit_test(its_length_is_kept),
        cmocka_unit_test(what_is_wrong_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
