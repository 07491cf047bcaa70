/* SPDX-License-Identifier: BSD-2-Clause */
/* The first verb of the driver: receives bytes. */
#include "http/receive.h"

#include <string.h>

#include "http/limits.h"
#include "http/request.h"
#include "pool/annotate.h"

enum {
    INPUT_BODY = 16 * 1024 - POOL_CHUNK_HEADER, /* bytes of a block for bodies: a 16 KiB class */
    INPUT_BODY_ROOM =
        512 /* a body goes on behind its head while there is that much room: small ones fit in one block */
};

static bool take(struct http_connection *connection, size_t size, bool exact)
{
    struct http_input *input = &connection->input;
    size_t capacity;
    char *bytes = pool_take(connection->base.pool, size, &capacity, "input");

    if (!bytes)
        return false;
    input->bytes = bytes;
    input->start = input->end = 0;
    input->capacity = (uint32_t)(exact || capacity > UINT32_MAX ? size : capacity);
    return true;
}

/* The current block holds some of the request's head: it stays until the request ends. */
static bool keep(struct http_connection *connection)
{
    struct http_request *request = connection->request;

    if (request->kept_count == sizeof request->kept / sizeof *request->kept)
        return false;
    request->kept[request->kept_count++] = connection->input.bytes;
    request->head_in_input = false;
    connection->input.bytes = NULL;
    return true;
}

static bool room_for_body(struct http_connection *connection)
{
    struct http_input *input = &connection->input;

    if (connection->request->head_in_input) {
        if (input->capacity - input->end >= INPUT_BODY_ROOM)
            return true;
        return keep(connection) && take(connection, INPUT_BODY, false);
    }
    if (input->start == input->end)
        input->start = input->end = 0;
    return input->end < input->capacity;
}

UNGUARDED bool http_receive_room(struct http_connection *connection)
{
    struct http_input *input = &connection->input;

    if (!input->bytes)
        return take(connection, http_default_server(connection)->reading.client_header_buffer_size, false);
    if (connection->request && connection->state == HTTP_STATE_BODY)
        return room_for_body(connection);
    if (!connection->request && input->start == input->end)
        input->start = input->end = 0;
    if (input->end == input->capacity && input->start && !connection->request) {
        memmove(input->bytes, input->bytes + input->start, input->end - input->start);
        input->end -= input->start;
        input->start = 0;
    }
    if (connection->state == HTTP_STATE_LINGER)
        input->start = input->end = 0;
    return input->end < input->capacity;
}

int http_receive_grow_head(struct http_connection *connection)
{
    struct http_input *input = &connection->input, old = *input;
    struct http_request *request = connection->request;
    const struct conf_buffers *large = &http_default_server(connection)->reading.large_client_header_buffers;
    size_t unfinished = http_parser_unfinished(&connection->parser, input->end - input->start);

    if (input->start) {
        /* The block began with an earlier request's bytes: there is room at its front. */
        memmove(input->bytes, input->bytes + input->start, input->end - input->start);
        input->end -= input->start;
        input->start = 0;
        return 0;
    }
    if (unfinished >= large->size)
        return http_parser_overlong(&connection->parser, input->bytes, input->end);
    if (request->head.buffer_count > large->count || !http_parser_move(&connection->parser, &request->head))
        return 431;
    if (!keep(connection))
        return 431;
    pool_set_spared(connection->base.pool, false); /* there are no loans for large heads */
    if (!take(connection, large->size, true)) {
        connection->input.bytes = old.bytes; /* the kept list has it, too: drop_kept knows */
        return http_no_memory_status(request);
    }
    memcpy(input->bytes, old.bytes + (old.end - unfinished), unfinished);
    input->end = (uint32_t)unfinished;
    request->head_in_input = true;
    return 0;
}

bool http_receive_grow_fields(struct http_request *request)
{
    struct http_head *head = &request->head;
    unsigned capacity = head->field_capacity * 2u;
    struct http_field *fields;

    if (capacity > HTTP_RECEIVE_FIELDS_MAX)
        capacity = HTTP_RECEIVE_FIELDS_MAX;
    if (capacity == head->field_capacity)
        return false;
    fields = pool_array(request->pool, capacity, sizeof *fields, "fields");
    if (!fields)
        return false;
    memcpy(fields, head->fields, head->field_count * sizeof *fields);
    head->fields = fields;
    head->field_capacity = (uint16_t)capacity;
    return true;
}

void http_receive_drop_kept(struct http_request *request)
{
    while (request->kept_count) {
        void *block = request->kept[--request->kept_count];

        if (block == request->connection->input.bytes)
            request->connection->input = (struct http_input){0};
        pool_put(request->pool, block);
    }
}

/* The peer sends no more: its requests may still be answered. */
static void peer_shut(struct http_connection *connection)
{
    connection->eof = true;
    /* RFC 9112 9.6: a client may shut its sending side and still wait; but a stream's reader has left. */
    if (connection->state == HTTP_STATE_WAITING && !connection->request->head_queued)
        return;
    if (connection->state == HTTP_STATE_HEAD ||
        (connection->state == HTTP_STATE_BODY && !connection->request->complete))
        connection_log(&connection->base, http_connection_log_of(connection), LOG_LEVEL_INFO, 0,
                       "client prematurely closed connection");
    if (!connection->base.output.head || connection->state == HTTP_STATE_LINGER) {
        connection_close(&connection->base);
        return;
    }
    if (connection->request)
        connection->request->keep_alive = false;
    connection->state = HTTP_STATE_SENDING;
}

enum http_received http_receive(struct http_connection *connection)
{
    struct http_input *input = &connection->input;
    size_t got = 0, room;

    if (!http_receive_room(connection) && (!http_borrow(connection) || !http_receive_room(connection)))
        return HTTP_RECEIVE_NO_ROOM;
    room = input->capacity - input->end;
    connection->expects_more = false;
    switch (connection_receive(&connection->base, input->bytes + input->end, room, &got)) {
    case CONNECTION_READ:
        input->end += (uint32_t)got;
        connection->expects_more = got == room;
        return HTTP_RECEIVED;
    case CONNECTION_AGAIN:
        return HTTP_RECEIVED;
    case CONNECTION_EOF:
        peer_shut(connection);
        return connection->base.closed ? HTTP_RECEIVE_CLOSED : HTTP_RECEIVED;
    case CONNECTION_LOST:
        break;
    }
    connection_lost(&connection->base, http_connection_log_of(connection), "recv()");
    return HTTP_RECEIVE_CLOSED;
}
