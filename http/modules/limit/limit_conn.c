/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts a request in its zones, and takes it out of them when it ends. */
#include "http/limits.h"
#include "http/modules/limit/limit_conn.h"

#include <stddef.h>

#include "conf/set.h"
#include "http/request.h"
#include "http/text/template.h"
#include "http/text/variables_table.h"
#include "server/log/log.h"
#include "server/shared/limit_zones.h"

struct limit_section {
    struct limit_zone *zones; /* of the http block; `compiled` is the key's struct http_template */
    struct limit_rule *rules;
    int64_t status;
    int log_level; /* enum log_level */
    bool dry_run;
};

/* ---- a request ---- */

static void limit_conn_leave(void *hold)
{
    limit_leave(hold);
}

/* The key's value; false: it is not counted. */
static bool limit_conn_write_key(struct http_request *request, const struct limit_rule *rule,
                                 struct http_text *key)
{
    *key = (struct http_text){"", 0};
    if (!http_template_write(rule->zone->compiled, request, key))
        return true;
    if (key->length > CLIENT_KEY_MAX)
        http_log(request, LOG_LEVEL_ERROR, 0, "the value of the \"%s\" key is more than %d bytes: \"%.*s\"",
                 rule->zone->key, CLIENT_KEY_MAX, CLIENT_KEY_MAX, key->bytes);
    return key->length > 0 && key->length <= CLIENT_KEY_MAX;
}

static enum http_outcome limit_conn_refuse(struct http_request *request, const struct limit_section *settings,
                                           const struct limit_rule *rule)
{
    http_log(request, settings->log_level, 0, "limiting connections%s by zone \"%s\"",
             settings->dry_run ? ", dry run," : "", rule->name);
    request->route.limited_conn =
        settings->dry_run ? HTTP_LIMITED_CONN_REJECTED_DRY_RUN : HTTP_LIMITED_CONN_REJECTED;
    if (settings->dry_run)
        return HTTP_OUTCOME_NEXT;
    return http_fail_with(request, (int)settings->status);
}

/* HTTP_OUTCOME_NEXT: the request is counted, or need not be. A cleanup leaves the zone, also if a later rule
 * refuses the request. */
static enum http_outcome limit_conn_apply(struct http_request *request, const struct limit_section *settings,
                                          const struct limit_rule *rule)
{
    struct limit_hold *hold;
    struct http_text key;

    if (!limit_conn_write_key(request, rule, &key))
        return HTTP_OUTCOME_NEXT;
    request->route.limited_conn = HTTP_LIMITED_CONN_PASSED;
    hold = key.length ? pool_alloc(request->pool, sizeof *hold, "limit_conn") : NULL;
    if (!hold)
        return http_no_memory(request);
    if (limit_enter(rule, key.bytes, key.length, hold) != CLIENT_OK)
        return limit_conn_refuse(request, settings, rule);
    if (!pool_cleanup_add(request->pool, limit_conn_leave, hold)) {
        limit_leave(hold);
        return http_no_memory(request);
    }
    return HTTP_OUTCOME_NEXT;
}

static enum http_outcome limit_conn_run(struct http_request *request, void *section)
{
    const struct limit_section *settings = section;
    enum http_outcome outcome = HTTP_OUTCOME_NEXT;

    /* A request is counted once, wherever it is redirected to; as in nginx the first rule that refuses it is
     * the last one asked, also in a dry run. */
    if (request->route.limited_conn)
        return HTTP_OUTCOME_NEXT;
    for (const struct limit_rule *rule = settings->rules;
         rule && outcome == HTTP_OUTCOME_NEXT && request->route.limited_conn <= HTTP_LIMITED_CONN_PASSED;
         rule = rule->next)
        outcome = limit_conn_apply(request, settings, rule);
    return outcome;
}

/* ---- variables ---- */

static enum http_found get_limit_conn_status(struct http_request *request,
                                             const struct http_variable *variable, struct http_text *value)
{
    static const char *const texts[] = {NULL, "PASSED", "REJECTED", "REJECTED_DRY_RUN"};
    const char *text = texts[request->route.limited_conn];

    (void)variable;
    return text ? http_value_string(text, value) : http_value_none(value);
}

static const struct http_variable_row variables[] = {
    {"limit_conn_status", get_limit_conn_status,
     .help = "What limit_conn did: `PASSED`, `REJECTED`, `REJECTED_DRY_RUN`; empty without a limit."},
    {.name = NULL},
};

/* ---- reading ---- */

static int limit_conn_set_zone(struct conf_setting *setting)
{
    struct limit_section *settings = setting->section;
    struct http_template *key = pool_calloc(setting->conf->pool, sizeof *key, "limit zone");
    struct limit_zone *zone;
    int result = key ? 0 : conf_fail_memory(setting->conf);

    if (!result)
        result = http_template_compile(setting->conf, setting->node, setting->node->args[0], key);
    if (!result)
        result = limit_zone_read(setting, LIMIT_HTTP, &settings->zones, &zone);
    if (!result)
        zone->compiled = key;
    return result;
}

static int limit_conn_set_rule(struct conf_setting *setting)
{
    struct limit_section *settings = setting->section;

    return limit_rule_read(setting, &settings->rules);
}

static int limit_conn_finish(struct http_build *build, struct http_location *location, void *section)
{
    struct limit_section *settings = section;
    int result = limit_rules_resolve(http_build_conf(build), settings->rules, settings->zones);

    (void)location;
    if (result || !settings->rules)
        return result;
    return http_add_step(build, HTTP_PHASE_LIMIT, limit_conn_run, settings);
}

#define FIELD(name) offsetof(struct limit_section, name)

enum { EVERYWHERE = CONF_HTTP | CONF_SERVER | CONF_LOCATION };

static const struct conf_directive directives[] = {
    {"limit_conn_zone", CONF_HTTP, .args = {2, 2}, .flags = CONF_REPEAT, .set = limit_conn_set_zone,
     "`limit_conn_zone KEY zone=NAME:SIZE;` A zone that counts the requests in progress of each key (a text "
     "with variables). It is kept over reloads that change neither name, key nor size."},
    {"limit_conn", EVERYWHERE, .args = {2, 2}, .flags = CONF_REPEAT, .set = limit_conn_set_rule,
     "`limit_conn ZONE NUMBER;` How many requests a key may have in progress. A level that has any inherits "
     "none."},
    {"limit_conn_log_level", EVERYWHERE, .offset = FIELD(log_level), .extra = limit_log_levels,
     .preset = "error", .set = conf_set_enum, "The level at which a refusal is logged."},
    {"limit_conn_status", EVERYWHERE, .offset = FIELD(status), .extra = &limit_statuses, .preset = "503",
     .set = conf_set_number, "The status that a refused request is answered with."},
    {"limit_conn_dry_run", EVERYWHERE, .offset = FIELD(dry_run), .preset = "off", .set = conf_set_flag,
     "Counts and logs, but refuses nothing."},
};

const struct http_module http_limit_conn_module = {
    .conf = {"limit_conn", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct limit_section),
    .finish = limit_conn_finish,
    .variables = variables,
};
