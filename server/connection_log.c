/* SPDX-License-Identifier: BSD-2-Clause */
/* What log lines say of a connection, that of a crash among them. */
#include "server/connection.h"

#include <errno.h>
#include <stdarg.h>

#include "server/log/log_text.h"

const char *const connection_state_names[CONNECTION_STATES] = {"idle", "reading", "waiting", "sending",
                                                               "lingering"};

const char connection_processing[] = "processing request";

enum connection_state connection_state_of(const struct connection *connection)
{
    const struct protocol *protocol = connection->binding->protocol;

    if (protocol->state)
        return protocol->state(connection);
    return connection->output.unsent ? CONNECTION_SENDING : CONNECTION_IDLE;
}

enum { REQUEST_MAX = 1024 /* bytes of a log line about a request */ };

/* The client's address, and what the protocol tells of the request: its length. */
static int put_facts(const struct connection *connection, char client[PEER_TEXT_MAX],
                     char request[REQUEST_MAX])
{
    peer_format(&connection->peer, client);
    if (!connection->binding->protocol->describe)
        return 0;
    return (int)connection->binding->protocol->describe(connection, request, REQUEST_MAX);
}

size_t connection_describe(const void *subject, char *to, size_t size)
{
    const struct connection *connection = subject;
    char request[REQUEST_MAX], client[PEER_TEXT_MAX];
    int length = put_facts(connection, client, request);

    return log_text_print(to, size, "*%llu (%s) while %s, client: %s%.*s, listening on: %s",
                          (unsigned long long)connection->number,
                          connection_state_names[connection_state_of(connection)], connection->doing, client,
                          length, request, connection->binding->address.text);
}

void connection_log(const struct connection *connection, const struct log *log, enum log_level level,
                    int error, const char *format, ...)
{
    char text[1024], request[REQUEST_MAX], client[PEER_TEXT_MAX], reason[128];
    bool busy = connection->doing == connection_processing;
    va_list args;
    int length;

    if (!log)
        log = connection->tenure->generation->settings.log;
    if (!log_enabled(log, level))
        return;
    va_start(args, format);
    log_text_vprint(text, sizeof text, format, args);
    va_end(args);
    reason[0] = '\0';
    if (error)
        log_text_print(reason, sizeof reason, " (%d: %s)", error, strerrordesc_np(error));
    length = put_facts(connection, client, request);
    if (!length)
        length =
            (int)log_text_print(request, sizeof request, ", server: %s", connection->binding->address.text);
    log_write(log, level, 0, "*%llu %s%s%s%s, client: %s%.*s", (unsigned long long)connection->number, text,
              reason, busy ? "" : " while ", busy ? "" : connection->doing, client, length, request);
}

void connection_lost(struct connection *connection, const struct log *log, const char *call)
{
    connection_log(connection, log, log_level_of_errno(errno), errno, "%s failed", call);
    connection_close(connection);
}

void connection_timed_out(struct connection *connection, const struct log *log)
{
    connection_log(connection, log, LOG_LEVEL_INFO, ETIMEDOUT, "client timed out");
    connection_close(connection);
}
