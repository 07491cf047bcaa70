/* SPDX-License-Identifier: BSD-2-Clause */
/* The directives and the step; the rules are server/shared/access_rules.h. */
#include "http/modules/limit/access.h"

#include "http/connection.h"
#include "http/request.h"
#include "server/log/log.h"
#include "server/shared/access_rules.h"

struct access_section {
    struct access_rules rules;
};

static enum http_outcome access_run(struct http_request *request, void *section)
{
    const struct access_section *access = section;

    if (access_allowed(&access->rules, &request->connection->base.peer))
        return HTTP_OUTCOME_NEXT;
    http_log(request, LOG_LEVEL_ERROR, 0, "access forbidden by rule");
    return http_fail_with(request, 403);
}

/* A section is its level's own. */
static int access_set_rule(struct conf_setting *setting)
{
    struct access_section *access = setting->section;

    return access_rule_read(setting, &access->rules, access);
}

static int access_finish(struct http_build *build, struct http_location *location, void *section)
{
    const struct access_section *access = section;

    (void)location;
    return access->rules.first ? http_add_step(build, HTTP_PHASE_ACCESS, access_run, section) : 0;
}

enum { EVERYWHERE = CONF_HTTP | CONF_SERVER | CONF_LOCATION | CONF_LIMIT_EXCEPT };

static const struct conf_directive directives[] = {
    {"allow", EVERYWHERE, .flags = CONF_REPEAT, .set = access_set_rule,
     "`allow ADDRESS | NETWORK | unix: | all;` Lets in an address or a network (`10.0.0.0/8`). The first "
     "rule that matches decides."},
    {"deny", EVERYWHERE, .flags = CONF_REPEAT, .set = access_set_rule,
     "`deny ADDRESS | NETWORK | unix: | all;` Answers 403 to an address or a network."},
};

const struct http_module http_access_module = {
    .conf = {"access", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct access_section),
    .finish = access_finish,
};
