/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: ready-made `set` functions for directive tables: the first argument goes into the field at
 *   directive->offset of the section.
 *
 * | function           | field             | extra                                                    |
 * |--------------------|-------------------|----------------------------------------------------------|
 * | conf_set_flag      | bool              | -                                                        |
 * | conf_set_number    | int64_t           | struct conf_range, or NULL: 0 and above                  |
 * | conf_set_size      | size_t, bytes     | struct conf_range in bytes, or NULL                      |
 * | conf_set_offset    | off_t, bytes      | likewise                                                 |
 * | conf_set_msec      | int64_t, ms       | struct conf_range in ms, or NULL                         |
 * | conf_set_sec       | int64_t, s        | struct conf_range in s, or NULL                          |
 * | conf_set_string    | const char *      | -                                                        |
 * | conf_set_path      | const char *      | -; relative to the prefix (conf_full_name)               |
 * | conf_set_enum      | int               | array of struct conf_enum, ended by a NULL name          |
 * | conf_set_buffers   | struct conf_buffers | -; two arguments: number, size                         |
 * | conf_set_ignored   | none              | struct conf_ignored: the value is checked, then dropped  |
 *
 * Lifetime: strings lie in the tree's pool.
 * Threads: one at a time.
 * Errors: -EINVAL, and conf->error says what was expected; -ENOMEM (conf_set_path).
 */
#ifndef CONF_SET_H
#define CONF_SET_H

#include "conf/directive.h"

/* Both ends are allowed; high < low: no upper end. */
struct conf_range {
    int64_t low, high;
};

struct conf_enum {
    const char *name;
    int value;
};

struct conf_buffers {
    int64_t count; /* 1 and above */
    size_t size;   /* bytes, 1 and above */
};

/* A directive that is accepted only because configurations have it. */
struct conf_ignored {
    int (*check)(struct conf_setting *setting); /* one of those below, for its complaints; null: none */
    const char *holds;                          /* the value that is true anyway: no warning */
    const char *why; /* "the \"x\" directive has no effect: WHY"; null: every value is true anyway */
};

int conf_set_flag(struct conf_setting *setting);
int conf_set_number(struct conf_setting *setting);
int conf_set_size(struct conf_setting *setting);
int conf_set_offset(struct conf_setting *setting);
int conf_set_msec(struct conf_setting *setting);
int conf_set_sec(struct conf_setting *setting);
int conf_set_string(struct conf_setting *setting);
int conf_set_path(struct conf_setting *setting);
int conf_set_enum(struct conf_setting *setting);
int conf_set_buffers(struct conf_setting *setting);
int conf_set_ignored(struct conf_setting *setting);

/* A section's defaults: the presets of the table's rows with one of these setters, except conf_set_path,
 * conf_set_buffers and conf_set_ignored. 0, or what the setter returned. */
int conf_set_presets(struct conf *conf, const struct conf_module *module, void *section)
    __attribute__((warn_unused_result));

#endif
