/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration becomes a generation. */
#include "server/generation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "conf/read.h"
#include "pool/holds.h"
#include "server/log/log.h"
#include "server/process/process.h"
#include "server/protocol.h"
#include "server/version.h"

enum { GENERATION_BLOCK = 16 * 1024 /* bytes; a configuration of a few servers fits in one or two */ };

static void *settings_section(void *scope, unsigned module)
{
    /* Only the first module of the main context, settings_module, keeps its fields here; the others have
     * their own. */
    return module == 0 ? &((struct generation *)scope)->settings : NULL;
}

static struct conf_node *read_text(struct conf *conf, const struct generation_source *source)
{
    return source->file ? conf_read_file(conf, source->file)
                        : conf_read_text(conf, source->text_name, source->text, strlen(source->text));
}

static struct conf_node *read_all(struct conf *conf, const struct generation_source *source)
{
    struct conf_node *root, *first;

    if (!source->options->directives)
        return read_text(conf, source);
    first = conf_read_option(conf, source->options->directives);
    root = first ? read_text(conf, source) : NULL;
    if (root)
        conf_join(first, root);
    return root ? first : NULL;
}

/* As nginx, and only for what one worker may have: those of others seldom need as many at the same time. */
static void warn_of_descriptors(struct conf *conf, const struct settings *settings)
{
    uint64_t limit =
        settings->worker_rlimit_nofile > 0 ? (uint64_t)settings->worker_rlimit_nofile : process_nofile();

    if (limit && (uint64_t)settings->worker_connections > limit)
        conf_warn(conf, NULL,
                  "%llu worker_connections exceed open file resource limit: %llu; the directive to turn is "
                  "worker_rlimit_nofile",
                  (unsigned long long)settings->worker_connections, (unsigned long long)limit);
}

/* Text, tree, tables; what nobody could ask is refused. */
static int load(struct generation *generation, const struct generation_source *source)
{
    struct conf *conf = &generation->conf;
    struct conf_node *root;
    int result = conf_init(conf, generation->pool, source->prefix, source->file);

    if (result)
        return conf_fail_memory(conf);
    conf->user = generation;
    conf->everything = source->everything;
    root = settings_init(conf, &generation->settings) ? NULL : read_all(conf, source);
    if (!root)
        return -EINVAL;
    result = conf_apply(conf, root->children, CONF_MAIN, source->modules, settings_section, generation);
    if (!result && !generation->bindings && !conf_is_wrong(conf)) {
        static const char nowhere[] = "the configuration listens nowhere: it has no server in http or stream";

        if (!source->options->test)
            return conf_fail(conf, NULL, "%s", nowhere);
        conf_warn(conf, NULL, "%s", nowhere);
    }
    if (!result && source->file) /* the number of a built-in one is nobody's choice */
        warn_of_descriptors(conf, &generation->settings);
    return result ? result : settings_finish(conf, &generation->settings, source->options->error_log);
}

void generation_say_warnings(const struct generation *generation, const struct log *log)
{
    for (const struct conf_warning *warning = generation->conf.warnings; warning; warning = warning->next)
        log_write(log, LOG_LEVEL_WARN, 0, "%s", warning->text);
}

struct generation *generation_load(const struct generation_source *source, char *error, size_t size)
{
    struct pool_options pools = {
        .first_size = GENERATION_BLOCK, .block_size = GENERATION_BLOCK, .name = "generation"};
    struct pool *pool = pool_create(&pools);
    struct generation *generation = pool ? pool_calloc(pool, sizeof *generation, "generation") : NULL;

    if (!generation) {
        snprintf(error, size, "out of memory");
        if (pool)
            pool_destroy(pool);
        return NULL;
    }
    generation->pool = pool;
    generation->sgi = source->sgi;
    atomic_init(&generation->references, 1);
    if (load(generation, source)) {
        /* The user will want to mend what is warned of at the same time. */
        if (!source->options->quiet)
            generation_say_warnings(generation, log_thread());
        conf_report(&generation->conf, error, size);
        generation_destroy(generation);
        return NULL;
    }
    return generation;
}

struct binding *generation_bind(struct generation *generation, const struct listen_address *address,
                                const struct protocol *protocol, const struct conf_node *node)
{
    struct binding **end = &generation->bindings, *binding;

    for (; *end; end = &(*end)->next)
        if (listen_address_equal(&(*end)->address, address))
            return *end;
    binding = pool_calloc(generation->pool, sizeof *binding, "binding");
    if (!binding)
        return NULL;
    if (address->socket.ss_family == AF_UNIX &&
        conf_note_path(&generation->conf, ((const struct sockaddr_un *)&address->socket)->sun_path,
                       CONF_MAKE_SOCKETS))
        return NULL;
    binding->address = *address;
    binding->protocol = protocol;
    binding->node = node;
    binding->backlog = -1;
    *end = binding;
    return binding;
}

const struct binding *generation_find(const struct generation *generation,
                                      const struct listen_address *address)
{
    for (const struct binding *binding = generation->bindings; binding; binding = binding->next)
        if (listen_address_equal(&binding->address, address))
            return binding;
    return NULL;
}

const struct binding *generation_find_same(const struct generation *generation, const struct binding *binding)
{
    const struct binding *found = generation_find(generation, &binding->address);

    return found && found->protocol == binding->protocol ? found : NULL;
}

const struct share *generation_share(const struct generation *generation, const struct worker *worker)
{
    for (unsigned i = 0; i < generation->worker_count; i++)
        if (generation->shares[i].worker == worker)
            return &generation->shares[i];
    return NULL;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

void generation_announce(const struct generation *generation, const struct generation *before)
{
    if (!before || before->worker_count != generation->worker_count)
        log_write(generation->settings.log, LOG_LEVEL_NOTICE, 0, VERSION_TEXT ", %u worker%s",
                  generation->worker_count, generation->worker_count == 1 ? "" : "s");
    for (const struct binding *binding = generation->bindings; binding; binding = binding->next) {
        const struct binding *known = before ? generation_find_same(before, binding) : NULL;

        if (known && same_text(known->said, binding->said))
            continue;
        if (binding->said)
            log_write(generation->settings.log, LOG_LEVEL_NOTICE, 0, "%s", binding->said);
        else
            log_write(generation->settings.log, LOG_LEVEL_NOTICE, 0, "%s on %s", binding->protocol->name,
                      binding->address.text);
    }
}

void generation_destroy(struct generation *generation)
{
    holds_none(generation, "a generation");
    holds_none(generation->settings.log, "a generation's log");
    pool_destroy(generation->pool);
}
