/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the life of a few pools, event by event, for whoever asked. The asker names a connection, the next
 *   one, or its own client's; the workers that have it write each event of its pool (pool/pool_follow.h),
 *   each request and each change of state into the follow's ring; the asker reads them as JSON
 *   (http/modules/view/pool_view.md).
 * Lifetime: a follow is counted: by its asker, by each message under way and by each pool that is followed.
 *   The asker is part of what its owner allocated, begins once and leaves before that goes; zeroed, it may
 *   leave without having begun.
 * Threads: the asker's worker; the followed pool's own worker writes (follow_desk.c), under the ring's lock.
 * Errors: -ENOMEM. Events without room in the ring are counted, and the count is an event of its own.
 */
#ifndef SERVER_WATCH_FOLLOW_H
#define SERVER_WATCH_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/watch/snapshot_query.h"

enum { FOLLOW_TEXT_MOST = 1536 /* bytes of an event as JSON, and more */ };

struct connection;
struct follow;
struct tenure;
struct text;
struct worker;

enum follow_which { FOLLOW_NOTHING, FOLLOW_ONE, FOLLOW_NEXT, FOLLOW_MINE };

struct follow_query {
    enum follow_which which;
    uint64_t id;                    /* of FOLLOW_ONE */
    char address[SNAPSHOT_ADDRESS]; /* of FOLLOW_NEXT: what the client's begins with; "": any */
    bool allocs;
};

/* As snapshot_query_parse: NULL, or what is wrong with it. */
const char *follow_query_parse(struct follow_query *query, const char *text, size_t length);

enum follow_found {
    FOLLOW_ASKING, /* workers have not answered yet */
    FOLLOW_FOUND,  /* or is waited for */
    FOLLOW_ABSENT, /* there is no such connection */
    FOLLOW_FULL,   /* its worker has FOLLOW_POOLS that are followed already */
    FOLLOW_SELF    /* it is one that follows */
};

struct follow_asker {
    /* Set by the owner: there is something to read, or a second has passed, or it has ended. */
    void (*look)(struct follow_asker *asker);
    /* the follow's */
    struct follow *follow; /* null: it has not begun, or has left */
    struct connection *connection;
    const struct tenure *tenure;
    struct follow_asker *previous, *next; /* of its worker */
};

/* 0 or -ENOMEM. */
int follow_begin(struct follow_asker *asker, struct connection *connection, const struct follow_query *query);
void follow_leave(struct follow_asker *asker);

enum follow_found follow_found(const struct follow_asker *asker);

/* What to tell an asker that is refused; NULL: it is not. */
const char *follow_refusal(enum follow_found found);

/* Writes the next event as a JSON object. False: there is none now. */
bool follow_read(struct follow_asker *asker, struct text *text);

/* The worker's part: what the engine calls (watch.c). */
void follow_desk_init(struct worker *worker);
void follow_desk_deinit(struct worker *worker);
void follow_desk_opened(struct connection *connection); /* `awaits` was set */
void follow_drain(struct worker *worker);               /* askers of an older generation have to end */

/* Why no events follow once all are read: a literal. NULL: some may follow. */
const char *follow_over(const struct follow_asker *asker);

#endif
