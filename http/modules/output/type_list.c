/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a list of media types, and looks a type up. */
#include "http/modules/output/type_list.h"

#include <string.h>
#include <strings.h>

static const struct http_type_list html = {NULL, {"text/html", sizeof "text/html" - 1}};

int http_set_type_list(struct conf_setting *setting)
{
    const struct http_type_list **list = conf_setting_field(setting);

    if (setting->first)
        *list = &html;
    for (unsigned i = 0; i < setting->node->arg_count; i++) {
        struct http_type_list *one = pool_alloc(setting->conf->pool, sizeof *one, "types");

        if (!one)
            return conf_fail_memory(setting->conf);
        *one = (struct http_type_list){*list, {setting->node->args[i], strlen(setting->node->args[i])}};
        *list = one;
    }
    return 0;
}

bool http_type_listed(const struct http_type_list *list, struct http_text type)
{
    const char *end = type.length ? memchr(type.bytes, ';', type.length) : NULL;
    size_t length = end ? (size_t)(end - type.bytes) : type.length;

    while (length && (type.bytes[length - 1] == ' ' || type.bytes[length - 1] == '\t'))
        length--;
    for (; list && length; list = list->next)
        if ((list->name.length == 1 && *list->name.bytes == '*') ||
            (list->name.length == length && !strncasecmp(list->name.bytes, type.bytes, length)))
            return true;
    return false;
}
