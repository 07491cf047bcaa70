/* SPDX-License-Identifier: BSD-2-Clause */
/* The command "follow" of the control socket: an event a line, until the pool or the client has gone. */
#include "server/watch/control.h"

#include <poll.h>
#include <string.h>

#include "server/connection.h"
#include "server/watch/follow.h"
#include "server/watch/text.h"

struct following {
    struct control_stream stream; /* first */
    struct follow_asker asker;
    struct connection *connection;
    bool begun; /* the first event may be sent */
    bool signs; /* an empty line is sent if there is no event: a pool may rest for any time */
};

static void control_follow_leave(void *data)
{
    follow_leave(&((struct following *)data)->asker);
}

static bool control_follow_more(struct control_stream *stream, struct connection *connection)
{
    struct following *following = (struct following *)(void *)stream;
    struct text_piece piece;
    struct text text;

    text_stand_on(&text, &piece);
    while (text.length + FOLLOW_TEXT_MOST < sizeof piece.bytes && follow_read(&following->asker, &text))
        text_add(&text, "\n", 1);
    if (!text.length && following->signs)
        text_add(&text, "\n", 1);
    following->signs = false;
    return text.length && !output_copy(&connection->output, connection->pool, piece.bytes, piece.length);
}

/* A client that sends no more may still read; the kernel knows if it is gone. */
static bool has_gone(const struct connection *connection)
{
    struct pollfd look = {.fd = connection->io.fd};

    return poll(&look, 1, 0) == 1 && look.revents & (POLLHUP | POLLERR);
}

/* Decides what to send: nothing yet, a refusal, the next events, or the end. */
static void control_follow_look(struct follow_asker *asker)
{
    struct following *following =
        (struct following *)(void *)((char *)asker - offsetof(struct following, asker));
    struct connection *connection = following->connection;
    enum follow_found found = follow_found(asker);

    if (connection->closed || found == FOLLOW_ASKING)
        return;
    if (found != FOLLOW_FOUND) {
        follow_leave(asker);
        control_refuse(connection, follow_refusal(found));
    } else if (has_gone(connection)) {
        connection_close(connection);
    } else if (!following->begun) {
        following->begun = true;
        control_stream(connection, &following->stream);
    } else if (follow_over(asker) && !connection->output.head) {
        control_stream_ends(connection);
    } else {
        following->signs = !connection->output.head;
        control_stream_goes_on(connection);
    }
}

void control_follow(struct connection *connection, const char *arguments)
{
    struct following *following = pool_calloc(connection->pool, sizeof *following, "follow");
    struct follow_query query;
    const char *wrong = follow_query_parse(&query, arguments, strlen(arguments));

    if (wrong) {
        control_refuse(connection, wrong);
        return;
    }
    if (query.which == FOLLOW_MINE) {
        control_refuse(connection, "mine=1 is for clients of the page: this socket has no address");
        return;
    }
    if (following) {
        following->stream.more = control_follow_more;
        following->asker.look = control_follow_look;
        following->connection = connection;
    }
    if (!following || !pool_cleanup_add(connection->pool, control_follow_leave, following) ||
        follow_begin(&following->asker, connection, &query)) {
        control_refuse(connection, "no memory to follow a pool");
        return;
    }
    control_follow_look(&following->asker);
}
