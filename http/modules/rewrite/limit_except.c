/* SPDX-License-Identifier: BSD-2-Clause */
/* The step that enters the block, whose settings are a location of their own. */
#include "http/modules/rewrite/limit_except.h"

#include <string.h>

#include "http/config/build.h"
#include "http/protocol/fields.h"
#include "http/request.h"

struct section {
    uint32_t allowed; /* a bit for each enum http_method */
    const struct http_location *inner;
    const void *owner; /* the section that it stands in; inherited copies have another address */
};

static enum http_outcome limit_except_run(struct http_request *request, void *data)
{
    const struct section *section = data;

    if (section->allowed & 1U << request->head.method)
        return HTTP_OUTCOME_NEXT;
    request->location = section->inner;
    return HTTP_OUTCOME_ENTER;
}

static int set_limit_except(struct conf_setting *setting)
{
    struct section *section = setting->section;
    const struct conf_node *node = setting->node;

    *section = (struct section){.owner = section};
    for (unsigned i = 0; i < node->arg_count; i++) {
        uint8_t method = http_method_lookup(node->args[i], strlen(node->args[i]));

        if (method == HTTP_METHOD_UNKNOWN || method >= 32)
            return conf_fail(setting->conf, node, "invalid method \"%s\"", node->args[i]);
        section->allowed |= 1U << method;
        if (method == HTTP_METHOD_GET)
            section->allowed |= 1U << HTTP_METHOD_HEAD;
    }
    return http_set_inner_block(setting, CONF_LIMIT_EXCEPT, &section->inner);
}

static int limit_except_finish(struct http_build *build, struct http_location *location, void *data)
{
    struct section *section = data;

    (void)location;
    return section->owner == section ? http_add_step(build, HTTP_PHASE_REWRITE, limit_except_run, section)
                                     : 0;
}

static const struct conf_directive directives[] = {
    {"limit_except", CONF_LOCATION, .args = {1, CONF_ARGS_ANY}, .flags = CONF_BLOCK, .set = set_limit_except,
     "`limit_except METHOD … { … }` Settings for requests by all other methods. GET includes HEAD."},
};

const struct http_module http_limit_except_module = {
    .conf = {"limit_except", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct section),
    .finish = limit_except_finish,
};
