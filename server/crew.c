/* SPDX-License-Identifier: BSD-2-Clause */
#include "server/crew.h"

#include <errno.h>

#include "pool/sysmem.h"

static int make_room(struct crew *crew, unsigned count)
{
    if (count > crew->member_room) {
        struct crew_member *members =
            sysmem_realloc(crew->members, crew->member_room * sizeof *members, count * sizeof *members);

        if (!members)
            return -ENOMEM;
        crew->members = members;
        crew->member_room = count;
    }
    if (count > crew->worker_room) {
        struct worker **workers =
            sysmem_realloc(crew->workers, crew->worker_room * sizeof *workers, count * sizeof *workers);

        if (!workers)
            return -ENOMEM;
        crew->workers = workers;
        crew->worker_room = count;
    }
    return 0;
}

/* Workers that leave and were released are on their last lines: they have no connection and take none. */
static void join_released(struct crew *crew)
{
    unsigned kept = crew->count;

    for (unsigned i = crew->count; i < crew->total; i++) {
        if (crew->members[i].order == CREW_RELEASE) {
            worker_destroy(crew->workers[i]);
            continue;
        }
        crew->members[kept] = crew->members[i];
        crew->workers[kept++] = crew->workers[i];
    }
    crew->total = kept;
}

int crew_grow(struct crew *crew, unsigned count)
{
    unsigned before;
    int error;

    join_released(crew);
    before = crew->total;
    error = make_room(crew, count);
    while (!error && crew->total < count) {
        struct worker *worker = worker_create(crew->shared, crew->next_index, &error);

        if (!worker)
            break;
        crew->next_index++;
        crew->members[crew->total] = (struct crew_member){.worker = worker};
        crew->workers[crew->total++] = worker;
    }
    if (!error)
        return 0;
    while (crew->total > before) {
        struct worker *worker = crew->workers[--crew->total];

        /* It serves nothing yet and its mailbox is empty; a failed send is tried until memory is there. */
        while (worker_send(worker, WORKER_STOP, NULL))
            ;
        worker_destroy(worker);
    }
    return error;
}

void crew_divide(struct crew *crew, unsigned count)
{
    crew->count = count;
}

static bool tell(struct crew_member *member, struct generation *current, enum crew_order order)
{
    static const enum worker_message messages[] = {
        [CREW_RELEASE] = WORKER_RELEASE, [CREW_QUIT] = WORKER_QUIT, [CREW_STOP] = WORKER_STOP};

    if (current && member->told != current->number && order == CREW_SERVE) {
        generation_get(current);
        if (worker_send(member->worker, WORKER_SWITCH, current)) {
            generation_put(current);
            return false;
        }
        member->told = current->number;
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

/* All have finished: only then nobody can send a connection to a worker that has already gone. */
static bool all_ended(const struct crew *crew, unsigned first)
{
    for (unsigned i = first; i < crew->total; i++)
        if (!atomic_load(&crew->workers[i]->ended))
            return false;
    return true;
}

bool crew_tell(struct crew *crew, struct generation *current)
{
    bool quit_done = crew->order == CREW_QUIT && all_ended(crew, 0);
    bool left =
        crew->order == CREW_SERVE && current && crew_switched(crew, current) && all_ended(crew, crew->count);
    bool sent = true;

    for (unsigned i = 0; i < crew->total; i++) {
        enum crew_order order = crew->order;

        if (atomic_exchange(&crew->workers[i]->lagging, false)) {
            crew->members[i].told = 0;
            sent = false; /* not at once: memory may be there in a moment */
            continue;
        }

        if (quit_done || (left && i >= crew->count))
            order = CREW_RELEASE;
        else if (crew->members[i].order == CREW_RELEASE)
            crew->members[i].order =
                order; /* it had new work when it was released: ask again once it has ended */
        sent &= tell(&crew->members[i], current, order);
    }
    return sent;
}

bool crew_reap(struct crew *crew)
{
    unsigned kept = 0, serving = 0;

    for (unsigned i = 0; i < crew->total; i++) {
        if (atomic_load(&crew->workers[i]->gone)) {
            worker_destroy(crew->workers[i]);
            continue;
        }
        crew->members[kept] = crew->members[i];
        crew->workers[kept++] = crew->workers[i];
        serving += i < crew->count;
    }
    crew->total = kept;
    crew->count = serving;
    return !kept;
}

bool crew_switched(const struct crew *crew, const struct generation *current)
{
    for (unsigned i = 0; i < crew->total; i++)
        if (atomic_load(&crew->workers[i]->generation) != current->number)
            return false;
    return true;
}

bool crew_deaf(const struct crew *crew)
{
    for (unsigned i = 0; i < crew->total; i++)
        if (!atomic_load(&crew->workers[i]->deaf))
            return false;
    return true;
}

void crew_deinit(struct crew *crew)
{
    sysmem_free(crew->members, crew->member_room * sizeof *crew->members);
    sysmem_free(crew->workers, crew->worker_room * sizeof *crew->workers);
}
