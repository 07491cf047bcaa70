/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/input.h"

#include <string.h>

#include "http/flow.h"
#include "http/request.h"
#include "pool/unguarded.h"

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

UNGUARDED bool http_input_room(struct http_connection *connection)
{
    struct http_input *input = &connection->input;

    if (!input->bytes)
        return take(connection, http_default_server(connection)->reading.client_header_buffer_size, false);
    if (connection->request && connection->state == HTTP_BODY_IN)
        return room_for_body(connection);
    if (!connection->request && input->start == input->end)
        input->start = input->end = 0;
    if (input->end == input->capacity && input->start && !connection->request) {
        memmove(input->bytes, input->bytes + input->start, input->end - input->start);
        input->end -= input->start;
        input->start = 0;
    }
    if (connection->state == HTTP_LINGER)
        input->start = input->end = 0;
    return input->end < input->capacity;
}

int http_input_grow_head(struct http_connection *connection)
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
    if (!take(connection, large->size, true)) {
        connection->input.bytes = old.bytes; /* the kept list has it, too: drop_kept knows */
        return http_no_memory(request) == HTTP_STATUS ? request->status : 503;
    }
    memcpy(input->bytes, old.bytes + (old.end - unfinished), unfinished);
    input->end = (uint32_t)unfinished;
    request->head_in_input = true;
    return 0;
}

bool http_input_grow_fields(struct http_request *request)
{
    struct http_head *head = &request->head;
    unsigned capacity = head->field_capacity * 2u;
    struct http_field *fields;

    if (capacity > HTTP_INPUT_FIELDS_MAX)
        capacity = HTTP_INPUT_FIELDS_MAX;
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

void http_input_drop_kept(struct http_request *request)
{
    while (request->kept_count) {
        void *block = request->kept[--request->kept_count];

        if (block == request->connection->input.bytes)
            request->connection->input = (struct http_input){0};
        pool_put(request->pool, block);
    }
}

void http_input_release(struct http_connection *connection)
{
    if (!connection->input.bytes)
        return;
    pool_put(connection->base.pool, connection->input.bytes);
    connection->input = (struct http_input){0};
}
