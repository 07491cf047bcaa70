/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the stream block, servers that do not speak HTTP: `stream { server { listen …; echo; } }`.
 * Lifetime: settings lie in the generation's pool.
 * Threads: read by the main thread, used by all.
 * Errors: those of reading a configuration.
 */
#ifndef SERVER_ECHO_STREAM_H
#define SERVER_ECHO_STREAM_H

#include "conf/directive.h"

extern const struct conf_module stream_block;  /* `stream` */
extern const struct conf_module stream_module; /* what stands in it */

#endif
