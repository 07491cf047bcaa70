/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/baseline/chunk_list.h"

#include <stdbool.h>
#include <stdlib.h>

struct chunk {
    void *addr;
    size_t size;
    bool flag; /* in use */
    struct chunk *next;
};

struct chunk_list {
    struct chunk *first;
};

struct chunk_list *chunk_list_create(void)
{
    return calloc(1, sizeof(struct chunk_list));
}

void chunk_list_destroy(struct chunk_list *list)
{
    struct chunk *chunk = list->first;

    while (chunk != NULL) {
        struct chunk *next = chunk->next;

        free(chunk->addr);
        free(chunk);
        chunk = next;
    }
    free(list);
}

void *chunk_list_alloc(struct chunk_list *list, size_t size)
{
    struct chunk *chunk;

    for (chunk = list->first; chunk != NULL; chunk = chunk->next) {
        if (!chunk->flag && chunk->size >= size) {
            chunk->flag = true;
            chunk->size = size;
            return chunk->addr;
        }
    }
    chunk = malloc(sizeof(*chunk));
    if (chunk == NULL)
        return NULL;
    *chunk = (struct chunk){.addr = malloc(size), .size = size, .flag = true, .next = list->first};
    if (chunk->addr == NULL) {
        free(chunk);
        return NULL;
    }
    list->first = chunk;
    return chunk->addr;
}

void chunk_list_free(struct chunk_list *list, void *addr)
{
    for (struct chunk *chunk = list->first; chunk != NULL; chunk = chunk->next) {
        if (chunk->addr == addr) {
            chunk->flag = false;
            return;
        }
    }
}

size_t chunk_list_length(const struct chunk_list *list)
{
    size_t length = 0;

    for (const struct chunk *chunk = list->first; chunk != NULL; chunk = chunk->next)
        length++;
    return length;
}
