/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the arguments of a snapshot. */
#include "server/watch/snapshot_query.h"

#include <string.h>

#include "server/connection.h"

void snapshot_query_init(struct snapshot_query *query)
{
    *query = (struct snapshot_query){.sort = SNAPSHOT_ALL,
                                     .limit = SNAPSHOT_LIMIT,
                                     .state = -1,
                                     .worker = -1,
                                     .total_most = UINT64_MAX,
                                     .age_most = UINT64_MAX,
                                     .watchers = true,
                                     .connections = true};
}

unsigned snapshot_query_keys(const struct snapshot_query *query)
{
    return query->sort == SNAPSHOT_ALL ? SNAPSHOT_KEYS_OF_ALL : 1;
}

enum snapshot_key snapshot_query_key(const struct snapshot_query *query, unsigned n)
{
    return query->sort == SNAPSHOT_ALL ? (enum snapshot_key)n : query->sort;
}

/* The value without its %XX. False: a bad escape, or too long for `size`. */
static bool decode(const char *from, size_t length, char *to, size_t size)
{
    size_t at = 0;

    for (size_t i = 0; i < length; i++) {
        char byte = from[i];

        if (byte == '%') {
            if (length - i < 3 || snapshot_hex(from[i + 1]) < 0 || snapshot_hex(from[i + 2]) < 0)
                return false;
            byte = (char)(snapshot_hex(from[i + 1]) * 16 + snapshot_hex(from[i + 2]));
            i += 2;
        }
        if (!byte || at + 1 >= size)
            return false;
        to[at++] = byte;
    }
    to[at] = '\0';
    return true;
}

bool snapshot_read_number(const char *text, uint64_t most, uint64_t *number)
{
    uint64_t value = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || value > (most - (uint64_t)(*text - '0')) / 10)
            return false;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    *number = value;
    return value <= most;
}

bool snapshot_read_name(const char *text, struct snapshot_name *name)
{
    const char *dot = strchr(text, '.');
    char worker[SNAPSHOT_WORD];
    uint64_t number;

    name->worker = -1;
    if (dot) {
        if ((size_t)(dot - text) >= sizeof worker)
            return false;
        memcpy(worker, text, (size_t)(dot - text));
        worker[dot - text] = '\0';
        if (!snapshot_read_number(worker, UINT32_MAX, &number))
            return false;
        name->worker = (int64_t)number;
    }
    return snapshot_read_number(dot ? dot + 1 : text, INT64_MAX, &name->number);
}

static const char *set_sort(struct snapshot_query *query, const char *value)
{
    for (unsigned key = 0; key <= SNAPSHOT_KEYS; key++)
        if (!strcmp(value, snapshot_key_names[key])) {
            query->sort = (enum snapshot_key)key;
            return NULL;
        }
    return "sort is one of total, peak, used, age, idle, requests, unsent, number, state, address, protocol, "
           "larges, filled, all";
}

static const char *set_limit(struct snapshot_query *query, const char *value)
{
    uint64_t number;

    if (!snapshot_read_number(value, SNAPSHOT_LIMIT_MOST, &number))
        return "limit is a number up to 1000";
    query->limit = (unsigned)number;
    return NULL;
}

static const char *set_state(struct snapshot_query *query, const char *value)
{
    for (int state = 0; state < CONNECTION_STATES; state++)
        if (!strcmp(value, connection_state_names[state])) {
            query->state = state;
            return NULL;
        }
    return "state is one of idle, reading, waiting, sending, lingering";
}

static const char *set_protocol(struct snapshot_query *query, const char *value)
{
    size_t length = strlen(value);

    if (length >= sizeof query->protocol)
        return "protocol is a word such as http";
    memcpy(query->protocol, value, length + 1);
    return NULL;
}

static const char *set_address(struct snapshot_query *query, const char *value)
{
    memcpy(query->address, value, strlen(value) + 1);
    return NULL;
}

static const char *set_purpose(struct snapshot_query *query, const char *value)
{
    memcpy(query->purpose, value, strlen(value) + 1);
    return NULL;
}

static const char *set_worker(struct snapshot_query *query, const char *value)
{
    uint64_t number;

    if (!snapshot_read_number(value, UINT32_MAX, &number))
        return "worker is a number";
    query->worker = (int64_t)number;
    return NULL;
}

static const char *set_id(struct snapshot_query *query, const char *value)
{
    struct snapshot_name name;

    if (!snapshot_read_name(value, &name))
        return "id is a number, or worker and number such as 1.4911";
    query->id = name.number;
    if (name.worker >= 0)
        query->worker = name.worker;
    return NULL;
}

static const char *set_find(struct snapshot_query *query, const char *value)
{
    memcpy(query->find, value, strlen(value) + 1);
    if (!snapshot_read_name(value, &query->found))
        query->found.number = 0;
    return NULL;
}

static const char *set_order(struct snapshot_query *query, const char *value)
{
    query->ascending = !strcmp(value, "up");
    return query->ascending || !strcmp(value, "down") ? NULL : "order is up or down";
}

static const char wrong_after[] = "after is the order of a row of the same sort, a point, and its id";

/* ORDER.ID of the last row that was seen. */
static const char *set_after(struct snapshot_query *query, const char *value)
{
    char order[SNAPSHOT_ADDRESS];
    const char *point = strchr(value, '.');
    uint64_t number = 0;
    size_t length = point ? (size_t)(point - value) : 0;

    memcpy(order, value, length);
    order[length] = '\0';
    query->by_client = length == SNAPSHOT_ORDER_TEXT - 1;
    if (!(query->by_client ? snapshot_client_read(order, &query->place)
                           : snapshot_read_number(order, (uint64_t)1 << 53, &number)) ||
        !snapshot_read_number(point + 1, INT64_MAX, &query->place.id))
        return wrong_after;
    query->after = true;
    if (!query->by_client)
        query->place.key = (double)number;
    return NULL;
}

static const char *set_bound(uint64_t *bound, const char *value)
{
    return snapshot_read_number(value, (uint64_t)1 << 53, bound) ? NULL : "a bound is a whole number";
}

static const char *set_total_over(struct snapshot_query *query, const char *value)
{
    return set_bound(&query->total_over, value);
}

static const char *set_total_most(struct snapshot_query *query, const char *value)
{
    return set_bound(&query->total_most, value);
}

static const char *set_age_over(struct snapshot_query *query, const char *value)
{
    return set_bound(&query->age_over, value);
}

static const char *set_age_most(struct snapshot_query *query, const char *value)
{
    return set_bound(&query->age_most, value);
}

static const char *set_watchers(struct snapshot_query *query, const char *value)
{
    query->watchers = strcmp(value, "0") != 0;
    return !query->watchers || !strcmp(value, "1") ? NULL : "watchers is 0 or 1";
}

static const struct {
    const char *name;
    const char *(*set)(struct snapshot_query *query, const char *value);
} arguments[] = {{"sort", set_sort},
                 {"limit", set_limit},
                 {"state", set_state},
                 {"id", set_id},
                 {"find", set_find},
                 {"protocol", set_protocol},
                 {"address", set_address},
                 {"purpose", set_purpose},
                 {"worker", set_worker},
                 {"order", set_order},
                 {"after", set_after},
                 {"total_over", set_total_over},
                 {"total_most", set_total_most},
                 {"age_over", set_age_over},
                 {"age_most", set_age_most},
                 {"watchers", set_watchers}};

const char *snapshot_argument_next(const char **text, const char *end, struct snapshot_argument *argument)
{
    const char *and, *stop, *equals;
    size_t name;

    argument->name[0] = '\0';
    while (*text < end && **text == '&')
        ++*text;
    if (*text == end)
        return NULL;
    and = memchr(*text, '&', (size_t)(end - *text));
    stop = and? and : end;
    equals = memchr(*text, '=', (size_t)(stop - *text));
    name = equals ? (size_t)(equals - *text) : 0;
    if (!equals || name >= sizeof argument->name || name == 0 ||
        !decode(equals + 1, (size_t)(stop - equals - 1), argument->value, sizeof argument->value))
        return "an argument has no value, or one that is too long";
    memcpy(argument->name, *text, name);
    argument->name[name] = '\0';
    *text = stop;
    return NULL;
}

static const char *set_one(struct snapshot_query *query, const struct snapshot_argument *argument)
{
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++)
        if (!strcmp(arguments[i].name, argument->name))
            return arguments[i].set(query, argument->value);
    return "arguments are sort, order, limit, after, state, protocol, address, purpose, worker, id, find, "
           "total_over, total_most, age_over, age_most and watchers";
}

const char *snapshot_query_parse(struct snapshot_query *query, const char *text, size_t length)
{
    const char *end = text + length, *wrong;
    struct snapshot_argument argument;

    snapshot_query_init(query);
    while (!(wrong = snapshot_argument_next(&text, end, &argument)) && argument.name[0])
        if ((wrong = set_one(query, &argument)))
            return wrong;
    if (query->sort == SNAPSHOT_ALL && query->limit > SNAPSHOT_LIMIT_MOST_ALL)
        query->limit = SNAPSHOT_LIMIT_MOST_ALL;
    if (query->sort == SNAPSHOT_ALL && (query->ascending || query->after))
        return "order and after need a sort by one key";
    if (query->after && query->by_client != (query->sort == SNAPSHOT_CLIENT))
        return wrong_after;
    if (snapshot_is_time(query->sort) != query->ascending)
        query->place.key = -query->place.key;
    for (unsigned i = 0; query->ascending && i < 2; i++)
        query->place.rest[i] = -query->place.rest[i];
    return wrong;
}
