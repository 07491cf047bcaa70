/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of directives and variables, walked for the reference. */
#include "http/config/document.h"

#include <errno.h>
#include <string.h>

#include "conf/document.h"
#include "http/config/core_directives.h"
#include "http/text/variables.h"

int http_document_directives(FILE *out)
{
    static const struct conf_module *const reading[] = {&http_reading_module};
    int result = conf_document(reading[0]->name, &(struct conf_modules){reading, 1}, out);

    for (unsigned i = 0; i < HTTP_MODULES && !result; i++) {
        const struct conf_module *module = &http_modules[i]->conf;

        result = conf_document(module->name, &(struct conf_modules){&module, 1}, out);
    }
    return result;
}

static void print_row(const char *name, const char *help, FILE *out)
{
    fprintf(out, "| `$%s` | ", name);
    conf_document_cell(help, strlen(help), out);
    fputs(" |\n", out);
}

int http_document_variables(FILE *out)
{
    static const char *const families[][2] = {
        {"1 … $9", "The groups of the last regular expression that matched."},
        {"http_NAME", "A field of the request: `$http_user_agent` is User-Agent. Several lines are joined."},
        {"sent_http_NAME", "A field of the answer."},
        {"arg_NAME", "An argument of the request, as it came in."},
        {"cookie_NAME", "A cookie of the request."},
        {"NAME",
         "A variable of the configuration: made by `set`, `map`, or `(?<NAME>…)` in a regular expression."}};
    const struct http_variable_row *rows;

    fputs("| variable | value |\n|---|---|\n", out);
    for (size_t i = 0; (rows = http_variable_table(i)); i++)
        for (const struct http_variable_row *row = rows; row->name; row++)
            print_row(row->name, row->help, out);
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        print_row(families[i][0], families[i][1], out);
    return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}
