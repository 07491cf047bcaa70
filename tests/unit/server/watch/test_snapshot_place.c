/* SPDX-License-Identifier: BSD-2-Clause */
/* Where connections stand, and the texts that say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "server/address.h"
#include "server/watch/snapshot_query.h"

static struct snapshot_query parse(const char *text)
{
    struct snapshot_query query;

    assert_null(snapshot_query_parse(&query, text, strlen(text)));
    return query;
}

/* Clients, as numbers and not as texts order them. */
static void addresses_have_an_order(void **state)
{
    static const struct peer peers[] = {
        {.family = AF_UNIX},
        {.family = AF_INET, .bytes = {9, 255, 0, 1}, .port = 65535},
        {.family = AF_INET, .bytes = {10, 0, 0, 9}, .port = 80},
        {.family = AF_INET, .bytes = {10, 0, 0, 10}, .port = 9},
        {.family = AF_INET, .bytes = {10, 0, 0, 10}, .port = 10},
        {.family = AF_INET, .bytes = {10, 0, 0, 10}, .port = 256},
        {.family = AF_INET6, .bytes = {[15] = 1}, .port = 80},
        {.family = AF_INET6, .bytes = {[5] = 1}, .port = 79},
        {.family = AF_INET6, .bytes = {[5] = 1, [11] = 1}, .port = 1},
        {.family = AF_INET6, .bytes = {[5] = 1, [11] = 1}, .port = 2},
        {.family = AF_INET6, .bytes = {255, 255, 255, 255, 255, 255, 255, 255, 255}, .port = 65535},
    };
    enum { COUNT = sizeof peers / sizeof *peers };
    struct snapshot_place places[COUNT];
    char order[SNAPSHOT_ORDER_TEXT], text[128];

    (void)state;
    for (unsigned i = 0; i < COUNT; i++) {
        double figures[SNAPSHOT_FIGURES] = {0};

        snapshot_client_figures(&peers[i], figures);
        places[i] = snapshot_place_of(figures, SNAPSHOT_CLIENT, 7);
        snapshot_client_order(&peers[i], order);
        for (int up = 0; up < 2; up++) { /* the text says the same place */
            snprintf(text, sizeof text, "after=%s.7&order=%s&sort=address", order, up ? "up" : "down");
            struct snapshot_place place = parse(text).place;

            for (int j = 0; up && j < 3; j++)
                *(j ? &place.rest[j - 1] : &place.key) *= -1;
            assert_false(snapshot_is_before(&place, &places[i]) || snapshot_is_before(&places[i], &place));
        }
    }
    for (unsigned i = 0; i < COUNT; i++)
        for (unsigned j = 0; j < COUNT; j++)
            assert_int_equal(snapshot_is_before(&places[i], &places[j]), i > j);
}

static void words_have_that_of_their_letters(void **state)
{
    static const char *const words[] = {"", "control", "echo", "http", "https"};

    (void)state;
    for (unsigned i = 1; i < sizeof words / sizeof *words; i++)
        assert_true(snapshot_word_order(words[i]) > snapshot_word_order(words[i - 1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_have_an_order),
        cmocka_unit_test(words_have_that_of_their_letters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
