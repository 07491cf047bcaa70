/* SPDX-License-Identifier: BSD-2-Clause */
/* An event of a follow as JSON: its keys, always in the same order, are in pool_view.md. */
#include "server/watch/follow_ring.h"

#include <stdio.h>
#include <string.h>

#include "server/connection.h"
#include "server/watch/text.h"

static const char *const kinds[] = {
    [POOL_EVENT_PIN] = "pin",     [POOL_EVENT_TAKE] = "take",       [POOL_EVENT_GIVE] = "give",
    [POOL_EVENT_ALLOC] = "alloc", [POOL_EVENT_RESET] = "reset",     [POOL_EVENT_IDLE] = "idle",
    [FOLLOW_CREATE] = "create",   [POOL_EVENT_REFUSED] = "refused", [POOL_EVENT_DESTROY] = "destroy",
    [FOLLOW_HAVE] = "have",       [FOLLOW_REQUEST] = "request",     [FOLLOW_STATE] = "state",
    [FOLLOW_DROPPED] = "dropped",
};

static const char *const pieces[] = {
    [POOL_PIECE_BLOCK] = "block", [POOL_PIECE_LARGE] = "large", [POOL_PIECE_BUFFER] = "buffer"};

/* The directive that set the limit. */
static const char *const limits[POOL_FAILURES] = {[POOL_FAILURE_SYSTEM] = "system",
                                                  [POOL_FAILURE_BUDGET] = "connection_pool_budget",
                                                  [POOL_FAILURE_TOTAL] = "memory_budget",
                                                  [POOL_FAILURE_WORKER] = "worker_memory_budget"};

/* The label is METHOD TARGET. */
static void print_request(struct text *text, const struct follow_event *event, const char *label)
{
    const char *space = strchr(label, ' ');
    char method[FOLLOW_LABEL_MOST + 1];
    size_t length = space ? (size_t)(space - label) : strlen(label);

    memcpy(method, label, length);
    method[length] = '\0';
    json_put_number(text, "n", event->count);
    json_put_text(text, "method", method);
    json_put_text(text, "path", space ? space + 1 : "");
    if (event->flag)
        json_put_bool(text, "cut", true);
}

/* What a block, a buffer, a large one or an allocation is, and where it was asked for, if that was now. */
static void print_piece(struct text *text, const struct follow_event *event)
{
    if (event->piece != POOL_PIECE_NONE)
        json_put_text(text, "kind", pieces[event->piece]);
    if (event->text)
        json_put_text(text, "purpose", event->text);
    json_put_number(text, "bytes", event->bytes);
    json_put_number(text, "held", event->held);
    if (event->text && (event->kind == POOL_EVENT_TAKE || event->kind == POOL_EVENT_ALLOC))
        json_put_text(text, "source", event->text + strlen(event->text) + 1);
}

static void print_create(struct text *text, const struct follow_event *event, const char *label)
{
    json_put_number(text, "bytes", event->bytes);
    json_put_number(text, "held", event->held);
    json_put_text(text, "client", label);
    json_put_text(text, "protocol", event->text);
    if (event->flag)
        json_put_bool(text, "joined", true);
}

void follow_print(struct text *text, const struct follow_event *event, const char *label)
{
    char name[40];

    snprintf(name, sizeof name, "%u.%llu", (unsigned)event->worker, (unsigned long long)event->number);
    text->fresh = true;
    json_put_open(text, NULL, '{');
    json_put_text(text, "c", name);
    json_put_number(text, "t", event->at);
    json_put_text(text, "k", kinds[event->kind]);
    switch (event->kind) {
    case FOLLOW_CREATE:
        print_create(text, event, label);
        break;
    case FOLLOW_REQUEST:
        print_request(text, event, label);
        break;
    case FOLLOW_STATE:
        json_put_text(text, "state", event->text);
        break;
    case FOLLOW_DROPPED:
        json_put_number(text, "count", event->bytes);
        break;
    case POOL_EVENT_REFUSED:
        json_put_text(text, "why", limits[event->failure]);
        print_piece(text, event);
        break;
    case POOL_EVENT_RESET:
    case POOL_EVENT_IDLE:
        json_put_number(text, "n", event->count);
        json_put_number(text, "held", event->held);
        break;
    case POOL_EVENT_PIN:
    case POOL_EVENT_DESTROY:
        json_put_number(text, "held", event->held);
        break;
    default:
        print_piece(text, event);
    }
    json_put_close(text, '}');
}
