/* SPDX-License-Identifier: BSD-2-Clause */
/* The setters of rewrite.h: directives become instructions. */
#include <errno.h>
#include <string.h>

#include "http/config/build.h"
#include "http/modules/rewrite/rewrite.h"
#include "http/text/variables.h"

/* One more at the end of this level's program. NULL: no memory, noted in conf. */
static struct http_instruction *rewrite_add(struct conf_setting *setting, enum http_operation operation)
{
    struct http_rewrite *section = setting->section;
    struct http_instruction *instruction = pool_calloc(setting->conf->pool, sizeof *instruction, "rewrite");

    if (!instruction) {
        conf_fail_memory(setting->conf);
        return NULL;
    }
    if (section->owner != section) {
        section->owner = section;
        section->first = NULL;
        section->end = &section->first;
    }
    instruction->operation = operation;
    *section->end = instruction;
    section->end = &instruction->next;
    return instruction;
}

int http_set_break(struct conf_setting *setting)
{
    return rewrite_add(setting, HTTP_DO_BREAK) ? 0 : -ENOMEM;
}

int http_set_return(struct conf_setting *setting)
{
    struct http_instruction *instruction = rewrite_add(setting, HTTP_DO_RETURN);

    return instruction ? http_return_read(setting->conf, setting->node, &instruction->as.answer) : -ENOMEM;
}

int http_set_set(struct conf_setting *setting)
{
    const struct conf_node *node = setting->node;
    struct http_instruction *instruction = rewrite_add(setting, HTTP_DO_SET);

    if (!instruction)
        return -ENOMEM;
    if (!strcmp(node->args[0], "$limit_rate")) {
        instruction->operation = HTTP_DO_LIMIT_RATE;
    } else if (strcmp(node->args[0], "$args")) {
        instruction->as.set.named = http_variable_make(setting->conf, node, node->args[0]);
        if (!instruction->as.set.named)
            return -EINVAL;
    }
    return http_template_compile(setting->conf, node, node->args[1], &instruction->as.set.value);
}

int http_set_if(struct conf_setting *setting)
{
    struct http_instruction *instruction = rewrite_add(setting, HTTP_DO_IF);
    int result, inner;

    if (!instruction)
        return -ENOMEM;
    result = http_if_read(setting->conf, setting->node, &instruction->as.branch.test);
    /* What stands in it is read even if its condition is wrong. */
    inner = http_set_inner_block(setting, setting->context == CONF_SERVER ? CONF_SIF : CONF_IF,
                                 &instruction->as.branch.inner);
    return inner ? inner : result;
}

/* ---- rewrite ---- */

static int rewrite_read_flag(const struct conf_setting *setting, struct http_rewrite_rule *rule)
{
    const char *flag = setting->node->args[2];

    if (!strcmp(flag, "last"))
        rule->flag = HTTP_REWRITE_LAST;
    else if (!strcmp(flag, "break"))
        rule->flag = HTTP_REWRITE_BREAK;
    else if (!strcmp(flag, "redirect"))
        rule->redirect = 302;
    else if (!strcmp(flag, "permanent"))
        rule->redirect = 301;
    else
        return conf_fail(setting->conf, setting->node, "invalid parameter \"%s\"", flag);
    return 0;
}

/* Splits the replacement; a redirect's stays whole. */
static int rewrite_read_replacement(struct conf *conf, const struct conf_node *node,
                                    struct http_rewrite_rule *rule)
{
    size_t length = strlen(node->args[1]);
    char *text, *mark;
    int result;

    rule->keeps_args = length == 0 || node->args[1][length - 1] != '?';
    text = pool_strndup(conf->pool, node->args[1], length - !rule->keeps_args, "rewrite");
    if (!text)
        return conf_fail_memory(conf);
    mark = strchr(text, '?');
    rule->has_args = mark != NULL;
    if (mark && !rule->redirect) {
        *mark = '\0';
        result = http_template_compile(conf, node, mark + 1, &rule->args);
        if (result)
            return result;
    }
    return http_template_compile(conf, node, text, &rule->path);
}

int http_set_rewrite(struct conf_setting *setting)
{
    const struct conf_node *node = setting->node;
    struct http_instruction *instruction = rewrite_add(setting, HTTP_DO_REWRITE);
    const char *text = node->args[1];
    struct http_rewrite_rule *rule;
    int result = 0;

    if (!instruction)
        return -ENOMEM;
    rule = &instruction->as.rewrite;
    rule->regex = http_regex_compile(setting->conf, node, node->args[0], false);
    if (!rule->regex)
        return -EINVAL;
    if (http_return_is_url(text))
        rule->redirect = 302;
    if (node->arg_count > 2)
        result = rewrite_read_flag(setting, rule);
    if (!result)
        result = http_groups_make(setting->conf, node, rule->regex, &rule->groups);
    return result ? result : rewrite_read_replacement(setting->conf, node, rule);
}

/* ---- groups ---- */

int http_groups_make(struct conf *conf, const struct conf_node *node, const struct http_regex *regex,
                     const struct http_group **groups)
{
    const char *name;

    for (unsigned i = 0; (name = http_regex_name(regex, i)); i++) {
        struct http_group *group = pool_calloc(conf->pool, sizeof *group, "group");
        struct http_named *named = http_named_use(conf, node, (struct http_text){name, strlen(name)});

        if (!group || !named)
            return conf_fail_memory(conf);
        named->made = true;
        *group = (struct http_group){*groups, named};
        *groups = group;
    }
    return 0;
}

bool http_groups_keep(struct http_request *request, const struct http_regex *regex,
                      const struct http_group *groups, struct http_text subject)
{
    for (; groups; groups = groups->next) {
        struct http_text value = {"", 0};

        if (http_regex_match_group(regex, subject, http_regex_group(regex, groups->named->name), &value) !=
                HTTP_REGEX_MATCH ||
            !http_named_keep(request, groups->named, value))
            return false;
    }
    return true;
}
