/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the trace as JSON. */
#include "http/limits.h"
#include "http/modules/view/pool_trace.h"

#include <string.h>

#include "http/modules/view/pool_trace_bytes.h"
#include "http/modules/view/replay.h"
#include "http/modules/view/snapshot_answer.h"
#include "http/modules/view/text_body.h"
#include "http/request.h"
#include "pool/pool_mark.h"
#include "server/version.h"

enum {
    TRACE_DATA = 32 * 1024, /* bytes of memory shown in all */
    TRACE_LINE = 1024       /* bytes of the request line shown */
};

static void trace_put_data(struct text *text, const struct pool_trace_entry *entry, size_t length)
{
    static const char digits[] = "0123456789abcdef";

    text_add(text, ",\"data\":\"", 9);
    for (size_t at = 0; at < length; at++) {
        unsigned char byte =
            pool_trace_hides(entry, at - at % POOL_TRACE_STEP) ? 0 : (unsigned char)entry->bytes[at];

        text_add(text, (const char[]){digits[byte >> 4], digits[byte & 15]}, 2);
    }
    text_add(text, "\"", 1);
    json_put_open(text, "hidden", '[');
    for (size_t at = 0; at < length; at += POOL_TRACE_STEP)
        if (pool_trace_hides(entry, at)) {
            json_put_open(text, NULL, '[');
            json_put_number(text, NULL, at);
            json_put_number(text, NULL, POOL_TRACE_STEP);
            json_put_close(text, ']');
        }
    json_put_close(text, ']');
}

/* `value`, or null if it is below 0. */
static void trace_put_optional(struct text *text, const char *name, int64_t value)
{
    if (value >= 0)
        json_put_number(text, name, (uint64_t)value);
    else
        json_put_text(text, name, NULL);
}

static const char *trace_lifetime_of(const struct http_replay *replay, uint32_t index)
{
    const struct pool_trace_entry *entry = &replay->trace.entries[index];

    if (index < replay->pinned_after)
        return "connection";
    return replay->trace.blocks[entry->block].kind == POOL_TRACE_BUFFER ? "buffer" : "request";
}

/* `left` bytes of memory may still be shown. Of this entry's, how many are not. */
static size_t trace_put_allocation(struct text *text, const struct http_replay *replay, uint32_t index,
                                   size_t *left)
{
    const struct pool_trace_entry *entry = &replay->trace.entries[index];
    size_t written = entry->freed_after ? 0 : pool_trace_written(entry), shown = written;

    if (shown > *left)
        shown = *left - *left % POOL_TRACE_STEP;
    *left -= shown;
    json_put_open(text, NULL, '{');
    json_put_number(text, "order", index + 1);
    json_put_text(text, "purpose", entry->purpose);
    json_put_text(text, "lifetime", trace_lifetime_of(replay, index));
    json_put_number(text, "block", entry->block);
    json_put_number(text, "offset", entry->offset);
    json_put_number(text, "bytes", entry->size);
    json_put_number(text, "gap_bytes", entry->gap);
    json_put_text(text, "source", entry->source);
    trace_put_optional(text, "freed_after", entry->freed_after ? (int64_t)entry->freed_after : -1);
    trace_put_data(text, entry, shown);
    json_put_close(text, '}');
    return written - shown;
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

static void trace_put_block(struct text *text, const struct http_replay *replay, uint32_t index,
                            int64_t filled_bytes)
{
    static const char *const kinds[] = {"first", "block", "large", "buffer"};
    const struct pool_trace_block *block = &replay->trace.blocks[index];
    uint32_t pin = block->kind == POOL_TRACE_FIRST ? pool_trace_pin(replay->pool) : 0;

    json_put_open(text, NULL, '{');
    json_put_number(text, "id", index);
    json_put_text(text, "kind", kinds[block->kind]);
    json_put_number(text, "bytes", block->size);
    json_put_number(text, "header_bytes", block->header);
    json_put_number(text, "used_bytes", block->used);
    trace_put_optional(text, "pin_bytes", pin ? (int64_t)pin : -1);
    trace_put_optional(text, "filled_bytes", filled_bytes);
    json_put_text(text, "fate", trace_fate(replay, index));
    json_put_close(text, '}');
}

/* ---- the whole ---- */

static void trace_put_pool(struct text *text, const struct http_replay *replay,
                           const struct pool_options *options)
{
    const struct pool_trace *trace = &replay->trace;
    bool first = trace->block_count && trace->blocks[0].kind == POOL_TRACE_FIRST;

    json_put_open(text, "pool", '{');
    json_put_number(text, "first_bytes", first ? trace->blocks[0].size : options->first_size);
    json_put_number(text, "block_bytes", pool_block_size(replay->pool));
    json_put_number(text, "header_bytes", sizeof(struct pool));
    json_put_number(text, "large_bytes", pool_trace_large(replay->pool));
    json_put_number(text, "budget_bytes", options->budget);
    json_put_text(text, "mode", pool_mode_names[pool_mode()]);
    json_put_close(text, '}');
}

static void trace_put_request(struct text *text, const struct http_replay *replay,
                              const struct http_request *asker)
{
    const struct http_request *request = replay->connection->request;
    struct http_text line = http_head_text(&asker->head, asker->head.request_line), location = {"", 0};

    if (request && request->location->kind != HTTP_LOCATION_SERVER)
        location = request->location->name;
    json_put_open(text, "request", '{');
    json_put_bytes(text, "line", line.bytes, line.length < TRACE_LINE ? line.length : TRACE_LINE);
    json_put_number(text, "head_bytes", request ? request->length : 0);
    json_put_number(text, "fields", request ? request->head.field_count : 0);
    json_put_text(text, "server", request ? request->server->name : "");
    json_put_bytes(text, "location", location.bytes, location.length);
    json_put_number(text, "status", (uint64_t)replay->status);
    json_put_close(text, '}');
}

static void trace_put_account(struct text *text, const char *name, const struct pool_stats *stats)
{
    json_put_open(text, name, '{');
    json_put_number(text, "held_bytes", stats->held_bytes);
    json_put_number(text, "used_bytes", stats->used_bytes);
    json_put_number(text, "stranded_bytes", stats->stranded_bytes);
    json_put_number(text, "blocks", stats->blocks);
    json_put_number(text, "reserve", stats->reserve);
    json_put_number(text, "larges", stats->larges);
    json_put_number(text, "buffers", stats->buffers);
    json_put_close(text, '}');
}

/* Blocks are written after the reset, when it is known which of them were kept. */
static void trace_put_all(struct text *text, struct http_replay *replay, const struct http_request *asker)
{
    const struct pool_trace *trace = &replay->trace;
    int64_t filled_bytes[POOL_TRACE_BLOCKS] = {0};
    size_t left = TRACE_DATA, lost = 0;

    json_put_open(text, NULL, '{');
    json_put_text(text, "schema", "tidepool-trace/1");
    json_put_text(text, "server", VERSION_TEXT);
    trace_put_pool(text, replay, &asker->connection->base.binding->pools);
    trace_put_request(text, replay, asker);
    json_put_open(text, "allocations", '[');
    for (uint32_t i = 0; i < trace->count; i++)
        lost += trace_put_allocation(text, replay, i, &left);
    json_put_close(text, ']');
    for (uint32_t i = 0; i < trace->block_count; i++)
        filled_bytes[i] = trace_filled(trace, i);
    http_replay_reset(replay);
    json_put_number(text, "pinned_after", replay->pinned_after);
    json_put_open(text, "blocks", '[');
    for (uint32_t i = 0; i < trace->block_count; i++)
        trace_put_block(text, replay, i, filled_bytes[i]);
    json_put_close(text, ']');
    json_put_open(text, "reset", '{');
    trace_put_account(text, "before", &replay->before);
    trace_put_account(text, "after", &replay->after);
    trace_put_account(text, "idle", &replay->idle);
    json_put_number(text, "given_back_bytes", replay->before.held_bytes - replay->idle.held_bytes);
    json_put_number(text, "reset_bytes", replay->before.used_bytes - replay->after.used_bytes);
    json_put_close(text, '}');
    json_put_open(text, "truncated", '{');
    json_put_number(text, "allocations", trace->lost);
    json_put_number(text, "data_bytes", lost);
    json_put_close(text, '}');
    json_put_close(text, '}');
}

/* With little memory left there is no trace: half of one would not be JSON. */
enum http_outcome http_pool_trace_answer(struct http_request *request)
{
    enum http_outcome outcome;
    struct http_replay replay;
    struct text *text;

    request->response.content_type = HTTP_TEXT("application/json");
    if (http_replay_run(&replay, request))
        return http_no_memory(request);
    text = text_create();
    if (text)
        trace_put_all(text, &replay, request);
    http_replay_end(&replay);
    outcome = text && !text->failed && !text->short_of_memory
                  ? http_answer_text(request, HTTP_TEXT("application/json"), text)
                  : http_no_snapshot(request);
    text_put(text);
    return outcome;
}
