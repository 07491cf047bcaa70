/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as what stands behind the '?' of /pools/data and /pools/follow, or behind a command at the
 * control socket. What is taken lies within its bounds, and what is refused is said in a sentence that needs
 * no escaping. Up to 64 rows, made of the same bytes, are then chosen from as the query says: none of the
 * others comes before one that was chosen.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/connection.h"
#include "server/watch/follow.h"
#include "server/watch/snapshot_part.h"
#include "server/watch/snapshot_query.h"
#include "tests/fuzz/check.h"

enum { ROWS = 64 };

static bool ends(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static void check_sentence(const char *wrong)
{
    CHECK(*wrong && strlen(wrong) < 200);
    for (const char *at = wrong; *at; at++)
        CHECK(*at >= ' ' && *at < 0x7f && *at != '"' && *at != '\\');
}

static void check_query(const struct snapshot_query *query)
{
    const struct snapshot_place *place = &query->place;

    CHECK(query->sort <= SNAPSHOT_ALL);
    CHECK(query->limit <= (query->sort == SNAPSHOT_ALL ? SNAPSHOT_LIMIT_MOST_ALL : SNAPSHOT_LIMIT_MOST));
    CHECK(query->state >= -1 && query->state < CONNECTION_STATES);
    CHECK(query->worker >= -1 && query->worker <= UINT32_MAX && query->id <= INT64_MAX);
    CHECK(query->found.worker >= -1 && query->found.worker <= UINT32_MAX);
    CHECK(ends(query->protocol, sizeof query->protocol) && ends(query->address, sizeof query->address));
    CHECK(ends(query->purpose, sizeof query->purpose) && ends(query->find, sizeof query->find));
    CHECK(!(query->sort == SNAPSHOT_ALL && (query->ascending || query->after)));
    CHECK(!query->after || query->by_client == (query->sort == SNAPSHOT_CLIENT));
    CHECK(isfinite(place->key) && isfinite(place->rest[0]) && isfinite(place->rest[1]));
    CHECK(!snapshot_is_before(place, place));
}

static void check_follow(const char *text, size_t length)
{
    struct follow_query query;
    const char *wrong = follow_query_parse(&query, text, length);

    if (wrong) {
        check_sentence(wrong);
        return;
    }
    CHECK(query.which != FOLLOW_NOTHING && ends(query.address, sizeof query.address));
    CHECK(!*query.address || query.which == FOLLOW_NEXT);
}

/* As a page would ask for what comes behind a row of an earlier answer. */
static void check_client(const uint8_t *data, size_t size)
{
    struct peer peer = {.family = data[0] & 1 ? AF_INET : data[0] & 2 ? AF_INET6 : AF_UNIX};
    double figures[SNAPSHOT_FIGURES] = {0};
    char text[SNAPSHOT_ORDER_TEXT];
    struct snapshot_place place = {0}, same;

    memcpy(peer.bytes, data, size < sizeof peer.bytes ? size : sizeof peer.bytes);
    peer.port = (uint16_t)(data[size - 1] << 8 | data[0]);
    snapshot_client_order(&peer, text);
    snapshot_client_figures(&peer, figures);
    CHECK(strlen(text) == SNAPSHOT_ORDER_TEXT - 1 && snapshot_client_read(text, &place));
    same = snapshot_place_of(figures, SNAPSHOT_CLIENT, 0);
    CHECK(!snapshot_is_before(&place, &same) && !snapshot_is_before(&same, &place));
}

static void check_choice(const struct snapshot_query *query, enum snapshot_key key, const uint8_t *data,
                         size_t size)
{
    static struct snapshot_row rows[ROWS];
    struct snapshot_row *order[ROWS];
    size_t count = size < ROWS ? size : ROWS, chosen = 0,
           wanted = query->limit < count ? query->limit : count;
    struct snapshot_place bar;

    for (size_t i = 0; i < count; i++) {
        order[i] = &rows[i];
        rows[i].id = i + 1;
        rows[i].chosen = false;
        for (unsigned j = 0; j < SNAPSHOT_FIGURES; j++)
            rows[i].keys[j] = (double)(data[(i + j) % size] & 15) * (query->ascending ? -1 : 1);
    }
    snapshot_choose(order, count, key, query->limit, &bar);
    for (size_t i = 0; i < count; i++)
        chosen += rows[i].chosen;
    CHECK(chosen == wanted);
    for (size_t i = 0; i < count; i++) {
        struct snapshot_place place = snapshot_place_of_row(&rows[i], key);

        /* *bar is the last of the chosen when there are as many as may be. */
        if (wanted && count >= query->limit)
            CHECK(rows[i].chosen != snapshot_is_before(&bar, &place));
    }
    CHECK(snapshot_chosen_first(order, count) == chosen);
    for (size_t i = 0; i < count; i++)
        CHECK(order[i]->chosen == (i < chosen));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct snapshot_query query;
    const char *wrong;
    char *copy = malloc(size + (size == 0));

    CHECK(copy);
    memcpy(copy, data, size);
    wrong = snapshot_query_parse(&query, copy, size);
    if (wrong)
        check_sentence(wrong);
    else
        check_query(&query);
    check_follow(copy, size);
    if (!wrong && size) {
        check_client(data, size);
        for (unsigned n = 0; n < snapshot_query_keys(&query); n++)
            check_choice(&query, snapshot_query_key(&query, n), data, size);
    }
    free(copy);
    return 0;
}
