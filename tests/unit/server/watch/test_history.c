/* SPDX-License-Identifier: BSD-2-Clause */
/* A day of minutes: gaps are empty, the oldest go, and what was counted is told as differences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/watch/history.h"
#include "server/watch/text.h"

static char json[200000];

static const char *told(void)
{
    struct text *text = text_create();
    size_t length = 0;

    assert_non_null(text);
    history_put(text);
    assert_false(text->failed);
    for (const struct text_piece *piece = text->first; piece; piece = piece->next) {
        memcpy(json + length, piece->bytes, piece->length);
        length += piece->length;
    }
    json[length] = '\0';
    text_put(text);
    return json;
}

static unsigned minutes(void)
{
    unsigned count = 0;

    for (const char *at = strstr(told(), "\"minutes\":[") + 11; (at = strchr(at, '[')); at++)
        count++;
    return count;
}

static void add(int64_t minute, uint64_t live, uint64_t requests, unsigned generation)
{
    history_add(minute * 60 + 7,
                &(struct history_figures){
                    .live_bytes = live, .open = 3, .requests = requests, .generation = generation});
}

static void a_day(void **state)
{
    (void)state;
    assert_string_equal(told(), "{\"step_seconds\":60,\"first\":0,\"minutes\":[]}");
    add(100, 2048, 50, 1);
    add(100, 4096, 60, 1); /* the first word of a minute stays */
    add(101, 1, 60, 1);
    add(104, 3072, 1060, 3); /* two minutes of which nothing is known */
    assert_string_equal(told(), "{\"step_seconds\":60,\"first\":6000,\"minutes\":["
                                "[2048,3,0,0],[1024,3,10,0],[],[],[3072,3,1000,2]]}");
    add(99, 1, 1, 1); /* the clock was set back */
    assert_int_equal(minutes(), 5);
    for (int i = 105; i < 100 + HISTORY_MINUTES; i++)
        add(i, 1024, 1060, 3);
    assert_int_equal(minutes(), HISTORY_MINUTES);
    add(100 + HISTORY_MINUTES, 1024, 1060, 3);
    assert_int_equal(minutes(), HISTORY_MINUTES);
    assert_non_null(strstr(told(), "\"first\":6060,\"minutes\":[[1024,3,10,0],[],"));
    add(100 + 5 * HISTORY_MINUTES, 1024, 1061, 3); /* longer away than a day: it begins anew */
    assert_int_equal(minutes(), 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(a_day)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
