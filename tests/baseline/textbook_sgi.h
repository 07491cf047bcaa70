/* SPDX-License-Identifier: BSD-2-Clause */
/* textbook_sgi: SGI STL's allocator as source document 0 has it, both levels and one mutex, kept
 * with its defects S1-S9, to be measured and to show what the project's does otherwise. Not for use.
 *
 * Lifetime: static; textbook_forget between tests gives the chunks back, which the original never does.
 * Threads: any, one lock. Errors: NULL with no handler; with one it may never return.
 */
#ifndef TESTS_BASELINE_TEXTBOOK_SGI_H
#define TESTS_BASELINE_TEXTBOOK_SGI_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

enum { TEXTBOOK_CLASSES = 16, TEXTBOOK_ALIGNMENT = 8, TEXTBOOK_MAX = 128, TEXTBOOK_BATCH = 20 };

extern pthread_mutex_t textbook_lock;
extern void *(*textbook_malloc)(size_t size); /* the system's, or a test's */
extern void *(*textbook_realloc)(void *p, size_t size);
extern uint64_t textbook_locked; /* times the lock was taken; under it */

void (*textbook_set_handler(void (*handler)(void)))(void); /* returns the old */
void *textbook_alloc(size_t size);
void textbook_free(void *p, size_t size);
void *textbook_reallocate(void *p, size_t old_size, size_t new_size);
size_t textbook_heap(void); /* bytes asked of the system so far */
void textbook_forget(void);

#endif
