/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/watch/advice.h"

#include <string.h>

/* `count` requests that needed `bytes`. */
static void requests(struct advice_facts *facts, uint64_t count, size_t bytes)
{
    static struct marks_histogram one;

    memset(&one, 0, sizeof one);
    for (uint64_t n = 0; n < count; n++)
        marks_add(&one, bytes);
    marks_collect(&one, &facts->requests);
}

static const struct advice_facts usual = {
    .open = 1000, .first_size = 512, .block_size = 4096, .pinned_bytes = 400};

static void has(const struct advice *advice, const char *text)
{
    if (!strstr(advice->sentence, text) && !strstr(advice->more, text))
        fail_msg("\"%s\" is not in: %s %s", text, advice->sentence, advice->more);
}

static void test_smaller_blocks(void **state)
{
    struct advice_facts facts = usual;
    struct advice advice;

    (void)state;
    requests(&facts, 990, 1500);
    requests(&facts, 10, 6000);
    advice_make(&facts, &advice);
    assert_true(advice.known);
    assert_int_equal(advice.request_p99_bytes, 1536);
    assert_int_equal(advice.block_advised, 2048); /* 1,536 and the block's head: the class above 1,536 */
    assert_int_equal(advice.block_cost, -2048);
    assert_int_equal(advice.block_fits, 990);
    assert_int_equal(advice.served_now, 990);
    assert_int_equal(advice.first_advised, 2048); /* 1,536 + 400 */
    assert_int_equal(advice.first_cost, 1000 * (2048 - 512));
    assert_string_equal(
        advice.sentence,
        "request_pool_size 2k would serve 99.0 % of 1,000 requests in one block, the present 4k "
        "serves 99.0 %: 2 KiB less for each request in progress.");
    assert_string_equal(advice.line, "request_pool_size 2k;");
    has(&advice, "99 % of them needed at most 1.5 KiB of the pool, half of them at most 1.5 KiB.");
    has(&advice,
        "connection_pool_size 2k would serve them without a further block, and cost 1.5 KiB more for each "
        "connection, idle ones included: 1.5 MiB for the 1,000 open now.");
}

static void test_larger_blocks(void **state)
{
    struct advice_facts facts = usual;
    struct advice advice;

    (void)state;
    requests(&facts, 500, 1000);
    requests(&facts, 500, 7000);
    advice_make(&facts, &advice);
    assert_int_equal(advice.block_advised, 8192);
    assert_int_equal(advice.served_now, 500);
    assert_int_equal(advice.block_fits, 1000);
    has(&advice, "request_pool_size 8k would serve 100.0 % of 1,000 requests in one block, the present 4k "
                 "serves 50.0 %: 4 KiB more for each request in progress.");
    assert_string_equal(advice.line, "request_pool_size 8k;");
}

static void test_what_is_right_stays(void **state)
{
    struct advice_facts facts = usual;
    struct advice advice;

    (void)state;
    facts.automatic = true;
    facts.first_size = 8192;
    requests(&facts, 9999, 3900);
    requests(&facts, 1, 5000);
    advice_make(&facts, &advice);
    assert_int_equal(advice.block_cost, 0);
    assert_int_equal(advice.first_cost, 0);
    assert_string_equal(advice.sentence,
                        "request_pool_size 4k is right: it serves 99.9 % of 10,000 requests in one block.");
    assert_string_equal(advice.line, "");
    has(&advice, "request_pool_size is auto, and follows by itself.");
    has(&advice, "connection_pool_size 8k already serves 99 % of them without a further block; 8k would do.");
}

static void test_what_no_block_holds(void **state)
{
    struct advice_facts facts = usual;
    struct advice advice;

    (void)state;
    requests(&facts, 50, 1000);
    requests(&facts, 50, 1000 * 1000);
    advice_make(&facts, &advice);
    assert_int_equal(advice.block_advised, 65536);
    assert_int_equal(advice.first_advised, 0);
    has(&advice,
        "No request_pool_size would serve 99 % of 100 requests in one block: 64k, the largest, would serve "
        "50.0 %.");
    requests(&facts, 1000, (size_t)1 << 30);
    advice_make(&facts, &advice);
    has(&advice, "More than 1 % of them needed more than 16 MiB");
}

static void test_when_nothing_can_be_said(void **state)
{
    struct advice_facts facts = usual;
    struct advice advice;

    (void)state;
    requests(&facts, ADVICE_LEAST - 1, 1000);
    advice_make(&facts, &advice);
    assert_false(advice.known);
    assert_int_equal(advice.block_advised, 0);
    has(&advice, "Too few requests for advice: 99 so far, 100 are needed.");
    requests(&facts, 1, 1000);
    facts.passthrough = true;
    advice_make(&facts, &advice);
    assert_false(advice.known);
    has(&advice, "passthrough");
}

static const char *json_of(const struct advice *advice)
{
    static struct text_piece piece;
    struct text text;

    text_stand_on(&text, &piece);
    advice_put(advice, &text);
    piece.bytes[piece.length] = '\0';
    return piece.bytes;
}

/* The longest sentence there can be fits, and JSON has no infinity. */
static void test_room(void **state)
{
    struct advice_facts facts = usual;
    struct advice advice;
    const char *json;

    (void)state;
    memset(&advice, 0xff, sizeof advice);
    advice.sentence[0] = advice.more[0] = '\0';
    memset(advice.line, 'x', sizeof advice.line - 1);
    advice.line[sizeof advice.line - 1] = '\0';
    advice.known = advice.automatic = true;
    json = json_of(&advice);
    assert_string_equal(json + strlen(json) - 3, "x\"}");
    assert_non_null(strstr(json, "\"request_p99_bytes\":null,\"connection_p99_bytes\":null,"));
    assert_non_null(strstr(json, "\"block_cost\":-1,"));

    facts.requests.counts[MARKS_FINE - 2] = facts.requests.total = UINT64_MAX / 2;
    facts.open = UINT32_MAX;
    facts.automatic = true;
    advice_make(&facts, &advice);
    has(&advice, "open now.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smaller_blocks),           cmocka_unit_test(test_larger_blocks),
        cmocka_unit_test(test_what_is_right_stays),      cmocka_unit_test(test_what_no_block_holds),
        cmocka_unit_test(test_when_nothing_can_be_said), cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
