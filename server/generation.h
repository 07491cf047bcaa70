/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a generation: one configuration, from the moment it was read until the last connection that began
 *   under it is gone. Its settings never change once workers see them. A reload builds a new generation
 *   beside the old one.
 * Lifetime: made by the main thread in a pool of its own; counted. The main thread holds the current one,
 *   each worker the ones its connections live under, each connection on its way between workers one. The
 *   main thread destroys it when the count is zero (kept_sweep).
 * Threads: read-only once published; the count is atomic.
 * Errors: a negative errno with a sentence in conf.error.
 */
#ifndef SERVER_GENERATION_H
#define SERVER_GENERATION_H

#include <stdatomic.h>

#include "conf/conf.h"
#include "conf/directive.h"
#include "conf/options.h"
#include "pool/holds.h"
#include "pool/pool.h"
#include "server/address.h"
#include "server/process/settings.h"

struct protocol;
struct worker;
struct listener;
struct socket_set;

/* An address that the configuration listens on, and its protocol. */
struct binding {
    struct binding *next;
    struct listen_address address;
    const struct protocol *protocol;
    const struct conf_node *node; /* the first directive that names the address; null: the preset one */
    void *data;                   /* the protocol's: its servers on this address */
    const char *said;             /* what a start logs of it; null: "PROTOCOL on ADDRESS" */
    bool control;                 /* `tidepool top` may ask here */
    int backlog;                  /* connections the kernel may queue; -1: the kernel's own limit */
    unsigned mode;                /* of a unix socket's path; 0: everybody may connect */
    struct pool_options pools;    /* of its connections; `classes` is filled in by the worker */
    bool measured;              /* pools are reset after each request; the worker keeps its marks (marks.h) */
    bool automatic;             /* blocks after the pin are as large as the worker's auto_size says */
    struct socket_set *sockets; /* main thread: the open sockets; shared by generations */
};

/* What a worker serves under a generation. */
struct share {
    struct worker *worker;
    struct listener *listeners; /* the worker's own while the generation is its current one */
    unsigned count;             /* of them */
};

struct generation {
    atomic_uint references;
    struct pool *pool;
    struct sgi *sgi; /* the process's, for tables that threads share */
    struct conf conf;
    struct settings settings;
    struct binding *bindings;
    unsigned number;      /* 1, 2, … in the order of loading */
    struct share *shares; /* one per worker */
    unsigned worker_count;
    struct generation *next; /* main thread: all that are alive */
};

/* What a configuration is read from and with; outlives every generation. */
struct generation_source {
    const struct options *options;
    const char *prefix;                    /* folder that relative paths start from; ends in '/' */
    const char *file;                      /* full name, or NULL: the text */
    const char *text, *text_name;          /* a configuration that is no file, and what errors call it */
    const struct conf_modules *modules;    /* settings_module first */
    const struct conf_modules *everything; /* the tables of all contexts, for explanations */
    struct sgi *sgi;
};

/* Reads and applies it; conf.user of the tables' setters is the generation. NULL: `error` (`size`:
 * CONF_REPORT_SIZE) has all errors, a line each, and the warnings have been logged. */
struct generation *generation_load(const struct generation_source *source, char *error, size_t size);

/* For the directives `listen`: adds an address, or finds the binding that an earlier one made. NULL: out of
 * memory. */
struct binding *generation_bind(struct generation *generation, const struct listen_address *address,
                                const struct protocol *protocol, const struct conf_node *node);

/* The binding of that address, or NULL. */
const struct binding *generation_find(const struct generation *generation,
                                      const struct listen_address *address);

/* The binding with the address and protocol of `binding`, which may be of any generation; or NULL. */
const struct binding *generation_find_same(const struct generation *generation,
                                           const struct binding *binding);

/* What a worker serves under it; NULL: nothing, it leaves. */
const struct share *generation_share(const struct generation *generation, const struct worker *worker);

/* Logs the warnings of reading it. */
void generation_say_warnings(const struct generation *generation, const struct log *log);

/* Logs, as notices, version and number of workers, and which protocol it serves at which address; after a
 * reload only what differs from `before` (null: this is the start). */
void generation_announce(const struct generation *generation, const struct generation *before);

static inline struct generation *generation_of(const struct conf *conf);

/* `who` and `why`: pool/holds.h; the same when it is given back. */
static inline void generation_get(struct generation *generation, const void *who, const char *why);

/* Drops a reference. True: it was the last, so wake the main thread, which destroys it. */
static inline bool generation_put(struct generation *generation, const void *who, const char *why);

/* Whoever holds one, as `why`. */
#define GENERATION_IN_SERVICE "the main thread, as the one in service"
#define GENERATION_OF_TENURE  "a tenure"
#define GENERATION_OF_MESSAGE "a connection's descriptor in a message"

void generation_destroy(struct generation *generation);

/* ---- inline bodies ---- */

static inline struct generation *generation_of(const struct conf *conf)
{
    return conf->user;
}

static inline void generation_get(struct generation *generation, const void *who, const char *why)
{
    holds_take(generation, who, why);
    atomic_fetch_add_explicit(&generation->references, 1, memory_order_relaxed);
}

static inline bool generation_put(struct generation *generation, const void *who, const char *why)
{
    holds_give(generation, who, why);
    return atomic_fetch_sub_explicit(&generation->references, 1, memory_order_acq_rel) == 1;
}

#endif
