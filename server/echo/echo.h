/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: sends back what it receives. The simplest protocol on the engine, and the one to read first. Shows
 *   a connection's life (echo.c) without HTTP. Bytes are received into pieces of counted blocks, sent and
 *   freed (pieces.h). There is no request, and so no reset.
 * Lifetime: the struct is the first thing in the connection's pool; its blocks go when it is idle.
 * Threads: the connection's worker.
 * Errors: a peer that reads too slowly is not read from (back-pressure) and cut after echo_timeout without
 *   progress.
 */
#ifndef SERVER_ECHO_ECHO_H
#define SERVER_ECHO_ECHO_H

#include "server/connection.h"

/* What `server { }` in a stream block says; binding->data of its addresses. */
struct echo_settings {
    bool (*admit)(struct connection *); /* false, and said in the log: this client may not come in */
    int64_t timeout;                    /* ms without progress after which a connection is closed */
    size_t buffer_size;                 /* bytes of a block; two are received ahead of what was sent */
};

extern const struct protocol echo_protocol;

#endif
