/* SPDX-License-Identifier: BSD-2-Clause */
/* Making and filling a table. */
#include "http/route/names_table.h"

#include <errno.h>

int http_names_init(struct pool *pool, struct http_names_table *table, size_t count)
{
    size_t slots = 2;

    if (count > UINT32_MAX / 4)
        return -ENOMEM;
    while (slots < 2 * count)
        slots *= 2;
    table->slots = pool_array(pool, slots, sizeof *table->slots, "server names");
    if (!table->slots)
        return -ENOMEM;
    memset(table->slots, 0, slots * sizeof *table->slots);
    table->mask = (uint32_t)slots - 1;
    return 0;
}

void http_names_put(struct http_names_table *table, struct http_text name, uint32_t hash,
                    const struct http_server *server)
{
    uint32_t at = hash & table->mask;

    while (table->slots[at].server)
        at = (at + 1) & table->mask;
    table->slots[at] = (struct http_names_slot){name, server, hash};
    table->count++;
}
