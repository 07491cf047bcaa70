/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads `return`, and answers with it. */
#include "http/answer.h"
#include "http/limits.h"
#include "http/modules/rewrite/return.h"

#include <string.h>

#include "conf/units.h"
#include "http/protocol/status.h"
#include "pool/annotate.h"

enum { STATUS_MIN = 100, STATUS_MAX = 999 };

UNGUARDED enum http_outcome http_return_answer(struct http_request *request,
                                               const struct http_return_rule *rule, struct http_text type)
{
    struct http_text text;

    if (rule->page)
        return http_fail_with(request, rule->status);
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

bool http_return_is_url(const char *text)
{
    return !strncmp(text, "http://", 7) || !strncmp(text, "https://", 8) || !strncmp(text, "$scheme", 7);
}

int http_return_read(struct conf *conf, const struct conf_node *node, struct http_return_rule *rule)
{
    const char *code = node->args[0], *text = node->arg_count > 1 ? node->args[1] : "";
    int64_t status;

    if (!conf_parse_number(code, &status)) {
        if (node->arg_count > 1 || !http_return_is_url(code))
            return conf_fail(conf, node, "invalid return code \"%s\"", code);
        status = 302;
        text = code;
    } else if (status < STATUS_MIN || status > STATUS_MAX) {
        return conf_fail(conf, node, "invalid return code \"%s\"", code);
    }
    rule->status = (int)status;
    rule->redirect = http_status_redirects(rule->status);
    rule->page = rule->status == 444 || (rule->status >= 400 && *text == '\0');
    return http_template_compile(conf, node, text, &rule->text);
}
