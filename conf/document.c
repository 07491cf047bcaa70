/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf/document.h"

#include <errno.h>

#include "conf/set.h"

const char *conf_context_names(uint32_t contexts, char *out, size_t size)
{
    static const char *const names[] = {"main",           "events",       "http",         "server",
                                        "location",       "types",        "stream",       "server (stream)",
                                        "if in location", "if in server", "limit_except", "map"};
    size_t used = 0;

    if (size > 0)
        out[0] = '\0';
    if ((contexts & CONF_ANY) == CONF_ANY) {
        snprintf(out, size, "any");
        return out;
    }
    for (unsigned i = 0; i < sizeof names / sizeof names[0] && used < size; i++) {
        if ((contexts & (1U << i)) != 0)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", names[i]);
    }
    return out;
}

/* What stands for the argument of a directive with this setter; NULL: nothing better than "value" is known.
 */
static const char *placeholder(const struct conf_directive *directive)
{
    static const struct {
        int (*set)(struct conf_setting *);
        const char *text;
    } known[] = {
        {conf_set_flag, "on | off"}, {conf_set_number, "number"}, {conf_set_size, "size"},
        {conf_set_offset, "size"},   {conf_set_msec, "time"},     {conf_set_sec, "time"},
        {conf_set_string, "string"}, {conf_set_path, "path"},     {conf_set_buffers, "number size"},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].set == directive->set)
            return known[i].text;
    }
    return NULL;
}

static void print_arguments(const struct conf_directive *directive, FILE *out)
{
    const char *text = placeholder(directive);

    if (directive->set == conf_set_enum) {
        const struct conf_enum *names = directive->extra;
        for (const struct conf_enum *row = names; row->name != NULL; row++)
            fprintf(out, "%s%s", row == names ? " " : " | ", row->name);
        return;
    }
    if (text != NULL) {
        fprintf(out, " %s", text);
        return;
    }
    for (unsigned i = 0; i < directive->min_args; i++)
        fputs(" value", out);
    if (directive->max_args == CONF_ARGS_ANY) {
        fputs(directive->min_args > 0 ? " …" : " [value …]", out);
        return;
    }
    for (unsigned i = directive->min_args; i < directive->max_args; i++)
        fputs(" [value]", out);
}

static void print_directive(const struct conf_directive *directive, FILE *out)
{
    char contexts[256];

    fprintf(out, "### %s\n\n", directive->name);
    fprintf(out, "    %s", directive->name);
    print_arguments(directive, out);
    fputs((directive->flags & CONF_BLOCK) != 0 ? " { … }\n\n" : ";\n\n", out);
    if (directive->default_text != NULL)
        fprintf(out, "- default: `%s`\n", directive->default_text);
    fprintf(out, "- context: %s\n", conf_context_names(directive->contexts, contexts, sizeof contexts));
    if ((directive->flags & CONF_REPEAT) != 0)
        fputs("- may stand more than once\n", out);
    fprintf(out, "\n%s\n\n", directive->help != NULL ? directive->help : "");
}

int conf_document(const struct conf_modules *modules, FILE *out)
{
    for (unsigned i = 0; i < modules->count; i++) {
        const struct conf_module *module = modules->modules[i];
        fprintf(out, "## %s\n\n", module->name);
        for (unsigned j = 0; j < module->count; j++)
            print_directive(&module->directives[j], out);
    }
    return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}
