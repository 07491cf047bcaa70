/* SPDX-License-Identifier: BSD-2-Clause */
/* The control socket: a line comes in, the answer of a command goes out. */
#include "server/watch/control.h"

#include <errno.h>
#include <string.h>

#include "conf/conf.h"
#include "server/connection.h"
#include "server/generation.h"
#include "server/watch/text.h"
#include "server/worker.h"

enum {
    CONTROL_LINE = 320,         /* bytes of a question, its line end included */
    CONTROL_FIRST = 1024,       /* bytes of a connection's first block */
    CONTROL_BLOCK = 4096,       /* and of its others */
    CONTROL_ASKING = 10 * 1000, /* ms that a question may take to come */
    CONTROL_TAKING = 30 * 1000, /* ms without progress after which an answer is not waited for */
    CONTROL_SIGN = 1000,        /* ms between two signs of life while a command works */
    CONTROL_QUEUED = 64 * 1024, /* bytes of a text that are queued at a time, the last piece on top */
    CONTROL_MODE = 0600
};

enum control_state {
    CONTROL_READING, /* the line is not complete */
    CONTROL_WAITING, /* a command answers later */
    CONTROL_ENDING   /* all of the answer is queued */
};

struct control_connection {
    struct connection base;
    char line[CONTROL_LINE];
    uint16_t length;               /* bytes of it received */
    uint8_t state;                 /* enum control_state */
    struct text_reader reader;     /* of what is still to be queued */
    struct control_stream *stream; /* what makes the answer as it goes; or null */
    bool eof;                      /* the client will send no more */
    bool signs;                    /* of life, while it waits (control_waits) */
};

#define HELP "help\tlists the commands\n"

static struct control_connection *control_of(struct connection *connection)
{
    return (struct control_connection *)(void *)connection;
}

/* ---- answering ---- */

static bool say(struct connection *connection, const char *bytes, size_t length)
{
    return output_copy(&connection->output, connection->pool, bytes, length) == 0;
}

/* False: nothing was left, or there is no memory. */
static bool queue_more(struct control_connection *control)
{
    struct output *output = &control->base.output;
    const struct text_piece *piece;

    while (output->unsent < CONTROL_QUEUED && (piece = text_reader_next(&control->reader)))
        if (!say(&control->base, piece->bytes, piece->length))
            return false;
    while (control->stream && output->unsent < CONTROL_QUEUED &&
           control->stream->more(control->stream, &control->base))
        ;
    return output->head;
}

static enum output_result send_all(struct control_connection *control)
{
    enum output_result result = OUTPUT_DONE;

    do
        if (control->base.output.head)
            result = connection_send(&control->base, OUTPUT_SHARE);
    while (result == OUTPUT_DONE && queue_more(control));
    return result;
}

/* Sends what is queued, then waits as the state says. */
static void go_on(struct control_connection *control)
{
    struct connection *base = &control->base;
    bool reads = control->state != CONTROL_ENDING && !control->eof;

    switch (send_all(control)) {
    case OUTPUT_ERROR:
        connection_close(base);
        return;
    case OUTPUT_AGAIN:
        connection_watch(base, EV_WRITE | (reads ? EV_READ : 0));
        connection_timeout(base, CONTROL_TAKING);
        return;
    case OUTPUT_DONE:
        break;
    }
    if (control->state == CONTROL_ENDING) {
        connection_close(base);
        return;
    }
    connection_watch(base, reads ? EV_READ : 0);
    if (control->state == CONTROL_WAITING && (!control->signs || !connection_timeout(base, CONTROL_SIGN)))
        timeout_stop(&base->timeout);
}

static void end(struct connection *connection)
{
    struct control_connection *control = control_of(connection);

    control->state = CONTROL_ENDING;
    connection->doing = "sending to client";
    go_on(control);
}

void control_answer(struct connection *connection, struct text *text)
{
    text_reader_open(&control_of(connection)->reader, text);
    end(connection);
}

void control_stream(struct connection *connection, struct control_stream *stream)
{
    control_of(connection)->stream = stream;
    connection->doing = "sending to client";
    go_on(control_of(connection));
}

void control_stream_goes_on(struct connection *connection)
{
    go_on(control_of(connection));
}

void control_stream_ends(struct connection *connection)
{
    control_of(connection)->stream = NULL;
    end(connection);
}

void control_waits(struct connection *connection)
{
    control_of(connection)->signs = true;
}

void control_refuse(struct connection *connection, const char *why)
{
    (void)(say(connection, "{\"error\":\"", 10) && say(connection, why, strlen(why)) &&
           say(connection, "\"}\n", 3));
    end(connection);
}

static void help(struct connection *connection)
{
    (void)say(connection, HELP, sizeof HELP - 1);
    for (const struct control_command *command = control_commands; command->name; command++)
        (void)(say(connection, command->name, strlen(command->name)) && say(connection, "\t", 1) &&
               say(connection, command->help, strlen(command->help)) && say(connection, "\n", 1));
    end(connection);
}

/* The line, which is NUL-terminated now. */
static void run(struct control_connection *control)
{
    const struct control_command *command = control_commands;
    char *line = control->line, *arguments = line + strcspn(line, " ");

    control->state = CONTROL_WAITING;
    control->base.doing = "waiting for the answer";
    control->base.requests++;
    timeout_stop(&control->base.timeout);
    if (*arguments)
        *arguments++ = '\0';
    if (!strcmp(line, "help")) {
        help(&control->base);
        return;
    }
    while (command && command->name && strcmp(command->name, line) != 0)
        command++;
    if (command && command->name)
        command->run(&control->base, arguments);
    else
        control_refuse(&control->base, "unknown command: help lists them");
}

/* ---- asking ---- */

static void take_line(struct control_connection *control)
{
    char *end = memchr(control->line, '\n', control->length);

    if (!end && control->eof && control->length)
        end = control->line + control->length; /* there is room: a full line is refused */
    if (end) {
        *end = '\0';
        if (end > control->line && end[-1] == '\r')
            end[-1] = '\0';
        run(control);
    } else if (control->eof) {
        connection_close(&control->base);
    } else if (control->length == sizeof control->line - 1) {
        control_refuse(&control->base, "the question is too long");
    }
}

/* False: nothing more can be read now. */
static bool receive(struct control_connection *control)
{
    struct connection *base = &control->base;
    char unread[64];
    bool reading = control->state == CONTROL_READING;
    size_t got = 0;

    /* What comes behind the line is dropped: one connection, one question. */
    switch (connection_receive(base, reading ? control->line + control->length : unread,
                               reading ? sizeof control->line - 1 - control->length : sizeof unread, &got)) {
    case CONNECTION_READ:
        if (reading)
            control->length = (uint16_t)(control->length + got);
        break;
    case CONNECTION_AGAIN:
        return false;
    case CONNECTION_EOF:
        control->eof = true;
        break;
    case CONNECTION_LOST:
        connection_close(base);
        return false;
    }
    if (reading)
        take_line(control);
    return !base->closed && !control->eof && control->state == CONTROL_READING;
}

static void control_ready(struct connection *base, int events)
{
    struct control_connection *control = control_of(base);

    if (events & EV_READ && !control->eof)
        while (receive(control))
            ;
    if (!base->closed)
        go_on(control);
}

static bool on_opened(struct connection *base)
{
    pool_pin(base->pool);
    base->watches = true;
    base->doing = "waiting for request";
    connection_watch(base, EV_READ);
    return connection_timeout(base, CONTROL_ASKING);
}

static void control_expired(struct connection *base)
{
    struct control_connection *control = control_of(base);

    if (control->state == CONTROL_WAITING && !base->output.head) {
        (void)say(base, "\n", 1);
        go_on(control);
        return;
    }
    connection_timed_out(base, NULL);
}

/* A question that has arrived, or begun to, is still answered. */
static void on_drain(struct connection *base)
{
    struct control_connection *control = control_of(base);

    if (control->state != CONTROL_READING || control->length)
        return;
    if (connection_ending(base) != CONNECTION_END) {
        connection_settle_idle(base);
        return;
    }
    control_ready(base, EV_READ);
    if (!base->closed && control->state == CONTROL_READING && !control->length)
        connection_close(base);
}

static void on_closed(struct connection *base)
{
    text_reader_close(&control_of(base)->reader);
}

static bool idle(const struct connection *base)
{
    const struct control_connection *control = (const struct control_connection *)(const void *)base;

    return control->state == CONTROL_READING && !control->length;
}

static enum connection_state state(const struct connection *base)
{
    const struct control_connection *control = (const struct control_connection *)(const void *)base;

    if (base->output.head)
        return CONNECTION_SENDING;
    return control->state == CONTROL_READING ? CONNECTION_READING : CONNECTION_WAITING;
}

const struct protocol control_protocol = {
    .name = "control",
    .connection_size = sizeof(struct control_connection),
    .opened = on_opened,
    .ready = control_ready,
    .expired = control_expired,
    .drain = on_drain,
    .closed = on_closed,
    .idle = idle,
    .state = state,
};

/* ---- configuration ---- */

/* "unix:" and the full name of `path`. NULL: no memory, noted in conf. */
static const char *full_address(struct conf *conf, const char *path)
{
    const char *full = conf_full_name(conf, path, false);
    size_t length = full ? strlen(full) : 0;
    char *address = full ? pool_nalloc(conf->pool, length + 6, "control") : NULL;

    if (!address) {
        conf_fail_memory(conf);
        return NULL;
    }
    memcpy(address, "unix:", 5);
    memcpy(address + 5, full, length + 1);
    return address;
}

/* The full name is the address, so that all generations mean the same socket. */
static int set_control(struct conf_setting *setting)
{
    struct generation *generation = generation_of(setting->conf);
    const struct conf_node *node = setting->node;
    const char *path = node->args[0], *why;
    struct listen_address address;
    struct binding *binding;

    if (strncmp(path, "unix:", 5) != 0 || !path[5])
        return conf_setting_invalid(setting, path, "unix:PATH");
    path = full_address(setting->conf, path + 5);
    if (!path)
        return -ENOMEM;
    if (listen_address_parse(path, 0, &address, &why))
        return conf_fail(setting->conf, node, "%s in \"%s\" of the \"control\" directive", why, path);
    if (generation_find(generation, &address))
        return conf_fail(setting->conf, node, "duplicate \"%s\" address and port pair", address.text);
    binding = generation_bind(generation, &address, &control_protocol, node);
    if (!binding)
        return conf_fail_memory(setting->conf);
    binding->mode = CONTROL_MODE;
    binding->control = true;
    binding->pools = (struct pool_options){
        .first_size = CONTROL_FIRST, .block_size = CONTROL_BLOCK, .name = "connection", .spared = true};
    return 0;
}

static const struct conf_directive directives[] = {
    {"control", CONF_MAIN, .flags = CONF_OURS, .set = set_control,
     "`control unix:PATH;` A socket at which `tidepool top`, `follow` and `advise` ask; only its owner may "
     "open it."},
};

const struct conf_module control_block = {"control", directives, sizeof directives / sizeof *directives};
