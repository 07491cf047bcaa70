/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echo: sends back what it receives. The simplest protocol on the engine, and the file to read first.
 *
 * Purpose: shows a connection's life without HTTP: bytes are received into a chunk of counted blocks
 *   (pool/refpool.h), queued, sent, and freed; there is no request and so no reset.
 * Lifetime: the struct is the first thing in the connection's pool; its blocks go when it is idle.
 * Threads: the connection's worker.
 * Errors: a peer that reads too slowly is not read from (back-pressure) and cut after echo_timeout without
 *   progress.
 */
#ifndef SERVER_ECHO_ECHO_H
#define SERVER_ECHO_ECHO_H

#include "server/connection.h"
#include "server/shared/access_rules.h"

struct limit_rule;

/* What `server { }` in a stream block says; binding->data of its addresses. */
struct echo_settings {
    int64_t timeout;            /* ms without progress after which a connection is closed */
    size_t buffer_size;         /* bytes of a block; two of them are received ahead of what was sent */
    struct limit_rule *limits;  /* limit_conn, in file order; null: none */
    struct access_rules access; /* allow, deny */
};

extern const struct protocol echo_protocol;

#endif
