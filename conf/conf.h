/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: one reading of a configuration: where it takes memory and paths from, what it has read, what went
 *   wrong. The calls in their order: conf_init; conf_read_file, conf_read_text, conf_read_option (text to
 *   tree, read.h); conf_apply (tree to settings, directive.h). The caller logs conf->error with "[emerg]"
 *   before it and the warnings with "[warn]".
 * Lifetime: the caller owns the struct (it may be on the stack); everything reached from it lies in the pool
 *   handed in and goes with that. There is no deinit.
 * Threads: one at a time.
 * Errors: a function that fails leaves one sentence in conf->error. The first error wins: later ones do not
 *   overwrite it, so a caller may simply return what it got. Sentences are nginx's where nginx has one. A
 *   caller that can go on with the next directive keeps the sentence (conf_keep), so that one reading names
 *   everything that is wrong (conf_report).
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/node.h"

struct pool;
struct conf_modules;

enum {
    CONF_ERROR_SIZE = 1024,      /* nginx's: a longer sentence is cut */
    CONF_FAULTS_MAX = 100,       /* that are reported; further ones are counted */
    CONF_REPORT_SIZE = 32 * 1024 /* faults without room are counted too */
};

/* A text that was read, for -T: each name once, in the order of reading. */
struct conf_file {
    struct conf_file *next;
    const char *name; /* full name, or the name given to conf_read_text */
    const char *text;
    size_t length;
};

/* What the server does, by the configuration's word, with files in a folder and below. */
enum conf_use {
    CONF_READ_FILES,   /* opens them, lists folders */
    CONF_WRITE_FILES,  /* logs: opens them for writing, makes them */
    CONF_MAKE_FILES,   /* temporary ones: makes, reads and removes them; makes folders */
    CONF_MAKE_SOCKETS, /* makes and removes unix sockets */
    CONF_PID_FILE      /* the pid file, which the supervisor makes, where there is one */
};

/* Named by a directive; each name and use once. */
struct conf_path {
    struct conf_path *next;
    const char *name; /* full; a folder's ends in '/', otherwise it is a file, which may be made anew */
    enum conf_use use;
};

struct conf_warning {
    struct conf_warning *next;
    const char *text;
    unsigned place; /* of a fault: its node's; UINT_MAX: none */
};

struct conf {
    struct pool *pool;       /* set once */
    const char *prefix;      /* set once; ends in '/', or is empty: relative paths stay as they are */
    const char *conf_prefix; /* set once; folder of the configuration file, likewise */
    void *user;              /* the caller's */
    const struct conf_modules
        *everything; /* the caller's: all tables, to say where a name belongs; or NULL */

    struct conf_file *files; /* oldest first */
    struct conf_file **files_end;
    struct conf_path *paths;       /* that the server will use, for its sandbox */
    struct conf_warning *warnings; /* oldest first */
    struct conf_warning **warnings_end;
    struct conf_warning *faults; /* kept ones, in the order of the text, CONF_FAULTS_MAX at most */
    unsigned fault_count;        /* all that were kept */
    unsigned nodes;              /* read so far */
    bool no_memory;              /* conf_fail_memory was called */
    struct conf_open *open;      /* the reader's: files being read now, innermost first */
    unsigned depth;              /* conf_apply's: levels around the one being applied */

    char error[CONF_ERROR_SIZE]; /* empty: nothing has failed since conf_keep */
    unsigned error_place;        /* as a fault's */
};

/* Starts a reading. `prefix` is a folder, with or without a '/' at its end (NULL or "": none). `file` is the
 * configuration file's full name, whose folder includes are relative to; NULL: they are relative to `prefix`.
 * Both are copied. 0 or -ENOMEM. */
int conf_init(struct conf *conf, struct pool *pool, const char *prefix, const char *file)
    __attribute__((warn_unused_result));

/* Notes an error of `node`: the sentence, then " in FILE:LINE" (nothing for a NULL node; " in command
 * line" for one from -g). Always -EINVAL. */
int conf_fail(struct conf *conf, const struct conf_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a system call that failed: " (2: No such file or directory)" stands before the place. Returns
 * -error; `error` is a positive errno. */
int conf_fail_errno(struct conf *conf, const struct conf_node *node, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Memory ran out. Always -ENOMEM. */
int conf_fail_memory(struct conf *conf);

/* Notes a warning about `node`, in the same form. It is dropped if there is no memory. */
void conf_warn(struct conf *conf, const struct conf_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Takes the result of a step, so that reading goes on: the sentence of a failed one becomes a fault. 0, or
 * -ENOMEM if memory has run out: then reading ends. */
int conf_keep(struct conf *conf, int result) __attribute__((warn_unused_result));

/* Whether something has failed so far. Steps that need complete settings are then left out. */
static inline bool conf_is_wrong(const struct conf *conf)
{
    return conf->faults || conf->error[0] != '\0';
}

/* At the end: -EINVAL if something is wrong (the last fault becomes the error if there is none), else 0. */
int conf_fail_kept(struct conf *conf) __attribute__((warn_unused_result));

/* Everything that is wrong, a line each: the faults, the error, how many more. `size` is CONF_REPORT_SIZE. */
void conf_report(const struct conf *conf, char *to, size_t size);

/* `path` as it is if it begins with '/', else behind the folder of the configuration file (conf_prefix:
 * certificates, includes) or the prefix (logs, roots, pid). In the pool. NULL: out of memory, noted in
 * conf->error. */
const char *conf_full_name(struct conf *conf, const char *path, bool conf_prefix);

/* Notes that the server will use `path`, a full name; of one with variables, the folder that all of them
 * lie in. 0 or -ENOMEM, noted in conf->error. */
int conf_note_path(struct conf *conf, const char *path, enum conf_use use)
    __attribute__((warn_unused_result));

/* What -T prints of the files read: "# configuration file NAME:", the text and an empty line for each.
 * Writes to the descriptor. 0 or a negative errno. */
int conf_dump(const struct conf *conf, int fd) __attribute__((warn_unused_result));

#endif
