/* SPDX-License-Identifier: BSD-2-Clause */
/* A table of holds, for builds with checks; in others this file is empty. */
#include "pool/holds.h"

#ifdef TIDEPOOL_CHECKS

#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As if it were not there: see the header. */
#define UNSEEN __attribute__((no_sanitize("thread")))

struct hold {
    const void *object; /* null: a free place */
    const void *who;
    const char *why; /* null: the sum of all holds on the object */
    unsigned long count;
};

static struct hold holds_table[2 * HOLDS_MAX]; /* at most half full, or looking would take long */
static unsigned holds_used;
static char holds_lock;

UNSEEN static void lock(void)
{
    while (__atomic_test_and_set(&holds_lock, __ATOMIC_ACQUIRE))
        sched_yield();
}

UNSEEN static void unlock(void)
{
    __atomic_clear(&holds_lock, __ATOMIC_RELEASE);
}

/* Literals of one text may stand at several addresses. */
UNSEEN static bool same(const char *a, const char *b)
{
    while (a != b && a && b && *a && *a == *b)
        a++, b++;
    return a == b || (a && b && *a == *b);
}

UNSEEN static unsigned place_of(const void *object, const void *who, const char *why)
{
    uint64_t hash = ((uintptr_t)object ^ ((uintptr_t)who * 0x9E3779B97F4A7C15)) * 0xD6E8FEB86659FD93;

    hash ^= why ? (uint64_t)(unsigned char)why[0] << 32 : 0;
    return (unsigned)(hash >> 32) % (2 * HOLDS_MAX);
}

/* The place where it stands, or else the free one where it belongs. */
UNSEEN static struct hold *find(const void *object, const void *who, const char *why)
{
    unsigned at = place_of(object, who, why);

    while (holds_table[at].object && (holds_table[at].object != object || holds_table[at].who != who ||
                                      !same(holds_table[at].why, why)))
        at = (at + 1) % (2 * HOLDS_MAX);
    return &holds_table[at];
}

UNSEEN static void add(const void *object, const void *who, const char *why)
{
    struct hold *hold = find(object, who, why);

    if (!hold->object) {
        if (++holds_used > HOLDS_MAX)
            abort();
        hold->object = object;
        hold->who = who;
        hold->why = why;
    }
    hold->count++;
}

/* Frees a place. Those behind it that were kept from theirs move up. */
UNSEEN static void clear(struct hold *hold)
{
    unsigned gap = (unsigned)(hold - holds_table), at = gap;

    holds_used--;
    for (;;) {
        const struct hold *next;
        unsigned home;

        at = (at + 1) % (2 * HOLDS_MAX);
        next = &holds_table[at];
        if (!next->object)
            break;
        home = place_of(next->object, next->who, next->why);
        if ((at - home) % (2 * HOLDS_MAX) >= (at - gap) % (2 * HOLDS_MAX)) {
            holds_table[gap] = *next;
            gap = at;
        }
    }
    holds_table[gap] = (struct hold){0};
}

UNSEEN static void subtract(struct hold *hold)
{
    if (!--hold->count)
        clear(hold);
}

/* Says what was broken, and who holds the object, as far as somebody does. */
UNSEEN __attribute__((noreturn)) static void broken(const char *what, const char *rule, const void *object)
{
    const struct hold *sum = find(object, NULL, NULL);

    fprintf(stderr, "%s (%p) %s", what, object, rule);
    if (object)
        fprintf(stderr, "; %lu hold it%s", sum->count, sum->count ? ":" : "");
    for (const struct hold *hold = holds_table; object && hold < holds_table + 2 * HOLDS_MAX; hold++)
        if (hold->object == object && hold->why)
            fprintf(stderr, " %s (%p) %lu times,", hold->why, hold->who, hold->count);
    fprintf(stderr, "\n");
    abort();
}

UNSEEN void holds_take(const void *object, const void *who, const char *why)
{
    lock();
    add(object, who, why);
    add(object, NULL, NULL);
    unlock();
}

UNSEEN void holds_give(const void *object, const void *who, const char *why)
{
    struct hold *hold;

    lock();
    hold = find(object, who, why);
    if (!hold->object)
        broken(why, "gives back what it does not hold", object);
    subtract(hold);
    subtract(find(object, NULL, NULL));
    unlock();
}

UNSEEN void holds_none(const void *object, const char *what)
{
    lock();
    if (find(object, NULL, NULL)->object)
        broken(what, "is freed while it is held", object);
    unlock();
}

UNSEEN void holds_must(const void *object, const char *what, const void *who, const char *why)
{
    lock();
    if (!find(object, who, why)->object) {
        fprintf(stderr, "%s (%p) follows what it does not hold: ", why, who);
        broken(what, "is followed", object);
    }
    unlock();
}

UNSEEN void holds_rule(bool kept, const char *rule)
{
    if (kept)
        return;
    fprintf(stderr, "a lifetime is broken: %s\n", rule);
    abort();
}

#endif
