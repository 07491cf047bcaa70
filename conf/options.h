/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the command line, which is nginx's: -? -h -v -V -t -T -q -s signal -p prefix -e file -c file -g
 *   directives. Letters may be joined (-tq); a value follows at once or as the next argument. Long forms
 *   (--config file, --config=file) and `[serve] FOLDER [-l ADDRESS]`, which needs no file, are ours.
 * Lifetime: strings point into argv. The caller owns the struct.
 * Threads: one at a time.
 * Errors: -EINVAL and a sentence in options->error, nginx's where it has one, without the program's name.
 *   Nothing is printed.
 */
#ifndef CONF_OPTIONS_H
#define CONF_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

enum options_signal {
    OPTIONS_SIGNAL_NONE,
    OPTIONS_SIGNAL_STOP,    /* TERM */
    OPTIONS_SIGNAL_QUIT,    /* QUIT */
    OPTIONS_SIGNAL_REOPEN,  /* USR1 */
    OPTIONS_SIGNAL_RELOAD,  /* HUP */
    OPTIONS_SIGNAL_UPGRADE, /* USR2, and QUIT when the new binary serves */
};

struct options {
    bool show_version; /* -v, -V, -h: print, and exit 0 unless test is asked too */
    bool show_help;
    bool show_build; /* -V */
    bool test;       /* -t, -T */
    bool dump;       /* -T */
    bool quiet;      /* -q */
    enum options_signal signal;
    const char *signal_name; /* -s's argument */
    const char *prefix;      /* -p, NULL: not given; the rest likewise */
    const char *error_log;   /* -e; "stderr" means the stream */
    const char *file;        /* -c */
    const char *directives;  /* -g */
    const char *folder;      /* to serve; "." if only `serve` was said */
    const char *address;     /* -l, for the folder */
    char *const *argv;       /* as it was given, for whoever starts the same again */
    char error[256];
};

/* For the texts of options_show. All strings non-null. */
struct options_names {
    const char *program;                   /* "tidepool" */
    const char *version;                   /* "tidepool/0.1.0" */
    const char *build;                     /* lines for -V, each with its newline, or empty */
    const char *commands;                  /* lines for -h about the commands, or empty */
    const char *prefix, *error_log, *file; /* defaults, as -h prints them */
};

/* argv as main got it, NULL at argv[argc]. 0 or -EINVAL. */
int options_parse(struct options *options, int argc, char *const *argv) __attribute__((warn_unused_result));

/* Prints the version, and the help or the build lines if asked for. */
void options_show(const struct options *options, const struct options_names *names, FILE *out);

#endif
