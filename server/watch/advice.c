/* SPDX-License-Identifier: BSD-2-Clause */
/* Advice on pool sizes: the figures, and the sentence. */
#include "server/watch/advice.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/connection.h"
#include "server/worker.h"

enum { TEXT = 32 /* bytes of a number as text */ };

/* ---- numbers as people write them ---- */

/* As it would stand in the configuration. */
static const char *size_text(size_t bytes, char text[TEXT])
{
    if (bytes % 1024 == 0 && bytes > 0)
        snprintf(text, TEXT, "%zuk", bytes / 1024);
    else
        snprintf(text, TEXT, "%zu", bytes);
    return text;
}

/* As the page writes it: 400 bytes, 1.5 KiB, 4 KiB. */
static const char *amount_text(uint64_t bytes, char text[TEXT])
{
    double amount = (double)bytes / 1024.;
    const char *unit = "KiB";

    if (bytes < 1024) {
        snprintf(text, TEXT, "%" PRIu64 " bytes", bytes);
        return text;
    }
    if (amount >= 1024) {
        amount /= 1024.;
        unit = "MiB";
    }
    snprintf(text, TEXT, "%.*f %s", amount == (double)(uint64_t)amount ? 0 : 1, amount, unit);
    return text;
}

/* 46,599 */
static const char *count_text(uint64_t count, char text[TEXT])
{
    size_t length = (size_t)snprintf(text, TEXT, "%" PRIu64, count);

    for (size_t at = length; at > 3; length++) {
        at -= 3;
        memmove(text + at + 1, text + at, length - at + 1);
        text[at] = ',';
    }
    return text;
}

/* Rounded down: only all of them are 100 %. */
static const char *share_text(uint64_t part, uint64_t all, char text[TEXT])
{
    unsigned tenths = (unsigned)((double)part / (double)all * 1000.);

    if (tenths > 999 && part != all)
        tenths = 999;
    snprintf(text, TEXT, "%u.%u %%", tenths / 10, tenths % 10);
    return text;
}

/* ---- the sentence ---- */

struct sentence {
    char *to;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void say(struct sentence *sentence, const char *format, ...)
{
    size_t room = ADVICE_SENTENCE - sentence->used;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(sentence->to + sentence->used, room, format, arguments);
    va_end(arguments);
    if (length > 0)
        sentence->used += (size_t)length < room ? (size_t)length : room - 1;
}

/* request_pool_size: whether it is right, or what another would cost. */
static void say_block(struct sentence *sentence, const struct advice *advice)
{
    char size[TEXT], now[TEXT], share[TEXT], share_now[TEXT], cost[TEXT], requests[TEXT];
    uint64_t difference = (uint64_t)(advice->block_cost < 0 ? -advice->block_cost : advice->block_cost);

    size_text(advice->block_advised, size);
    size_text(advice->block_size, now);
    share_text(advice->block_fits, advice->requests, share);
    share_text(advice->served_now, advice->requests, share_now);
    amount_text(difference, cost);
    count_text(advice->requests, requests);
    if (advice->request_p99_bytes > AUTO_SIZE_MOST - sizeof(struct pool_block))
        say(sentence,
            "No request_pool_size would serve 99 %% of %s requests in one block: 64k, the largest, would "
            "serve %s.",
            requests, share);
    else if (advice->block_advised == advice->block_size)
        say(sentence, "request_pool_size %s is right: it serves %s of %s requests in one block.", now,
            share_now, requests);
    else
        say(sentence,
            "request_pool_size %s would serve %s of %s requests in one block, the present %s serves %s: %s "
            "%s for each request in progress.",
            size, share, requests, now, share_now, cost, advice->block_cost < 0 ? "less" : "more");
}

static void say_first(struct sentence *sentence, const struct advice *advice)
{
    char size[TEXT], now[TEXT], each[TEXT], all[TEXT], open[TEXT];

    if (!advice->first_advised)
        return;
    size_text(advice->first_advised, size);
    size_text(advice->first_size, now);
    if (advice->first_advised <= advice->first_size) {
        say(sentence,
            " connection_pool_size %s already serves 99 %% of them without a further block; %s would do.",
            now, size);
        return;
    }
    say(sentence,
        " connection_pool_size %s would serve them without a further block, and cost %s more for each "
        "connection, idle ones included: %s for the %s open now.",
        size, amount_text(advice->first_advised - advice->first_size, each),
        amount_text((uint64_t)advice->first_cost, all), count_text(advice->open, open));
}

/* Behind the sentence: what requests needed, and what else could be done. */
static void say_more(struct advice *advice)
{
    struct sentence more = {advice->more, 0};
    char most[TEXT], half[TEXT];

    if (advice->request_p99_bytes == SIZE_MAX)
        say(&more, "More than 1 %% of them needed more than 16 MiB of the pool.");
    else
        say(&more, "99 %% of them needed at most %s of the pool, half of them at most %s.",
            amount_text(advice->request_p99_bytes, most), amount_text(advice->request_p50_bytes, half));
    if (advice->automatic)
        say(&more, " request_pool_size is auto, and follows by itself.");
    say_first(&more, advice);
}

/* Without advice, the sentence says why there is none. */
static void say_all(const struct advice_facts *facts, struct advice *advice)
{
    struct sentence sentence = {advice->sentence, 0};
    char text[TEXT];

    if (facts->passthrough) {
        say(&sentence,
            "pool_mode is passthrough: every allocation is one of the system's, there are no blocks to "
            "advise on.");
        return;
    }
    if (!advice->known) {
        say(&sentence, "Too few requests for advice: %s so far, %d are needed.",
            count_text(advice->requests, text), ADVICE_LEAST);
        return;
    }
    say_block(&sentence, advice);
    say_more(advice);
    if (!advice->automatic && advice->block_advised != advice->block_size)
        snprintf(advice->line, sizeof advice->line, "request_pool_size %s;",
                 size_text(advice->block_advised, text));
}

/* ---- the figures ---- */

void advice_make(const struct advice_facts *facts, struct advice *advice)
{
    size_t p99 = marks_quantile(&facts->requests, AUTO_SIZE_PER_MILLE);

    *advice = (struct advice){
        .requests = facts->requests.total,
        .open = facts->open,
        .first_size = facts->first_size,
        .block_size = facts->block_size,
        .request_p50_bytes = marks_quantile(&facts->requests, 500),
        .request_p99_bytes = p99,
        .connection_p99_bytes = marks_quantile(&facts->connections, AUTO_SIZE_PER_MILLE),
        .known = facts->requests.total >= ADVICE_LEAST && !facts->passthrough,
        .automatic = facts->automatic,
    };
    if (facts->block_size > sizeof(struct pool_block))
        advice->served_now = marks_within(&facts->requests, facts->block_size - sizeof(struct pool_block));
    if (advice->known) {
        advice->block_advised = auto_size_of(p99);
        advice->block_fits =
            marks_within(&facts->requests, advice->block_advised - sizeof(struct pool_block));
        advice->block_cost = (int64_t)advice->block_advised - (int64_t)facts->block_size;
        if (p99 <= AUTO_SIZE_MOST && p99 + facts->pinned_bytes <= AUTO_SIZE_MOST)
            advice->first_advised = sizeclass_round(p99 + facts->pinned_bytes);
        if (advice->first_advised > facts->first_size)
            advice->first_cost = (int64_t)(facts->open * (advice->first_advised - facts->first_size));
    }
    say_all(facts, advice);
}

/* The first address whose connections have requests: the one that is advised on. */
static const struct binding *advised(const struct generation *generation)
{
    const struct binding *binding = generation->bindings;

    while (binding && !binding->measured)
        binding = binding->next;
    return binding;
}

void advice_of(const struct worker *worker, struct advice *advice)
{
    const struct generation *generation = worker->tenure->generation;
    const struct binding *binding = advised(generation);
    struct advice_facts facts = {.passthrough = pool_mode() == POOL_PASSTHROUGH};

    for (unsigned i = 0; i < generation->worker_count; i++) {
        const struct worker *other = generation->shares[i].worker;

        marks_collect(&other->marks.requests, &facts.requests);
        marks_collect(&other->marks.connections, &facts.connections);
        /* In this order: a connection that ends in between must not make it negative. */
        facts.open -= counter_read(&other->counters.closed);
        facts.open += counter_read(&other->counters.accepted);
    }
    if (binding) {
        facts.automatic = binding->automatic;
        facts.first_size = sizeclass_round(binding->pools.first_size);
        facts.block_size =
            binding->automatic ? worker->auto_size.block_size : sizeclass_round(binding->pools.block_size);
        facts.pinned_bytes = POOL_HEADER_MAX + (binding->protocol->connection_size + 15) / 16 * 16;
    }
    advice_make(&facts, advice);
}

/* JSON has no infinity: what lies beyond the last bucket is null. */
static void put_mark(struct text *text, const char *name, size_t bytes)
{
    if (bytes == SIZE_MAX)
        json_put_text(text, name, NULL);
    else
        json_put_number(text, name, bytes);
}

void advice_put(const struct advice *advice, struct text *text)
{
    json_put_open(text, "advice", '{');
    json_put_number(text, "requests", advice->requests);
    json_put_number(text, "open", advice->open);
    json_put_number(text, "first_size", advice->first_size);
    json_put_number(text, "block_size", advice->block_size);
    json_put_bool(text, "automatic", advice->automatic);
    json_put_bool(text, "known", advice->known);
    put_mark(text, "request_p50_bytes", advice->request_p50_bytes);
    put_mark(text, "request_p99_bytes", advice->request_p99_bytes);
    put_mark(text, "connection_p99_bytes", advice->connection_p99_bytes);
    json_put_number(text, "served_now", advice->served_now);
    json_put_number(text, "block_advised", advice->block_advised);
    json_put_number(text, "block_fits", advice->block_fits);
    json_put_signed(text, "block_cost", advice->block_cost);
    json_put_number(text, "first_advised", advice->first_advised);
    json_put_signed(text, "first_cost", advice->first_cost);
    json_put_text(text, "sentence", advice->sentence);
    json_put_text(text, "more", advice->more);
    json_put_text(text, "line", advice->line);
    json_put_close(text, '}');
}
