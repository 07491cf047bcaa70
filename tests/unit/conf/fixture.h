/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of conf/ share: a pool with a reading in it, a folder for files, and a tree written as one
 * line.
 */
#ifndef TESTS_UNIT_CONF_FIXTURE_H
#define TESTS_UNIT_CONF_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/read.h"
#include "pool/pool.h"

struct fixture {
    struct pool *pool;
    struct conf conf;
    char folder[64]; /* ends in '/'; need not exist */
};

/* Starts anew with an empty pool; the configuration file is said to be folder/nginx.conf. */
static inline void fixture_start(struct fixture *fixture)
{
    char file[128];

    if (fixture->pool != NULL)
        pool_destroy(fixture->pool);
    fixture->pool =
        pool_create(&(struct pool_options){.first_size = 4096, .block_size = 4096, .name = "conf"});
    assert_non_null(fixture->pool);
    snprintf(file, sizeof file, "%snginx.conf", fixture->folder);
    assert_int_equal(conf_init(&fixture->conf, fixture->pool, "/prefix", file), 0);
}

static inline int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    if (fixture == NULL)
        return -1;
    strcpy(fixture->folder, "/nowhere/");
    fixture_start(fixture);
    *state = fixture;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;

    pool_destroy(fixture->pool);
    free(fixture);
    return 0;
}

static inline struct conf_node *fixture_read(struct fixture *fixture, const char *text)
{
    return conf_read_text(&fixture->conf, "text", text, strlen(text));
}

/* `name|arg|arg@line;` and `name@line{…}`, for the children of a root. */
static inline size_t fixture_render(const struct conf_node *node, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (; node != NULL; node = node->next) {
        used += (size_t)snprintf(out + used, size - used, "%s", node->name);
        for (unsigned i = 0; i < node->arg_count; i++)
            used += (size_t)snprintf(out + used, size - used, "|%s", node->args[i]);
        assert_null(node->args[node->arg_count]);
        used += (size_t)snprintf(out + used, size - used, "@%u%s", node->line, node->block ? "{" : ";");
        if (node->block) {
            used += fixture_render(node->children, out + used, size - used);
            used += (size_t)snprintf(out + used, size - used, "}");
        }
        assert_true(used < size);
    }
    return used;
}

#endif
