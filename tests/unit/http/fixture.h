/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the http block share: a generation with a configuration in it, and two modules that stand
 * in for the real ones, so that a test sees which settings and steps a location has. */
#ifndef TESTS_UNIT_HTTP_FIXTURE_H
#define TESTS_UNIT_HTTP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/read.h"
#include "http/config.h"
#include "http/config/core_directives.h"
#include "http/route/locations.h"
#include "http/route/regex.h"
#include "http/request.h"
#include "http/route/server_names.h"
#include "pool/pool.h"
#include "server/generation.h"

/* Settings of the module that stands in for `return`: `mark TEXT;` answers, in the content phase. */
struct mark {
    const char *text;
    unsigned finished; /* how often */
};

/* Settings of the module that stands in for static: `early on;` steps in before, in the rewrite phase. */
struct early {
    bool on;
};

static inline enum http_outcome run_mark(struct http_request *request, void *section)
{
    (void)request;
    return ((struct mark *)section)->text ? HTTP_OUTCOME_ANSWERED : HTTP_OUTCOME_NEXT;
}

static inline enum http_outcome run_early(struct http_request *request, void *section)
{
    (void)request;
    return ((struct early *)section)->on ? HTTP_OUTCOME_STATUS : HTTP_OUTCOME_NEXT;
}

static inline void run_log(struct http_request *request, void *section)
{
    (void)request;
    (void)section;
}

static inline int default_mark(struct conf *conf, void *section)
{
    (void)conf;
    ((struct mark *)section)->text = "default";
    return 0;
}

static inline int finish_mark(struct http_build *build, struct http_location *location, void *section)
{
    struct mark *mark = section;
    int result = http_add_step(build, HTTP_PHASE_CONTENT, run_mark, mark);

    mark->finished++;
    assert_non_null(location->server);
    if (!strcmp(mark->text, "bad"))
        return conf_fail(http_build_conf(build), NULL, "a bad mark");
    return result ? result : http_add_log_step(build, run_log, mark);
}

static inline int finish_early(struct http_build *build, struct http_location *location, void *section)
{
    struct early *early = section;

    (void)location;
    return early->on ? http_add_step(build, HTTP_PHASE_REWRITE, run_early, early) : 0;
}

#define ALL_LEVELS (CONF_HTTP | CONF_SERVER | CONF_LOCATION)

static const struct conf_directive mark_directives[] = {
    {"mark", ALL_LEVELS, .offset = offsetof(struct mark, text), .set = conf_set_string, "The answer."}};
static const struct conf_directive early_directives[] = {
    {"early", ALL_LEVELS, .offset = offsetof(struct early, on), .preset = "off", .set = conf_set_flag,
     "Steps in before."}};
static const struct http_module mark_module = {.conf = {"mark", mark_directives, 1},
                                               .section_size = sizeof(struct mark),
                                               .defaults = default_mark,
                                               .finish = finish_mark};
static const struct http_module early_module = {
    .conf = {"early", early_directives, 1}, .section_size = sizeof(struct early), .finish = finish_early};

const struct http_module *const http_modules[HTTP_MODULES] = {
    [HTTP_MODULE_CORE] = &http_core_module,
    [HTTP_MODULE_REWRITE] = &mark_module,
    [HTTP_MODULE_STATIC] = &early_module,
};

struct fixture {
    struct generation generation;
    struct http_request request; /* for lookups: nothing but path, server and captures is set */
};

static inline int fixture_setup(void **state)
{
    *state = calloc(1, sizeof(struct fixture));
    return *state ? 0 : -1;
}

static inline void fixture_clear(struct fixture *fixture)
{
    if (fixture->generation.pool)
        pool_destroy(fixture->generation.pool);
    memset(fixture, 0, sizeof *fixture);
}

static inline int fixture_teardown(void **state)
{
    fixture_clear(*state);
    http_regex_thread_release();
    free(*state);
    return 0;
}

/* Reads `text` in the main context, anew. 0 or what conf_apply says; the sentence is in
 * generation.conf.error. */
static inline int fixture_load(struct fixture *fixture, const char *text)
{
    static const struct conf_module *const modules[] = {&http_block};
    static const struct conf_modules tables = {modules, 1};
    struct generation *generation = &fixture->generation;
    struct conf_node *root;

    fixture_clear(fixture);
    generation->pool =
        pool_create(&(struct pool_options){.first_size = 4096, .block_size = 4096, .name = "http"});
    assert_non_null(generation->pool);
    assert_int_equal(conf_init(&generation->conf, generation->pool, "/prefix/", NULL), 0);
    generation->conf.user = generation;
    root = conf_read_text(&generation->conf, "text", text, strlen(text));
    if (!root)
        return -1;
    return conf_apply(&generation->conf, root->children, CONF_MAIN, &tables, NULL, generation);
}

/* The same, of what stands in `http { … }`, where it must succeed. */
static inline void fixture_load_http(struct fixture *fixture, const char *text)
{
    size_t size = strlen(text) + 16;
    char *whole = malloc(size);
    int result;

    assert_non_null(whole);
    snprintf(whole, size, "http { %s }", text);
    result = fixture_load(fixture, whole);
    free(whole);
    if (result)
        fail_msg("%s\n%s", fixture->generation.conf.error, text);
}

static inline struct http_text text_of(const char *text)
{
    return (struct http_text){text, strlen(text)};
}

/* The only address, or the one whose text is `name`. */
static inline const struct http_address *fixture_address(const struct fixture *fixture, const char *name)
{
    for (const struct binding *at = fixture->generation.bindings; at; at = at->next)
        if (!name || !strcmp(at->address.text, name))
            return at->data;
    fail_msg("nothing listens on %s", name ? name : "any address");
    abort();
}

static inline const char *mark_of(const struct http_location *location)
{
    return ((const struct mark *)http_section(location, HTTP_MODULE_REWRITE))->text;
}

/* The mark of the location that takes `path` on the first server of the first address; NULL: the search
 * failed. */
static inline const char *fixture_find(struct fixture *fixture, const char *path)
{
    const struct http_location *location;

    fixture->request.server = fixture_address(fixture, NULL)->default_server;
    fixture->request.path = text_of(path);
    fixture->request.capture_count = 0;
    location = http_find_location(&fixture->request);
    fixture->request.location = location;
    fixture->request.route.found = fixture->request.path;
    return location ? mark_of(location) : NULL;
}

#endif
