/* SPDX-License-Identifier: BSD-2-Clause */
/* What targets share that make a configuration and a request of their input: the configuration is read as any
 * other is, the request goes through the whole of HTTP but for the socket. */
#ifndef TESTS_FUZZ_MADE_H
#define TESTS_FUZZ_MADE_H

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
#include "tests/fuzz/check.h"

enum { MADE_TEXT = 8192, MADE_HEAD = 16384, MADE_LINES = 6 };

/* What chooses. No byte left: always the first of a table, and no more of anything. */
struct made_source {
    const uint8_t *at, *end;
};

struct made_text {
    char bytes[MADE_TEXT];
    size_t length;
};

/* Of the lines behind the target. */
static const char *const made_fields[MADE_LINES] = {"Host", "A", "Referer", "Cookie", "Authorization", "A"};

static const struct log made_silent = {.level = LOG_LEVEL_STDERR};
static struct worker made_worker;
static struct shared made_shared;

/* Once. */
static inline void made_begin(void)
{
    made_shared.sgi = sgi_create();
    CHECK(made_shared.sgi && sgi_thread_attach(made_shared.sgi) == 0);
    made_worker.loop = ev_loop_new(0);
    made_worker.shared = &made_shared;
    CHECK(made_worker.loop);
}

static inline unsigned made_choose(struct made_source *from, unsigned count)
{
    return from->at < from->end ? *from->at++ % count : 0;
}

static inline void made_put(struct made_text *text, const char *more)
{
    size_t length = strlen(more);

    if (text->length + length < sizeof text->bytes) {
        memcpy(text->bytes + text->length, more, length + 1);
        text->length += length;
    }
}

#define MADE_CHOOSE(from, table) (table)[made_choose((from), sizeof(table) / sizeof *(table))]

/* Reads the configuration. `before`, if not null, is called before that, with a generation that has memory.
 * False: one of the two says no. */
static inline bool made_load(struct generation *generation, const struct made_text *text,
                             bool (*before)(struct generation *generation))
{
    static const struct conf_module *const modules[] = {&http_block};
    static const struct conf_modules tables = {modules, 1};
    const struct conf_node *root;

    memset(generation, 0, sizeof *generation);
    generation->sgi = made_shared.sgi;
    generation->settings.log = &made_silent;
    generation->pool =
        pool_create(&(struct pool_options){.first_size = 4096, .block_size = 4096, .name = "http"});
    CHECK(generation->pool && conf_init(&generation->conf, generation->pool, "/nowhere/", NULL) == 0);
    generation->conf.user = generation;
    if (before && !before(generation))
        return false;
    root = conf_read_text(&generation->conf, "text", text->bytes, text->length);
    return root && !conf_apply(&generation->conf, root->children, CONF_MAIN, &tables, NULL, generation);
}

/* One line of the input as many times as its first byte says, so that long values are within reach. */
static inline size_t made_value(char *to, size_t room, struct made_source *from)
{
    unsigned times = 1 + (made_choose(from, 256) & 0x3f);
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

static inline size_t made_head(char *head, struct made_source *from)
{
    size_t room = MADE_HEAD / (MADE_LINES + 2), length = (size_t)sprintf(head, "GET /");

    length += made_value(head + length, room, from);
    length += (size_t)sprintf(head + length, " HTTP/1.1\r\n");
    for (unsigned i = 0; i < MADE_LINES && (i == 0 || from->at < from->end); i++) {
        length += (size_t)sprintf(head + length, "%s: ", made_fields[i]);
        length += made_value(head + length, room, from);
        length += (size_t)sprintf(head + length, "\r\n");
    }
    return length + (size_t)sprintf(head + length, "\r\n");
}

/* The request goes its way; `look` sees what became of it. */
static inline void made_run(struct generation *generation, const char *head, size_t length,
                            void (*look)(struct http_request *request))
{
    /* A budget bounds configurations that multiply texts: maps of maps, which each ask for the next ten
     * times. */
    static const struct pool_options options = {
        .first_size = 512, .block_size = 4096, .budget = 64 << 20, .name = "connection"};
    struct tenure tenure = {.worker = &made_worker, .generation = generation};
    struct http_connection connection = {
        .base = {.worker = &made_worker, .tenure = &tenure, .io = {.fd = -1}}};
    struct http_request *request;

    made_worker.tenure = &tenure; /* a connection under the worker's own generation stays */
    connection.base.binding = generation->bindings;
    connection.base.pool = pool_create(&options);
    CHECK(connection.base.pool);
    pool_pin(connection.base.pool);
    request = http_advance_begin(&connection);
    CHECK(request);
    if (http_parser_feed(&connection.parser, &request->head, head, length) == HTTP_PARSE_DONE) {
        http_request_go_on(request, http_route(request));
        CHECK(request->status || !request->complete || connection.cut);
        look(request);
    }
    if (request->response.file)
        http_response_drop_file(request);
    output_discard(&connection.base.output, connection.base.pool);
    pool_destroy(connection.base.pool);
}

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    made_begin();
    return 0;
}

#endif
