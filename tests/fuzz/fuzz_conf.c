/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any text as a configuration: it is a tree or an error, never both; the tree applies or fails with a
 * sentence. A text that mentions `include` is passed over, since it would read files of this machine.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/read.h"
#include "conf/set.h"
#include "pool/pool.h"

struct settings {
    bool flag;
    int64_t number, msec, sec;
    size_t size;
    off_t offset;
    const char *string, *path;
    struct conf_buffers buffers;
};

static int set_block(struct conf_setting *setting)
{
    struct settings inner = *(const struct settings *)setting->scope;

    return conf_apply_children(setting, CONF_MAIN, &inner);
}

#define ROW(field_name, arguments)                                                                           \
    {                                                                                                        \
        .name = #field_name, .contexts = CONF_MAIN, .args = {(arguments), (arguments)},                      \
        .set = conf_set_##field_name, .offset = offsetof(struct settings, field_name)                        \
    }

static const struct conf_directive rows[] = {
    ROW(flag, 1),
    ROW(number, 1),
    ROW(msec, 1),
    ROW(sec, 1),
    ROW(size, 1),
    ROW(offset, 1),
    ROW(string, 1),
    ROW(path, 1),
    ROW(buffers, 2),
    {.name = "block",
     .contexts = CONF_MAIN,
     .args = {0, CONF_ARGS_ANY},
     .flags = CONF_BLOCK | CONF_REPEAT,
     .set = set_block},
};

static const struct conf_module module = {"all", rows, sizeof rows / sizeof rows[0]};
static const struct conf_module *const list[] = {&module};
static const struct conf_modules modules = {list, 1};

static void *find_section(void *scope, unsigned number)
{
    (void)number;
    return scope;
}

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* Reads every byte of the tree, so that a sanitizer sees one that is not there. */
static size_t measure(const struct conf_node *node)
{
    size_t length = 0;

    for (; node != NULL; node = node->next) {
        length += strlen(node->name) + strlen(node->file);
        for (unsigned i = 0; i < node->arg_count; i++)
            length += strlen(node->args[i]);
        require(node->args[node->arg_count] == NULL);
        require(node->block || node->children == NULL);
        length += measure(node->children);
    }
    return length;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pool *pool =
        pool_create(&(struct pool_options){.first_size = 4096, .block_size = 4096, .name = "fuzz"});
    struct settings settings = {0};
    struct conf conf;

    if (pool == NULL || size == 0 || memmem(data, size, "include", 7) != NULL ||
        conf_init(&conf, pool, "/", NULL) != 0) {
        pool_destroy(pool);
        return 0;
    }
    struct conf_node *root = conf_read_text(&conf, "text", (const char *)data, size);
    require((root == NULL) == (conf.error[0] != '\0'));
    if (root != NULL) {
        require(measure(root->children) <= 5 * size);
        int rc = conf_apply(&conf, root->children, CONF_MAIN, &modules, find_section, &settings);
        require((rc != 0) == (conf.error[0] != '\0'));
    }
    pool_destroy(pool);
    return 0;
}
