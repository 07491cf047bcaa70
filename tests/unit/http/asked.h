/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of variables and modules share: a configuration with the real modules, and requests run
 * through it as the driver would, but for the socket. */
#ifndef TESTS_UNIT_HTTP_ASKED_H
#define TESTS_UNIT_HTTP_ASKED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/read.h"
#include "http/connection.h"
#include "http/route/regex.h"
#include "http/request.h"
#include "http/text/template.h"
#include "http/advance.h"
#include "http/response.h"
#include "http/route/route.h"
#include "pool/sgi.h"
#include "server/generation.h"

struct asked {
    struct sgi *sgi;
    struct generation *generation; /* of the configuration loaded last */
    struct worker worker;
    struct tenure tenure;
    struct http_connection connection;
    struct http_request *request;
    char text[4096]; /* the request as sent */
    char folder[64]; /* ends in '/'; relative names begin here */
};

/* Takes nothing: requests are not logged. */
static const struct log asked_silent = {.level = LOG_LEVEL_STDERR};

/* Of connections: no two in a process have the same. */
static uint64_t asked_number;

static inline void asked_expired(struct timeout *timeout)
{
    fail_msg("a timeout %p expired", (void *)timeout);
}

static inline int asked_setup(void **state)
{
    struct asked *asked = calloc(1, sizeof *asked);

    if (!asked)
        return -1;
    asked->sgi = sgi_create();
    strcpy(asked->folder, "/tmp/tidepool-test-XXXXXX");
    asked->worker.loop = ev_loop_new(0);
    if (!asked->sgi || !asked->worker.loop || !mkdtemp(asked->folder))
        return -1;
    timeouts_init(&asked->worker.timeouts, asked->worker.loop, asked_expired);
    strcat(asked->folder, "/");
    *state = asked;
    return 0;
}

static inline void asked_free(struct generation *generation)
{
    pool_destroy(generation->pool);
    free(generation);
}

/* The request and its connection end. */
static inline void asked_end(struct asked *asked)
{
    struct pool *pool = asked->connection.base.pool;

    if (asked->request && asked->request->response.file)
        http_response_drop_file(asked->request);
    if (pool) {
        output_discard(&asked->connection.base.output, pool);
        pool_destroy(pool);
    }
    memset(&asked->connection, 0, sizeof asked->connection);
    asked->request = NULL;
}

static inline int asked_teardown(void **state)
{
    struct asked *asked = *state;
    char command[128];

    asked_end(asked);
    if (asked->generation)
        asked_free(asked->generation);
    sgi_destroy(asked->sgi);
    timeouts_deinit(&asked->worker.timeouts);
    ev_loop_destroy(asked->worker.loop);
    http_regex_thread_release();
    snprintf(command, sizeof command, "rm -r %s", asked->folder);
    assert_int_equal(system(command), 0);
    free(asked);
    return 0;
}

/* Reads what stands in `http { … }` as a new generation; the one before stays the caller's (asked_free).
 * 0, or the sentence is in generation->conf.error. */
static inline int asked_try(struct asked *asked, const char *text)
{
    static const struct conf_module *const modules[] = {&http_block};
    static const struct conf_modules tables = {modules, 1};
    struct generation *generation = calloc(1, sizeof *generation);
    size_t size = strlen(text) + 64;
    char *whole = malloc(size);
    struct conf_node *root;
    int result = -1;

    assert_non_null(generation);
    assert_non_null(whole);
    generation->pool =
        pool_create(&(struct pool_options){.first_size = 4096, .block_size = 4096, .name = "http"});
    assert_non_null(generation->pool);
    generation->sgi = asked->sgi;
    generation->settings.log = &asked_silent;
    generation->conf.user = generation;
    assert_int_equal(conf_init(&generation->conf, generation->pool, asked->folder, NULL), 0);
    generation->conf.user = generation;
    snprintf(whole, size, "http { %s }", text);
    root = conf_read_text(&generation->conf, "text", whole, strlen(whole));
    if (root)
        result = conf_apply(&generation->conf, root->children, CONF_MAIN, &tables, NULL, generation);
    free(whole);
    asked->generation = generation;
    return result;
}

/* The same, which must succeed; nothing is logged unless `text` says so. */
static inline void asked_load(struct asked *asked, const char *text)
{
    char whole[4096];

    asked_end(asked);
    if (asked->generation)
        asked_free(asked->generation);
    snprintf(whole, sizeof whole, "access_log off; %s", text);
    if (asked_try(asked, whole))
        fail_msg("%s\n%s", asked->generation->conf.error, text);
}

/* The same, which must fail with a sentence that has `part` in it. */
static inline void asked_refuse(struct asked *asked, const char *text, const char *part)
{
    int result;

    asked_end(asked);
    if (asked->generation)
        asked_free(asked->generation);
    result = asked_try(asked, text);
    if (!result || !strstr(asked->generation->conf.error, part))
        fail_msg("%s\nis not refused with \"%s\" but %d: %s", text, part, result,
                 asked->generation->conf.error);
}

/* Runs a request whose bytes are asked->text, from 10.1.2.3:4567 on the first address. */
static inline struct http_request *asked_run_text(struct asked *asked)
{
    static const struct pool_options options = {.first_size = 512, .block_size = 4096, .name = "connection"};
    struct connection *base = &asked->connection.base;
    size_t length = strlen(asked->text);

    asked_end(asked);
    asked->tenure = (struct tenure){.worker = &asked->worker, .generation = asked->generation};
    asked->worker.tenure = &asked->tenure;
    base->pool = pool_create(&options);
    assert_non_null(base->pool);
    pool_pin(base->pool);
    base->worker = &asked->worker;
    base->tenure = &asked->tenure;
    base->binding = asked->generation->bindings;
    base->number = ++asked_number;
    base->io.fd = -1;
    base->opened = timeouts_now(&asked->worker.timeouts);
    base->peer = (struct peer){.bytes = {10, 1, 2, 3}, .port = 4567, .family = AF_INET};
    asked->request = http_advance_begin(&asked->connection);
    asked->connection.base.requests++; /* advance.c's part */
    assert_non_null(asked->request);
    asked->request->length = length;
    if (http_parser_feed(&asked->connection.parser, &asked->request->head, asked->text, length) !=
        HTTP_PARSE_DONE)
        fail_msg("%s\nis no request", asked->text);
    http_request_go_on(asked->request, http_route(asked->request));
    return asked->request;
}

/* Runs `METHOD target` with more field lines (each ended by CRLF; may be empty). */
static inline struct http_request *asked_run(struct asked *asked, const char *method, const char *target,
                                             const char *fields)
{
    snprintf(asked->text, sizeof asked->text, "%s %s HTTP/1.1\r\nHost: Asked.Example:81\r\n%s\r\n", method,
             target, fields);
    return asked_run_text(asked);
}

static inline void asked_equal(struct http_text text, const char *expected)
{
    char copy[4096];

    assert_non_null(text.bytes);
    assert_true(text.length < sizeof copy);
    memcpy(copy, text.bytes, text.length);
    copy[text.length] = '\0';
    assert_string_equal(copy, expected);
    assert_int_equal(text.length, strlen(expected));
}

/* A file below the folder, which is made with the folders that it stands in. */
static inline void asked_file(const struct asked *asked, const char *name, const char *content)
{
    char path[512], command[600];
    FILE *file;

    snprintf(path, sizeof path, "%s%s", asked->folder, name);
    snprintf(command, sizeof command, "mkdir -p \"$(dirname '%s')\"", path);
    assert_int_equal(system(command), 0);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

#endif
