/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * annotate: tells the memory checkers which bytes of a live block nobody may touch.
 *
 * Purpose: an allocator that keeps memory hides what happens in it. Under AddressSanitizer the marks are
 *   exact to 8 bytes and checked at every access; in an ordinary build they cost nothing. annotate_*_deep
 *   also tells valgrind, at the price of a dozen instructions, and is for cold paths.
 * Lifetime: a range marked unusable must be marked usable before its memory goes back to the system.
 * Threads: any.
 * Errors: none.
 */
#ifndef POOL_ANNOTATE_H
#define POOL_ANNOTATE_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define ANNOTATE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ANNOTATE_ASAN 1
#endif
#endif

#ifdef ANNOTATE_ASAN
#include <sanitizer/asan_interface.h>
#endif

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define ANNOTATE_VALGRIND 1
#endif

static inline void annotate_usable(const void *start, size_t size)
{
#ifdef ANNOTATE_ASAN
    __asan_unpoison_memory_region(start, size);
#else
    (void)start, (void)size;
#endif
}

static inline void annotate_unusable(const void *start, size_t size)
{
#ifdef ANNOTATE_ASAN
    __asan_poison_memory_region(start, size);
#else
    (void)start, (void)size;
#endif
}

/* The bytes may be touched; what they hold is undefined. */
static inline void annotate_usable_deep(const void *start, size_t size)
{
    annotate_usable(start, size);
#ifdef ANNOTATE_VALGRIND
    (void)VALGRIND_MAKE_MEM_UNDEFINED(start, size);
#endif
}

static inline void annotate_unusable_deep(const void *start, size_t size)
{
    annotate_unusable(start, size);
#ifdef ANNOTATE_VALGRIND
    (void)VALGRIND_MAKE_MEM_NOACCESS(start, size);
#endif
}

/* The bytes' contents are defined after all: an allocator's own link in memory that was marked unusable. */
static inline void annotate_defined(const void *start, size_t size)
{
#ifdef ANNOTATE_VALGRIND
    (void)VALGRIND_MAKE_MEM_DEFINED(start, size);
#else
    (void)start, (void)size;
#endif
}

/* The bytes are free, and an inline path may hand them out without telling valgrind. Until then ASan reports
 * any use; valgrind reports reads of what has not been written since. */
static inline void annotate_free_again(const void *start, size_t size)
{
    annotate_unusable(start, size);
#ifdef ANNOTATE_VALGRIND
    (void)VALGRIND_MAKE_MEM_UNDEFINED(start, size);
#endif
}

#endif
