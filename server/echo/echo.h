/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: sends back what it receives: the simplest protocol on the engine, and the one to read first. It
 *   shows a connection's life (echo.c) without HTTP. Bytes are received into pieces of counted blocks, sent
 *   and freed (pieces.h). There is no request, and so no reset.
 * Lifetime: the struct is the first thing in the connection's pool; its blocks go when it is idle.
 * Threads: the connection's worker.
 * Errors: from a peer that reads too slowly nothing is received (back-pressure); it is cut after echo_timeout
 *   without progress.
 */
#ifndef SERVER_ECHO_ECHO_H
#define SERVER_ECHO_ECHO_H

#include "server/connection.h"

/* What `server { }` in a stream block says; binding->data of its addresses. */
struct echo_settings {
    bool (*admit)(struct connection *); /* false: the client may not come in; a line says why */
    int64_t timeout;                    /* ms without progress after which a connection is closed */
    size_t buffer_size;                 /* bytes of a block; two are received ahead of what was sent */
};

extern const struct protocol echo_protocol;

#endif
