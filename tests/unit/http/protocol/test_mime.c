/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/protocol/mime.h"
#include "tests/unit/http/protocol/request.h"

/* The table behaves as nginx documents types: case is ignored, the last type given to an extension counts. */
static void test_lookup(void **state)
{
    (void)state;
    struct http_mime mime;
    struct http_mime_slot slots[8];
    assert_int_equal(http_mime_slots(3), 8);
    http_mime_init(&mime, slots, 3);
    assert_null(http_mime_find(&mime, "html", 4));
    assert_null(http_mime_add(&mime, "html", "text/html"));
    assert_null(http_mime_add(&mime, "TXT", "text/plain"));
    assert_string_equal(http_mime_add(&mime, "HTML", "text/other"), "text/html");
    assert_int_equal(mime.count, 2);
    assert_string_equal(http_mime_find(&mime, "html.gz", 4), "text/other");
    assert_string_equal(http_mime_find(&mime, "hTmL", 4), "text/other");
    assert_string_equal(http_mime_find(&mime, "txt", 3), "text/plain");
    assert_null(http_mime_find(&mime, "htm", 3));
    assert_null(http_mime_find(&mime, "", 0));
}

static void test_no_table(void **state)
{
    (void)state;
    struct http_mime mime = {.slots = NULL};
    assert_null(http_mime_find(&mime, "html", 4));
}

static void test_many(void **state)
{
    (void)state;
    enum { COUNT = 1000, SLOTS = 2048 };
    static struct http_mime_slot slots[SLOTS];
    static char names[COUNT][16];
    struct http_mime mime;
    assert_int_equal(http_mime_slots(COUNT), SLOTS);
    http_mime_init(&mime, slots, COUNT);
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "x%d", i);
        assert_null(http_mime_add(&mime, names[i], names[i]));
    }
    for (int i = 0; i < COUNT; i++)
        assert_ptr_equal(http_mime_find(&mime, names[i], strlen(names[i])), names[i]);
    assert_null(http_mime_find(&mime, "x1000", 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_no_table),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
