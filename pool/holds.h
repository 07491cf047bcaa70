/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: who holds what, in builds with -DTIDEPOOL_CHECKS. A pointer from one thread's things to another's
 *   is followed because somebody keeps alive what it points to. Whoever does so says it here; whoever follows
 *   such a pointer, or frees what it points to, has that checked. docs/lifetimes.md has all of them. Without
 *   the flag all of this is nothing.
 * Lifetime: static: a table of as many holds as HOLDS_MAX. What is held is known by its address alone, and
 *   is never looked into.
 * Threads: any. The lock is not seen by ThreadSanitizer, so it makes no order between threads that the server
 *   itself does not make.
 * Errors: a rule that is broken ends the process by abort(), with a sentence on stderr that names all
 *   holders.
 *
 * `who` is the holder's address, or a number that stands for it; `why` says what it is, for the sentence: "a
 * connection". One may hold the same several times. `what` is the kind: "a tenure".
 */
#ifndef POOL_HOLDS_H
#define POOL_HOLDS_H

#ifdef TIDEPOOL_CHECKS

#include <stdbool.h>

enum { HOLDS_MAX = 1 << 17 };

void holds_take(const void *object, const void *who, const char *why);
void holds_give(const void *object, const void *who, const char *why);

/* It is freed: nobody may hold it any more. */
void holds_none(const void *object, const char *what);

/* A pointer to it is followed: that one must hold it. */
void holds_must(const void *object, const char *what, const void *who, const char *why);

/* Any other rule of a lifetime. There is no such function without checks: to know costs something. */
void holds_rule(bool kept, const char *rule);

#else

static inline void holds_take(const void *object, const void *who, const char *why)
{
    (void)object, (void)who, (void)why;
}

static inline void holds_give(const void *object, const void *who, const char *why)
{
    (void)object, (void)who, (void)why;
}

static inline void holds_none(const void *object, const char *what)
{
    (void)object, (void)what;
}

static inline void holds_must(const void *object, const char *what, const void *who, const char *why)
{
    (void)object, (void)what, (void)who, (void)why;
}

#endif

#endif
