/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what this server counts, for Prometheus. `location = /metrics { metrics; }` answers in the text
 *   exposition format, version 0.0.4: names begin with tidepool_, say their unit, and end in _total where
 *   they only grow. Totals are those of the census (server/watch/census.h), ended workers included, so that
 *   they never fall back while the process lives. Each worker writes its own figures down
 *   (server/watch/snapshot.h); one that cannot answer has none this time. Requests pay nothing for it: the
 *   figures are counted in any case. Access is up to the location: allow, deny, the address it listens on.
 * Lifetime: a section per location. Not inherited: only the location that has the directive. A scrape ends
 *   with its request (http/modules/view/snapshot_answer.h).
 * Threads: the request's worker.
 * Errors: 405 for other methods than GET and HEAD; 503 when memory is short.
 */
#ifndef HTTP_MODULES_VIEW_METRICS_H
#define HTTP_MODULES_VIEW_METRICS_H

#include <stdbool.h>

#include "http/module.h"

struct snapshot;

extern const struct http_module http_metrics_module;

/* metrics_text.c: the text of a snapshot, a group of families at a time; false: it is complete. */
bool metrics_write(struct snapshot *snapshot);

#endif
