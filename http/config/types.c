/* SPDX-License-Identifier: BSD-2-Clause */
/* `types`: from extensions to media types. */
#include <errno.h>

#include "http/config/core_directives.h"
#include "pool/pool.h"

/* An empty table for `count` extensions. */
static struct http_mime *make_types(struct pool *pool, size_t count)
{
    struct http_mime *types = pool_calloc(pool, sizeof *types, "types");
    struct http_mime_slot *slots = pool_array(pool, http_mime_slots(count), sizeof *slots, "types");

    if (!types || !slots)
        return NULL;
    http_mime_init(types, slots, count);
    return types;
}

const struct http_mime *http_default_types(struct pool *pool)
{
    struct http_mime *types = make_types(pool, 3);

    if (types) {
        http_mime_add(types, "html", "text/html");
        http_mime_add(types, "gif", "image/gif");
        http_mime_add(types, "jpg", "image/jpeg");
    }
    return types;
}

int http_set_types(struct conf_setting *setting)
{
    const struct http_mime **field = conf_setting_field(setting);
    /* Further blocks of a level add to the first one; the level above is replaced. */
    const struct http_mime *before = setting->first ? NULL : *field;
    size_t count = before ? before->count : 0;
    struct http_mime *types;

    for (const struct conf_node *node = setting->node->children; node; node = node->next) {
        if (node->block)
            return conf_fail(setting->conf, node, "unexpected \"{\"");
        count += node->arg_count;
    }
    types = make_types(setting->conf->pool, count);
    if (!types)
        return -ENOMEM;
    for (size_t i = 0; before && i < before->slot_count; i++)
        if (before->slots[i].extension)
            http_mime_add(types, before->slots[i].extension, before->slots[i].type);
    for (const struct conf_node *node = setting->node->children; node; node = node->next)
        for (unsigned i = 0; i < node->arg_count; i++) {
            const char *old = http_mime_add(types, node->args[i], node->name);

            if (old)
                conf_warn(setting->conf, node,
                          "duplicate extension \"%s\", content type: \"%s\", previous content type: \"%s\"",
                          node->args[i], node->name, old);
        }
    *field = types;
    return 0;
}
