/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What connections wait for, in numbers that anyone may read: worker->counters.reading and .writing.
 *
 * Purpose: a connection is counted where it settles down to wait, if that is not as it waited before;
 *   requests that are answered in one turn are never counted.
 * Lifetime: connection->counted, until http_count_as says idle.
 * Threads: the connection's worker.
 * Errors: none.
 */
#ifndef HTTP_COUNTED_H
#define HTTP_COUNTED_H

#include "http/connection.h"

void http_count_as(struct http_connection *connection, enum http_counted now);

/* It is about to wait in connection->state. */
static inline void http_count(struct http_connection *connection)
{
    static const uint8_t kinds[HTTP_STATES] = {[HTTP_HEAD_IN] = HTTP_COUNTED_READING,
                                               [HTTP_BODY_IN] = HTTP_COUNTED_WRITING,
                                               [HTTP_WAITING] = HTTP_COUNTED_WRITING,
                                               [HTTP_SENDING] = HTTP_COUNTED_WRITING,
                                               [HTTP_LINGER] = HTTP_COUNTED_WRITING};

    if (connection->counted != kinds[connection->state])
        http_count_as(connection, (enum http_counted)kinds[connection->state]);
}

#endif
