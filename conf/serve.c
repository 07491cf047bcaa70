/* SPDX-License-Identifier: BSD-2-Clause */
/* A folder becomes a configuration. */
#include "conf/serve.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "conf/default.h"

static bool is_loopback(const char *address)
{
    return !strncmp(address, "127.", 4) || !strncmp(address, "localhost", 9) || !strncmp(address, "[::1]", 5);
}

/* What may stand in an address, and nothing that would end the directive. */
static bool is_address(const char *text)
{
    for (const char *at = text; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr(".:[]*-_/%", *at))
            return false;
    return *text != '\0';
}

static bool can_be_quoted(const char *folder)
{
    for (const char *at = folder; *at; at++)
        if (*at == '$' || iscntrl((unsigned char)*at))
            return false;
    return true;
}

/* Between quotes of a configuration. */
static void print_quoted(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
}

/* The template with its blanks filled in; what else has an @ stays. */
static void print(const char *folder, const char *address, FILE *out)
{
    const char *at = conf_serve_template, *next;

    for (; (next = strchr(at, '@')); at = next) {
        fwrite(at, 1, (size_t)(next - at), out);
        if (!strncmp(next, "@ADDRESS@", 9)) {
            fputs(address, out);
            next += 9;
        } else if (!strncmp(next, "@NAMES@", 7)) {
            fputs(is_loopback(address) ? "localhost *.localhost \"~^127\\.\\d+\\.\\d+\\.\\d+$\" [::1] \"\""
                                       : "~. \"\"",
                  out);
            next += 7;
        } else if (!strncmp(next, "@FOLDER@", 8)) {
            print_quoted(folder, out);
            next += 8;
        } else {
            fputc(*next++, out);
        }
    }
    fputs(at, out);
}

int conf_serve_text(const char *folder, const char *address, char *text, size_t size, char *error,
                    size_t error_size)
{
    FILE *out;
    bool whole;

    if (!address)
        address = CONF_SERVE_ADDRESS;
    if (!is_address(address)) {
        snprintf(error, error_size, "invalid address \"%s\": \"8000\" and \"127.0.0.1:8000\" are addresses",
                 address);
        return -EINVAL;
    }
    if (!can_be_quoted(folder)) {
        snprintf(error, error_size,
                 "\"%s\" has a \"$\" or a control character in its name: serve it by another name", folder);
        return -EINVAL;
    }
    out = fmemopen(text, size, "w");
    if (out)
        print(folder, address, out);
    whole = out && !ferror(out) && !fflush(out) && (size_t)ftell(out) < size;
    if (out && fclose(out))
        whole = false;
    if (whole)
        return 0;
    snprintf(error, error_size, "the name of the folder or the address is too long");
    return -ENAMETOOLONG;
}
