/* SPDX-License-Identifier: BSD-2-Clause */
/* Each kind of event of a followed pool as a line of text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pool/pool.h"
#include "server/tools/follow_view.h"
#include "server/tools/json.h"

/* The line for an event, without its end. The caller frees it. */
static char *draw(const char *event, bool colour)
{
    struct pool *pool = pool_create(&(struct pool_options){.name = "event"});
    struct follow_view view = {.colour = colour};
    char *copy, *text = NULL;
    size_t length;

    assert_non_null(pool);
    copy = pool_memalign(pool, 1, strlen(event) + 1, "event");
    view.out = open_memstream(&text, &length);
    assert_non_null(copy);
    assert_non_null(view.out);
    memcpy(copy, event, strlen(event) + 1);
    follow_view_draw(&view, json_read(pool, copy));
    fclose(view.out);
    pool_destroy(pool);
    return text;
}

static void expect(const char *event, const char *line)
{
    char *text = draw(event, false);

    assert_string_equal(text, line);
    free(text);
}

/* As "expect", whatever stands between the columns. */
static void expect_words(const char *event, const char *words)
{
    char *text = draw(event, false), *to = text;

    for (const char *from = text; *from; from++)
        if (*from != ' ' || to == text || to[-1] != ' ')
            *to++ = *from;
    *to = '\0';
    assert_string_equal(text, words);
    free(text);
}

static void each_kind_has_its_words(void **state)
{
    (void)state;
    expect_words(
        "{\"c\":\"1.4911\",\"t\":0,\"k\":\"create\",\"bytes\":512,\"held\":512,\"client\":\"127.0.0.1:4567\","
        "\"protocol\":\"http\"}",
        "1.4911 0.000000 create +512 B 512 B 127.0.0.1:4567 http\n");
    expect_words(
        "{\"c\":\"0.7\",\"t\":2000000,\"k\":\"create\",\"bytes\":512,\"held\":512,\"client\":\"unix:\","
        "\"protocol\":"
        "\"control\",\"joined\":true}",
        "0.7 2.000000 create +512 B 512 B unix: control, was open already\n");
    expect_words(
        "{\"c\":\"0.7\",\"t\":2,\"k\":\"have\",\"kind\":\"buffer\",\"purpose\":\"input\",\"bytes\":2048}",
        "0.7 0.000002 holds 2 KiB input buffer\n");
    expect_words("{\"c\":\"0.7\",\"t\":2,\"k\":\"pin\",\"held\":512}", "0.7 0.000002 pin 512 B\n");
    expect_words(
        "{\"c\":\"0.7\",\"t\":1234567,\"k\":\"take\",\"kind\":\"buffer\",\"purpose\":\"input\",\"bytes\":"
        "12288,"
        "\"held\":18944,\"source\":\"http/receive.c:19\"}",
        "0.7 1.234567 take +12 KiB 18.5 KiB input buffer http/receive.c:19\n");
    expect_words("{\"c\":\"0.7\",\"t\":1,\"k\":\"give\",\"kind\":\"block\",\"bytes\":4096,\"held\":512}",
                 "0.7 0.000001 give -4 KiB 512 B block\n");
    expect_words(
        "{\"c\":\"0.7\",\"t\":1,\"k\":\"alloc\",\"purpose\":\"path\",\"bytes\":100,\"source\":\"a.c:1\"}",
        "0.7 0.000001 alloc 100 B path a.c:1\n");
    expect_words("{\"c\":\"0.7\",\"t\":1,\"k\":\"request\",\"n\":2,\"method\":\"GET\",\"path\":\"/a\"}",
                 "0.7 0.000001 request 2: GET /a\n");
    expect_words(
        "{\"c\":\"0.7\",\"t\":1,\"k\":\"request\",\"n\":3,\"method\":\"GET\",\"path\":\"/a\",\"cut\":true}",
        "0.7 0.000001 request 3: GET /a...\n");
    expect_words("{\"c\":\"0.7\",\"t\":1,\"k\":\"state\",\"state\":\"reading\"}",
                 "0.7 0.000001 state reading\n");
    expect_words("{\"c\":\"0.7\",\"t\":1,\"k\":\"reset\",\"held\":512,\"n\":1}",
                 "0.7 0.000001 reset 512 B 1 request done\n");
    expect_words("{\"c\":\"0.7\",\"t\":1,\"k\":\"idle\",\"held\":512,\"n\":2}",
                 "0.7 0.000001 idle 512 B 2 requests done\n");
    expect_words("{\"c\":\"0.7\",\"t\":1,\"k\":\"refused\",\"why\":\"memory_budget\",\"purpose\":\"input\","
                 "\"bytes\":65536,"
                 "\"held\":512}",
                 "0.7 0.000001 refused 512 B 64 KiB for input: memory_budget\n");
    expect_words("{\"c\":\"0.7\",\"t\":1,\"k\":\"destroy\",\"held\":0}", "0.7 0.000001 destroy 0 B\n");
    expect_words("{\"c\":\"0.7\",\"t\":1,\"k\":\"dropped\",\"count\":17}",
                 "0.7 0.000001 dropped 17 events found no room and are not shown\n");
}

static void figures_stand_in_columns(void **state)
{
    (void)state;
    expect("{\"c\":\"1.4911\",\"t\":1234567,\"k\":\"take\",\"kind\":\"buffer\",\"purpose\":\"input\","
           "\"bytes\":12288,"
           "\"held\":18944}",
           "1.4911      1.234567  take       +12 KiB   18.5 KiB  input buffer\n");
    expect("{\"c\":\"0.7\",\"t\":70,\"k\":\"pin\",\"held\":512}",
           "0.7         0.000070  pin                     512 B\n");
}

static void what_is_not_known_is_shown_by_its_name(void **state)
{
    (void)state;
    expect("{\"c\":\"0.7\",\"t\":1,\"k\":\"migrated\",\"new\":[1]}", "0.7         0.000001  migrated\n");
    expect("{\"why\":\"reload\"}", "");
    expect("{\"k\":\"take\"}", "            0.000000  take\n");
}

static void texts_do_not_speak_to_the_terminal(void **state)
{
    char *text =
        draw("{\"k\":\"request\",\"n\":1,\"method\":\"GET\",\"path\":\"/\\u001b[2J\\u0007\xc3\xa9\"}", false);

    (void)state;
    for (char *at = text; *at; at++)
        assert_true((*at >= ' ' && *at <= '~') || *at == '\n');
    assert_non_null(strstr(text, "GET /?[2J???"));
    free(text);
}

static void a_line_that_is_too_long_is_cut(void **state)
{
    char event[4096], *text;

    (void)state;
    snprintf(event, sizeof event, "{\"k\":\"request\",\"n\":1,\"method\":\"GET\",\"path\":\"%03000d\"}", 0);
    text = draw(event, false);
    assert_in_range(strlen(text), 500, 1024);
    assert_true(text[strlen(text) - 1] == '\n');
    free(text);
}

static void colours_begin_and_end_in_the_line(void **state)
{
    char *text = draw("{\"c\":\"0.7\",\"t\":1,\"k\":\"reset\",\"held\":512,\"n\":1}", true);

    (void)state;
    assert_memory_equal(text, "\x1b[35m0.7 ", 9);
    assert_string_equal(text + strlen(text) - 5, "\x1b[0m\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_has_its_words),
        cmocka_unit_test(figures_stand_in_columns),
        cmocka_unit_test(what_is_not_known_is_shown_by_its_name),
        cmocka_unit_test(texts_do_not_speak_to_the_terminal),
        cmocka_unit_test(a_line_that_is_too_long_is_cut),
        cmocka_unit_test(colours_begin_and_end_in_the_line),
    };

    return cmocka_run_group_tests_name("follow_view", tests, NULL, NULL);
}
