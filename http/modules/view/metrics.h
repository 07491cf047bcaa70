/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics: what this server counts, for Prometheus.
 *
 * Purpose: `location = /metrics { metrics; }` answers in the text exposition format, version 0.0.4: names
 *   begin with tidepool_, say their unit, and end in _total where they only grow. Totals are those of the
 *   census (server/watch/census.h), workers that have gone included, so that they never fall back while the
 *   process lives; figures of a worker are written down by that worker (server/watch/snapshot.h), and one
 *   that cannot answer has none for this time.
 * Lifetime: a section per location, not inherited: only the location that says it has it. A scrape ends with
 *   its request (http/modules/view/snapshot_answer.h).
 * Threads: the request's worker.
 * Errors: 405 for other methods than GET and HEAD; 503 when memory is short.
 *
 * It costs requests nothing: what it shows is counted whether anybody looks or not.
 * Access is what the location says: allow, deny, the address it listens on.
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
