/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the events of a follow between worker and asker, in struct follow, which both share. An event is a
 *   slot; its label (a request line, a client) lies in the slots behind it.
 * Lifetime: counted; see follow.h.
 * Threads: what stands below the lock is touched under it.
 * Errors: a ring that is full drops events and counts them.
 */
#ifndef SERVER_WATCH_FOLLOW_RING_H
#define SERVER_WATCH_FOLLOW_RING_H

#include <pthread.h>
#include <stdatomic.h>

#include "pool/pool_follow.h"
#include "server/address.h"
#include "server/watch/follow.h"
#include "server/watch/watched.h"

enum {
    FOLLOW_SLOTS = 640,      /* 30 KiB */
    FOLLOW_LABEL_MOST = 160, /* bytes; a longer one is cut */
    FOLLOW_METHOD_MOST = 30  /* of those */
};

/* Seconds between two messages to the asker, unless the ring fills sooner: a busy pool has events in each
 * turn, and a message and an answer for each would cost more than the requests themselves. */
#define FOLLOW_PACE 0.02

enum follow_kind { /* behind those of enum pool_event_kind */
                   FOLLOW_CREATE = POOL_EVENT_NOTE + 1,
                   FOLLOW_HAVE,
                   FOLLOW_REQUEST,
                   FOLLOW_STATE,
                   FOLLOW_DROPPED
};

struct follow_event {
    uint64_t at;          /* µs since the connection was accepted */
    uint64_t number;      /* of the connection */
    const char *text;     /* a literal: the purpose, the protocol, the state */
    uint64_t bytes, held; /* FOLLOW_DROPPED: bytes is their count */
    uint32_t count;       /* requests begun */
    uint16_t worker;
    uint8_t kind;        /* enum pool_event_kind, enum follow_kind */
    uint8_t piece : 2;   /* enum pool_event_piece */
    uint8_t failure : 3; /* enum pool_failure */
    uint8_t flag : 1;    /* FOLLOW_CREATE: it was there before; FOLLOW_REQUEST: the label was cut */
    uint8_t label;       /* bytes */
};

union follow_slot {
    struct follow_event event;
    char label[sizeof(struct follow_event)];
};

struct follow {
    atomic_uint references;
    struct errand asked; /* to all workers, and again when the asker leaves */
    struct errand wakes; /* to the asker's */
    /* set once */
    struct follow_query query;
    struct peer peer; /* the asker's */
    double begun;     /* snapshot_clock(): workers that have not answered in time are not waited for */
    struct follow_asker *asker; /* its worker's; null: it has left */
    /* any worker's */
    atomic_bool left;    /* the asker's word to the others */
    atomic_bool claimed; /* FOLLOW_NEXT: one has been found */

    pthread_mutex_t lock;
    struct worker *worker;         /* the asker's; null: it has left */
    bool woken;                    /* a message is on its way to it */
    double woken_at;               /* snapshot_clock(): the last one was sent */
    unsigned asked_count, answers; /* workers asked besides the asker's; those that have looked */
    unsigned pools;                /* followed now */
    bool found, full, self, ended; /* `ended`: the pool that it was about has gone */
    uint32_t first, used;          /* slots */
    uint64_t dropped;
    struct follow_event lost; /* the last of those */
    union follow_slot slots[FOLLOW_SLOTS];
};

void follow_get(struct follow *follow);
void follow_put(struct follow *follow); /* NULL is allowed */

/* Writes an event, and `label` behind it, which may be "". */
void follow_write(struct follow *follow, const struct follow_event *event, const char *label, size_t length);

/* Tells its asker that there are events. */
void follow_wake(struct follow *follow);

/* The same, at most once in FOLLOW_PACE unless the ring is half full. The result is the seconds after which
 * it is to be called again; 0: there is nothing left to tell. `now` is snapshot_clock(). */
double follow_wake_paced(struct follow *follow, double now);

/* Takes the oldest event and its label, NUL-terminated. False: there is none. */
bool follow_take(struct follow *follow, struct follow_event *event, char label[FOLLOW_LABEL_MOST + 1]);

/* The event as a JSON object. */
void follow_print(struct text *text, const struct follow_event *event, const char *label);

/* follow_desk.c: a follow has arrived at this worker. */
void follow_desk_take(struct worker *worker, struct follow *follow);

#endif
