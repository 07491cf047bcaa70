/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a unix socket at which the server answers its operator. `control unix:PATH;` in the main context.
 *   The protocol: a client sends one line, a command with what it wants to know more closely behind a blank
 *   ("data sort=age&limit=10"), and gets the answer, after which the connection is closed. A command that is
 *   not known, or not understood, is answered {"error":"…"}. `help` lists them.
 * Lifetime: a control connection is a connection like any other. The table of commands is constant.
 * Threads: the connection's worker; any worker may be the one that answers.
 * Errors: an answer that finds no memory is cut short: it is no whole JSON.
 *
 * The path has mode 0600: it is open to the user that started the server alone (root, if that was
 * root).
 */
#ifndef SERVER_WATCH_CONTROL_H
#define SERVER_WATCH_CONTROL_H

#include "conf/directive.h"

struct connection;
struct text;

struct control_command {
    const char *name; /* NULL: the end of the table */
    const char *help;
    /* Answers with control_answer or control_refuse, now or later. `arguments` (NUL-terminated, may be "")
     * live as long as the connection. A command that answers later adds a cleanup to the connection's pool,
     * which tells it that the client has left. */
    void (*run)(struct connection *connection, const char *arguments);
};

/* The module whose `control` directive stands in the main context. */
extern const struct conf_module control_block;

/* The commands besides `help` (control_data.c). */
extern const struct control_command control_commands[];

/* The answer is this text (of which it takes a reference), complete; sent as the client takes it. The
 * connection may be closed when it returns. */
void control_answer(struct connection *connection, struct text *text);

/* The answer {"error":WHY} (WHY without quotes and backslashes), complete. */
void control_refuse(struct connection *connection, const char *why);

#endif
