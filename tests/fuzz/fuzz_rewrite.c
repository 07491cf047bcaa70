/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small configuration of maps and rewrite directives, and a request for it, both made of the input's
 * bytes: the configuration is read as any other is, the request goes through the whole of HTTP but for the
 * socket. Up to a zero byte the input chooses directives, variables and expressions from the tables below;
 * behind it stand lines: the target, then the values of fields. Nobody writes beyond what is his, and to ask
 * for a variable does not change $1.
 */
#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/read.h"
#include "http/advance.h"
#include "http/connection.h"
#include "http/response.h"
#include "http/route/route.h"
#include "pool/sgi.h"
#include "server/generation.h"

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            abort();                                                                                         \
    } while (0)

enum { TEXT = 8192, HEAD = 16384, PARTS = 5, LINES = 6 };

/* What chooses. No byte left: always the first of a table, and no more of anything. */
struct source {
    const uint8_t *at, *end;
};

struct text {
    char bytes[TEXT];
    size_t length;
};

static const char *const parts[] = {"a",
                                    "${1}",
                                    "${2}",
                                    "${m0}",
                                    "${m1}",
                                    "${m2}",
                                    "${s0}",
                                    "${s1}",
                                    "${named}",
                                    "${place}",
                                    "${uri}",
                                    "${args}",
                                    "${arg_a}",
                                    "${http_a}",
                                    "${http_referer}",
                                    "${cookie_a}",
                                    "${host}",
                                    "${request_uri}",
                                    "${is_args}",
                                    "${request_filename}",
                                    "${remote_user}",
                                    "?",
                                    "&",
                                    "/",
                                    "=",
                                    "%41",
                                    "${s0}x",
                                    "+ ",
                                    "${sent_http_x}",
                                    "${document_root}",
                                    "0",
                                    "${request_id}"};
static const char *const regexes[] = {"^/(.*)$",
                                      "(.)",
                                      "^/l0/(.*)$",
                                      "(?<named>.+)",
                                      "^https?://([^/]+)/",
                                      "a|b",
                                      "(a+)+$",
                                      "^(.*)/(.*)$",
                                      "^/l1/(?<named>.)",
                                      "()",
                                      "^$",
                                      "(?i)([a-z]+)[^a-z]*([a-z]*)",
                                      "(?<other>.)$",
                                      "^(?=(.*))",
                                      "[%&+?]+(.*)",
                                      "(.*)%(.*)"};
static const char *const flags[] = {"", " last", " break", " redirect", " permanent"};
static const char *const fields[LINES] = {"Host", "A", "Referer", "Cookie", "Authorization", "A"};

static const struct log silent = {.level = LOG_LEVEL_STDERR};
static struct worker worker;
static struct shared shared;

static unsigned choose(struct source *from, unsigned count)
{
    return from->at < from->end ? *from->at++ % count : 0;
}

static void put(struct text *text, const char *more)
{
    size_t length = strlen(more);

    if (text->length + length < sizeof text->bytes) {
        memcpy(text->bytes + text->length, more, length + 1);
        text->length += length;
    }
}

#define CHOOSE(from, table) (table)[choose((from), sizeof(table) / sizeof *(table))]

static void put_template(struct text *text, struct source *from)
{
    unsigned count = 1 + choose(from, PARTS);

    put(text, " \"");
    while (count--)
        put(text, CHOOSE(from, parts));
    put(text, "\"");
}

static void put_regex(struct text *text, struct source *from, const char *before)
{
    put(text, " \"");
    put(text, before);
    put(text, CHOOSE(from, regexes));
    put(text, "\"");
}

static void put_map(struct text *text, struct source *from, const char *name)
{
    static const char *const keys[] = {" a", " b", " ''"};
    unsigned lines = 1 + choose(from, 3);

    put(text, "map");
    put_template(text, from);
    put(text, name);
    put(text, choose(from, 2) ? " { volatile; default" : " { default");
    put_template(text, from);
    put(text, ";");
    while (lines--) {
        if (choose(from, 4) == 3)
            put(text, keys[lines]);
        else
            put_regex(text, from, choose(from, 2) ? "~*" : "~");
        put_template(text, from);
        put(text, ";");
    }
    put(text, " }\n");
}

static void put_line(struct text *text, struct source *from, bool in_if);

static void put_if(struct text *text, struct source *from)
{
    static const char *const signs[] = {" ~", " !~*", " =", ""};
    static const char *const subjects[] = {"$m0",     "$m1",    "$m2", "$1",    "$uri",
                                           "$http_a", "$arg_a", "$s0", "$named"};
    unsigned sign = choose(from, 5);

    put(text, "if (");
    put(text, sign == 4 ? "-f" : CHOOSE(from, subjects));
    put(text, sign == 4 ? "" : signs[sign]);
    if (sign < 2)
        put_regex(text, from, "");
    else if (sign == 2 || sign == 4)
        put_template(text, from);
    put(text, " ) {\n");
    for (unsigned lines = choose(from, 3); lines--;)
        put_line(text, from, true);
    put(text, "}\n");
}

static void put_line(struct text *text, struct source *from, bool in_if)
{
    static const char *const names[] = {" $s0", " $s1", " $args"};
    static const char *const statuses[] = {"200", "404", "302", "204"};

    switch (choose(from, in_if ? 6 : 7)) {
    case 0:
    case 1:
        put(text, "rewrite");
        put_regex(text, from, "");
        put_template(text, from);
        put(text, CHOOSE(from, flags));
        break;
    case 2:
        put(text, "set");
        put(text, CHOOSE(from, names));
        put_template(text, from);
        break;
    case 3:
        put(text, "return ");
        put(text, CHOOSE(from, statuses));
        put_template(text, from);
        break;
    case 4:
        put(text, "break");
        break;
    case 5:
        put(text, "add_header X");
        put_template(text, from);
        break;
    default:
        put_if(text, from);
        return;
    }
    put(text, ";\n");
}

static void put_lines(struct text *text, struct source *from, unsigned most)
{
    for (unsigned lines = choose(from, most); lines--;)
        put_line(text, from, false);
}

static void make_configuration(struct text *text, struct source *from)
{
    put(text, "http { access_log off; log_not_found off; root /nowhere; default_type text/plain;\n"
              "server { server_name ~^(?<place>.*)\\.(org)$;\n set $s0 a; set $s1 b;"
              "rewrite ^(?<named>)(?<other>)$ /;\n");
    put_lines(text, from, 3);
    put(text, "location / {\n");
    put_lines(text, from, 5);
    put(text, "}\nlocation ~ ^/l0/(?<named>.*)(.)$ {\n");
    put_lines(text, from, 5);
    put(text, "}\nlocation /l1/ { try_files $m0 $1 /end?$m1; error_page 404");
    put_template(text, from);
    put(text, ";\n");
    put_lines(text, from, 4);
    put(text, "}\nlocation ~ ^/end(.*) { return 200 \"$1 $m0 $m1 $m2 $s0 $1\"; } }\n");
    put_map(text, from, " $m0");
    put_map(text, from, " $m1");
    put_map(text, from, " $m2");
    put(text, "}\n");
}

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    shared.sgi = sgi_create();
    CHECK(shared.sgi && sgi_thread_attach(shared.sgi) == 0);
    worker.loop = ev_loop_new(0);
    worker.shared = &shared;
    CHECK(worker.loop);
    return 0;
}

/* False: what the tables made is no configuration (add_header in an `if` of a server). */
static bool load(struct generation *generation, const struct text *text)
{
    static const struct conf_module *const modules[] = {&http_block};
    static const struct conf_modules tables = {modules, 1};
    const struct conf_node *root;

    memset(generation, 0, sizeof *generation);
    generation->sgi = shared.sgi;
    generation->settings.log = &silent;
    generation->pool =
        pool_create(&(struct pool_options){.first_size = 4096, .block_size = 4096, .name = "http"});
    CHECK(generation->pool && conf_init(&generation->conf, generation->pool, "/nowhere/", NULL) == 0);
    generation->conf.user = generation;
    root = conf_read_text(&generation->conf, "text", text->bytes, text->length);
    return root && !conf_apply(&generation->conf, root->children, CONF_MAIN, &tables, NULL, generation);
}

/* One line of the input as many times as its first byte says, so that long values are within reach. */
static size_t put_value(char *to, size_t room, struct source *from)
{
    unsigned times = 1 + (choose(from, 256) & 0x3f);
    const uint8_t *begin = from->at;
    size_t length, used = 0;

    while (from->at < from->end && *from->at != '\n')
        from->at++;
    length = (size_t)(from->at - begin);
    if (from->at < from->end)
        from->at++;
    while (times-- && used + length < room) {
        memcpy(to + used, begin, length);
        used += length;
    }
    return used;
}

static size_t make_head(char *head, struct source *from)
{
    size_t room = HEAD / (LINES + 2), length = (size_t)sprintf(head, "GET /");

    length += put_value(head + length, room, from);
    length += (size_t)sprintf(head + length, " HTTP/1.1\r\n");
    for (unsigned i = 0; i < LINES && (i == 0 || from->at < from->end); i++) {
        length += (size_t)sprintf(head + length, "%s: ", fields[i]);
        length += put_value(head + length, room, from);
        length += (size_t)sprintf(head + length, "\r\n");
    }
    return length + (size_t)sprintf(head + length, "\r\n");
}

/* The answer of /end: the same $1 before and behind the variables that were asked for in between. */
static void check_captures(const struct http_request *request)
{
    const struct http_location *location = request->location;
    struct http_text body = request->response.bytes, one = request->captures[1];

    if (request->status != 200 || !location->regex || !strstr(location->name.bytes, "/end"))
        return;
    CHECK(request->capture_count > 1 && body.length >= 2 * one.length + 5);
    CHECK(memcmp(body.bytes, one.bytes, one.length) == 0);
    CHECK(memcmp(body.bytes + body.length - one.length, one.bytes, one.length) == 0);
}

static void run(struct generation *generation, const char *head, size_t length)
{
    /* A budget bounds configurations that multiply texts: maps of maps, which each ask for the next ten
     * times. */
    static const struct pool_options options = {
        .first_size = 512, .block_size = 4096, .budget = 64 << 20, .name = "connection"};
    struct tenure tenure = {.worker = &worker, .generation = generation};
    struct http_connection connection = {.base = {.worker = &worker, .tenure = &tenure, .io = {.fd = -1}}};
    struct http_request *request;

    worker.tenure = &tenure; /* a connection under the worker's own generation stays */
    connection.base.binding = generation->bindings;
    connection.base.pool = pool_create(&options);
    CHECK(connection.base.pool);
    pool_pin(connection.base.pool);
    request = http_advance_begin(&connection);
    CHECK(request);
    if (http_parser_feed(&connection.parser, &request->head, head, length) == HTTP_PARSE_DONE) {
        http_request_go_on(request, http_route(request));
        CHECK(request->status || !request->complete || connection.cut);
        check_captures(request);
    }
    if (request->response.file)
        http_response_drop_file(request);
    output_discard(&connection.base.output, connection.base.pool);
    pool_destroy(connection.base.pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct text text;
    static struct generation generation;
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    struct source choices = {data, zero ? zero : data + size};
    struct source lines = {zero ? zero + 1 : data + size, data + size};
    char *head = malloc(HEAD);

    CHECK(head);
    text.length = 0;
    make_configuration(&text, &choices);
    if (load(&generation, &text))
        run(&generation, head, make_head(head, &lines));
    pool_destroy(generation.pool);
    free(head);
    return 0;
}
