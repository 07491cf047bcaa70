/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions to a request at any time: its line, the clocks, the settings that apply, its log. */
#include "http/request.h"

#include <ev.h>
#include <stdarg.h>

#include "http/connection.h"
#include "server/log/log_text.h"

void http_request_keep_line(struct http_request *request)
{
    const struct http_connection *connection = request->connection;
    const struct http_input *input = &connection->input;
    struct http_head *head = &request->head;
    uint32_t line = connection->parser.line, filled = input->end - input->start, at = line;

    if (head->request_line.length || !input->bytes ||
        head->buffers[head->buffer_count - 1] != input->bytes + input->start)
        return;
    while (at < filled && input->bytes[input->start + at] != '\r' && input->bytes[input->start + at] != '\n')
        at++;
    head->line_buffer = (uint8_t)(head->buffer_count - 1);
    head->request_line = (struct http_span){line, at - line};
}

void http_request_reading(struct http_request *request)
{
    struct http_connection *connection = request->connection;

    if (connection->state == HTTP_STATE_BODY)
        return;
    connection->base.doing = http_parser_in_request_line(&connection->parser)
                                 ? "reading client request line"
                                 : "reading client request headers";
}

double http_now(const struct http_request *request)
{
    return ev_now(request->connection->base.worker->loop);
}

double http_steady_now(const struct http_request *request)
{
    return timeouts_now(&request->connection->base.worker->timeouts);
}

void http_log(const struct http_request *request, int level, int error, const char *format, ...)
{
    const struct log *log = http_connection_log_of(request->connection);
    char text[1024];
    va_list args;

    if (!log_enabled(log, (enum log_level)level))
        return;
    va_start(args, format);
    log_text_vprint(text, sizeof text, format, args);
    va_end(args);
    connection_log(&request->connection->base, log, (enum log_level)level, error, "%s", text);
}

const struct http_core *http_connection_core(const struct http_connection *connection)
{
    return connection->request && connection->request->location
               ? &connection->request->location->core
               : &http_default_server(connection)->outside->core;
}

const struct log *http_connection_log_of(const struct http_connection *connection)
{
    const struct log *log = http_connection_core(connection)->error_log;

    return log ? log : connection->base.tenure->generation->settings.log;
}
