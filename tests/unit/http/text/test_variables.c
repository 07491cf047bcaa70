/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations: nginx, "Embedded Variables" of ngx_http_core_module and ngx_http_log_module. */
#include "tests/unit/http/asked.h"

#include <ctype.h>
#include <sys/stat.h>

#include "http/answer.h"
#include "http/route/captures.h"
#include "http/text/named.h"
#include "http/text/request_id.h"
#include "http/text/variables.h"
#include "server/version.h"

static const char config[] =
    "default_type text/plain; server { listen 127.0.0.1:8081; server_name first second; root top; "
    "location / { return 200 \"some text\"; } location /x/ranges { } "
    "location ~ ^/re/(\\w+)/(?<tail>\\w+)$ { return 301 /to; } "
    "location /al/ { alias other/; return 404; } }";

/* The variable's value in asked->request, in `out`. False: not found. */
static bool value_of(struct asked *asked, const char *name, char *out, size_t size)
{
    struct http_variable variable;
    struct http_text text = {"", 0};
    enum http_found found;

    assert_int_equal(
        http_variable_find(&asked->generation->conf, NULL, (struct http_text){name, strlen(name)}, &variable),
        0);
    if (variable.named && !variable.named->family) /* what settling would have said */
        ((struct http_named *)(uintptr_t)variable.named)->captured =
            http_capture_known(asked->request->server->main, name);
    found = http_variable_get(asked->request, &variable, &text);
    assert_non_null(text.bytes);
    assert_true(text.length < size);
    memcpy(out, text.bytes, text.length);
    out[text.length] = '\0';
    if (variable.print) {
        char printed[HTTP_PRINT_MAX + 1];

        *variable.print(asked->request, printed) = '\0';
        assert_string_equal(printed, out);
    }
    return found == HTTP_VALUE_FOUND;
}

struct row {
    const char *name, *value; /* null: not found */
};

static void check(struct asked *asked, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char value[4096];
        bool found = value_of(asked, rows[i].name, value, sizeof value);

        if (found != (rows[i].value != NULL) || strcmp(value, found ? rows[i].value : "") != 0)
            fail_msg("$%s is %s\"%s\", not \"%s\"", rows[i].name, found ? "" : "not found: ", value,
                     rows[i].value ? rows[i].value : "(not found)");
    }
}

#define CHECK(asked, rows) check((asked), (rows), sizeof(rows) / sizeof *(rows))

static void test_request(void **state)
{
    static const struct row rows[] = {
        {"request", "GET /a%20b/../c?x=1&Y=two&x=3&empty=&bare HTTP/1.1"},
        {"request_method", "GET"},
        {"request_uri", "/a%20b/../c?x=1&Y=two&x=3&empty=&bare"},
        {"uri", "/c"},
        {"document_uri", "/c"},
        {"args", "x=1&Y=two&x=3&empty=&bare"},
        {"query_string", "x=1&Y=two&x=3&empty=&bare"},
        {"is_args", "?"},
        {"arg_x", "1"},
        {"arg_y", "two"},
        {"arg_empty", ""},
        {"arg_bare", NULL},
        {"arg_mpty", NULL},
        {"arg_", NULL},
        {"host", "asked.example"},
        {"http_host", "Asked.Example:81"},
        {"http_x_one", "first, again"},
        {"http_accept", "a/b, c/d"},
        {"http_user_agent", "agent"},
        {"http_referer", NULL},
        {"http_cookie", "a=1; b = two ;c=\"3\"; d=4"},
        {"cookie_a", "1"},
        {"cookie_A", "1"},
        {"cookie_b", "two "},
        {"cookie_c", "\"3\""},
        {"cookie_d", "4"},
        {"cookie_e", NULL},
        {"content_type", "text/x"},
        {"content_length", NULL},
        {"remote_user", "joe"},
        {"server_protocol", "HTTP/1.1"},
        {"scheme", "http"},
        {"https", ""},
        {"pipe", "."},
        {"1", NULL},
        {"tail", NULL},
    };
    struct asked *asked = *state;
    char value[64], expected[64];

    asked_load(asked, config);
    asked_run(
        asked, "GET", "/a%20b/../c?x=1&Y=two&x=3&empty=&bare",
        "X-One: first\r\nUser-Agent: agent\r\nAccept: a/b\r\nX-one: again\r\nCookie: a=1; b = two "
        ";c=\"3\"\r\n"
        "ACCEPT: c/d\r\nCookie: d=4\r\nContent-Type: text/x\r\nAuthorization: basic  am9lOnNlY3JldA==\r\n");
    CHECK(asked, rows);
    assert_true(value_of(asked, "request_length", value, sizeof value));
    snprintf(expected, sizeof expected, "%zu", strlen(asked->text));
    assert_string_equal(value, expected);
}

static void test_few(void **state)
{
    static const struct row rows[] = {
        {"args", NULL},      {"is_args", ""},      {"arg_x", NULL},       {"host", "first"},
        {"http_host", NULL}, {"uri", "/"},         {"remote_user", NULL}, {"server_protocol", "HTTP/1.0"},
        {"cookie_a", NULL},  {"request_uri", "/"},
    };
    struct asked *asked = *state;

    asked_load(asked, config);
    strcpy(asked->text, "GET / HTTP/1.0\r\n\r\n");
    asked_run_text(asked);
    CHECK(asked, rows);
    strcpy(asked->text, "GET http://other.example/x?y HTTP/1.1\r\nHost: a\r\n\r\n");
    asked_run_text(asked);
    CHECK(asked, ((const struct row[]){{"request_uri", "/x?y"}, {"uri", "/x"}, {"host", "other.example"}}));
}

/* RFC 7617 2: without a colon, or not Basic, there is no user. */
static void test_remote_user(void **state)
{
    static const char *const rows[][2] = {
        {"Basic am9lOg==", "joe"}, {"Basic Og==", ""},          {"Basic am9l", NULL},    {"Basic ", NULL},
        {"Bearer am9lOg==", NULL}, {"Basic am9lOng6eA", "joe"}, {"Basic *am9lOg", NULL},
    };
    struct asked *asked = *state;

    asked_load(asked, config);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char fields[128];

        snprintf(fields, sizeof fields, "Authorization: %s\r\n", rows[i][0]);
        asked_run(asked, "GET", "/", fields);
        CHECK(asked, ((const struct row[]){{"remote_user", rows[i][1]}}));
    }
}

static void test_connection(void **state)
{
    static const struct row rows[] = {
        {"remote_addr", "10.1.2.3"},
        {"remote_port", "4567"},
        {"connection", "77"},
        {"connection_requests", "1"},
        {"server_name", "first"},
        {"server_addr", "127.0.0.1"},
        {"server_port", "8081"},
        {"binary_remote_addr", "\012\001\002\003"},
        {"nginx_version", VERSION_NUMBER},
    };
    struct asked *asked = *state;
    char value[512], expected[512];

    asked_load(asked, config);
    asked_run(asked, "GET", "/", "");
    asked->connection.base.number = 77;
    CHECK(asked, rows);

    assert_true(value_of(asked, "pid", value, sizeof value));
    assert_int_equal(atoi(value), getpid());
    assert_true(value_of(asked, "hostname", value, sizeof value));
    assert_int_equal(gethostname(expected, sizeof expected), 0);
    for (char *at = expected; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    assert_string_equal(value, expected);

    asked->connection.base.peer = (struct peer){.bytes = {[15] = 1}, .port = 9, .family = AF_INET6};
    CHECK(asked, ((const struct row[]){{"remote_addr", "::1"}, {"remote_port", "9"}}));
    asked->connection.base.peer = (struct peer){.family = AF_UNIX};
    CHECK(asked, ((const struct row[]){
                     {"remote_addr", "unix:"}, {"remote_port", ""}, {"binary_remote_addr", "unix:"}}));
}

static void test_time(void **state)
{
    struct asked *asked = *state;
    char value[64], expected[64];
    time_t now;
    struct tm tm;

    asked_load(asked, config);
    asked_run(asked, "GET", "/", "");
    now = (time_t)http_now(asked->request);
    assert_non_null(localtime_r(&now, &tm));
    strftime(expected, sizeof expected, "%d/%b/%Y:%H:%M:%S %z", &tm);
    assert_true(value_of(asked, "time_local", value, sizeof value));
    assert_string_equal(value, expected);
    strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &tm);
    assert_true(value_of(asked, "time_iso8601", value, sizeof value));
    assert_memory_equal(value, expected, strlen(expected));
    snprintf(expected, sizeof expected, "%lld.", (long long)now);
    assert_true(value_of(asked, "msec", value, sizeof value));
    assert_memory_equal(value, expected, strlen(expected));
    assert_int_equal(strlen(value), strlen(expected) + 3);

    asked->request->began = http_steady_now(asked->request) - 12.0345;
    CHECK(asked, ((const struct row[]){{"request_time", "12.034"}}));
    asked->request->began = http_steady_now(asked->request) + 5; /* never; and no time below zero */
    CHECK(asked, ((const struct row[]){{"request_time", "0.000"}}));
}

static void test_numbers(void **state)
{
    static const uint64_t numbers[] = {0,
                                       1,
                                       9,
                                       10,
                                       99,
                                       100,
                                       999,
                                       1000,
                                       9999,
                                       10000,
                                       99999,
                                       100000,
                                       12345678,
                                       9999999999999999,
                                       10000000000000000,
                                       UINT64_MAX};
    struct asked *asked = *state;

    asked_load(asked, config);
    asked_run(asked, "GET", "/", "");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char expected[32];

        snprintf(expected, sizeof expected, "%llu", (unsigned long long)numbers[i]);
        asked->request->sent_body = numbers[i];
        CHECK(asked, ((const struct row[]){{"body_bytes_sent", expected}}));
    }
    asked->request->status = 9; /* nginx's for HTTP/0.9: always three digits */
    CHECK(asked, ((const struct row[]){{"status", "009"}}));
}

static void test_response(void **state)
{
    struct asked *asked = *state;
    struct http_request *request;

    asked_load(asked, config);
    request = asked_run(asked, "GET", "/", "");
    CHECK(asked, ((const struct row[]){{"status", "200"},
                                       {"body_bytes_sent", "9"},
                                       {"sent_http_content_type", "text/plain"},
                                       {"sent_http_content_length", "9"},
                                       {"sent_http_connection", "keep-alive"},
                                       {"sent_http_location", NULL},
                                       {"sent_http_etag", NULL},
                                       {"sent_http_last_modified", NULL},
                                       {"sent_http_transfer_encoding", NULL},
                                       {"sent_http_x_added", NULL}}));
    assert_true(http_add_header(request, HTTP_TEXT("X-Added"), HTTP_TEXT("one")));
    assert_true(http_add_header(request, HTTP_TEXT("x-added"), HTTP_TEXT("two")));
    request->response.last_modified = 784111777;
    request->response.content_length = -1;
    request->response.etag = HTTP_TEXT("\"tag\"");
    request->keep_alive = false;
    CHECK(asked, ((const struct row[]){{"sent_http_x_added", "one, two"},
                                       {"sent_http_last_modified", "Sun, 06 Nov 1994 08:49:37 GMT"},
                                       {"sent_http_content_length", NULL},
                                       {"sent_http_transfer_encoding", "chunked"},
                                       {"sent_http_etag", "\"tag\""},
                                       {"sent_http_connection", "close"}}));
    asked_run(asked, "GET", "/re/word/end", "");
    CHECK(asked, ((const struct row[]){{"status", "301"},
                                       {"sent_http_location", "http://asked.example:8081/to"},
                                       {"1", "word"},
                                       {"2", "end"},
                                       {"3", NULL},
                                       {"tail", "end"}}));
}

static void test_files(void **state)
{
    struct asked *asked = *state;
    char root[128], name[160];

    asked_load(asked, config);
    asked_run(asked, "GET", "/x/y", "");
    snprintf(root, sizeof root, "%stop", asked->folder);
    snprintf(name, sizeof name, "%s/x/y", root);
    CHECK(asked, ((const struct row[]){{"document_root", root}, {"request_filename", name}}));
    asked_run(asked, "GET", "/al/z", "");
    snprintf(root, sizeof root, "%sother/", asked->folder);
    snprintf(name, sizeof name, "%sz", root);
    CHECK(asked, ((const struct row[]){{"document_root", root}, {"request_filename", name}}));
}

/* The same each time it is asked for, another one for every request, 32 hexadecimal digits. */
static void test_request_id(void **state)
{
    struct asked *asked = *state;
    char first[64], again[64], other[64];

    asked_load(asked, config);
    asked_run(asked, "GET", "/", "");
    assert_true(value_of(asked, "request_id", first, sizeof first));
    assert_true(value_of(asked, "request_id", again, sizeof again));
    assert_string_equal(first, again);
    assert_int_equal(strlen(first), 32);
    assert_int_equal(strspn(first, "0123456789abcdef"), 32);
    asked->connection.base.requests++;
    assert_true(value_of(asked, "request_id", other, sizeof other));
    assert_string_not_equal(first, other);
    asked->connection.base.requests--;
    asked->connection.base.number++;
    assert_true(value_of(asked, "request_id", again, sizeof again));
    assert_string_not_equal(first, again);
    assert_string_not_equal(other, again);
}

static void ask_for_ranges(struct asked *asked, char type[128])
{
    struct http_text text;

    asked_number = 41;
    text = asked_run(asked, "GET", "/x/ranges", "Range: bytes=0-1,3-4\r\n")->response.content_type;
    assert_int_equal(asked->request->status, 206);
    assert_true(text.length < 128);
    memcpy(type, text.bytes, text.length);
    type[text.length] = '\0';
}

/* A boundary is that of its request's numbers and of a secret key: neither the time nor an address nor what
 * went before has a part in it. */
static void test_boundary(void **state)
{
    static const char begin[] = "multipart/byteranges; boundary=";
    struct asked *asked = *state;
    char type[128], again[128], name[160], *waste;
    FILE *file;

    asked_load(asked, config);
    snprintf(name, sizeof name, "%stop", asked->folder);
    assert_int_equal(mkdir(name, 0700), 0);
    strcat(name, "/x");
    assert_int_equal(mkdir(name, 0700), 0);
    strcat(name, "/ranges");
    file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fputs("0123456789", file) >= 0, 1);
    fclose(file);
    ask_for_ranges(asked, type);
    assert_memory_equal(type, begin, sizeof begin - 1);
    assert_int_equal(strlen(type), sizeof begin - 1 + HTTP_BOUNDARY_LENGTH);
    assert_int_equal(strspn(type + sizeof begin - 1, "0123456789"), HTTP_BOUNDARY_LENGTH);
    asked_end(asked);
    waste = malloc(100);
    assert_non_null(waste);
    ask_for_ranges(asked, again);
    assert_string_equal(type, again);
    asked->connection.base.requests++;
    http_boundary_write(asked_number, asked->connection.base.requests, again);
    assert_memory_not_equal(type + sizeof begin - 1, again, HTTP_BOUNDARY_LENGTH);
    free(waste);
}

/* Every variable of a request that was refused before its path, its host or anything of it was known: none of
 * them may rely on what is not there (C17 7.24.1: no null pointers, not for no bytes either). */
static void test_refused(void **state)
{
    static const char *const refused[] = {"GET / HTTP/1.1\r\n\r\n", "GET http:// HTTP/1.1\r\nHost: a\r\n\r\n",
                                          "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
                                          "GET /../.. HTTP/1.1\r\nHost: a\r\n\r\n"};
    const struct http_variable_row *rows;
    struct asked *asked = *state;
    char value[4096];

    asked_load(asked, config);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        strcpy(asked->text, refused[i]);
        assert_int_equal(asked_run_text(asked)->status, 400);
        for (size_t table = 0; (rows = http_variable_table(table)); table++)
            for (const struct http_variable_row *row = rows; row->name; row++)
                (void)value_of(asked, row->name, value, sizeof value);
        for (const char *name = "arg_x\0cookie_x\0http_x\0sent_http_location\0tail\0"; *name;
             name += strlen(name) + 1)
            assert_false(value_of(asked, name, value, sizeof value));
    }
}

/* Lines of a name cost what their value is long, not its square (RFC 9110 5.3 lets any sender repeat a
 * field): a copy for each would be eight times as many bytes. */
static void test_repeated_fields(void **state)
{
    struct asked *asked = *state;
    enum { LINES = 16, LENGTH = 200 };
    char fields[4000] = "", value[4096];
    size_t before;

    asked_load(asked, config);
    for (unsigned i = 0; i < LINES; i++)
        sprintf(fields + strlen(fields), "X-Many: %0*u\r\n", LENGTH, i);
    asked_run(asked, "GET", "/", fields);
    before = pool_request_bytes(asked->request->pool);
    assert_true(value_of(asked, "http_x_many", value, sizeof value));
    assert_int_equal(strlen(value), LINES * (LENGTH + 2) - 2);
    assert_memory_equal(value + LENGTH - 1, "0, 0", 4);
    assert_memory_equal(value + 2 * LENGTH + 1, "1, 0", 4);
    assert_true(pool_request_bytes(asked->request->pool) - before <= 4 * LINES * (LENGTH + 2));
    asked_run(asked, "GET", "/", "Cookie: a=1\r\nCookie: b=2\r\nX-One:\r\nX-One: b\r\n");
    CHECK(asked, ((const struct row[]){{"http_cookie", "a=1; b=2"}, {"http_x_one", ", b"}}));
}

/* Where there is no memory a value is missing, and nothing else happens. */
static void test_no_memory(void **state)
{
    static const char *const names[] = {"remote_addr", "http_x_one", "status", "hostname",
                                        "request_filename"};
    struct asked *asked = *state;
    struct pool *pool;
    char value[4096];

    asked_load(asked, config);
    asked_run(asked, "GET", "/", "X-One: a\r\nX-One: b\r\n");
    pool = pool_create(
        &(struct pool_options){.first_size = 256, .block_size = 512, .budget = 1, .name = "small"});
    assert_non_null(pool);
    while (pool_nalloc(pool, 1, "filler"))
        ;
    asked->request->pool = pool;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct http_variable variable;
        struct http_text text;

        assert_int_equal(http_variable_find(&asked->generation->conf, NULL,
                                            (struct http_text){names[i], strlen(names[i])}, &variable),
                         0);
        assert_int_equal(http_variable_get(asked->request, &variable, &text), HTTP_VALUE_NONE);
        assert_int_equal(text.length, 0);
    }
    asked->request->pool = asked->connection.base.pool;
    assert_true(value_of(asked, "remote_addr", value, sizeof value));
    pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_request, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_few, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_remote_user, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_connection, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_time, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_numbers, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_response, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_files, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_boundary, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_refused, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_repeated_fields, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_request_id, asked_setup, asked_teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, asked_setup, asked_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
