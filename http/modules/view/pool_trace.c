/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the trace as JSON, straight into the answer. */
#include "http/limits.h"
#include "http/modules/view/pool_trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "http/modules/view/pool_trace_bytes.h"
#include "http/modules/view/replay.h"
#include "http/request.h"
#include "http/response.h"
#include "pool/pool_mark.h"
#include "server/log/json_text.h"
#include "server/version.h"

enum {
    TRACE_DATA = 32 * 1024, /* bytes of memory shown in all */
    TRACE_LINE = 1024,      /* bytes of the request line shown */
    TRACE_PIECE = 2048      /* bytes of JSON gathered before they are queued */
};

/* JSON on its way out. */
struct writer {
    struct http_request *request;
    size_t length;
    size_t data_left, data_lost; /* bytes of TRACE_DATA, and beyond it */
    bool failed;
    char piece[TRACE_PIECE];
};

/* After a lack of memory nothing more is written: the connection is cut there. */
static void trace_flush(struct writer *writer)
{
    struct http_text piece = {writer->piece, writer->length};

    if (piece.length && !writer->failed && http_stream_write(writer->request, piece))
        writer->failed = true;
    writer->length = 0;
}

/* What is printed is shorter than half a piece. */
__attribute__((format(printf, 2, 3))) static void trace_print(struct writer *writer, const char *format, ...)
{
    va_list args;

    if (writer->length > TRACE_PIECE / 2)
        trace_flush(writer);
    va_start(args, format);
    writer->length +=
        (size_t)vsnprintf(writer->piece + writer->length, TRACE_PIECE - writer->length, format, args);
    va_end(args);
}

static void trace_print_string(struct writer *writer, const char *bytes, size_t length)
{
    char escaped[JSON_ESCAPE_MAX];
    size_t size;

    trace_print(writer, "\"");
    for (size_t taken; length; length -= taken, bytes += taken) {
        taken = json_escape(bytes, length, escaped, &size);
        trace_print(writer, "%.*s", (int)size, escaped);
    }
    trace_print(writer, "\"");
}

static void trace_print_data(struct writer *writer, const struct pool_trace_entry *entry, size_t length)
{
    const char *separator = "";

    trace_print(writer, ",\"data\":\"");
    for (size_t at = 0; at < length; at++)
        trace_print(writer, "%02x",
                    pool_trace_hides(entry, at - at % POOL_TRACE_STEP) ? 0 : (unsigned char)entry->bytes[at]);
    trace_print(writer, "\",\"hidden\":[");
    for (size_t at = 0; at < length; at += POOL_TRACE_STEP)
        if (pool_trace_hides(entry, at)) {
            trace_print(writer, "%s[%zu,%d]", separator, at, POOL_TRACE_STEP);
            separator = ",";
        }
    trace_print(writer, "]");
}

static const char *trace_lifetime_of(const struct http_replay *replay, uint32_t index)
{
    const struct pool_trace_entry *entry = &replay->trace.entries[index];

    if (index < replay->pinned_after)
        return "connection";
    return replay->trace.blocks[entry->block].kind == POOL_TRACE_BUFFER ? "buffer" : "request";
}

static void trace_print_allocation(struct writer *writer, const struct http_replay *replay, uint32_t index)
{
    const struct pool_trace_entry *entry = &replay->trace.entries[index];
    size_t written = entry->freed_after ? 0 : pool_trace_written(entry), shown = written;

    trace_print(writer, "%s{\"order\":%u,\"purpose\":", index ? ",\n" : "", index + 1);
    trace_print_string(writer, entry->purpose, strlen(entry->purpose));
    trace_print(writer,
                ",\"lifetime\":\"%s\",\"block\":%u,\"offset\":%u,\"bytes\":%u,\"gap_bytes\":%u,\"source\":",
                trace_lifetime_of(replay, index), entry->block, entry->offset, entry->size, entry->gap);
    trace_print_string(writer, entry->source, strlen(entry->source));
    if (entry->freed_after)
        trace_print(writer, ",\"freed_after\":%u", entry->freed_after);
    else
        trace_print(writer, ",\"freed_after\":null");
    if (shown > writer->data_left)
        shown = writer->data_left - writer->data_left % POOL_TRACE_STEP;
    writer->data_left -= shown;
    writer->data_lost += written - shown;
    trace_print_data(writer, entry, shown);
    trace_print(writer, "}");
}

/* ---- blocks ---- */

/* Bytes written to in a buffer's allocation, before the reset; -1: no buffer, or it has been put back. */
static int64_t trace_filled(const struct pool_trace *trace, uint32_t block)
{
    for (uint32_t i = 0; i < trace->count && trace->blocks[block].kind == POOL_TRACE_BUFFER; i++)
        if (trace->entries[i].block == block && !trace->entries[i].freed_after)
            return (int64_t)pool_trace_written(&trace->entries[i]);
    return -1;
}

/* After the reset: the reserve are the first of the later blocks. */
static const char *trace_fate(const struct http_replay *replay, uint32_t block)
{
    uint32_t later = 0;

    if (replay->trace.blocks[block].kind == POOL_TRACE_FIRST)
        return "stays";
    if (replay->trace.blocks[block].kind != POOL_TRACE_BLOCK)
        return "returned";
    for (uint32_t i = 0; i < block; i++)
        later += replay->trace.blocks[i].kind == POOL_TRACE_BLOCK;
    return later < replay->after.reserve ? "kept" : "returned";
}

static void trace_print_optional(struct writer *writer, const char *name, int64_t value)
{
    if (value >= 0)
        trace_print(writer, ",\"%s\":%lld", name, (long long)value);
    else
        trace_print(writer, ",\"%s\":null", name);
}

static void trace_print_block(struct writer *writer, const struct http_replay *replay, uint32_t index,
                              int64_t filled_bytes)
{
    static const char *const kinds[] = {"first", "block", "large", "buffer"};
    const struct pool_trace_block *block = &replay->trace.blocks[index];
    uint32_t pin = block->kind == POOL_TRACE_FIRST ? pool_trace_pin(replay->pool) : 0;

    trace_print(writer, "%s{\"id\":%u,\"kind\":\"%s\",\"bytes\":%u,\"header_bytes\":%u,\"used_bytes\":%u",
                index ? ",\n" : "", index, kinds[block->kind], block->size, block->header, block->used);
    trace_print_optional(writer, "pin_bytes", pin ? (int64_t)pin : -1);
    trace_print_optional(writer, "filled_bytes", filled_bytes);
    trace_print(writer, ",\"fate\":\"%s\"}", trace_fate(replay, index));
}

/* ---- the whole ---- */

static void trace_print_pool(struct writer *writer, const struct http_replay *replay)
{
    const struct pool_options *options = &writer->request->connection->base.binding->pools;
    const struct pool_trace *trace = &replay->trace;

    trace_print(
        writer,
        "{\"schema\":\"tidepool-trace/1\",\"server\":\"" VERSION_TEXT "\",\n\"pool\":{\"first_bytes\":%zu,"
        "\"block_bytes\":%zu,\"header_bytes\":%zu,\"large_bytes\":%zu,\"budget_bytes\":%zu,\"mode\":\"%s\"}"
        ",\n",
        trace->block_count && trace->blocks[0].kind == POOL_TRACE_FIRST ? trace->blocks[0].size
                                                                        : options->first_size,
        pool_block_size(replay->pool), sizeof(struct pool), pool_trace_large(replay->pool), options->budget,
        pool_mode_names[pool_mode()]);
}

static void trace_print_request(struct writer *writer, const struct http_replay *replay)
{
    const struct http_request *asker = writer->request, *request = replay->connection->request;
    struct http_text line = http_head_text(&asker->head, asker->head.request_line), location = {"", 0};
    const char *server = request ? request->server->name : "";

    if (request && request->location->kind != HTTP_LOCATION_SERVER)
        location = request->location->name;
    trace_print(writer, "\"request\":{\"line\":");
    trace_print_string(writer, line.bytes, line.length < TRACE_LINE ? line.length : TRACE_LINE);
    trace_print(writer, ",\"head_bytes\":%llu,\"fields\":%u,\"server\":",
                (unsigned long long)(request ? request->length : 0), request ? request->head.field_count : 0);
    trace_print_string(writer, server, strlen(server));
    trace_print(writer, ",\"location\":");
    trace_print_string(writer, location.bytes, location.length);
    trace_print(writer, ",\"status\":%d},\n", replay->status);
}

static void trace_print_account(struct writer *writer, const char *name, const struct pool_stats *stats)
{
    trace_print(
        writer,
        "\"%s\":{\"held_bytes\":%zu,\"used_bytes\":%zu,\"stranded_bytes\":%zu,\"blocks\":%u,\"reserve\":%u,"
        "\"larges\":%u,\"buffers\":%u},\n",
        name, stats->held_bytes, stats->used_bytes, stats->stranded_bytes, stats->blocks, stats->reserve,
        stats->larges, stats->buffers);
}

/* Blocks are printed after the reset, when it is known which of them were kept. */
static void trace_print_all(struct writer *writer, struct http_replay *replay)
{
    const struct pool_trace *trace = &replay->trace;
    int64_t filled_bytes[POOL_TRACE_BLOCKS] = {0};

    trace_print_pool(writer, replay);
    trace_print_request(writer, replay);
    trace_print(writer, "\"allocations\":[");
    for (uint32_t i = 0; i < trace->count; i++)
        trace_print_allocation(writer, replay, i);
    for (uint32_t i = 0; i < trace->block_count; i++)
        filled_bytes[i] = trace_filled(trace, i);
    http_replay_reset(replay);
    trace_print(writer, "],\n\"pinned_after\":%u,\n\"blocks\":[", replay->pinned_after);
    for (uint32_t i = 0; i < trace->block_count; i++)
        trace_print_block(writer, replay, i, filled_bytes[i]);
    trace_print(writer, "],\n\"reset\":{");
    trace_print_account(writer, "before", &replay->before);
    trace_print_account(writer, "after", &replay->after);
    trace_print_account(writer, "idle", &replay->idle);
    trace_print(writer, "\"given_back_bytes\":%zu,\"reset_bytes\":%zu},\n",
                replay->before.held_bytes - replay->idle.held_bytes,
                replay->before.used_bytes - replay->after.used_bytes);
    trace_print(writer, "\"truncated\":{\"allocations\":%u,\"data_bytes\":%zu}}\n", trace->lost,
                writer->data_lost);
}

enum http_outcome http_pool_trace_answer(struct http_request *request)
{
    struct writer *writer = pool_alloc(request->pool, sizeof *writer, "trace writer");
    struct http_replay replay;

    if (!writer)
        return http_no_memory(request);
    *writer = (struct writer){.request = request, .data_left = TRACE_DATA};
    request->response.content_type = HTTP_TEXT("application/json");
    if (http_replay_run(&replay, request))
        return http_no_memory(request);
    request->status = 200;
    if (http_stream_begin(request)) {
        http_replay_end(&replay);
        return http_no_memory(request);
    }
    trace_print_all(writer, &replay);
    trace_flush(writer);
    http_replay_end(&replay);
    if (writer->failed || http_stream_end(request))
        return http_no_memory(request);
    return HTTP_OUTCOME_ANSWERED;
}
