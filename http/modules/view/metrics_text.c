/* SPDX-License-Identifier: BSD-2-Clause */
/* A snapshot in Prometheus' text exposition format, version 0.0.4: every family once, with its HELP and
 * TYPE, then its series. https://prometheus.io/docs/instrumenting/exposition_formats/ */
#include "http/modules/view/metrics.h"

#include <string.h>

#include "pool/mode.h"
#include "pool/sgi_stats.h"
#include "pool/sysmem.h"
#include "server/log/log_sink.h"
#include "server/process/process.h"
#include "server/supervised.h"
#include "server/tenure.h"
#include "server/version.h"
#include "server/watch/census.h"
#include "server/watch/snapshot.h"
#include "server/worker.h"

enum {
    BYTE_BOUNDS = 16,    /* of the histograms of bytes: powers of two, which server/marks.h knows exactly */
    REQUEST_BITS = 6,    /* the first is 64 bytes, the last 2 MiB */
    CONNECTION_BITS = 9, /* 512 bytes, the least pool there is, to 16 MiB */
    MICROS = 1000000,
    NANOS = 1000000000
};

static void metrics_begin_as(struct text *text, const char *name, const char *type, const char *help)
{
    text_print(text, "# HELP tidepool_%s %s\n# TYPE tidepool_%s %s\n", name, help, name, type);
}

/* A name that ends in _total is a counter's (metrics.h). */
static void metrics_begin(struct text *text, const char *name, const char *help)
{
    const char *end = strrchr(name, '_');

    metrics_begin_as(text, name, end && !strcmp(end, "_total") ? "counter" : "gauge", help);
}

/* A family of one series. */
static void metrics_put(struct text *text, const char *name, uint64_t value, const char *help)
{
    metrics_begin(text, name, help);
    text_print(text, "tidepool_%s %llu\n", name, (unsigned long long)value);
}

static void metrics_put_labelled(struct text *text, const char *name, const char *label, const char *value,
                                 uint64_t number)
{
    text_print(text, "tidepool_%s{%s=\"%s\"} %llu\n", name, label, value, (unsigned long long)number);
}

/* ---- the server ---- */

static void metrics_put_build(struct text *text)
{
    metrics_begin(text, "build_info", "The version that runs, and how its pools treat memory.");
    text_print(text, "tidepool_build_info{version=\"%s\",pool_mode=\"%s\"} 1\n", VERSION_NUMBER,
               pool_mode_names[pool_mode()]);
}

static void metrics_put_connections(struct text *text, const struct snapshot_counters *counters)
{
    /* One that changes its worker may be seen as closed before it is seen as accepted. */
    uint64_t open = counters->accepted > counters->closed ? counters->accepted - counters->closed : 0;

    metrics_put(text, "connections_accepted_total", counters->accepted,
                "Connections taken by a worker, from a listening socket or from another worker.");
    metrics_put(text, "connections_closed_total", counters->closed,
                "Connections that have ended at a worker, or were handed on to another.");
    metrics_put(text, "connections_refused_total", counters->refused,
                "Connections closed at once, for want of memory or descriptors.");
    metrics_put(text, "connections_open", open, "Connections that are open now.");
}

static void metrics_put_requests(struct text *text, const struct census *census)
{
    static const char *const classes[TIMINGS_CLASSES] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    const struct snapshot_counters *counters = &census->counters;

    metrics_put(text, "requests_total", counters->requests, "HTTP requests that have begun.");
    metrics_begin(text, "responses_total",
                  "HTTP requests that have ended, by the class of their status; none: without any answer.");
    for (unsigned i = 0; i < TIMINGS_CLASSES; i++)
        metrics_put_labelled(text, "responses_total", "class", classes[i], census->timings.statuses[i]);
    metrics_put(
        text, "over_budget_total", counters->over_budget,
        "HTTP requests and connections answered 503, or cut, because a budget for memory was reached.");
    metrics_put(text, "received_bytes_total", counters->received, "Bytes read from connections.");
    metrics_put(text, "sent_bytes_total", counters->sent, "Bytes written to connections.");
}

/* ---- histograms ---- */

static void metrics_put_durations(struct text *text, const struct timings_sum *sum)
{
    static const char name[] = "request_duration_seconds";
    uint64_t count = 0;

    metrics_begin_as(
        text, name, "histogram",
        "Time from a request's first byte until its answer was queued, or a file's last byte "
        "sent; measured in turns of the loop, so that one answered in the turn that read it took "
        "none.");
    for (unsigned i = 0; i < TIMINGS_BUCKETS; i++) {
        count += sum->counts[i];
        text_print(text, "tidepool_%s_bucket{le=\"%g\"} %llu\n", name, timings_bounds[i],
                   (unsigned long long)count);
    }
    count += sum->counts[TIMINGS_BUCKETS];
    text_print(text, "tidepool_%s_bucket{le=\"+Inf\"} %llu\n", name, (unsigned long long)count);
    text_print(text, "tidepool_%s_sum %llu.%06llu\n", name, (unsigned long long)(sum->micros / MICROS),
               (unsigned long long)(sum->micros % MICROS));
    text_print(text, "tidepool_%s_count %llu\n", name, (unsigned long long)count);
}

static void metrics_put_marks(struct text *text, const char *name, const struct marks_sum *sum, unsigned bits,
                              const char *help)
{
    metrics_begin_as(text, name, "histogram", help);
    for (unsigned i = bits; i < bits + BYTE_BOUNDS; i++)
        text_print(text, "tidepool_%s_bucket{le=\"%zu\"} %llu\n", name, (size_t)1 << i,
                   (unsigned long long)marks_within(sum, (size_t)1 << i));
    text_print(text, "tidepool_%s_bucket{le=\"+Inf\"} %llu\n", name, (unsigned long long)sum->total);
    text_print(text, "tidepool_%s_sum %llu\n", name, (unsigned long long)marks_bytes(sum));
    text_print(text, "tidepool_%s_count %llu\n", name, (unsigned long long)sum->total);
}

static void metrics_put_counted(struct snapshot *snapshot)
{
    struct text *text = snapshot->text;
    struct census census;

    census_take(&census);
    metrics_put_build(text);
    metrics_put(text, "configuration_generation", snapshot->worker->tenure->generation->number,
                "Number of the configuration in service, 1 at the start and one more with each reload.");
    metrics_put_connections(text, &census.counters);
    metrics_put_requests(text, &census);
    metrics_put_durations(text, &census.timings);
    metrics_put_marks(
        text, "request_pool_bytes", &census.requests, REQUEST_BITS,
        "Bytes that an HTTP request had of its connection's pool, buffers not counted. The sum takes each "
        "for the upper bound of its fine bucket: up to 64 bytes too much each, above 16 KiB a quarter.");
    metrics_put_marks(
        text, "connection_peak_bytes", &census.connections, CONNECTION_BITS,
        "The most that the pool of a connection held, of those that have ended. Its sum is rounded up as "
        "that of request_pool_bytes.");
}

/* ---- memory ---- */

/* The system allocator of the whole process. */
static void metrics_put_memory(struct text *text)
{
    struct sysmem_stats stats;

    sysmem_stats(&stats);
    metrics_put(text, "memory_live_bytes", stats.live_bytes,
                "Bytes that the process has from the system, but for its libraries.");
    metrics_put(text, "memory_peak_bytes", stats.peak_bytes, "The most that memory_live_bytes has been.");
    metrics_put(text, "memory_budget_bytes", stats.budget_bytes, "What memory_budget allows; 0: no limit.");
    metrics_put(text, "memory_resident_bytes", process_resident(),
                "Bytes of the process that are in memory, libraries included; 0: not known.");
    metrics_put(text, "memory_live_allocations", stats.live_count,
                "Allocations and mappings that have not been given back.");
    metrics_put(text, "memory_refused_total", stats.refused, "Allocations refused by memory_budget.");
    metrics_put(text, "memory_failed_total", stats.failed, "Allocations that the system refused.");
    metrics_begin(text, "memory_use_bytes", "memory_live_bytes by what they are for.");
    for (unsigned i = 0; i < SYSMEM_USES; i++)
        metrics_put_labelled(text, "memory_use_bytes", "use", sysmem_use_names[i], stats.uses[i]);
    metrics_begin(text, "memory_calls_total", "Calls to the system for memory, failed ones included.");
    for (unsigned i = 0; i < SYSMEM_CALLS; i++)
        metrics_put_labelled(text, "memory_calls_total", "call", sysmem_call_names[i], stats.calls[i]);
}

/* Counters of the two kinds of locks are series of one family each. */
static void metrics_put_sgi(struct text *text, struct sgi *sgi)
{
    struct sgi_stats stats;
    const struct sgi_lock_stats *locks[] = {&stats.lists, &stats.depots};
    static const char *const names[] = {"lists", "depots"};

    sgi_stats(sgi, &stats);
    metrics_put(text, "sgi_held_bytes", stats.held_bytes,
                "Bytes that the allocator of small shared objects holds.");
    metrics_put(text, "sgi_free_bytes", stats.free_bytes,
                "Of sgi_held_bytes, on its lists, in its reserve or set aside.");
    metrics_begin(text, "sgi_lock_taken_total", "Times a lock of the shared allocator was taken.");
    for (unsigned i = 0; i < 2; i++)
        metrics_put_labelled(text, "sgi_lock_taken_total", "lock", names[i], locks[i]->taken);
    metrics_begin(text, "sgi_lock_contended_total", "Of sgi_lock_taken_total, times another thread had it.");
    for (unsigned i = 0; i < 2; i++)
        metrics_put_labelled(text, "sgi_lock_contended_total", "lock", names[i], locks[i]->contended);
    metrics_begin(text, "sgi_lock_wait_seconds_total",
                  "Time spent waiting for a lock of the shared allocator.");
    for (unsigned i = 0; i < 2; i++)
        text_print(text, "tidepool_sgi_lock_wait_seconds_total{lock=\"%s\"} %llu.%09llu\n", names[i],
                   (unsigned long long)(locks[i]->wait_ns / NANOS),
                   (unsigned long long)(locks[i]->wait_ns % NANOS));
}

/* ---- the process ---- */

/* What the kernel says of it, and what an operator is woken for. */
static void metrics_put_process(struct text *text)
{
    uint64_t micros = process_cpu_micros();
    int64_t reloaded;
    bool taken;

    metrics_begin(text, "process_start_time_seconds", "Unix time when the process began to serve.");
    text_print(text, "tidepool_process_start_time_seconds %.3f\n", census_began());
    metrics_begin(text, "process_cpu_seconds_total", "CPU time of the process, user and system.");
    text_print(text, "tidepool_process_cpu_seconds_total %llu.%06llu\n",
               (unsigned long long)(micros / MICROS), (unsigned long long)(micros % MICROS));
    metrics_put(text, "process_open_descriptors", process_descriptors(),
                "Descriptors that are open; 0: not known.");
    metrics_put(text, "process_max_descriptors", process_nofile(),
                "Descriptors that may be open (worker_rlimit_nofile); 0: not known.");
    metrics_put(text, "log_lines_lost_total", log_sink_lost_in_all(),
                "Lines of all logs that could not be written, or for which there was no memory.");
    reloaded = supervised_reloaded(&taken);
    metrics_put(text, "configuration_reload_successful", taken,
                "Whether the last reload was taken; 0: it was refused, and the old configuration goes on.");
    metrics_put(text, "configuration_reload_time_seconds", (uint64_t)reloaded,
                "Unix time of the last reload, taken or refused; 0: there was none.");
}

/* ---- workers ---- */

#define PART(field) offsetof(struct snapshot_part, field)

static const struct {
    const char *name;
    size_t at, less; /* offset of a uint64_t, and of the one that is taken from it; 0: none is */
    const char *help;
} of_workers[] = {
    {"worker_connections_open", PART(counters.accepted), PART(counters.closed),
     "Connections that a worker has open now."},
    {"worker_requests_total", PART(counters.requests), 0, "HTTP requests that have begun at a worker."},
    {"worker_sizeclass_mapped_bytes", PART(classes.mapped_bytes), 0,
     "Address space of a worker's size classes, where its pools get their blocks."},
    {"worker_sizeclass_resident_bytes", PART(classes.resident_bytes), 0,
     "Of worker_sizeclass_mapped_bytes, pages in use."},
    {"worker_sizeclass_live_bytes", PART(classes.live_bytes), 0,
     "Of worker_sizeclass_mapped_bytes, blocks and buffers that pools have."},
    {"worker_memory_held_bytes", PART(classes.held_bytes), 0,
     "Bytes that count against worker_memory_budget."},
    {"worker_memory_budget_bytes", PART(classes.budget_bytes), 0,
     "What worker_memory_budget allows; 0: no limit."},
};

enum { WORKER_FAMILIES = sizeof of_workers / sizeof *of_workers };

/* One family, of all workers that have answered. */
static void metrics_put_workers(struct snapshot *snapshot, unsigned family)
{
    size_t at = of_workers[family].at, less = of_workers[family].less;

    metrics_begin(snapshot->text, of_workers[family].name, of_workers[family].help);
    for (unsigned i = 0; i < snapshot->count; i++) {
        const char *part = (const char *)snapshot->parts[i];
        uint64_t value = part ? *(const uint64_t *)(const void *)(part + at) : 0;

        if (part && less)
            value -= *(const uint64_t *)(const void *)(part + less);
        if (part)
            text_print(snapshot->text, "tidepool_%s{worker=\"%u\"} %llu\n", of_workers[family].name,
                       snapshot->parts[i]->worker, (unsigned long long)value);
    }
}

enum section { SECTION_COUNTED, SECTION_PROCESS, SECTION_MEMORY, SECTION_WORKERS };

bool metrics_write(struct snapshot *snapshot)
{
    switch ((enum section)snapshot->section) {
    case SECTION_COUNTED:
        metrics_put_counted(snapshot);
        snapshot->section = SECTION_PROCESS;
        return true;
    case SECTION_PROCESS:
        metrics_put_process(snapshot->text);
        snapshot->section = SECTION_MEMORY;
        return true;
    case SECTION_MEMORY:
        metrics_put_memory(snapshot->text);
        metrics_put_sgi(snapshot->text, snapshot->worker->shared->sgi);
        snapshot->section = SECTION_WORKERS;
        snapshot->at = 0;
        return true;
    case SECTION_WORKERS:
        metrics_put_workers(snapshot, snapshot->at++);
        return snapshot->at < WORKER_FAMILIES;
    }
    return false;
}
