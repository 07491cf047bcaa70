/* SPDX-License-Identifier: BSD-2-Clause */
/* conf/serve: names of folders and addresses that a configuration could take for something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "conf/serve.h"

static char error[512];

/* The text, static. */
static const char *made(const char *folder, const char *address)
{
    static char text[64 * 1024];

    assert_int_equal(conf_serve_text(folder, address, text, sizeof text, error, sizeof error), 0);
    assert_null(strchr(text, '@'));
    return text;
}

static void test_folders(void **state)
{
    static const char *const rows[][2] = {
        {"/srv/site", "root \"/srv/site\";"},         {"/a b;{}#'", "root \"/a b;{}#'\";"},
        {"/say \"hi\"", "root \"/say \\\"hi\\\"\";"}, {"/back\\slash", "root \"/back\\\\slash\";"},
        {"/\xc3\xa4", "root \"/\xc3\xa4\";"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_non_null(strstr(made(rows[i][0], NULL), rows[i][1]));
    assert_non_null(strstr(made("/", NULL), "listen 127.0.0.1:8080;"));
    assert_non_null(strstr(made("/", NULL), "text/css "));
}

static void test_addresses(void **state)
{
    static const char *const here[] = {NULL, "127.0.0.1:80", "127.1.2.3:80", "localhost:80", "[::1]:80"};
    static const char *const all[] = {"80", "*:80", "0.0.0.0:80", "[::]:80", "example.org:8080", "8000-8003"};

    (void)state;
    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++)
        assert_non_null(strstr(made("/", here[i]), "server_name localhost *.localhost "));
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        assert_non_null(strstr(made("/", all[i]), "server_name ~. \"\";"));
}

static void test_what_is_refused(void **state)
{
    static const char *const rows[][2] = {
        {"/costs $5", NULL},    {"/line\nbreak", NULL}, {"/\x7f", NULL}, {"/", ""},
        {"/", "80; daemon on"}, {"/", "80 ssl"},        {"/", "\"80"},
    };

    char text[2048];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        error[0] = '\0';
        assert_int_equal(conf_serve_text(rows[i][0], rows[i][1], text, sizeof text, error, sizeof error),
                         -EINVAL);
        assert_true(strlen(error) > 0);
    }
    assert_int_equal(conf_serve_text("/srv", NULL, text, sizeof text, error, sizeof error), -ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_what_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
