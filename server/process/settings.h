/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the settings of the process: daemon, pid, user, worker_processes and the other directives of the
 *   main and events contexts.
 * Lifetime: part of struct generation; strings lie in its pool.
 * Threads: read-only once the generation is published.
 * Errors: those of conf/set.h.
 */
#ifndef SERVER_PROCESS_SETTINGS_H
#define SERVER_PROCESS_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/directive.h"

struct log;

struct settings {
    bool daemon, supervise, sandbox;
    const char *pid;                 /* full name; NULL: `pid off;` */
    const char *user, *group;        /* NULL: stay who we are */
    int64_t worker_processes;        /* threads; 0: auto */
    int64_t worker_rlimit_nofile;    /* descriptors; -1: leave the limit alone */
    int64_t worker_shutdown_timeout; /* ms; 0: none */
    int pool_mode;                   /* enum pool_mode */
    size_t memory_budget;            /* bytes for all; 0: none */
    size_t worker_memory_budget;     /* bytes that the pools of a worker may hold; 0: none */
    size_t view_reserve;             /* bytes above both, for whoever looks at the server */
    int64_t worker_connections;      /* connections per worker */
    const struct log *log;           /* error_log of the main context; never null after settings_finish */
};

extern const struct conf_module settings_module;

/* The settings before any directive. 0 or a negative errno. */
int settings_init(struct conf *conf, struct settings *settings);

/* Fills in what depends on the rest: the default error log (`path`, full name or "stderr"). 0 or a negative
 * errno. */
int settings_finish(struct conf *conf, struct settings *settings, const char *path);

/* `error_log FILE [level];` in any context: a setter whose field (at offset) is a const struct log *. */
int settings_set_error_log(struct conf_setting *setting);

/* "syslog:…", "memory:…": nginx's logs that are not files, which we do not have (ngx_core_module,
 * error_log). */
bool settings_is_other_log(const char *name);

#endif
