/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules of docs/lifetimes.md, looked at from a worker; empty in builds without checks. */
#include "server/checks.h"

#ifdef TIDEPOOL_CHECKS

#include "pool/holds.h"
#include "server/connection.h"
#include "server/worker.h"

enum { CHECKS_MOST = 64 /* connections looked at in a turn: a turn with thousands must not take long */ };

#define SHARE  "a worker whose current generation names it"
#define SERVED "a worker that serves it"

void checks_serve(const struct worker *worker, const struct generation *generation)
{
    for (unsigned i = 0; i < generation->worker_count; i++)
        if (generation->shares[i].worker != worker)
            holds_take(&generation->shares[i].worker->mailbox, worker, SHARE);
    for (const struct binding *binding = generation->bindings; binding; binding = binding->next)
        if (binding->sockets)
            holds_take(binding->sockets, worker, SERVED);
}

void checks_let_go(const struct worker *worker, const struct generation *generation)
{
    for (unsigned i = 0; i < generation->worker_count; i++)
        if (generation->shares[i].worker != worker)
            holds_give(&generation->shares[i].worker->mailbox, worker, SHARE);
    for (const struct binding *binding = generation->bindings; binding; binding = binding->next)
        if (binding->sockets)
            holds_give(binding->sockets, worker, SERVED);
}

void checks_send(const struct worker *worker, const struct worker *to)
{
    if (to != worker)
        holds_must(&to->mailbox, "a mailbox", worker, SHARE);
}

static bool has_tenure(const struct worker *worker, const struct tenure *tenure)
{
    const struct tenure *other = worker->tenures;

    while (other && other != tenure)
        other = other->next;
    return other != NULL;
}

static bool is_listed(const struct worker *worker, const struct connection *connection)
{
    const struct connection *other = worker->connections;

    while (other && other != connection)
        other = other->next;
    return other != NULL;
}

static bool has_binding(const struct generation *generation, const struct binding *binding)
{
    const struct binding *other = generation->bindings;

    while (other && other != binding)
        other = other->next;
    return other != NULL;
}

static void check_connection(const struct worker *worker, const struct connection *connection)
{
    holds_rule(connection->worker == worker, "a connection stands in the list of its worker");
    holds_rule(!connection->closed, "closed connections are buried at the end of the turn");
    holds_rule(has_tenure(worker, connection->tenure), "a connection's tenure is one of its worker's");
    holds_rule(has_binding(connection->tenure->generation, connection->binding),
               "a connection's binding is one of its tenure's generation");
    holds_must(connection->tenure, "a tenure", connection, CHECKS_CONNECTION);
}

static void check_tenure(const struct worker *worker, const struct tenure *tenure, bool all)
{
    /* Of one generation there may be two: connections can come under it before the worker switches to it. */
    bool old = !worker->tenure || tenure->generation != worker->tenure->generation;
    const struct share *share = old ? generation_share(tenure->generation, worker) : NULL;
    unsigned count = 0;

    holds_rule(tenure->worker == worker, "a tenure stands in the list of its worker");
    holds_rule(tenure->connections || tenure == worker->tenure, "a tenure ends with its last connection");
    holds_must(tenure->generation, "a generation", tenure, GENERATION_OF_TENURE);
    for (const struct connection *connection = worker->connections; all && connection;
         connection = connection->next)
        count += connection->tenure == tenure;
    holds_rule(!all || count == tenure->connections, "a tenure counts its connections");
    for (unsigned i = 0; share && i < share->count; i++)
        holds_rule(!ev_is_active(&share->listeners[i].io), "a tenure's listeners are stopped before it ends");
}

void checks_turn(const struct worker *worker)
{
    const struct tenure *current = worker->tenure;
    const struct connection *connection = worker->connections;
    unsigned seen = 0;

    for (; connection && seen < CHECKS_MOST; connection = connection->next, seen++)
        check_connection(worker, connection);
    for (const struct tenure *tenure = worker->tenures; tenure; tenure = tenure->next)
        check_tenure(worker, tenure, !connection);
    holds_rule(!worker->cursor || connection || is_listed(worker, worker->cursor),
               "a cursor stands at a connection of the list");
    if (!current)
        return;
    holds_rule(has_tenure(worker, current), "a worker's tenure is one of its own");
    holds_rule(!current->generation->settings.log || log_thread() == current->generation->settings.log,
               "a thread logs to its current generation");
}

#endif
