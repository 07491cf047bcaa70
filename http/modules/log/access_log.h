/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: access_log and log_format: a line about every request. Lines go straight into the worker's buffer
 *   of their file and leave with the others of the turn.
 * Lifetime: settings lie in the generation's pool, which holds the files.
 * Threads: the request's worker.
 * Errors: none while serving: lines that cannot be written are counted at the file.
 */
#ifndef HTTP_MODULES_LOG_ACCESS_LOG_H
#define HTTP_MODULES_LOG_ACCESS_LOG_H

#include "http/module.h"

/* Without any access_log, requests are logged to logs/access.log in the format combined, as nginx does. */
extern const struct http_module http_access_log_module;

#endif
