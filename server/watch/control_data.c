/* SPDX-License-Identifier: BSD-2-Clause */
/* The command "data" of the control socket. */
#include "server/watch/control.h"

#include <string.h>

#include "server/connection.h"
#include "server/watch/history.h"
#include "server/watch/snapshot.h"
#include "server/watch/text.h"

struct question {
    struct connection *connection;
    struct snapshot *snapshot; /* null: it is answered */
};

static const char no_memory[] = "no memory for a snapshot";

static void leave(void *data)
{
    struct question *question = data;

    snapshot_cancel(question->snapshot);
}

static void answer(void *data, struct text *text)
{
    struct question *question = data;

    question->snapshot = NULL;
    if (question->connection->closed)
        return;
    if (text)
        control_answer(question->connection, text);
    else
        control_refuse(question->connection, no_memory);
}

static void run_data(struct connection *connection, const char *arguments)
{
    struct question *question = pool_calloc(connection->pool, sizeof *question, "snapshot");
    struct snapshot_query query;
    const char *wrong = snapshot_query_parse(&query, arguments, strlen(arguments));

    if (wrong) {
        control_refuse(connection, wrong);
        return;
    }
    if (question && pool_cleanup_add(connection->pool, leave, question)) {
        question->connection = connection;
        control_waits(connection);
        question->snapshot = snapshot_ask(connection->worker, &query, snapshot_write_json, answer, question);
        if (question->snapshot)
            return;
    }
    control_refuse(connection, no_memory);
}

static void run_history(struct connection *connection, const char *arguments)
{
    struct text *text = *arguments ? NULL : text_create();

    if (text)
        history_put(text);
    if (!text || text->failed)
        control_refuse(connection, *arguments ? "history has no arguments" : "no memory for the history");
    else
        control_answer(connection, text);
    text_put(text);
}

const struct control_command control_commands[] = {
    {"data",
     "a snapshot as JSON; behind it sort=, limit=, state=, protocol=, address=, worker=, id=", run_data},
    {"follow", "the life of a pool as JSON, a line an event; behind it id= or next=1, address=, allocs=1",
     control_follow},
    {"history", "the last day, minute by minute, as JSON", run_history},
    {NULL, NULL, NULL},
};
