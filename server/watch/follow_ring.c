/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring of a follow: written by workers, read by the asker. */
#include "server/watch/follow_ring.h"

#include <string.h>

#include "pool/holds.h"
#include "pool/sysmem.h"
#include "server/watch/snapshot_part.h"
#include "server/watch/watched.h"

void follow_get(struct follow *follow)
{
    holds_take(follow, NULL, "a reference");
    atomic_fetch_add_explicit(&follow->references, 1, memory_order_relaxed);
}

void follow_put(struct follow *follow)
{
    if (!follow)
        return;
    holds_give(follow, NULL, "a reference");
    if (atomic_fetch_sub_explicit(&follow->references, 1, memory_order_acq_rel) != 1)
        return;
    holds_none(follow, "a follow");
    pthread_mutex_destroy(&follow->lock);
    sysmem_free(SYSMEM_OF_VIEW, follow, sizeof *follow);
}

static union follow_slot *slot_at(struct follow *follow, uint32_t after)
{
    return &follow->slots[(follow->first + after) % FOLLOW_SLOTS];
}

static uint32_t slots_of(size_t label)
{
    return (uint32_t)(1 + (label + sizeof(union follow_slot) - 1) / sizeof(union follow_slot));
}

static void put(struct follow *follow, const struct follow_event *event, const char *label, size_t length)
{
    uint32_t need = slots_of(length);

    slot_at(follow, follow->used)->event = *event;
    for (uint32_t i = 1; i < need; i++) {
        size_t from = (i - 1) * sizeof(union follow_slot), rest = length - from;
        union follow_slot *slot = slot_at(follow, follow->used + i);

        memset(slot, 0, sizeof *slot);
        memcpy(slot->label, label + from, rest < sizeof slot->label ? rest : sizeof slot->label);
    }
    follow->used += need;
}

void follow_write(struct follow *follow, const struct follow_event *event, const char *label, size_t length)
{
    struct follow_event copy = *event, dropped = *event;
    bool lost;

    if (length > FOLLOW_LABEL_MOST) {
        length = FOLLOW_LABEL_MOST;
        copy.flag = 1;
    }
    copy.label = (uint8_t)length;
    pthread_mutex_lock(&follow->lock);
    lost = follow->dropped != 0;
    if (follow->used + slots_of(length) + lost > FOLLOW_SLOTS) {
        follow->dropped++;
        follow->lost = *event;
    } else {
        if (lost) {
            dropped.kind = FOLLOW_DROPPED;
            dropped.bytes = follow->dropped;
            dropped.label = 0;
            put(follow, &dropped, "", 0);
            follow->dropped = 0;
        }
        put(follow, &copy, label, length);
    }
    pthread_mutex_unlock(&follow->lock);
}

bool follow_take(struct follow *follow, struct follow_event *event, char label[FOLLOW_LABEL_MOST + 1])
{
    bool is = false;

    label[0] = '\0';
    pthread_mutex_lock(&follow->lock);
    if (follow->used) {
        uint32_t need;

        is = true;
        *event = slot_at(follow, 0)->event;
        need = slots_of(event->label);
        for (uint32_t i = 1; i < need; i++) {
            size_t from = (i - 1) * sizeof(union follow_slot), rest = event->label - from;

            memcpy(label + from, slot_at(follow, i)->label,
                   rest < sizeof(union follow_slot) ? rest : sizeof(union follow_slot));
        }
        label[event->label] = '\0';
        follow->first = (follow->first + need) % FOLLOW_SLOTS;
        follow->used -= need;
    } else if (follow->dropped) { /* and nothing came after them: perhaps the pool has gone */
        is = true;
        *event = follow->lost;
        event->kind = FOLLOW_DROPPED;
        event->bytes = follow->dropped;
        event->label = 0;
        follow->dropped = 0;
    }
    pthread_mutex_unlock(&follow->lock);
    return is;
}

/* Under the lock the asker's worker cannot go: it leaves all its follows first. Without memory the message is
 * sent with the next event; besides, the asker looks once a second. */
static void wake_locked(struct follow *follow, double now)
{
    const struct message message = {.kind = WORKER_WATCH, .descriptor = -1, .pointers = {&follow->wakes}};

    if (!follow->worker || follow->woken)
        return;
    holds_must(&follow->worker->mailbox, "a mailbox", follow, "a follow of its worker's");
    follow_get(follow); /* for the message */
    follow->woken_at = now;
    follow->woken = !mailbox_send(&follow->worker->mailbox, &message);
    if (follow->woken)
        return;
    holds_give(follow, NULL, "a reference");
    atomic_fetch_sub_explicit(&follow->references, 1, memory_order_relaxed); /* the caller has one */
}

void follow_wake(struct follow *follow)
{
    pthread_mutex_lock(&follow->lock);
    wake_locked(follow, snapshot_clock());
    pthread_mutex_unlock(&follow->lock);
}

double follow_wake_paced(struct follow *follow, double now)
{
    double wait = 0;

    pthread_mutex_lock(&follow->lock);
    if (follow->used || follow->dropped) {
        wait = follow->woken_at + FOLLOW_PACE - now;
        if (wait <= 0 || follow->used >= FOLLOW_SLOTS / 2) {
            wake_locked(follow, now);
            wait = FOLLOW_PACE;
        }
    }
    pthread_mutex_unlock(&follow->lock);
    return wait;
}
