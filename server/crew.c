/* SPDX-License-Identifier: BSD-2-Clause */
/* The crew: workers are added, told what to do, and joined when they have ended. */
#include "server/crew.h"

#include <errno.h>

#include "pool/sysmem.h"
#include "server/generation.h"
#include "server/tenure.h"
#include "server/worker.h"

static int make_room(struct crew *crew, unsigned count)
{
    struct crew_member *members;

    if (count <= crew->room)
        return 0;
    members = sysmem_realloc(SYSMEM_OF_WORKERS, crew->members, crew->room * sizeof *members,
                             count * sizeof *members);
    if (!members)
        return -ENOMEM;
    crew->members = members;
    crew->room = count;
    return 0;
}

static void discard(struct tenure **tenure)
{
    if (*tenure)
        tenure_abandon(*tenure);
    *tenure = NULL;
}

/* Joins a worker that was stopped or released. */
static void remove_member(struct crew_member *member)
{
    discard(&member->spare);
    discard(&member->next);
    worker_destroy(member->worker);
}

/* False: the released worker has declined, because it got a connection; then it leaves as before. */
static bool is_released(struct crew_member *member)
{
    if (worker_released(member->worker))
        return true;
    member->order = CREW_SERVE;
    return false;
}

/* Released workers are ending: they take no connection any more. */
static void join_released(struct crew *crew)
{
    unsigned kept = crew->count;

    for (unsigned i = crew->count; i < crew->total; i++) {
        if (crew->members[i].order == CREW_RELEASE && is_released(&crew->members[i])) {
            remove_member(&crew->members[i]);
            continue;
        }
        crew->members[kept++] = crew->members[i];
    }
    crew->total = kept;
}

static int add_workers(struct crew *crew, unsigned count)
{
    int error = make_room(crew, count);

    while (!error && crew->total < count) {
        struct worker *worker = worker_create(crew->shared, crew->next_index, &error);

        if (!worker)
            break;
        crew->next_index++;
        crew->members[crew->total++] = (struct crew_member){.worker = worker};
    }
    return error;
}

int crew_grow(struct crew *crew, unsigned count, struct generation *generation)
{
    int error;

    join_released(crew);
    error = add_workers(crew, count);
    for (unsigned i = 0; !error && i < crew->total; i++) {
        struct crew_member *member = &crew->members[i];

        member->spare = tenure_create(member->worker, generation);
        if (!member->spare)
            error = -ENOMEM;
    }
    if (error)
        crew_shrink(crew);
    return error;
}

void crew_shrink(struct crew *crew)
{
    for (unsigned i = 0; i < crew->total; i++)
        discard(&crew->members[i].spare);
    /* New workers stand at the end. They serve nothing yet, and this is their first message. */
    while (crew->total && !crew->members[crew->total - 1].told) {
        struct crew_member *member = &crew->members[--crew->total];

        (void)worker_send(member->worker, WORKER_RELEASE, NULL);
        worker_begin(member->worker);
        remove_member(member);
    }
}

void crew_divide(struct crew *crew, unsigned count)
{
    for (unsigned i = 0; i < crew->total; i++) {
        struct crew_member *member = &crew->members[i];

        discard(&member->next);
        member->next = member->spare;
        member->spare = NULL;
    }
    crew->count = count;
}

/* Its generation goes first: orders follow it. False: something could not be sent. */
static bool tell(struct crew_member *member, enum crew_order order)
{
    static const enum worker_message messages[] = {
        [CREW_RELEASE] = WORKER_RELEASE, [CREW_QUIT] = WORKER_QUIT, [CREW_STOP] = WORKER_STOP};

    if (member->next && order == CREW_SERVE) {
        if (worker_send(member->worker, WORKER_SWITCH, member->next))
            return false;
        member->next = NULL;
        member->told = true;
    }
    if (member->flush) {
        if (worker_send(member->worker, WORKER_FLUSH, NULL))
            return false;
        member->flush = false;
    }
    if (order != CREW_SERVE && member->order != order) {
        if (worker_send(member->worker, messages[order], NULL))
            return false;
        member->order = order;
    }
    return true;
}

/* Whether all have finished: only then can nobody send to a worker that has gone. */
static bool all_ended(const struct crew *crew, unsigned first)
{
    for (unsigned i = first; i < crew->total; i++)
        if (!atomic_load(&crew->members[i].worker->thread.ended))
            return false;
    return true;
}

/* New workers get their first message before others know them, and before one could pass a connection to
 * another. */
static void tell_new(struct crew *crew)
{
    for (unsigned i = 0; i < crew->total; i++)
        if (!crew->members[i].begun)
            (void)tell(&crew->members[i], crew->order); /* nothing was posted before: it cannot fail */
    for (unsigned i = 0; i < crew->total; i++) {
        struct crew_member *member = &crew->members[i];

        if (!member->begun)
            worker_begin(member->worker);
        member->begun = true;
    }
}

bool crew_tell(struct crew *crew, const struct generation *current)
{
    /* In this order: a worker that had left has ended, but passes connections on until it has heard. */
    bool quit_done = crew->order != CREW_SERVE && crew_deaf(crew) && all_ended(crew, 0);
    bool left = crew->order == CREW_SERVE && crew_switched(crew, current) && all_ended(crew, crew->count);
    bool sent = true;

    tell_new(crew);
    for (unsigned i = 0; i < crew->total; i++) {
        struct crew_member *member = &crew->members[i];

        /* Its mailbox may be gone already. */
        if (member->order == CREW_RELEASE &&
            (!atomic_load(&member->worker->thread.declined) || is_released(member)))
            continue;
        sent &= tell(member, quit_done || (left && i >= crew->count) ? CREW_RELEASE : crew->order);
    }
    return sent;
}

static bool all_gone(const struct crew *crew)
{
    for (unsigned i = 0; i < crew->total; i++)
        if (!atomic_load(&crew->members[i].worker->thread.gone))
            return false;
    return true;
}

bool crew_reap(struct crew *crew)
{
    unsigned kept = 0, serving = 0;

    /* At the end one may have declined its release, and go on looking at the others for a moment. */
    if (crew->order != CREW_SERVE && !all_gone(crew))
        return false;
    for (unsigned i = 0; i < crew->total; i++) {
        if (atomic_load(&crew->members[i].worker->thread.gone)) {
            remove_member(&crew->members[i]);
            continue;
        }
        crew->members[kept++] = crew->members[i];
        serving += i < crew->count;
    }
    crew->total = kept;
    crew->count = serving;
    return !kept;
}

bool crew_switched(const struct crew *crew, const struct generation *current)
{
    for (unsigned i = 0; i < crew->total; i++)
        if (atomic_load(&crew->members[i].worker->thread.generation) != current->number)
            return false;
    return true;
}

bool crew_deaf(const struct crew *crew)
{
    for (unsigned i = 0; i < crew->total; i++)
        if (!atomic_load(&crew->members[i].worker->thread.deaf) &&
            !atomic_load(&crew->members[i].worker->thread.gone))
            return false;
    return true;
}

void crew_deinit(struct crew *crew)
{
    sysmem_free(SYSMEM_OF_WORKERS, crew->members, crew->room * sizeof *crew->members);
}
