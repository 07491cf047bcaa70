/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of the reference. */
#include "conf/document.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "conf/set.h"

const char *conf_document_contexts(uint32_t contexts, char *out, size_t size)
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

/* A word for the argument of a directive with this setter; NULL: nothing is known. */
static const char *placeholder(const struct conf_directive *directive)
{
    const struct conf_ignored *ignored = directive->extra;
    int (*set)(struct conf_setting *) = directive->set == conf_set_ignored ? ignored->check : directive->set;
    static const struct {
        int (*set)(struct conf_setting *);
        const char *text;
    } known[] = {
        {conf_set_flag, "on | off"}, {conf_set_number, "NUMBER"}, {conf_set_size, "SIZE"},
        {conf_set_offset, "SIZE"},   {conf_set_msec, "TIME"},     {conf_set_sec, "TIME"},
        {conf_set_string, "TEXT"},   {conf_set_path, "PATH"},     {conf_set_buffers, "NUMBER SIZE"},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].set == set)
            return known[i].text;
    }
    return NULL;
}

void conf_document_cell(const char *text, size_t length, FILE *out)
{
    for (size_t i = 0; i < length; i++)
        fputs(text[i] == '|' ? "\\|" : (char[]){text[i], '\0'}, out);
}

static void print_cell(const char *text, FILE *out)
{
    conf_document_cell(text, strlen(text), out);
}

static void print_names(const struct conf_enum *names, FILE *out)
{
    for (const struct conf_enum *row = names; row->name; row++) {
        fputs(row == names ? " " : " \\| ", out);
        print_cell(row->name, out);
    }
}

/* What stands behind the name, as far as the setter and the table tell. */
static void print_arguments(const struct conf_directive *directive, FILE *out)
{
    const char *text = placeholder(directive);
    struct conf_args args = conf_directive_args(directive);

    if (directive->set == conf_set_enum) {
        print_names(directive->extra, out);
        return;
    }
    if (text) {
        fputc(' ', out);
        print_cell(text, out);
        return;
    }
    for (unsigned i = 0; i < args.min; i++)
        fputs(" VALUE", out);
    if (args.max == CONF_ARGS_ANY) {
        fputs(args.min > 0 ? " …" : " [VALUE …]", out);
        return;
    }
    for (unsigned i = args.min; i < args.max; i++)
        fputs(" [VALUE]", out);
}

/* The end of "`NAME WHAT_IT_TAKES`" at `text`, or NULL. */
static const char *syntax_end(const struct conf_directive *directive, const char *text)
{
    size_t length = strlen(directive->name);

    if (text[0] != '`' || strncmp(text + 1, directive->name, length) != 0 ||
        (text[1 + length] != ' ' && text[1 + length] != ';'))
        return NULL;
    text = strchr(text + 1, '`');
    return text ? text + 1 : NULL;
}

/* Prints what the directive looks like, and returns the rest of its help. */
static const char *print_syntax(const struct conf_directive *directive, FILE *out)
{
    const char *help = directive->help ? directive->help : "";
    const char *end = syntax_end(directive, help), *next = end;

    if (!end) {
        fprintf(out, "`%s", directive->name);
        print_arguments(directive, out);
        fputs((directive->flags & CONF_BLOCK) != 0 ? " { … }`" : ";`", out);
        return help;
    }
    while (next && strncmp(next, " or `", 5) == 0) {
        next = syntax_end(directive, next + 4);
        end = next ? next : end;
    }
    conf_document_cell(help, (size_t)(end - help), out);
    return end + strspn(end, " ");
}

/* Without the marks of Markdown: backticks, and the backslash before a bar. */
void conf_document_form(const struct conf_directive *directive, char form[CONF_FORM_SIZE])
{
    FILE *out = fmemopen(form, CONF_FORM_SIZE, "w");
    char *to = form;

    form[0] = '\0';
    if (!out)
        return;
    (void)print_syntax(directive, out);
    (void)fclose(out);
    form[CONF_FORM_SIZE - 1] = '\0';
    for (const char *from = form; *from; from++)
        if (*from != '`' && (*from != '\\' || from[1] != '|'))
            *to++ = *from;
    *to = '\0';
}

/* A row of the reference. */
static void print_directive(const struct conf_directive *directive, FILE *out)
{
    char contexts[256];
    const char *help;

    fputs("| ", out);
    help = print_syntax(directive, out);
    fprintf(out, " | %s | ", conf_document_contexts(directive->contexts, contexts, sizeof contexts));
    if (directive->preset) {
        fputc('`', out);
        print_cell(directive->preset, out);
        fputs("` | ", out);
    } else {
        fputs("— | ", out);
    }
    if ((directive->flags & CONF_OURS) != 0)
        fputs("(ours) ", out);
    print_cell(help, out);
    if (!directive->help && directive->set == conf_set_ignored)
        fprintf(out, "Accepted for nginx's sake: %s.", ((const struct conf_ignored *)directive->extra)->why);
    if ((directive->flags & (CONF_REPEAT | CONF_BLOCK)) == CONF_REPEAT)
        fputs(" May be repeated.", out);
    fputs(" |\n", out);
}

int conf_document(const char *heading, const struct conf_modules *modules, FILE *out)
{
    fprintf(out, "### %s\n\n| directive | context | default | meaning |\n|---|---|---|---|\n", heading);
    for (unsigned i = 0; i < modules->count; i++)
        for (unsigned j = 0; j < modules->modules[i]->count; j++)
            print_directive(&modules->modules[i]->directives[j], out);
    fputc('\n', out);
    return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}

/* A row's cells, each behind its label. `row`: behind the first "| "; it ends at the end of the line. */
static void print_found(const char *row, const char *const *labels, FILE *out)
{
    for (; *row != '\n' && *row != '\0'; row++) {
        if (row[0] == '\\' && row[1] == '|') {
            row++;
            fputc('|', out);
        } else if (!strncmp(row, " | ", 3) && *labels) {
            fprintf(out, "\n  %-9s", *labels++);
            row += 2;
        } else if (!strncmp(row, " |\n", 3)) {
            break;
        } else if (*row != '`') {
            fputc(*row, out);
        }
    }
    fputs("\n\n", out);
}

unsigned conf_document_find(const char *reference, const char *name, FILE *out)
{
    static const char *const of_directive[] = {"in:", "default:", "", NULL};
    static const char *const of_variable[] = {"", NULL};
    size_t length = strlen(name);
    unsigned found = 0;

    for (const char *row = reference; (row = strstr(row, "\n| `")); row++) {
        bool variable = row[4] == '$';
        const char *at = row + 4 + variable;

        if (strncmp(at, name, length) != 0 || !strchr(" ;`", at[length]) || at[length] == '\0')
            continue;
        print_found(row + 3, variable ? of_variable : of_directive, out);
        found++;
    }
    return found;
}
