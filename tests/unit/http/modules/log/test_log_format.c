/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations: nginx's ngx_http_log_module: log_format, access_log, ngx_http_log_escape. */
#include "tests/unit/http/asked.h"

#include "http/modules/log/log_format.h"

static const struct http_log_format *read_format(struct asked *asked, const char *const *args, unsigned count)
{
    struct conf_node *node = pool_calloc(asked->generation->pool, sizeof *node, "node");
    const char **copy = pool_calloc(asked->generation->pool, (count + 1) * sizeof *copy, "node");

    assert_non_null(node);
    assert_non_null(copy);
    memcpy(copy, args, count * sizeof *copy);
    *node =
        (struct conf_node){.name = "log_format", .args = copy, .arg_count = count, .file = "text", .line = 1};
    asked->generation->conf.error[0] = '\0';
    return http_log_format_read(&asked->generation->conf, node);
}

/* The short way writes the same line or none, never more than its room, and whenever there is room enough and
 * nothing to escape. */
static void check_plain(struct asked *asked, const struct http_log_format *format,
                        const struct http_log_line *values, size_t most, const char *expected, size_t length)
{
    bool odd = false;

    for (unsigned i = 0; i < format->value_count; i++)
        odd |= values->escaped[i] != 0;
    for (size_t room = 0; room <= most + 64; room++) {
        char out[8192], *end;

        memset(out, '#', sizeof out);
        end = http_log_write_plain(format, asked->request, out, room);
        for (size_t i = room; i < sizeof out; i++)
            assert_int_equal(out[i], '#');
        if (end) {
            assert_int_equal(end - out, length);
            assert_memory_equal(out, expected, length);
        } else {
            assert_true(odd || room < most + format->value_count);
        }
    }
}

/* The line in `out`, without its newline. Nothing is written beyond what was measured. */
static void write_line(struct asked *asked, const struct http_log_format *format, char *out, size_t size)
{
    struct http_log_line line;
    size_t most = http_log_measure(format, asked->request, &line), length;

    assert_true(most < size);
    memset(out, '#', size);
    length = (size_t)(http_log_write(format, asked->request, &line, out) - out);
    assert_true(length <= most);
    for (size_t i = most; i < size; i++)
        assert_int_equal(out[i], '#');
    assert_int_equal(out[length - 1], '\n');
    check_plain(asked, format, &line, most, out, length);
    out[length - 1] = '\0';
}

static void check(struct asked *asked, const char *const *args, unsigned count, const char *expected)
{
    char line[4096];
    const struct http_log_format *format = read_format(asked, args, count);

    if (!format)
        fail_msg("%s", asked->generation->conf.error);
    write_line(asked, format, line, sizeof line);
    assert_string_equal(line, expected);
}

#define CHECK(asked, expected, ...)                                                                          \
    check((asked), (const char *const[]){"name", __VA_ARGS__},                                               \
          sizeof((const char *const[]){"name", __VA_ARGS__}) / sizeof(char *), (expected))

static void test_combined(void **state)
{
    struct asked *asked = *state;
    const struct http_log_format *format;
    char line[1024], expected[1024], date[64];
    time_t now;
    struct tm tm;

    asked_load(asked, "server { return 404 gone; }");
    asked_run(asked, "GET", "/a?b", "User-Agent: agent \"x\"\r\n");
    format = http_log_format_combined(&asked->generation->conf);
    assert_non_null(format);
    now = (time_t)http_now(asked->request);
    assert_non_null(localtime_r(&now, &tm));
    strftime(date, sizeof date, "%d/%b/%Y:%H:%M:%S %z", &tm);
    snprintf(expected, sizeof expected,
             "10.1.2.3 - - [%s] \"GET /a?b HTTP/1.1\" 404 4 \"-\" \"agent \\x22x\\x22\"", date);
    write_line(asked, format, line, sizeof line);
    assert_string_equal(line, expected);
}

static void test_escapes(void **state)
{
    struct asked *asked = *state;

    asked_load(asked, "server { return 200; }");
    asked_run(asked, "GET", "/",
              "X-Odd: q\"b\\t\té\r\nX-Empty:\r\nX-Long: 0123456789012345678901234567890\"\r\n");
    CHECK(asked, "q\\x22b\\x5Ct\\x09\\xC3\\xA9", "$http_x_odd");
    CHECK(asked, "q\\x22b\\x5Ct\\x09\\xC3\\xA9", "escape=default", "$http_x_odd");
    CHECK(asked, "q\\\"b\\\\t\\té", "escape=json", "$http_x_odd");
    CHECK(asked, "q\"b\\t\té", "escape=none", "$http_x_odd");
    CHECK(asked, "0123456789012345678901234567890\\x22", "$http_x_long");
    CHECK(asked, "-||", "$http_missing|$http_x_empty|");
    CHECK(asked, "||", "escape=json", "$http_missing|$http_x_empty|");
    CHECK(asked, "||", "escape=none", "$http_missing|$http_x_empty|");
    CHECK(asked, "{\"uri\":\"/\",\"status\":200}", "escape=json", "{\"uri\":\"$uri\",",
          "\"status\":$status}");
}

static void test_shapes(void **state)
{
    struct asked *asked = *state;

    asked_load(asked, "server { return 200; }");
    asked_run(asked, "GET", "/", "");
    CHECK(asked, "nothing but text", "nothing ", "but ", "text");
    CHECK(asked, "", "");
    CHECK(asked, "/", "$uri");
    CHECK(asked, "//GET", "$uri$uri$request_method");
    CHECK(asked,
          "fifteen bytes !/sixteen bytes !!/seventeen bytes !!/and a literal that is longer than any line in "
          "a poem 200",
          "fifteen bytes !${uri}", "sixteen bytes !!${uri}", "seventeen bytes !!${uri}",
          "and a literal that is longer than any line in a poem $status");
}

static void test_refused(void **state)
{
    struct asked *asked = *state;

    asked_refuse(asked, "log_format x;", "invalid number of arguments in \"log_format\" directive");
    asked_refuse(asked, "log_format x escape=html $uri;", "unknown log format escaping \"html\"");
    asked_refuse(asked, "log_format combined $uri;", "duplicate \"log_format\" name \"combined\"");
    asked_refuse(asked, "log_format a $uri; log_format a $uri;", "duplicate \"log_format\" name \"a\"");
    asked_refuse(asked, "log_format a '${uri';", "the closing bracket in \"uri\" variable is missing");
    asked_refuse(asked, "log_format a $nope; server { access_log off; }", "unknown \"nope\" variable");
    asked_refuse(asked, "access_log x.log nope;", "unknown log format \"nope\"");
    asked_refuse(asked, "access_log x.log combined buffer=0;", "invalid buffer size \"0\"");
    asked_refuse(asked, "access_log x.log combined buffer=1k flush=x;", "invalid flush time \"x\"");
    asked_refuse(asked, "access_log x.log combined flush=1s;",
                 "no buffer is defined for access_log \"x.log\"");
    asked_refuse(asked, "access_log x.log combined color=red;", "invalid parameter \"color=red\"");
    asked_refuse(asked, "access_log off combined;", "invalid parameter \"combined\"");
    asked_refuse(asked,
                 "access_log x.log combined buffer=1k; server { access_log x.log combined buffer=2k; }",
                 "already defined with conflicting parameters");
    asked_refuse(asked, "access_log no/such/folder/x.log; server { }",
                 "no/such/folder/x.log\" failed (2: No such file");
    asked_refuse(asked, "access_log no/such/folder/x.log; server { return 200 $nope; }",
                 "unknown \"nope\" variable");
}

/* A file is only made when nothing is wrong with its server. */
static void test_no_file_left_behind(void **state)
{
    struct asked *asked = *state;
    char path[128];

    snprintf(path, sizeof path, "%sx.log", asked->folder);
    asked_refuse(asked, "access_log x.log; server { location /a { } location /a { } }", "duplicate location");
    assert_int_equal(access(path, F_OK), -1);
    asked_load(asked, "server { access_log x.log; }");
    assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_combined, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_escapes, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_shapes, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_refused, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_no_file_left_behind, asked_setup, asked_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
