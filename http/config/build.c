/* SPDX-License-Identifier: BSD-2-Clause */
/* A level: a location with its sections, its directives and blocks, and at the end its steps. */
#include "http/config/build.h"

#include <errno.h>
#include <string.h>

#include "conf/set.h"
#include "http/request.h"
#include "pool/pool.h"

/* ---- locations and their sections ---- */

/* With sections all zero. NULL: no memory. */
static struct http_location *make_location(struct pool *pool)
{
    struct http_location *location = pool_calloc(pool, sizeof *location, "location");

    if (!location)
        return NULL;
    location->sections[HTTP_MODULE_CORE] = &location->core; /* used most: in the location itself */
    for (unsigned i = HTTP_MODULE_CORE + 1; i < HTTP_MODULES; i++) {
        if (!http_modules[i] || !http_modules[i]->section_size)
            continue;
        location->sections[i] = pool_calloc(pool, http_modules[i]->section_size, "section");
        if (!location->sections[i])
            return NULL;
    }
    return location;
}

struct http_location *http_location_defaults(struct http_build *build)
{
    struct http_location *location = make_location(build->conf->pool);

    if (!location) {
        conf_fail_memory(build->conf);
        return NULL;
    }
    for (unsigned i = 0; i < HTTP_MODULES; i++) {
        const struct http_module *module = http_modules[i];

        if (module && (conf_set_presets(build->conf, &module->conf, location->sections[i]) ||
                       (module->defaults && module->defaults(build->conf, location->sections[i])))) {
            conf_fail(build->conf, NULL, "the defaults of module \"%s\" failed", module->conf.name);
            return NULL;
        }
    }
    return location;
}

struct http_location *http_location_copy(struct http_build *build, const struct http_location *from)
{
    struct http_location *location = make_location(build->conf->pool);

    if (!location) {
        conf_fail_memory(build->conf);
        return NULL;
    }
    location->server = from->server;
    location->name = HTTP_TEXT("");
    for (unsigned i = 0; i < HTTP_MODULES; i++)
        if (location->sections[i])
            memcpy(location->sections[i], from->sections[i], http_modules[i]->section_size);
    location->core.internal = false; /* never inherited */
    return location;
}

/* ---- levels ---- */

static void *section_of(void *data, unsigned module)
{
    struct http_scope *scope = data;

    if (module < HTTP_MODULES)
        return scope->location->sections[module];
    /* Modules behind this one belong to the main context: their directives are not allowed here, and never
     * set. */
    return module == HTTP_MODULES ? scope->reading : NULL;
}

int http_level_apply(struct http_scope *scope, const struct conf_node *children, uint32_t context)
{
    return conf_apply(scope->build->conf, children, context, &scope->build->modules, section_of, scope);
}

int http_set_server(struct conf_setting *setting)
{
    return http_set_inner_block(setting, CONF_SERVER, NULL);
}

int http_set_location(struct conf_setting *setting)
{
    return http_set_inner_block(setting, CONF_LOCATION, NULL);
}

int http_set_inner_block(struct conf_setting *setting, uint32_t context, const struct http_location **inner)
{
    struct http_scope *scope = http_scope_of(setting);
    struct http_block_list *item = pool_calloc(setting->conf->pool, sizeof *item, "block"),
                           **end = &scope->blocks;

    if (!item)
        return -ENOMEM;
    item->node = setting->node;
    item->context = context;
    item->inner = inner;
    while (*end)
        end = &(*end)->next;
    *end = item;
    return 0;
}

/* ---- steps ---- */

struct conf *http_build_conf(struct http_build *build)
{
    return build->conf;
}

int http_add_step(struct http_build *build, enum http_phase phase,
                  enum http_outcome (*run)(struct http_request *request, void *section), void *section)
{
    struct http_step_wish *wish = pool_calloc(build->conf->pool, sizeof *wish, "step");

    if (!wish)
        return conf_fail_memory(build->conf);
    wish->step = (struct http_step){run, section};
    *build->wishes_end[phase] = wish;
    build->wishes_end[phase] = &wish->next;
    return 0;
}

int http_add_log_step(struct http_build *build, void (*run)(struct http_request *request, void *section),
                      void *section)
{
    struct http_log_wish *wish = pool_calloc(build->conf->pool, sizeof *wish, "step");

    if (!wish)
        return conf_fail_memory(build->conf);
    wish->step = (struct http_log_step){run, section};
    *build->log_wishes_end = wish;
    build->log_wishes_end = &wish->next;
    return 0;
}

int http_announce(struct http_build *build, const struct http_location *location, const char *what)
{
    struct http_announced *announced;

    if (location->kind != HTTP_LOCATION_PREFIX && location->kind != HTTP_LOCATION_PREFERRED &&
        location->kind != HTTP_LOCATION_EXACT)
        return 0;
    announced = pool_calloc(build->conf->pool, sizeof *announced, "announced");
    if (!announced)
        return conf_fail_memory(build->conf);
    announced->location = location;
    announced->what = what;
    *build->announced_end = announced;
    build->announced_end = &announced->next;
    return 0;
}

int http_add_filter(struct http_build *build, enum http_filter_place place,
                    int (*run)(struct http_request *request, void *section), void *section)
{
    build->filters[place] = (struct http_filter){run, section};
    return 0;
}

/* A location without filters has no list, so its answers pass none. */
static int lay_out_filters(struct http_build *build, struct http_location *location)
{
    struct http_filter *filters;
    unsigned count = 0;

    for (unsigned place = 0; place < HTTP_FILTERS; place++)
        count += build->filters[place].run != NULL;
    if (!count)
        return 0;
    filters = pool_array(build->conf->pool, count + 1, sizeof *filters, "filters");
    if (!filters)
        return conf_fail_memory(build->conf);
    location->filters = filters;
    for (unsigned place = 0; place < HTTP_FILTERS; place++)
        if (build->filters[place].run)
            *filters++ = build->filters[place];
    *filters = (struct http_filter){NULL, NULL};
    return 0;
}

/* The steps of some phases, in order; *list stays null if there is none and `always` is false. */
static int lay_out_steps(struct http_build *build, unsigned from, unsigned to, bool always,
                         const struct http_step **list)
{
    struct http_step *steps;
    size_t count = 0;

    for (unsigned phase = from; phase < to; phase++)
        for (const struct http_step_wish *wish = build->wishes[phase]; wish; wish = wish->next)
            count++;
    if (!count && !always)
        return 0;
    *list = steps = pool_array(build->conf->pool, count + 1, sizeof *steps, "steps");
    if (!steps)
        return conf_fail_memory(build->conf);
    for (unsigned phase = from; phase < to; phase++)
        for (const struct http_step_wish *wish = build->wishes[phase]; wish; wish = wish->next)
            *steps++ = wish->step;
    *steps = (struct http_step){NULL, NULL};
    return 0;
}

static int lay_out(struct http_build *build, struct http_location *location)
{
    struct http_log_step *log_steps;
    size_t log_count = 0;
    int result = lay_out_steps(build, HTTP_PHASE_SERVER, HTTP_PHASE_REWRITE, false, &location->before);

    if (!result)
        result = lay_out_steps(build, HTTP_PHASE_REWRITE, HTTP_PHASES, true, &location->steps);
    if (result)
        return result;
    for (const struct http_log_wish *wish = build->log_wishes; wish; wish = wish->next)
        log_count++;
    log_steps = pool_array(build->conf->pool, log_count + 1, sizeof *log_steps, "steps");
    if (!log_steps)
        return conf_fail_memory(build->conf);
    location->log_steps = log_steps;
    for (const struct http_log_wish *wish = build->log_wishes; wish; wish = wish->next)
        *log_steps++ = wish->step;
    *log_steps = (struct http_log_step){NULL, NULL};
    return lay_out_filters(build, location);
}

int http_level_finish(struct http_build *build, struct http_location *location)
{
    if (conf_is_wrong(build->conf))
        return 0;
    for (unsigned phase = 0; phase < HTTP_PHASES; phase++) {
        build->wishes[phase] = NULL;
        build->wishes_end[phase] = &build->wishes[phase];
    }
    memset(build->filters, 0, sizeof build->filters);
    build->log_wishes = NULL;
    build->log_wishes_end = &build->log_wishes;
    for (unsigned i = 0; i < HTTP_MODULES; i++) {
        const struct http_module *module = http_modules[i];
        int result = module && module->finish ? module->finish(build, location, location->sections[i]) : 0;

        if (result)
            return conf_keep(build->conf, conf_fail_errno(build->conf, NULL, -result, "module \"%s\" failed",
                                                          module->conf.name));
    }
    return lay_out(build, location);
}
