/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a unix socket at which the server answers its operator: `control unix:PATH;` in the main context.
 *   A client sends one line, a command and behind a blank its arguments ("data sort=age&limit=10"). It gets
 *   the answer, and the connection is closed. An unknown command or a wrong argument is answered
 *   {"error":"…"}. `help` lists them.
 * Lifetime: a control connection is a connection like any other. The table of commands is constant.
 * Threads: the connection's worker; any worker may be the one that answers.
 * Errors: without memory an answer is cut short, so that it is not complete JSON.
 *
 * The path has mode 0600: only the user that started the server may open it.
 */
#ifndef SERVER_WATCH_CONTROL_H
#define SERVER_WATCH_CONTROL_H

#include <stdbool.h>

#include "conf/directive.h"

struct connection;
struct protocol;
struct text;

struct control_command {
    const char *name; /* NULL: the end of the table */
    const char *help;
    /* Answers with control_answer or control_refuse, now or later. `arguments` (NUL-terminated, may be "")
     * live as long as the connection. A command that answers later adds a cleanup to the connection's pool,
     * to learn that the client has left. */
    void (*run)(struct connection *connection, const char *arguments);
};

/* The module whose `control` directive stands in the main context. */
extern const struct conf_module control_block;

/* What speaks at it. */
extern const struct protocol control_protocol;

/* The commands besides `help` (control_data.c). */
extern const struct control_command control_commands[];
void control_follow(struct connection *connection, const char *arguments); /* control_follow.c */

/* The answer comes later, and begins with JSON: until then the client gets an empty line each second, so that
 * it can tell a server that is slow from one that hangs. */
void control_waits(struct connection *connection);

/* The answer is this text (of which it takes a reference), complete; sent as the client takes it. The
 * connection may be closed when it returns. */
void control_answer(struct connection *connection, struct text *text);

/* The answer is made as it goes. `more` adds to the output (output_copy), or has nothing to add now and says
 * false; it is called again from control_stream_goes_on, which may close the connection. */
struct control_stream {
    bool (*more)(struct control_stream *stream, struct connection *connection);
};

void control_stream(struct connection *connection, struct control_stream *stream);
void control_stream_goes_on(struct connection *connection);
void control_stream_ends(struct connection *connection); /* when all is sent */

/* The answer {"error":WHY} (WHY without quotes and backslashes), complete. */
void control_refuse(struct connection *connection, const char *why);

#endif
