/* SPDX-License-Identifier: BSD-2-Clause */
/* A request asks all limits of its location before it pays any but the last. */
#include "http/modules/limit/limit_req.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "conf/set.h"
#include "conf/units.h"
#include "http/driver.h"
#include "http/limits.h"
#include "http/request.h"
#include "http/text/template.h"
#include "http/text/variables_table.h"
#include "server/generation.h"
#include "server/log/log.h"
#include "server/shared/limit_zones.h"
#include "server/shared/rates.h"

enum { RULES_MAX = 16 /* limits that one request is under */ };

struct zone {
    struct zone *next;
    const char *name, *key;
    struct http_template value; /* the key */
    struct rate_zone *rates;
    int64_t rate; /* thousandths of a request per second */
};

struct rule {
    struct rule *next;
    const char *name;
    const struct conf_node *node;
    const struct zone *zone; /* once the level is finished */
    int64_t burst, delay;    /* thousandths of a request; no delay at all: INT64_MAX */
};

struct section {
    struct zone *zones; /* of the http block */
    struct rule *rules;
    int64_t status;
    int log_level; /* enum log_level */
    bool dry_run;
};

/* ---- a request ---- */

/* A limit that has let the request pass and waits for the others. */
struct held {
    const struct rule *rule;
    struct rate_node *node;
    struct rate_question question;
};

/* The result of all limits together. */
struct verdict {
    struct held held[RULES_MAX];
    unsigned count;
    bool asked;              /* some limit applies to the request */
    const struct rule *rule; /* the one that refuses or delays it */
    int64_t excess, wait_ms;
};

/* False: the limit does not apply to this request. */
static bool limit_req_write_key(struct http_request *request, const struct rule *rule, struct http_text *key)
{
    if (!http_template_write(&rule->zone->value, request, key) || !key->length)
        return false;
    if (key->length > RATE_KEY_MAX)
        http_log(request, LOG_LEVEL_ERROR, 0, "the value of the \"%s\" key is more than %d bytes: \"%.*s\"",
                 rule->zone->key, RATE_KEY_MAX, RATE_KEY_MAX, key->bytes);
    return key->length <= RATE_KEY_MAX;
}

static void limit_req_delay(struct verdict *verdict, const struct rule *rule, int64_t excess)
{
    int64_t wait_ms = excess > rule->delay ? (excess - rule->delay) * 1000 / rule->zone->rate : 0;

    if (wait_ms <= verdict->wait_ms)
        return;
    verdict->wait_ms = wait_ms;
    verdict->excess = excess;
    verdict->rule = rule;
}

/* Asks all limits. The last one that applies is paid at once, then the others. False: the request is
 * refused. */
static bool limit_req_ask(struct http_request *request, const struct section *section,
                          struct verdict *verdict)
{
    for (const struct rule *rule = section->rules; rule; rule = rule->next) {
        struct held *held = &verdict->held[verdict->count];
        struct http_text key;
        int64_t excess;

        if (!limit_req_write_key(request, rule, &key))
            continue;
        verdict->asked = true;
        *held = (struct held){.rule = rule,
                              .question = {.key = key.bytes,
                                           .length = key.length,
                                           .now = (int64_t)(http_steady_now(request) * 1000.),
                                           .rate = rule->zone->rate,
                                           .burst = rule->burst}};
        switch (rate_ask(rule->zone->rates, &held->question, !rule->next, &excess, &held->node)) {
        case RATE_PAID:
            limit_req_delay(verdict, rule, excess);
            break;
        case RATE_HELD:
            verdict->count++;
            break;
        case RATE_BUSY:
        case RATE_FULL:
            verdict->rule = rule;
            verdict->excess = excess;
            return false;
        }
    }
    return true;
}

static enum http_outcome limit_req_refuse(struct http_request *request, const struct section *section,
                                          const struct verdict *verdict)
{
    for (unsigned i = 0; i < verdict->count; i++)
        rate_drop(verdict->held[i].rule->zone->rates, verdict->held[i].node);
    http_log(request, section->log_level, 0, "limiting requests%s, excess: %lld.%03d by zone \"%s\"",
             section->dry_run ? ", dry run" : "", (long long)(verdict->excess / RATE_ONE),
             (int)(verdict->excess % RATE_ONE), verdict->rule->name);
    request->route.limited = section->dry_run ? HTTP_LIMITED_REJECTED_DRY_RUN : HTTP_LIMITED_REJECTED;
    if (section->dry_run)
        return HTTP_OUTCOME_NEXT;
    return http_fail_with(request, (int)section->status);
}

/* The request waits as long as its strictest limit asks, and then goes on. */
static enum http_outcome limit_req_run(struct http_request *request, void *data)
{
    const struct section *section = data;
    struct verdict verdict = {.count = 0};

    if (request->route.limited)
        return HTTP_OUTCOME_NEXT;
    if (!limit_req_ask(request, section, &verdict))
        return limit_req_refuse(request, section, &verdict);
    if (request->route.gave_up)
        return http_no_memory(request); /* without its key the request is not let past */
    for (unsigned i = 0; i < verdict.count; i++) {
        const struct held *held = &verdict.held[i];

        limit_req_delay(&verdict, held->rule, rate_pay(held->rule->zone->rates, held->node, &held->question));
    }
    if (verdict.asked)
        request->route.limited = HTTP_LIMITED_PASSED;
    if (!verdict.wait_ms)
        return HTTP_OUTCOME_NEXT;
    /* nginx: one level less severe than a refusal. */
    http_log(request, section->log_level == LOG_LEVEL_INFO ? LOG_LEVEL_INFO : section->log_level + 1, 0,
             "delaying request%s, excess: %lld.%03d, by zone \"%s\"", section->dry_run ? ", dry run" : "",
             (long long)(verdict.excess / RATE_ONE), (int)(verdict.excess % RATE_ONE), verdict.rule->name);
    request->route.limited = section->dry_run ? HTTP_LIMITED_DELAYED_DRY_RUN : HTTP_LIMITED_DELAYED;
    return section->dry_run ? HTTP_OUTCOME_NEXT : http_delay(request, verdict.wait_ms);
}

/* ---- variables ---- */

static enum http_found get_limit_req_status(struct http_request *request,
                                            const struct http_variable *variable, struct http_text *value)
{
    static const char *const texts[] = {NULL,       "PASSED",          "DELAYED",
                                        "REJECTED", "DELAYED_DRY_RUN", "REJECTED_DRY_RUN"};
    const char *text = texts[request->route.limited];

    (void)variable;
    return text ? http_value_string(text, value) : http_value_none(value);
}

static const struct http_variable_row variables[] = {
    {"limit_req_status", get_limit_req_status,
     .help = "What limit_req did: `PASSED`, `DELAYED`, `REJECTED`, `DELAYED_DRY_RUN`, `REJECTED_DRY_RUN`; "
             "empty if it was not asked."},
    {.name = NULL},
};

/* ---- limit_req_zone ---- */

static void limit_req_close_zone(void *zone)
{
    rate_zone_close(zone);
}

/* "rate=10r/s", "rate=30r/m". */
static int limit_req_read_rate(const struct conf_setting *setting, const char *text, struct zone *zone)
{
    size_t length = strlen(text);
    int64_t per_minute = length > 3 && !strcmp(text + length - 3, "r/m") ? 60 : 1, number;
    char digits[16];

    if (length > 3 && (per_minute == 60 || !strcmp(text + length - 3, "r/s")))
        length -= 3;
    if (length >= sizeof digits)
        return conf_fail(setting->conf, setting->node, "invalid rate \"rate=%s\"", text);
    memcpy(digits, text, length);
    digits[length] = '\0';
    if (!conf_parse_number(digits, &number) || number <= 0 || number > INT32_MAX)
        return conf_fail(setting->conf, setting->node, "invalid rate \"rate=%s\"", text);
    zone->rate = number * RATE_ONE / per_minute;
    return 0;
}

static struct zone *limit_req_find_zone(struct zone *list, const char *name)
{
    while (list && strcmp(list->name, name))
        list = list->next;
    return list;
}

/* limit_req_zone: the zone is found again by its name and key after a reload (rates.h). */
static int limit_req_set_zone(struct conf_setting *setting)
{
    struct section *section = setting->section;
    const struct conf_node *node = setting->node;
    struct conf *conf = setting->conf;
    struct zone *zone = pool_calloc(conf->pool, sizeof *zone, "limit zone"), *same;
    size_t bytes = 0;
    int result = zone ? 0 : conf_fail_memory(conf);

    for (unsigned i = 1; !result && i < node->arg_count; i++) {
        if (!strncmp(node->args[i], "zone=", 5))
            result = limit_zone_name(setting, node->args[i] + 5, &zone->name, &bytes);
        else if (!strncmp(node->args[i], "rate=", 5))
            result = limit_req_read_rate(setting, node->args[i] + 5, zone);
        else if (strcmp(node->args[i], "sync"))
            result = conf_fail(conf, node, "invalid parameter \"%s\"", node->args[i]);
    }
    if (result)
        return result;
    if (!zone->name)
        return conf_fail(conf, node, "\"%s\" must have \"zone\" parameter", node->name);
    if (!zone->rate)
        zone->rate = RATE_ONE;
    same = limit_req_find_zone(section->zones, zone->name);
    if (same)
        return conf_fail(conf, node, "%s \"%s\" is already bound to key \"%s\"", node->name, zone->name,
                         same->key);
    zone->key = node->args[0];
    zone->next = section->zones;
    section->zones = zone;
    result = http_template_compile(conf, node, zone->key, &zone->value);
    if (result)
        return result;
    zone->rates = rate_zone_open(generation_of(conf)->sgi, zone->name, zone->key, bytes);
    if (!zone->rates)
        return conf_fail_memory(conf);
    if (pool_cleanup_add(conf->pool, limit_req_close_zone, zone->rates))
        return 0;
    rate_zone_close(zone->rates);
    return conf_fail_memory(conf);
}

/* ---- limit_req ---- */

/* Numbers become thousandths of a request, as rates.h counts. */
static int limit_req_read_option(const struct conf_setting *setting, const char *text, struct rule *rule)
{
    int64_t number;

    if (!strcmp(text, "nodelay")) {
        rule->delay = INT64_MAX;
        return 0;
    }
    if (!strncmp(text, "zone=", 5)) {
        rule->name = text + 5;
        return 0;
    }
    if (strncmp(text, "burst=", 6) && strncmp(text, "delay=", 6))
        return conf_fail(setting->conf, setting->node, "invalid parameter \"%s\"", text);
    if (!conf_parse_number(text + 6, &number) || number <= 0 || number > INT32_MAX)
        return conf_fail(setting->conf, setting->node, "invalid %.5s value \"%s\"", text, text);
    *(*text == 'b' ? &rule->burst : &rule->delay) = number * RATE_ONE;
    return 0;
}

/* The zone is looked up when the level is finished: it may be defined further down. */
static int limit_req_set_rule(struct conf_setting *setting)
{
    struct section *section = setting->section;
    struct rule *rule = pool_calloc(setting->conf->pool, sizeof *rule, "limit rule"), **end = &section->rules;
    unsigned count = 0;
    int result = rule ? 0 : conf_fail_memory(setting->conf);

    for (unsigned i = 0; !result && i < setting->node->arg_count; i++)
        result = limit_req_read_option(setting, setting->node->args[i], rule);
    if (result)
        return result;
    if (!rule->name || !*rule->name)
        return conf_fail(setting->conf, setting->node, "\"%s\" must have \"zone\" parameter",
                         setting->node->name);
    if (setting->first)
        section->rules = NULL;
    for (; *end; end = &(*end)->next, count++)
        if (!strcmp((*end)->name, rule->name))
            return conf_setting_fail(setting, "is duplicate");
    if (count == RULES_MAX)
        return conf_fail(setting->conf, setting->node, "more than %d limits", RULES_MAX);
    rule->node = setting->node;
    *end = rule;
    return 0;
}

static int limit_req_finish(struct http_build *build, struct http_location *location, void *data)
{
    struct section *section = data;

    (void)location;
    for (struct rule *rule = section->rules; rule; rule = rule->next) {
        rule->zone = limit_req_find_zone(section->zones, rule->name);
        if (!rule->zone)
            return conf_fail(http_build_conf(build), rule->node, "zero size shared memory zone \"%s\"",
                             rule->name);
    }
    return section->rules ? http_add_step(build, HTTP_PHASE_LIMIT, limit_req_run, section) : 0;
}

#define FIELD(name) offsetof(struct section, name)

enum { EVERYWHERE = CONF_HTTP | CONF_SERVER | CONF_LOCATION };

static const struct conf_directive directives[] = {
    {"limit_req_zone", CONF_HTTP, .args = {3, 4}, .flags = CONF_REPEAT, .set = limit_req_set_zone,
     "`limit_req_zone KEY zone=NAME:SIZE rate=NUMBERr/s | NUMBERr/m;` A zone that remembers how far each key "
     "(a text with variables) is ahead of its rate. It is kept over reloads that change neither name, key "
     "nor size."},
    {"limit_req", EVERYWHERE, .args = {1, 3}, .flags = CONF_REPEAT, .set = limit_req_set_rule,
     "`limit_req zone=NAME [burst=NUMBER] [nodelay | delay=NUMBER];` Requests above the rate wait for their "
     "turn, up to `burst` of them; more are refused. The first `delay` of them do not wait; with `nodelay` "
     "none waits. A level that has any inherits none."},
    {"limit_req_log_level", EVERYWHERE, .offset = FIELD(log_level), .extra = limit_log_levels,
     .preset = "error", .set = conf_set_enum,
     "The level at which a refusal is logged; delays are logged one level lower."},
    {"limit_req_status", EVERYWHERE, .offset = FIELD(status), .extra = &limit_statuses, .preset = "503",
     .set = conf_set_number, "The status that a refused request is answered with."},
    {"limit_req_dry_run", EVERYWHERE, .offset = FIELD(dry_run), .preset = "off", .set = conf_set_flag,
     "Counts and logs, but neither delays nor refuses."},
};

const struct http_module http_limit_req_module = {
    .conf = {"limit_req", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct section),
    .finish = limit_req_finish,
    .variables = variables,
};
