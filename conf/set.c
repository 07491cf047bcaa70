/* SPDX-License-Identifier: BSD-2-Clause */
/* The ready-made setters. */
#include "conf/set.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "conf/units.h"

enum { EXPECTED_SIZE = 512 };

/* Whether `value` lies in the directive's range (none: from 0 on); else the error says what was expected. */
static int in_range(const struct conf_setting *setting, int64_t value, const char *noun, const char *unit)
{
    static const struct conf_range natural = {0, -1};
    const struct conf_range *range = setting->directive->extra ? setting->directive->extra : &natural;
    char expected[EXPECTED_SIZE];

    if (value >= range->low && (range->high < range->low || value <= range->high))
        return 0;
    if (range->high < range->low)
        snprintf(expected, sizeof expected, "%s of at least %" PRId64 "%s", noun, range->low, unit);
    else
        snprintf(expected, sizeof expected, "%s between %" PRId64 "%s and %" PRId64 "%s", noun, range->low,
                 unit, range->high, unit);
    return conf_setting_invalid(setting, setting->node->args[0], expected);
}

int conf_set_flag(struct conf_setting *setting)
{
    const char *text = setting->node->args[0];
    bool on = strcasecmp(text, "on") == 0;

    if (!on && strcasecmp(text, "off") != 0)
        return conf_setting_invalid(setting, text, "\"on\" or \"off\"");
    *(bool *)conf_setting_field(setting) = on;
    return 0;
}

static int set_int64(struct conf_setting *setting, bool (*parse)(const char *, int64_t *), const char *form,
                     const char *noun, const char *unit)
{
    const char *text = setting->node->args[0];
    int64_t value;
    int rc;

    if (!parse(text, &value))
        return conf_setting_invalid(setting, text, form);
    rc = in_range(setting, value, noun, unit);
    if (rc == 0)
        *(int64_t *)conf_setting_field(setting) = value;
    return rc;
}

int conf_set_number(struct conf_setting *setting)
{
    return set_int64(setting, conf_parse_number, "a number", "a number", "");
}

int conf_set_size(struct conf_setting *setting)
{
    const char *text = setting->node->args[0];
    size_t value;
    int rc;

    if (!conf_parse_size(text, &value))
        return conf_setting_invalid(setting, text, "a size such as 512, 8k or 1m");
    rc = in_range(setting, (int64_t)value, "a size", " bytes");
    if (rc == 0)
        *(size_t *)conf_setting_field(setting) = value;
    return rc;
}

int conf_set_offset(struct conf_setting *setting)
{
    const char *text = setting->node->args[0];
    off_t value;
    int rc;

    if (!conf_parse_offset(text, &value))
        return conf_setting_invalid(setting, text, "a size such as 512, 8k, 1m or 2g");
    rc = in_range(setting, value, "a size", " bytes");
    if (rc == 0)
        *(off_t *)conf_setting_field(setting) = value;
    return rc;
}

int conf_set_msec(struct conf_setting *setting)
{
    return set_int64(setting, conf_parse_msec, "a time such as 500ms, 60s or \"1h 30m\"", "a time", "ms");
}

int conf_set_sec(struct conf_setting *setting)
{
    return set_int64(setting, conf_parse_sec, "a time in whole seconds such as 60s, \"1h 30m\" or 1y",
                     "a time", "s");
}

int conf_set_string(struct conf_setting *setting)
{
    *(const char **)conf_setting_field(setting) = setting->node->args[0];
    return 0;
}

int conf_set_path(struct conf_setting *setting)
{
    const char *path = conf_full_name(setting->conf, setting->node->args[0], false);

    if (!path)
        return -ENOMEM;
    *(const char **)conf_setting_field(setting) = path;
    return 0;
}

/* `"a", "b" or "c"`. */
static void list_names(const struct conf_enum *names, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (; names->name && used < size; names++) {
        bool last = !names[1].name;
        const char *before = used == 0 ? "" : last ? " or " : ", ";

        used += (size_t)snprintf(out + used, size - used, "%s\"%s\"", before, names->name);
    }
}

int conf_set_enum(struct conf_setting *setting)
{
    const char *text = setting->node->args[0];
    const struct conf_enum *names = setting->directive->extra;
    char expected[EXPECTED_SIZE];

    for (const struct conf_enum *row = names; row->name; row++) {
        if (strcasecmp(row->name, text) == 0) {
            *(int *)conf_setting_field(setting) = row->value;
            return 0;
        }
    }
    list_names(names, expected, sizeof expected);
    return conf_setting_invalid(setting, text, expected);
}

int conf_set_buffers(struct conf_setting *setting)
{
    const char **args = setting->node->args;
    struct conf_buffers buffers;

    if (!conf_parse_number(args[0], &buffers.count) || buffers.count == 0)
        return conf_setting_invalid(setting, args[0], "a number of buffers, 1 or more");
    if (!conf_parse_size(args[1], &buffers.size) || buffers.size == 0)
        return conf_setting_invalid(setting, args[1], "a size such as 512, 8k or 1m");
    *(struct conf_buffers *)conf_setting_field(setting) = buffers;
    return 0;
}

int conf_set_ignored(struct conf_setting *setting)
{
    const struct conf_ignored *ignored = setting->directive->extra;
    struct conf_directive bare = *setting->directive;
    struct conf_setting checked = *setting;
    int64_t dropped[4]; /* room for what a check reads */
    int result;

    bare.extra = NULL;
    bare.offset = 0;
    checked.directive = &bare;
    checked.section = dropped;
    result = ignored->check ? ignored->check(&checked) : 0;
    if (result || !ignored->why ||
        (ignored->holds && strcasecmp(ignored->holds, setting->node->args[0]) == 0))
        return result;
    conf_warn(setting->conf, setting->node, "the \"%s\" directive has no effect: %s", setting->node->name,
              ignored->why);
    return 0;
}

int conf_set_presets(struct conf *conf, const struct conf_module *module, void *section)
{
    static int (*const plain[])(struct conf_setting *) = {conf_set_flag,   conf_set_number, conf_set_size,
                                                          conf_set_offset, conf_set_msec,   conf_set_sec,
                                                          conf_set_string, conf_set_enum};
    const struct conf_directive *end = module->directives + module->count;
    int result = 0;

    for (const struct conf_directive *row = module->directives; row < end && !result; row++) {
        const char *args[] = {row->preset, NULL};
        struct conf_node node = {.name = row->name, .args = args, .arg_count = 1};
        struct conf_setting setting = {.conf = conf, .node = &node, .directive = row, .section = section};

        for (size_t i = 0; row->preset && i < sizeof plain / sizeof *plain; i++)
            if (row->set == plain[i])
                result = row->set(&setting);
    }
    return result;
}
