/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state machine of a connection: what the bytes that are here allow.
 *
 * Purpose: heads are parsed, requests run and bodies taken until bytes are missing or the output is full.
 *   Nothing is received or sent here: connection.c does that, before and after. Lifetime, threads: those
 *   of the connection.
 * Errors: what the peer did wrong is answered; HTTP_STOP_GONE when nothing can be said any more.
 */
#ifndef HTTP_ADVANCE_H
#define HTTP_ADVANCE_H

#include "http/connection.h"

enum http_stop {
    HTTP_STOP_BYTES,  /* everything here is done: more must come */
    HTTP_STOP_OUTPUT, /* the output must drain first */
    HTTP_STOP_GONE    /* the connection is closed */
};

enum http_stop http_advance(struct http_connection *connection);

/* The request is answered as far as it will be: what comes next? */
void http_advance_answered(struct http_connection *connection);

#endif
