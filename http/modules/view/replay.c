/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs receive, advance and route on bytes that are here already. */
#include "http/answer.h"
#include "http/modules/view/replay.h"

#include <errno.h>
#include <string.h>

#include "http/advance.h"
#include "http/receive.h"
#include "http/request.h"
#include "http/response.h"
#include "http/route/route.h"

/* The asker's connection once more, without a socket and its pool traced from the first allocation. */
static int replay_make_connection(struct http_replay *replay, const struct http_connection *asker)
{
    const struct binding *binding = asker->base.binding;
    struct worker *worker = asker->base.worker;
    struct pool_options options = binding->pools;
    struct connection *base;

    options.classes = worker->classes;
    if (binding->automatic)
        options.block_size = worker->auto_size.block_size;
    replay->pool = pool_create(&options);
    if (!replay->pool)
        return -ENOMEM;
    pool_trace_begin(&replay->trace, replay->pool);
    base = pool_calloc(replay->pool, binding->protocol->connection_size, "connection");
    pool_trace_end(&replay->trace);
    if (!base) {
        pool_destroy(replay->pool);
        return -ENOMEM;
    }
    pool_pin(replay->pool);
    replay->pinned_after = replay->trace.count;
    replay->connection = http_connection_of(base);
    base->pool = replay->pool;
    base->worker = worker;
    base->number = asker->base.number;
    base->io.fd = -1;
    base->binding = binding;
    base->tenure = asker->base.tenure;
    base->peer = asker->base.peer;
    base->requests = asker->base.requests;
    base->doing = "tracing request";
    return 0;
}

/* How many bytes of the asker's block `index` are whole lines of its head: the line that did not fit was
 * copied to the next one. */
static size_t replay_whole_lines(const struct http_request *asker, unsigned index)
{
    const struct http_head *head = &asker->head;
    const char *bytes = head->buffers[index], *end;
    size_t last = 0;

    if (index + 1u == head->buffer_count)
        return asker->connection->parser.offset;
    if (head->line_buffer == index)
        last = head->request_line.offset + head->request_line.length;
    for (unsigned i = 0; i < head->field_count; i++) {
        const struct http_field *field = &head->fields[i];

        if (field->buffer == index && field->value + field->value_length > last)
            last = field->value + field->value_length;
    }
    if (!last)
        return 0;
    for (end = bytes + last; *end != '\n'; end++)
        ; /* the parser has seen the line's end */
    return (size_t)(end + 1 - bytes);
}

/* What http_receive and http_advance do, with bytes that are here already. True: the head is complete. */
static bool replay_receive(struct http_replay *replay, const char *bytes, size_t length)
{
    struct http_connection *connection = replay->connection;
    struct http_input *input = &connection->input;

    while (length) {
        size_t room;

        if (!http_receive_room(connection) || (!connection->request && !http_advance_begin(connection))) {
            replay->status = 503;
            return false;
        }
        room = input->capacity - input->end;
        if (room > length)
            room = length;
        memcpy(input->bytes + input->end, bytes, room);
        input->end += (uint32_t)room;
        bytes += room;
        length -= room;
        switch (http_advance_head(connection, &replay->status)) {
        case HTTP_HEAD_DONE:
            return true;
        case HTTP_HEAD_MORE:
            break;
        case HTTP_HEAD_LARGE:
        case HTTP_HEAD_FIELDS:
        case HTTP_HEAD_BAD:
            return false;
        }
    }
    return false;
}

/* A head such as the asker's answer has. */
static void replay_answer(struct http_replay *replay, const struct http_request *asker)
{
    struct http_request *request = replay->connection->request;

    request->status = 200;
    request->keep_alive = asker->keep_alive;
    request->response.content_type = asker->response.content_type;
    for (const struct http_header *header = asker->response.headers; header; header = header->next)
        if (!http_add_header(request, header->name, header->value))
            replay->status = 503;
    if (!replay->status && http_stream_begin(request))
        replay->status = 503;
    if (!replay->status)
        replay->status = 200;
}

int http_replay_run(struct http_replay *replay, struct http_request *asker)
{
    bool complete = false;

    *replay = (struct http_replay){0};
    if (pool_trace_init(&replay->trace, asker->pool, HTTP_REPLAY_ALLOCATIONS) ||
        replay_make_connection(replay, asker->connection))
        return -ENOMEM;
    pool_trace_begin(&replay->trace, replay->pool);
    for (unsigned i = 0; i < asker->head.buffer_count && !complete && !replay->status; i++)
        complete = replay_receive(replay, asker->head.buffers[i], replay_whole_lines(asker, i));
    if (complete)
        replay->status = http_route_only(replay->connection->request);
    if (complete && !replay->status)
        replay_answer(replay, asker);
    pool_stats(replay->pool, &replay->before);
    pool_trace_end(&replay->trace);
    return 0;
}

void http_replay_reset(struct http_replay *replay)
{
    struct http_connection *connection = replay->connection;

    output_discard(&connection->base.output, replay->pool);
    if (connection->request)
        http_receive_drop_kept(connection->request);
    connection->request = NULL;
    pool_reset(replay->pool);
    pool_stats(replay->pool, &replay->after);
    http_receive_release(connection);
    pool_idle(replay->pool);
    pool_stats(replay->pool, &replay->idle);
}

void http_replay_end(struct http_replay *replay)
{
    pool_destroy(replay->pool);
}
