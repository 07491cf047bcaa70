/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: tells the memory checkers which bytes of a live block nobody may touch, and the compiler which
 *   functions need no guard. An allocator that keeps memory hides its misuse. Under AddressSanitizer the
 *   marks are exact to 8 bytes and checked at every access; in an ordinary build they cost nothing.
 *   annotate_*_deep also tells valgrind, at the price of a dozen instructions, and is for cold paths.
 * Lifetime: a range marked unusable must be marked usable before its memory goes back to the system.
 * Threads: any.
 * Errors: none.
 */
#ifndef POOL_ANNOTATE_H
#define POOL_ANNOTATE_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define ANNOTATE_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define ANNOTATE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ANNOTATE_ASAN 1
#elif __has_feature(thread_sanitizer)
#define ANNOTATE_TSAN 1
#endif
#endif

#ifdef ANNOTATE_ASAN
#include <sanitizer/asan_interface.h>
#endif

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define ANNOTATE_VALGRIND 1
#endif

/* UNGUARDED: a function on the way of each request without the stack protector's guard.
 * -fstack-protector-strong guards every function that takes the address of a local, which costs six
 * instructions a call; in twenty such functions that is a fiftieth of a small request. A function may be
 * marked if no local is an array and each local whose address is taken is filled as a whole by a function of
 * ours or of libc: then no length from outside can write past one. */
#if defined __has_attribute
#if __has_attribute(no_stack_protector)
#define UNGUARDED __attribute__((no_stack_protector))
#endif
#endif
#ifndef UNGUARDED
#define UNGUARDED
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

/* Tells valgrind that the bytes are defined: an allocator reads its link in unusable memory. */
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
