/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/baseline/textbook_sgi.h"

#include <stdlib.h>
#include <string.h>

union object {
    union object *next;
    char bytes[1];
};

/* Only for textbook_forget: the original does not remember its chunks. */
enum { CHUNKS_MAX = 4096 };

pthread_mutex_t textbook_lock = PTHREAD_MUTEX_INITIALIZER;
void *(*textbook_malloc)(size_t) = malloc;
void *(*textbook_realloc)(void *, size_t) = realloc;
uint64_t textbook_locked;

static void (*oom_handler)(void);
static union object *lists[TEXTBOOK_CLASSES];
static char *start_free, *end_free;
static size_t heap_size;
static void *chunks[CHUNKS_MAX];
static unsigned chunk_count;

static size_t round_up(size_t bytes)
{
    return (bytes + TEXTBOOK_ALIGNMENT - 1) & ~(size_t)(TEXTBOOK_ALIGNMENT - 1);
}

static size_t index_of(size_t bytes)
{
    return (bytes + TEXTBOOK_ALIGNMENT - 1) / TEXTBOOK_ALIGNMENT - 1;
}

void (*textbook_set_handler(void (*handler)(void)))(void)
{
    void (*old)(void) = oom_handler;

    oom_handler = handler;
    return old;
}

/* Level 1: the handler is asked for as long as it takes. */
static void *level1_alloc(size_t size)
{
    void *p = textbook_malloc(size);

    while (p == NULL && oom_handler != NULL) {
        oom_handler();
        p = textbook_malloc(size);
    }
    return p;
}

static char *chunk_alloc(size_t size, int *count)
{
    size_t total = size * (size_t)*count;
    size_t left = (size_t)(end_free - start_free);
    size_t wanted;
    char *start;

    if (left >= size) {
        if (left < total)
            *count = (int)(left / size);
        start = start_free;
        start_free += size * (size_t)*count;
        return start;
    }
    if (left > 0) {
        union object *rest = (union object *)(void *)start_free;

        rest->next = lists[index_of(left)];
        lists[index_of(left)] = rest;
    }
    wanted = 2 * total + round_up(heap_size >> 4);
    start_free = textbook_malloc(wanted);
    end_free = start_free;
    if (start_free == NULL) {
        for (size_t bytes = size; bytes <= TEXTBOOK_MAX; bytes += TEXTBOOK_ALIGNMENT) {
            union object *object = lists[index_of(bytes)];

            if (object == NULL)
                continue;
            lists[index_of(bytes)] = object->next;
            start_free = (char *)object;
            end_free = start_free + bytes;
            return chunk_alloc(size, count);
        }
        start_free = end_free = level1_alloc(wanted);
        if (start_free == NULL)
            return NULL;
    }
    if (chunk_count < CHUNKS_MAX)
        chunks[chunk_count++] = start_free;
    heap_size += wanted;
    end_free = start_free + wanted;
    return chunk_alloc(size, count);
}

static void *refill(size_t size)
{
    int count = TEXTBOOK_BATCH;
    char *chunk = chunk_alloc(size, &count);

    for (int i = count - 1; chunk != NULL && i > 0; i--) {
        union object *object = (union object *)(void *)(chunk + (size_t)i * size);

        object->next = lists[index_of(size)];
        lists[index_of(size)] = object;
    }
    return chunk;
}

void *textbook_alloc(size_t size)
{
    union object *object;

    if (size == 0)
        size = 1;
    if (size > TEXTBOOK_MAX)
        return level1_alloc(size);
    pthread_mutex_lock(&textbook_lock);
    textbook_locked++;
    object = lists[index_of(size)];
    if (object != NULL)
        lists[index_of(size)] = object->next;
    else
        object = refill(round_up(size));
    pthread_mutex_unlock(&textbook_lock);
    return object;
}

void textbook_free(void *p, size_t size)
{
    union object *object = p;

    if (size > TEXTBOOK_MAX) {
        free(p);
        return;
    }
    pthread_mutex_lock(&textbook_lock);
    textbook_locked++;
    object->next = lists[index_of(size)];
    lists[index_of(size)] = object;
    pthread_mutex_unlock(&textbook_lock);
}

void *textbook_reallocate(void *p, size_t old_size, size_t new_size)
{
    void *moved;

    if (old_size > TEXTBOOK_MAX && new_size > TEXTBOOK_MAX)
        return textbook_realloc(p, new_size); /* round its own handler */
    if (round_up(old_size) == round_up(new_size))
        return p;
    moved = textbook_alloc(new_size);
    if (moved == NULL)
        return NULL;
    memcpy(moved, p, old_size < new_size ? old_size : new_size);
    textbook_free(p, old_size);
    return moved;
}

size_t textbook_heap(void)
{
    return heap_size;
}

void textbook_forget(void)
{
    for (unsigned i = 0; i < chunk_count; i++)
        free(chunks[i]);
    chunk_count = 0;
    memset(lists, 0, sizeof(lists));
    start_free = end_free = NULL;
    heap_size = 0;
    textbook_locked = 0;
}
