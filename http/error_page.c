/* SPDX-License-Identifier: BSD-2-Clause */
/* The page that is shown instead of a status' own, and the directives that name it. */
#include "http/error_page.h"

#include <stddef.h>

#include "conf/set.h"
#include "conf/units.h"
#include "http/limits.h"
#include "http/protocol/status.h"
#include "http/route/route.h"

/* ---- a request ---- */

static enum http_outcome show(struct http_request *request, const struct http_error_rule *rule)
{
    int status = rule->replaced < 0 ? rule->status : rule->replaced;
    struct http_text where;

    if (!http_template_write(&rule->where, request, &where))
        return http_answer_status(request, http_no_memory_status(request));
    request->route.final_status = status;
    if (where.length && *where.bytes == '/') {
        request->route.got = true;
        if (request->head.method != HTTP_METHOD_HEAD)
            request->head.method = HTTP_METHOD_GET;
        return http_route_redirect(request, where);
    }
    if (where.length && *where.bytes == '@')
        return http_route_named(request, where);
    if (!http_lead_to(request, where))
        return http_answer_status(request, http_no_memory_status(request));
    return http_answer_status(request, http_status_redirects(status) ? status : 302);
}

enum http_outcome http_error_page_show(struct http_request *request, const struct http_error_pages *pages)
{
    if (request->route.error_page || request->status == 444)
        return http_answer_status(request, request->status);
    for (const struct http_error_rule *rule = pages->rules; rule; rule = rule->next) {
        if (rule->status != request->status)
            continue;
        request->route.error_page = !pages->recursive;
        return show(request, rule);
    }
    return http_answer_status(request, request->status);
}

/* ---- reading ---- */

/* `=CODE` or `=` before the last argument. -1: none; -2: not a number. */
static int read_replaced(const struct conf_node *node)
{
    const char *text = node->args[node->arg_count - 2];
    int64_t number;

    if (*text != '=' || node->arg_count < 3)
        return -1;
    if (text[1] == '\0')
        return 0;
    return conf_parse_number(text + 1, &number) && number <= 999 ? (int)number : -2;
}

static int add(struct conf_setting *setting, const char *code, int replaced,
               const struct http_template *where)
{
    struct http_error_pages *pages = setting->section;
    struct http_error_rule *rule, **end = &pages->rules;
    int64_t status;

    if (!conf_parse_number(code, &status))
        return conf_fail(setting->conf, setting->node, "invalid value \"%s\"", code);
    if (status < 300 || status > 599)
        return conf_fail(setting->conf, setting->node, "value \"%s\" must be between 300 and 599", code);
    rule = pool_calloc(setting->conf->pool, sizeof *rule, "error page");
    if (!rule)
        return conf_fail_memory(setting->conf);
    *rule = (struct http_error_rule){.status = (int)status, .replaced = replaced, .where = *where};
    while (*end)
        end = &(*end)->next;
    *end = rule;
    return 0;
}

static int set_error_page(struct conf_setting *setting)
{
    struct http_error_pages *pages = setting->section;
    const struct conf_node *node = setting->node;
    int replaced = read_replaced(node), result;
    struct http_template where;

    if (replaced < -1)
        return conf_fail(setting->conf, node, "invalid value \"%s\"", node->args[node->arg_count - 2]);
    if (setting->first)
        pages->rules = NULL;
    result = http_template_compile(setting->conf, node, node->args[node->arg_count - 1], &where);
    for (unsigned i = 0; !result && i + 1 + (replaced >= 0) < node->arg_count; i++)
        result = add(setting, node->args[i], replaced, &where);
    return result;
}

enum { ANYWHERE = CONF_HTTP | CONF_SERVER | CONF_LOCATION };

static const struct conf_directive directives[] = {
    {"error_page", ANYWHERE | CONF_IF, .args = {2, CONF_ARGS_ANY}, .flags = CONF_REPEAT,
     .set = set_error_page,
     "`error_page CODE … [=[CODE]] WHERE;` A path, a `@NAME` or a URL that is shown instead of a status's "
     "own page. `=CODE` changes the status, `=` takes the page's own; without them it stays. A level that "
     "has any inherits none."},
    {"recursive_error_pages", ANYWHERE, .offset = offsetof(struct http_error_pages, recursive),
     .preset = "off", .set = conf_set_flag, "Whether error_page also applies to errors of error pages."},
};

const struct http_module http_error_page_module = {
    .conf = {"error_page", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct http_error_pages),
};
