/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of directives, searched for what somebody may have meant. */
#include "conf/hint.h"

#include <stdio.h>
#include <string.h>

#include "conf/document.h"

enum { NAME_MAX_HINT = 48 /* bytes; longer names get no hint */ };

static const struct conf_directive *next_row(const struct conf_modules *modules, unsigned *module,
                                             unsigned *row)
{
    for (; *module < modules->count; ++*module, *row = 0)
        if (*row < modules->modules[*module]->count)
            return &modules->modules[*module]->directives[(*row)++];
    return NULL;
}

void conf_hint_place(const struct conf_modules *everything, const char *name, char text[CONF_HINT_SIZE])
{
    const struct conf_directive *directive;
    unsigned module = 0, row = 0;
    uint32_t contexts = 0;
    char names[CONF_HINT_SIZE - 32];

    while (everything && (directive = next_row(everything, &module, &row)))
        if (!strcmp(directive->name, name))
            contexts |= directive->contexts;
    text[0] = '\0';
    if (contexts == CONF_MAIN)
        snprintf(text, CONF_HINT_SIZE, " (it belongs outside of all blocks)");
    else if (contexts)
        snprintf(text, CONF_HINT_SIZE, " (it belongs in %s)",
                 conf_document_contexts(contexts, names, sizeof names));
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Slips between two words: the distance of optimal string alignment, by three rows of its table. */
static unsigned distance(const char *a, const char *b)
{
    unsigned rows[3][NAME_MAX_HINT + 1], *before = rows[0], *last = rows[1], *now = rows[2], *spare;
    size_t length = strlen(b);

    for (unsigned j = 0; j <= length; j++)
        last[j] = j;
    for (unsigned i = 1; a[i - 1]; i++) {
        now[0] = i;
        for (unsigned j = 1; j <= length; j++) {
            now[j] = least(least(last[j], now[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[length];
}

void conf_hint_name(const struct conf_modules *everything, const char *name, uint32_t context,
                    char text[CONF_HINT_SIZE])
{
    const struct conf_directive *directive, *best = NULL;
    size_t length = strlen(name);
    /* In halves of a slip, so that of two equally near names that which may stand here is nearer. */
    unsigned slips = length <= 4 ? 1 : 2, nearest = 2 * slips + 2, module = 0, row = 0;

    text[0] = '\0';
    if (length < 2 || length > NAME_MAX_HINT)
        return;
    while (everything && (directive = next_row(everything, &module, &row))) {
        unsigned far;

        if (strlen(directive->name) > NAME_MAX_HINT)
            continue;
        far = 2 * distance(name, directive->name) + !(directive->contexts & context);
        if (far < nearest) {
            nearest = far;
            best = directive;
        }
    }
    if (best)
        snprintf(text, CONF_HINT_SIZE, " (did you mean \"%s\"?)", best->name);
}
