/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/counted.h"

static _Atomic uint64_t *counter_of(struct http_connection *connection, unsigned kind)
{
    struct counters *counters = &connection->base.worker->counters;

    return kind == HTTP_COUNTED_READING ? &counters->reading : &counters->writing;
}

void http_count_as(struct http_connection *connection, enum http_counted now)
{
    if (connection->counted != HTTP_COUNTED_IDLE)
        counter_add(counter_of(connection, connection->counted), (uint64_t)-1);
    if (now != HTTP_COUNTED_IDLE)
        counter_add(counter_of(connection, now), 1);
    connection->counted = (uint8_t)now;
}
