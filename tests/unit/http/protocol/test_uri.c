/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/protocol/uri.h"
#include "tests/unit/http/protocol/request.h"

struct uri_case {
    const char *source;
    const char *input;
    const char *path; /* null: 400 */
    const char *args; /* null: no ? */
    const char *extension;
    bool plain;
};

/* With merge_slashes on, as nginx has it unless told otherwise. */
static const struct uri_case cases[] = {
    {"RFC 3986 3.3", "/", "/", NULL, "", true},
    {"RFC 3986 3.3", "/a/b.html", "/a/b.html", NULL, "html", true},
    {"RFC 3986 3.4", "/a?b=c/../%zz?d", "/a", "b=c/../%zz?d", "", true},
    {"RFC 3986 3.4: empty query", "/a?", "/a", "", "", true},
    {"RFC 9110 4.2.3: empty path", "", "/", NULL, "", false},
    {"RFC 9110 4.2.3: empty path", "?a", "/", "a", "", false},
    {"RFC 3986 3.3: no slash", "a", NULL, NULL, NULL, false},
    {"obs-text as it is", "/\xc3\xa4", "/\xc3\xa4", NULL, "", true},
    {"RFC 3986 2.1", "/a%20b", "/a b", NULL, "", false},
    {"RFC 3986 2.1: either case", "/%4a%4B", "/JK", NULL, "", false},
    {"RFC 3986 2.1: once", "/%2541", "/%41", NULL, "", false},
    {"RFC 3986 2.1", "/%C3%a4", "/\xc3\xa4", NULL, "", false},
    {"RFC 3986 2.1: ? and # lose their meaning", "/a%3fb%23c?d", "/a?b#c", "d", "", false},
    {"RFC 3986 2.1: cut off", "/%", NULL, NULL, NULL, false},
    {"RFC 3986 2.1: cut off", "/%4", NULL, NULL, NULL, false},
    {"RFC 3986 2.1: cut off", "/%4?a", NULL, NULL, NULL, false},
    {"RFC 3986 2.1: no HEXDIG", "/%4g", NULL, NULL, NULL, false},
    {"RFC 3986 2.1: no HEXDIG", "/%g4", NULL, NULL, NULL, false},
    {"RFC 3986 2.1: no HEXDIG", "/%+4", NULL, NULL, NULL, false},
    {"RFC 3986 7.3: %00", "/a%00b", NULL, NULL, NULL, false},
    {"RFC 3986 5.2.4", "/a/./b", "/a/b", NULL, "", false},
    {"RFC 3986 5.2.4", "/a/../b", "/b", NULL, "", false},
    {"RFC 3986 5.2.4", "/a/b/c/./../../g", "/a/g", NULL, "", false},
    {"RFC 3986 5.2.4: at the end", "/a/b/.", "/a/b/", NULL, "", false},
    {"RFC 3986 5.2.4: at the end", "/a/b/..", "/a/", NULL, "", false},
    {"RFC 3986 5.2.4: at the end", "/a/..?q", "/", "q", "", false},
    {"RFC 3986 5.2.4", "/.", "/", NULL, "", false},
    {"RFC 3986 5.2.4: escaped", "/a/%2e%2E/b", "/b", NULL, "", false},
    {"RFC 3986 5.2.4: escaped slash", "/a/..%2fb", "/b", NULL, "", false},
    {"more than two dots", "/a/.../b", "/a/.../b", NULL, "", false},
    {"dots in a name", "/a/..b/.c/d..", "/a/..b/.c/d..", NULL, "", false},
    {"above the root, as nginx", "/..", NULL, NULL, NULL, false},
    {"above the root, as nginx", "/../a", NULL, NULL, NULL, false},
    {"above the root, as nginx", "/a/../../b", NULL, NULL, NULL, false},
    {"above the root, as nginx", "/%2e%2e/a", NULL, NULL, NULL, false},
    {"above the root, as nginx", "//..", NULL, NULL, NULL, false},
    {"merge_slashes", "//a///b//", "/a/b/", NULL, "", false},
    {"merge_slashes: escaped", "/a/%2fb", "/a/b", NULL, "", false},
    {"merge_slashes: and dots", "/a//../b", "/b", NULL, "", false},
    {"extension", "/a.b/c", "/a.b/c", NULL, "", true},
    {"extension", "/a.tar.gz?x.y", "/a.tar.gz", "x.y", "gz", true},
    {"extension", "/a.", "/a.", NULL, "", true},
    {"extension: none of a hidden file", "/.profile", "/.profile", NULL, "", false},
    {"extension: of a hidden file", "/.a.txt", "/.a.txt", NULL, "txt", false},
    {"extension: escaped dot", "/a%2ehtml", "/a.html", NULL, "html", false},
};

static const struct uri_case unmerged[] = {
    {"merge_slashes off", "//a///b//", "//a///b//", NULL, "", true},
    {"RFC 3986 5.2.4: the empty segment goes", "/a//../b", "/a/b", NULL, "", false},
    {"RFC 3986 5.2.4: the empty segment goes", "//../b", "/b", NULL, "", false},
    {"above the root, as nginx", "//../../b", NULL, NULL, NULL, false},
};

static void check_text(struct http_text text, const char *expected)
{
    assert_int_equal(text.length, strlen(expected));
    assert_memory_equal(text.bytes, expected, text.length);
}

/* Input and output each end at a guard page. */
static void check_case(char *in_guard, char *out_guard, const struct uri_case *c, bool merge_slashes)
{
    size_t length = strlen(c->input);
    const char *input = guard_place(in_guard, c->input, length);
    char *out = out_guard + GUARD_SIZE - length - 1;
    struct http_uri uri;
    int status = http_uri_normalize(input, length, out, merge_slashes, &uri);
    if (status != (c->path != NULL ? 0 : 400))
        fail_msg("%s: %s gave %d", c->source, c->input, status);
    assert_int_equal(http_uri_plain(input, length, 1, merge_slashes, &(struct http_uri){.plain = false}),
                     c->plain);
    if (status != 0)
        return;
    check_text(uri.path, c->path);
    check_text(uri.args, c->args != NULL ? c->args : "");
    check_text(uri.extension, c->extension);
    assert_int_equal(uri.has_args, c->args != NULL);
    assert_int_equal(uri.plain, c->plain);
    assert_ptr_equal(uri.path.bytes, c->plain ? input : out);
}

static void test_paths(void **state)
{
    (void)state;
    char *in_guard = guard_create(), *out_guard = guard_create();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_case(in_guard, out_guard, &cases[i], true);
    for (size_t i = 0; i < sizeof(unmerged) / sizeof(unmerged[0]); i++)
        check_case(in_guard, out_guard, &unmerged[i], false);
    guard_destroy(in_guard);
    guard_destroy(out_guard);
}

static void check_escaped(const char *input, enum http_uri_escape escape, const char *expected)
{
    char out[64];
    size_t length = strlen(input);
    assert_int_equal(http_uri_escaped_length(input, length, escape), strlen(expected));
    assert_ptr_equal(http_uri_escape(out, input, length, escape), out + strlen(expected));
    assert_memory_equal(out, expected, strlen(expected));
}

static void test_escape(void **state)
{
    (void)state;
    /* RFC 3986 2.2, 2.3: what a path may hold stays; what would end it, or a header line, does not. */
    check_escaped("/a-b_c.d~e/!$&'()*+,;=:@", HTTP_ESCAPE_URI, "/a-b_c.d~e/!$&'()*+,;=:@");
    check_escaped("/a b?c#d%e", HTTP_ESCAPE_URI, "/a%20b%3Fc%23d%25e");
    check_escaped("\"<>\\^`{|}", HTTP_ESCAPE_URI, "%22%3C%3E%5C%5E%60%7B%7C%7D");
    check_escaped("\r\n\x7f\xc3", HTTP_ESCAPE_URI, "%0D%0A%7F%C3");
    check_escaped("aZ09-._~", HTTP_ESCAPE_COMPONENT, "aZ09-._~");
    check_escaped("/?&=+ ,:@", HTTP_ESCAPE_COMPONENT, "%2F%3F%26%3D%2B%20%2C%3A%40");
    check_escaped("", HTTP_ESCAPE_COMPONENT, "");
    check_escaped("/a b?\r\n\x7f%\xc3", HTTP_ESCAPE_CONTROLS, "/a b?%0D%0A%7F%\xc3");
}

/* What was escaped is what is decoded: for every byte but NUL. */
static void test_round_trip(void **state)
{
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        char path[4] = {'/', 'x', (char)byte, 'y'}, escaped[16], out[16];
        for (int escape = HTTP_ESCAPE_URI; escape <= HTTP_ESCAPE_COMPONENT; escape++) {
            escaped[0] = '/';
            char *end = http_uri_escape(escaped + 1, path + 1, 3, (enum http_uri_escape)escape);
            struct http_uri uri;
            assert_int_equal(http_uri_normalize(escaped, (size_t)(end - escaped), out, true, &uri), 0);
            assert_int_equal(uri.path.length, 4);
            assert_memory_equal(uri.path.bytes, path, 4);
        }
    }
}

/* Marks are found wherever they stand among bytes that are skipped 16 and 8 at a time. */
static void test_every_place(void **state)
{
    (void)state;
    for (size_t length = 3; length < 50; length++) {
        for (size_t at = 2; at < length; at++) {
            char path[64], out[64];
            struct http_uri uri;

            memset(path, 'a', length);
            path[0] = '/';
            path[at] = '?';
            assert_true(http_uri_plain(path, length, 1, true, &uri));
            assert_int_equal(uri.path.length, at);
            assert_int_equal(uri.args.length, length - at - 1);
            path[at] = '.';
            assert_true(http_uri_plain(path, length, 1, true, &uri));
            assert_int_equal(uri.extension.length, length - at - 1);
            path[at - 1] = '/';
            assert_false(http_uri_plain(path, length, 1, true, &uri));
            path[at - 1] = '.';
            path[at] = '/';
            assert_true(http_uri_plain(path, length, 1, true, &uri) == (at > 2));
            assert_int_equal(http_uri_normalize(path, length, out, true, &uri), 0);
            assert_int_equal(uri.extension.length, 0);
            path[at] = '%';
            assert_false(http_uri_plain(path, length, 1, true, &uri));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
