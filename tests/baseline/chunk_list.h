/* SPDX-License-Identifier: BSD-2-Clause */
/* chunk_list: the first design of source document 4: one list of {addr, size, flag, next},
 * searched on every call. A chunk that is used again keeps the smaller size, so chunks only get smaller. The
 * slow baseline. Not for use.
 *
 * Lifetime: create, destroy (which frees all). Threads: one. Errors: NULL.
 */
#ifndef TESTS_BASELINE_CHUNK_LIST_H
#define TESTS_BASELINE_CHUNK_LIST_H

#include <stddef.h>

struct chunk_list;

struct chunk_list *chunk_list_create(void);
void chunk_list_destroy(struct chunk_list *list);
void *chunk_list_alloc(struct chunk_list *list, size_t size);
void chunk_list_free(struct chunk_list *list, void *addr);
size_t chunk_list_length(const struct chunk_list *list); /* chunks, used and free */

#endif
