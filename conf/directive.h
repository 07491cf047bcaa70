/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: tables that say what may stand where, and the walk that turns a tree into settings by them. A
 *   module hands in a table. Two rows may bear one name if their contexts differ (listen in http and in
 *   stream). A level is applied in three steps: every node is checked in file order (known, allowed here,
 *   arguments, block or not, duplicate); then the simple directives are set in file order; then the blocks,
 *   in file order (but for CONF_IN_ORDER). So order inside a level does not matter, and inheritance is a
 *   copy: a block's `set` makes its own scope as a copy of the finished outer settings and calls
 *   conf_apply_children. A misplaced, invalid or unknown directive (foreign.h) counts as absent until the
 *   outermost level is done. Then that level fails, and all of them are reported together. Only a lack of
 *   memory ends an inner level; a caller that needs complete settings behind one asks conf_is_wrong.
 * Lifetime: tables are constant; a struct conf_setting lives for one call of `set`; strings of the tree as
 *   long as conf->pool.
 * Threads: one at a time.
 * Errors: 0 or a negative errno, with a sentence in conf->error; settings are then unspecified and to be
 *   dropped. A `set` may return a bare errno such as -ENOMEM: the sentence is then made from it.
 */
#ifndef CONF_DIRECTIVE_H
#define CONF_DIRECTIVE_H

#include <assert.h>
#include <stdint.h>

#include "conf/conf.h"

/* Where a directive may stand. */
enum conf_context {
    CONF_MAIN = 1 << 0,
    CONF_EVENTS = 1 << 1,
    CONF_HTTP = 1 << 2,
    CONF_SERVER = 1 << 3,
    CONF_LOCATION = 1 << 4,
    CONF_TYPES = 1 << 5,
    CONF_STREAM = 1 << 6,
    CONF_STREAM_SERVER = 1 << 7,
    CONF_IF = 1 << 8,  /* `if` in a location */
    CONF_SIF = 1 << 9, /* `if` in a server */
    CONF_LIMIT_EXCEPT = 1 << 10,
    CONF_MAP = 1 << 11,
    CONF_ANY = (1 << 12) - 1,
};

enum conf_flags {
    CONF_BLOCK = 1 << 0,    /* must be followed by { } */
    CONF_REPEAT = 1 << 1,   /* may stand more than once at a level */
    CONF_RAW = 1 << 2,      /* documents that `set` reads the children itself, as in types */
    CONF_IN_ORDER = 1 << 3, /* a block that is set with the simple directives: its place among them counts */
    CONF_OURS = 1 << 4,     /* documents that nginx has no directive of that name */
    CONF_NO_ARGS = 1 << 5,  /* takes no argument (without it, and without .args: exactly one) */
};

enum { CONF_ARGS_ANY = 255 };

struct conf_directive;
struct conf_modules;

/* The settings of module number `module` in a scope; the offset of a directive counts from them. NULL: the
 * module keeps nothing there, and its setters must not use setting->section. */
typedef void *conf_section(void *scope, unsigned module);

/* The argument of a directive's `set`. */
struct conf_setting {
    struct conf *conf;
    const struct conf_node *node;
    const struct conf_directive *directive;
    void *section;    /* of this directive's module in this scope */
    bool first;       /* of its name at this level: a list inherited from the level above starts anew */
    uint32_t context; /* one of enum conf_context */
    void *scope;      /* what conf_apply was given */
    const struct conf_modules *modules;
    conf_section *find_section;
};

/* How many arguments, without the directive's name. */
struct conf_args {
    uint8_t min, max; /* CONF_ARGS_ANY: no limit */
};

/* A row of a table: the name and the contexts; what this directive needs of the rest, by name; last `.set`
 * with the help behind it. */
struct conf_directive {
    const char *name;
    uint32_t contexts;     /* of enum conf_context */
    struct conf_args args; /* left out: exactly one, or with CONF_NO_ARGS none */
    uint8_t flags;         /* of enum conf_flags */
    size_t offset;         /* of the field in the section, for the setters of set.h */
    const void *extra;     /* for the setter: a struct conf_range, a struct conf_enum table … */
    const char *preset;    /* the default, as written behind the name (conf_set_presets); NULL: none */
    int (*set)(struct conf_setting *setting); /* 0 or a negative errno with conf->error set */
    const char *help; /* Markdown: a sentence or more; first "`NAME WHAT_IT_TAKES;`" if `set` does not tell.
                       * NULL with conf_set_ignored: made from its reason */
};

static inline struct conf_args conf_directive_args(const struct conf_directive *directive)
{
    if (directive->args.max > 0 || (directive->flags & CONF_NO_ARGS) != 0)
        return directive->args;
    return (struct conf_args){1, 1};
}

/* The field of the section that the directive sets, for any setter with an offset. */
static inline void *conf_setting_field(const struct conf_setting *setting)
{
    assert(setting->section);
    return (char *)setting->section + setting->directive->offset;
}

struct conf_module {
    const char *name;
    const struct conf_directive *directives;
    unsigned count;
};

struct conf_modules {
    const struct conf_module *const *modules;
    unsigned count;
};

/* Applies a level, from its first node (NULL: an empty level). `context` is one of enum conf_context,
 * `find_section` as above (NULL: no module has settings), `scope` is handed on to it and to `set`. */
int conf_apply(struct conf *conf, const struct conf_node *first, uint32_t context,
               const struct conf_modules *modules, conf_section *find_section, void *scope)
    __attribute__((warn_unused_result));

/* For a block's `set`: applies the children of its node with the same modules and sections in a new scope. */
int conf_apply_children(const struct conf_setting *setting, uint32_t context, void *scope)
    __attribute__((warn_unused_result));

/* Fails with `"NAME" directive TEXT in FILE:LINE`, nginx's form ("is duplicate", "invalid value"). Always
 * -EINVAL. */
int conf_setting_fail(const struct conf_setting *setting, const char *text);

/* Fails with `invalid value "VALUE" in "NAME" directive, it must be EXPECTED in FILE:LINE`. -EINVAL. */
int conf_setting_invalid(const struct conf_setting *setting, const char *value, const char *expected);

#endif
