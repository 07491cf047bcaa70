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
    const char *at; /* behind the letter being looked at, or behind the = of a long form */
    bool whole;     /* the value is what stands there, even if that is nothing */
};

static const struct {
    const char *name;
    char letter;
} long_forms[] = {
    {"help", 'h'},      {"version", 'v'}, {"build", 'V'},      {"test", 't'},
    {"dump", 'T'},      {"quiet", 'q'},   {"signal", 's'},     {"prefix", 'p'},
    {"error-log", 'e'}, {"config", 'c'},  {"directives", 'g'}, {"listen", 'l'},
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

    if (*value == '\0' && !cursor->whole) {
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
        {"stop", OPTIONS_SIGNAL_STOP},       {"quit", OPTIONS_SIGNAL_QUIT},
        {"reopen", OPTIONS_SIGNAL_REOPEN},   {"reload", OPTIONS_SIGNAL_RELOAD},
        {"upgrade", OPTIONS_SIGNAL_UPGRADE},
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

/* The letters with a value: -p -e -c -g -s -l. */
static int take_option(struct options *options, char letter, struct cursor *cursor)
{
    const char *wanted = letter == 'p'                    ? "directory name"
                         : letter == 'g' || letter == 's' ? "parameter"
                         : letter == 'l'                  ? "address"
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
    case 'l':
        options->address = value;
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
    case 'l':
        return take_option(options, letter, cursor);
    default:
        return fail(options, "invalid option: \"%c\"", letter);
    }
}

/* --NAME, --NAME VALUE, --NAME=VALUE; the cursor stands behind the dashes. */
static int take_long_form(struct options *options, struct cursor *cursor)
{
    const char *name = cursor->at;
    size_t length = strcspn(name, "=");

    for (size_t i = 0; i < sizeof long_forms / sizeof long_forms[0]; i++) {
        if (strlen(long_forms[i].name) != length || strncmp(long_forms[i].name, name, length) != 0)
            continue;
        cursor->whole = name[length] == '=';
        cursor->at = name + length + cursor->whole;
        if (cursor->whole && strchr("hvVtTq", long_forms[i].letter))
            return fail(options, "option \"--%s\" takes no value", long_forms[i].name);
        return take_letter(options, long_forms[i].letter, cursor);
    }
    return fail(options, "invalid option: \"--%s\"", name);
}

/* An argument without a dash: `serve`, a folder, or both. */
static int take_folder(struct options *options, const char *text, bool *serve)
{
    if (!*serve && !options->folder && !strcmp(text, "serve")) {
        *serve = true;
        return 0;
    }
    if (*text == '\0' || options->folder)
        return fail(options, "invalid option: \"%s\"", text);
    options->folder = text;
    return 0;
}

int options_parse(struct options *options, int argc, char *const *argv)
{
    struct cursor cursor = {.arguments = argv, .count = argc};
    bool serve = false;
    int rc = 0;

    memset(options, 0, sizeof *options);
    options->argv = argv;
    for (cursor.index = 1; cursor.index < argc && !rc; cursor.index++) {
        cursor.at = argv[cursor.index];
        cursor.whole = false;
        if (*cursor.at != '-') {
            rc = take_folder(options, cursor.at, &serve);
        } else if (!strncmp(cursor.at, "--", 2)) {
            cursor.at += 2;
            rc = take_long_form(options, &cursor);
        } else {
            cursor.at++;
            while (!rc && *cursor.at != '\0')
                rc = take_letter(options, *cursor.at++, &cursor);
        }
    }
    if (rc)
        return rc;
    if (serve && !options->folder)
        options->folder = ".";
    if (options->folder && options->file)
        return fail(options, "a folder to serve and a configuration file (-c) exclude each other");
    if (options->address && !options->folder)
        return fail(options,
                    "option \"-l\" is for a folder to serve: a configuration file says where it listens");
    return 0;
}

/* Two calls: one text would be longer than the standard promises for a literal. */
static void show_help(const struct options_names *names, FILE *out)
{
    fprintf(out,
            "Usage: %s [-?hvVtTq] [-s signal] [-p prefix]\n"
            "%*s[-e filename] [-c filename] [-g directives]\n"
            "       %s [serve] FOLDER [-l address]\n"
            "\n"
            "Options:\n"
            "  -?,-h,--help    : this help\n"
            "  -v,--version    : show version and exit\n"
            "  -V,--build      : show version and what is built in, then exit\n"
            "  -t,--test       : test configuration and exit\n"
            "  -T,--dump       : test configuration, dump it and exit\n"
            "  -q,--quiet      : suppress non-error messages during configuration testing\n"
            "  -s,--signal     : send signal to a master process: stop, quit, reopen, reload,\n"
            "                    upgrade\n",
            names->program, (int)strlen("Usage:  ") + (int)strlen(names->program), "", names->program);
    fprintf(out,
            "  -p,--prefix     : set prefix path (default: %s)\n"
            "  -e,--error-log  : set error log file (default: %s)\n"
            "  -c,--config     : set configuration file (default: %s)\n"
            "  -g,--directives : set global directives out of configuration file\n"
            "  -l,--listen     : address to serve FOLDER at (default: 127.0.0.1:8080)\n"
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
