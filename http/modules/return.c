/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/modules/return.h"

#include <string.h>

#include "conf/units.h"
#include "http/protocol/status.h"

enum { STATUS_MIN = 100, STATUS_MAX = 999 };

struct return_section {
    struct http_return_rule *server; /* of the server: before every location's own */
    struct http_return_rule *own;
    const void *owner;     /* the section whose level `own` stands at: a copy of it elsewhere is not ours */
    struct http_text type; /* default_type, its length counted once */
};

/* ---- a request ---- */

static enum http_outcome answer(struct http_request *request, const struct http_return_rule *rule,
                                struct http_text type)
{
    struct http_text text;

    if (rule->page) {
        request->status = rule->status;
        return HTTP_STATUS;
    }
    if (!http_template_write(&rule->text, request, &text))
        return http_no_memory(request);
    if (rule->redirect)
        return http_answer_redirect(request, rule->status, text);
    if (request->extension.length)
        type = http_type_of(request);
    if (http_status_bodiless(rule->status))
        type = (struct http_text){"", 0};
    return http_answer_bytes(request, rule->status, type, text);
}

static enum http_outcome run_server(struct http_request *request, void *section)
{
    const struct return_section *settings = section;

    return answer(request, settings->server, settings->type);
}

static enum http_outcome run_own(struct http_request *request, void *section)
{
    const struct return_section *settings = section;

    return answer(request, settings->own, settings->type);
}

/* ---- reading ---- */

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool begins(const char *text, const char *prefix)
{
    return !strncmp(text, prefix, strlen(prefix));
}

int http_return_read(struct conf *conf, const struct conf_node *node, struct http_return_rule *rule)
{
    const char *code = node->args[0], *text = node->arg_count > 1 ? node->args[1] : "";
    int64_t status;

    if (!conf_parse_number(code, &status)) {
        if (node->arg_count > 1 ||
            !(begins(code, "http://") || begins(code, "https://") || begins(code, "$scheme")))
            return conf_fail(conf, node, "invalid return code \"%s\"", code);
        status = 302;
        text = code;
    } else if (status < STATUS_MIN || status > STATUS_MAX) {
        return conf_fail(conf, node, "invalid return code \"%s\"", code);
    }
    rule->status = (int)status;
    rule->redirect = is_redirect(rule->status);
    rule->page = rule->status == 444 || (rule->status >= 400 && *text == '\0');
    return http_template_compile(conf, node, text, &rule->text);
}

static int set_return(struct conf_setting *setting)
{
    struct return_section *settings = setting->section;
    struct http_return_rule *rule = pool_calloc(setting->conf->pool, sizeof *rule, "return");
    int result =
        rule ? http_return_read(setting->conf, setting->node, rule) : conf_fail_memory(setting->conf);

    if (result || !setting->first)
        return result; /* the first answers; a later one is never reached, but must be right */
    if (setting->context == CONF_SERVER) {
        settings->server = rule;
    } else {
        settings->own = rule;
        settings->owner = settings;
    }
    return 0;
}

static int finish(struct http_build *build, struct http_location *location, void *section)
{
    struct return_section *settings = section;

    settings->type = (struct http_text){location->core.default_type, strlen(location->core.default_type)};
    if (settings->server)
        return http_add_step(build, HTTP_PHASE_REWRITE, run_server, settings);
    if (settings->own && settings->owner == settings)
        return http_add_step(build, HTTP_PHASE_REWRITE, run_own, settings);
    return 0;
}

static const struct conf_directive directives[] = {
    {"return", CONF_SERVER | CONF_LOCATION, 1, 2, CONF_REPEAT, set_return, 0, NULL, NULL,
     "Answers at once: `return 200 \"text\"`, `return 404`, `return 301 https://$host$request_uri`, `return "
     "URL` (302). "
     "Text and URL may have variables. 444 closes the connection without an answer."},
};

const struct http_module http_return_module = {
    .conf = {"return", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct return_section),
    .finish = finish,
};
