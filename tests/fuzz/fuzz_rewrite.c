/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small configuration of maps and rewrite directives, and a request for it, both made of the input's
 * bytes: the configuration is read as any other is, the request goes through the whole of HTTP but for the
 * socket. Up to a zero byte the input chooses directives, variables and expressions from the tables below;
 * behind it stand lines: the target, then the values of fields. Nobody writes beyond what is his, and to ask
 * for a variable does not change $1.
 */
#include "tests/fuzz/made.h"

enum { PARTS = 5 };

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
static void put_template(struct made_text *text, struct made_source *from)
{
    unsigned count = 1 + made_choose(from, PARTS);

    made_put(text, " \"");
    while (count--)
        made_put(text, MADE_CHOOSE(from, parts));
    made_put(text, "\"");
}

static void put_regex(struct made_text *text, struct made_source *from, const char *before)
{
    made_put(text, " \"");
    made_put(text, before);
    made_put(text, MADE_CHOOSE(from, regexes));
    made_put(text, "\"");
}

static void put_map(struct made_text *text, struct made_source *from, const char *name)
{
    static const char *const keys[] = {" a", " b", " ''"};
    unsigned lines = 1 + made_choose(from, 3);

    made_put(text, "map");
    put_template(text, from);
    made_put(text, name);
    made_put(text, made_choose(from, 2) ? " { volatile; default" : " { default");
    put_template(text, from);
    made_put(text, ";");
    while (lines--) {
        if (made_choose(from, 4) == 3)
            made_put(text, keys[lines]);
        else
            put_regex(text, from, made_choose(from, 2) ? "~*" : "~");
        put_template(text, from);
        made_put(text, ";");
    }
    made_put(text, " }\n");
}

static void put_line(struct made_text *text, struct made_source *from, bool in_if);

static void put_if(struct made_text *text, struct made_source *from)
{
    static const char *const signs[] = {" ~", " !~*", " =", ""};
    static const char *const subjects[] = {"$m0",     "$m1",    "$m2", "$1",    "$uri",
                                           "$http_a", "$arg_a", "$s0", "$named"};
    unsigned sign = made_choose(from, 5);

    made_put(text, "if (");
    made_put(text, sign == 4 ? "-f" : MADE_CHOOSE(from, subjects));
    made_put(text, sign == 4 ? "" : signs[sign]);
    if (sign < 2)
        put_regex(text, from, "");
    else if (sign == 2 || sign == 4)
        put_template(text, from);
    made_put(text, " ) {\n");
    for (unsigned lines = made_choose(from, 3); lines--;)
        put_line(text, from, true);
    made_put(text, "}\n");
}

static void put_line(struct made_text *text, struct made_source *from, bool in_if)
{
    static const char *const names[] = {" $s0", " $s1", " $args"};
    static const char *const statuses[] = {"200", "404", "302", "204"};

    switch (made_choose(from, in_if ? 6 : 7)) {
    case 0:
    case 1:
        made_put(text, "rewrite");
        put_regex(text, from, "");
        put_template(text, from);
        made_put(text, MADE_CHOOSE(from, flags));
        break;
    case 2:
        made_put(text, "set");
        made_put(text, MADE_CHOOSE(from, names));
        put_template(text, from);
        break;
    case 3:
        made_put(text, "return ");
        made_put(text, MADE_CHOOSE(from, statuses));
        put_template(text, from);
        break;
    case 4:
        made_put(text, "break");
        break;
    case 5:
        made_put(text, "add_header X");
        put_template(text, from);
        break;
    default:
        put_if(text, from);
        return;
    }
    made_put(text, ";\n");
}

static void put_lines(struct made_text *text, struct made_source *from, unsigned most)
{
    for (unsigned lines = made_choose(from, most); lines--;)
        put_line(text, from, false);
}

static void make_configuration(struct made_text *text, struct made_source *from)
{
    made_put(text, "http { access_log off; log_not_found off; root /nowhere; default_type text/plain;\n"
                   "server { server_name ~^(?<place>.*)\\.(org)$;\n set $s0 a; set $s1 b;"
                   "rewrite ^(?<named>)(?<other>)$ /;\n");
    put_lines(text, from, 3);
    made_put(text, "location / {\n");
    put_lines(text, from, 5);
    made_put(text, "}\nlocation ~ ^/l0/(?<named>.*)(.)$ {\n");
    put_lines(text, from, 5);
    made_put(text, "}\nlocation /l1/ { try_files $m0 $1 /end?$m1; error_page 404");
    put_template(text, from);
    made_put(text, ";\n");
    put_lines(text, from, 4);
    made_put(text, "}\nlocation ~ ^/end(.*) { return 200 \"$1 $m0 $m1 $m2 $s0 $1\"; } }\n");
    put_map(text, from, " $m0");
    put_map(text, from, " $m1");
    put_map(text, from, " $m2");
    made_put(text, "}\n");
}

/* The answer of /end: the same $1 before and behind the variables that were asked for in between. */
static void check_captures(struct http_request *request)
{
    const struct http_location *location = request->location;
    struct http_text body = request->response.bytes, one = request->captures[1];

    if (request->status != 200 || !location->regex || !strstr(location->name.bytes, "/end"))
        return;
    CHECK(request->capture_count > 1 && body.length >= 2 * one.length + 5);
    CHECK(memcmp(body.bytes, one.bytes, one.length) == 0);
    CHECK(memcmp(body.bytes + body.length - one.length, one.bytes, one.length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct made_text text;
    static struct generation generation;
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    struct made_source choices = {data, zero ? zero : data + size};
    struct made_source lines = {zero ? zero + 1 : data + size, data + size};
    char *head = malloc(MADE_HEAD);

    CHECK(head);
    text.length = 0;
    make_configuration(&text, &choices);
    /* Not all that the tables make is a configuration: add_header in an `if` of a server is none. */
    if (made_load(&generation, &text, NULL))
        made_run(&generation, head, made_head(head, &lines), check_captures);
    pool_destroy(generation.pool);
    free(head);
    return 0;
}
