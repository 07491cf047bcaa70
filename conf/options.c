/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line, letter by letter. */
#include "conf/options.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* Where the next letter or value comes from. */
struct cursor {
    char *const *arguments;
    int count, index;
    const char *at; /* behind the letter being looked at */
};

__attribute__((format(printf, 2, 3))) static int fail(struct options *options, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(options->error, sizeof options->error, format, arguments);
    va_end(arguments);
    return -EINVAL;
}

/* The rest of this argument, or the next one; it ends the run of letters. NULL: there is none. */
static const char *take_value(struct cursor *cursor)
{
    const char *value = cursor->at;

    if (*value == '\0') {
        if (cursor->index + 1 >= cursor->count)
            return NULL;
        value = cursor->arguments[++cursor->index];
    }
    cursor->at = "";
    return value;
}

static int take_signal(struct options *options, const char *name)
{
    static const struct {
        const char *name;
        enum options_signal signal;
    } known[] = {
        {"stop", OPTIONS_SIGNAL_STOP},
        {"quit", OPTIONS_SIGNAL_QUIT},
        {"reopen", OPTIONS_SIGNAL_REOPEN},
        {"reload", OPTIONS_SIGNAL_RELOAD},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, name) == 0) {
            options->signal = known[i].signal;
            options->signal_name = known[i].name;
            return 0;
        }
    }
    return fail(options, "invalid option: \"-s %s\"", name);
}

/* The letters with a value: -p -e -c -g -s. */
static int take_option(struct options *options, char letter, struct cursor *cursor)
{
    const char *wanted = letter == 'p'                    ? "directory name"
                         : letter == 'g' || letter == 's' ? "parameter"
                                                          : "file name";
    const char *value = take_value(cursor);

    if (!value)
        return fail(options, "option \"-%c\" requires %s", letter, wanted);
    switch (letter) {
    case 'p':
        options->prefix = value;
        return 0;
    case 'e':
        options->error_log = value;
        return 0;
    case 'c':
        options->file = value;
        return 0;
    case 'g':
        options->directives = value;
        return 0;
    default:
        return take_signal(options, value);
    }
}

/* A letter with a value may end the run of letters. */
static int take_letter(struct options *options, char letter, struct cursor *cursor)
{
    switch (letter) {
    case '?':
    case 'h':
        options->show_version = options->show_help = true;
        return 0;
    case 'v':
        options->show_version = true;
        return 0;
    case 'V':
        options->show_version = options->show_build = true;
        return 0;
    case 't':
        options->test = true;
        return 0;
    case 'T':
        options->test = options->dump = true;
        return 0;
    case 'q':
        options->quiet = true;
        return 0;
    case 'p':
    case 'e':
    case 'c':
    case 'g':
    case 's':
        return take_option(options, letter, cursor);
    default:
        return fail(options, "invalid option: \"%c\"", letter);
    }
}

int options_parse(struct options *options, int argc, char *const *argv)
{
    struct cursor cursor = {.arguments = argv, .count = argc};

    memset(options, 0, sizeof *options);
    for (cursor.index = 1; cursor.index < argc; cursor.index++) {
        cursor.at = argv[cursor.index];
        if (*cursor.at != '-')
            return fail(options, "invalid option: \"%s\"", cursor.at);
        cursor.at++;
        while (*cursor.at != '\0') {
            char letter = *cursor.at++;
            int rc = take_letter(options, letter, &cursor);
            if (rc != 0)
                return rc;
        }
    }
    return 0;
}

/* Two calls: one text would be longer than the standard promises for a literal. */
static void show_help(const struct options_names *names, FILE *out)
{
    fprintf(out,
            "Usage: %s [-?hvVtTq] [-s signal] [-p prefix]\n"
            "%*s[-e filename] [-c filename] [-g directives]\n"
            "\n"
            "Options:\n"
            "  -?,-h         : this help\n"
            "  -v            : show version and exit\n"
            "  -V            : show version and configure options then exit\n"
            "  -t            : test configuration and exit\n"
            "  -T            : test configuration, dump it and exit\n"
            "  -q            : suppress non-error messages during configuration testing\n"
            "  -s signal     : send signal to a master process: stop, quit, reopen, reload\n",
            names->program, (int)strlen("Usage:  ") + (int)strlen(names->program), "");
    fprintf(out,
            "  -p prefix     : set prefix path (default: %s)\n"
            "  -e filename   : set error log file (default: %s)\n"
            "  -c filename   : set configuration file (default: %s)\n"
            "  -g directives : set global directives out of configuration file\n"
            "\n"
            "%s",
            names->prefix, names->error_log, names->file, names->commands);
}

void options_show(const struct options *options, const struct options_names *names, FILE *out)
{
    fprintf(out, "%s version: %s\n", names->program, names->version);
    if (options->show_help)
        show_help(names, out);
    if (options->show_build)
        fputs(names->build, out);
}
