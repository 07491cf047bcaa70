/* SPDX-License-Identifier: BSD-2-Clause */
/* A level of the tree, applied by tables: every node is checked, then set. */
#include "conf/directive.h"

#include <string.h>

#include "conf/document.h"
#include "conf/foreign.h"
#include "conf/hint.h"
#include "pool/pool.h"

/* What a node of the level was found to be. */
struct match {
    const struct conf_directive *directive;
    unsigned module;
    bool first;
};

/* The row of this name that is right here; else any row of this name; else NULL. */
static const struct conf_directive *find_row(const struct conf_modules *modules, const char *name,
                                             uint32_t context, unsigned *module)
{
    const struct conf_directive *elsewhere = NULL;

    for (unsigned i = 0; i < modules->count; i++) {
        const struct conf_module *table = modules->modules[i];
        for (unsigned j = 0; j < table->count; j++) {
            const struct conf_directive *row = &table->directives[j];
            if (strcmp(row->name, name) != 0)
                continue;
            *module = i;
            if ((row->contexts & context) != 0)
                return row;
            elsewhere = row;
        }
    }
    return elsewhere;
}

static int misplaced(struct conf *conf, const struct conf_node *node)
{
    char hint[CONF_HINT_SIZE];

    conf_hint_place(conf->everything, node->name, hint);
    return conf_fail(conf, node, "\"%s\" directive is not allowed here%s", node->name, hint);
}

/* No table of this place has the name. */
static int pass_over(struct conf *conf, const struct conf_node *node, uint32_t context)
{
    const struct conf_foreign *foreign = conf_foreign_find(node->name);
    char hint[CONF_HINT_SIZE];

    conf_hint_place(conf->everything, node->name, hint);
    if (hint[0])
        return misplaced(conf, node);
    if (!foreign) {
        conf_hint_name(conf->everything, node->name, context, hint);
        return conf_fail(conf, node, "unknown directive \"%s\"%s", node->name, hint);
    }
    if (!foreign->ignored || node->block)
        return conf_fail(conf, node, "unknown directive \"%s\" (%s)", node->name, foreign->advice);
    conf_warn(conf, node, "directive \"%s\" is ignored (%s)", node->name, foreign->advice);
    return 0;
}

/* nginx's words, and behind them the form that the reference has. */
static int refuse_count(struct conf *conf, const struct conf_node *node,
                        const struct conf_directive *directive)
{
    char form[CONF_FORM_SIZE];

    conf_document_form(directive, form);
    return conf_fail(conf, node, "invalid number of arguments in \"%s\" directive%s%s", node->name,
                     *form ? ", it is written: " : "", form);
}

/* nginx's checks in nginx's order. */
static int check(struct conf *conf, const struct conf_node *node, uint32_t context,
                 const struct conf_directive *directive)
{
    struct conf_args args = conf_directive_args(directive);
    bool block = (directive->flags & CONF_BLOCK) != 0;

    if ((directive->contexts & context) == 0)
        return misplaced(conf, node);
    if (node->block && !block)
        return conf_fail(conf, node, "directive \"%s\" is not terminated by \";\"", node->name);
    if (!node->block && block)
        return conf_fail(conf, node, "directive \"%s\" has no opening \"{\"", node->name);
    if (node->arg_count < args.min || (args.max != CONF_ARGS_ANY && node->arg_count > args.max))
        return refuse_count(conf, node, directive);
    return 0;
}

/* Whether a row is met for the first time at this level. `seen` has a bit for every row of every module. */
static bool is_first(const struct conf_modules *modules, const struct match *match, unsigned char *seen)
{
    size_t bit = (size_t)(match->directive - modules->modules[match->module]->directives);
    unsigned char mask;
    bool first;

    for (unsigned i = 0; i < match->module; i++)
        bit += modules->modules[i]->count;
    mask = (unsigned char)(1U << (bit % 8));
    first = (seen[bit / 8] & mask) == 0;
    seen[bit / 8] |= mask;
    return first;
}

/* Finds the directive of a node; null: the node is passed over. */
static int check_node(struct conf *conf, const struct conf_node *node, uint32_t context,
                      const struct conf_modules *modules, struct match *match, unsigned char *seen)
{
    int rc;

    match->directive = find_row(modules, node->name, context, &match->module);
    if (!match->directive)
        return conf_keep(conf, pass_over(conf, node, context));
    rc = check(conf, node, context, match->directive);
    if (rc == 0) {
        match->first = is_first(modules, match, seen);
        if (match->first || (match->directive->flags & CONF_REPEAT) != 0)
            return 0;
        rc = conf_fail(conf, node, "\"%s\" directive is duplicate", node->name);
    }
    match->directive = NULL;
    return conf_keep(conf, rc);
}

static int check_level(struct conf *conf, const struct conf_node *node, uint32_t context,
                       const struct conf_modules *modules, struct match *matches)
{
    unsigned char *seen;
    size_t rows = 0;
    int rc = 0;

    for (unsigned i = 0; i < modules->count; i++)
        rows += modules->modules[i]->count;
    seen = pool_calloc(conf->pool, rows / 8 + 1, "conf duplicates");
    if (!seen)
        return conf_fail_memory(conf);
    for (; node && rc == 0; node = node->next, matches++)
        rc = check_node(conf, node, context, modules, matches, seen);
    return rc;
}

/* A failed directive counts as absent: the next one of its name is the first. */
static int keep_failed(struct conf *conf, const struct conf_node *node, struct match *match, int rc)
{
    const struct match failed = *match;

    conf_fail_errno(conf, node, -rc, "\"%s\" directive failed", node->name);
    while (failed.first && (node = node->next)) {
        match++;
        if (match->directive == failed.directive) {
            match->first = true;
            break;
        }
    }
    return conf_keep(conf, rc);
}

/* Sets the simple directives or the blocks. */
static int set_level(const struct conf_setting *level, const struct conf_node *node, struct match *matches,
                     bool blocks)
{
    for (; node; node = node->next, matches++) {
        struct conf_setting setting = *level;
        int rc;

        if (!matches->directive ||
            blocks != (node->block && (matches->directive->flags & CONF_IN_ORDER) == 0))
            continue;
        setting.node = node;
        setting.directive = matches->directive;
        setting.first = matches->first;
        setting.section = level->find_section ? level->find_section(level->scope, matches->module) : NULL;
        rc = matches->directive->set(&setting);
        if (rc != 0)
            rc = keep_failed(level->conf, node, matches, rc);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int conf_apply(struct conf *conf, const struct conf_node *first, uint32_t context,
               const struct conf_modules *modules, conf_section *find_section, void *scope)
{
    const struct conf_setting level = {
        .conf = conf, .context = context, .scope = scope, .modules = modules, .find_section = find_section};
    struct match *matches;
    size_t count = 0;
    int rc;

    for (const struct conf_node *node = first; node; node = node->next)
        count++;
    if (count == 0)
        return 0;
    matches = pool_array(conf->pool, count, sizeof *matches, "conf matches");
    if (!matches)
        return conf_fail_memory(conf);
    conf->depth++;
    rc = check_level(conf, first, context, modules, matches);
    if (rc == 0)
        rc = set_level(&level, first, matches, false);
    if (rc == 0)
        rc = set_level(&level, first, matches, true);
    conf->depth--;
    return rc == 0 && conf->depth == 0 ? conf_fail_kept(conf) : rc;
}

int conf_apply_children(const struct conf_setting *setting, uint32_t context, void *scope)
{
    return conf_apply(setting->conf, setting->node->children, context, setting->modules,
                      setting->find_section, scope);
}

int conf_setting_fail(const struct conf_setting *setting, const char *text)
{
    return conf_fail(setting->conf, setting->node, "\"%s\" directive %s", setting->node->name, text);
}

int conf_setting_invalid(const struct conf_setting *setting, const char *value, const char *expected)
{
    return conf_fail(setting->conf, setting->node, "invalid value \"%s\" in \"%s\" directive, it must be %s",
                     value, setting->node->name, expected);
}
