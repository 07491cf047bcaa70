/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a level's program; rewrite_read.c makes it. */
#include "http/answer.h"
#include "http/limits.h"
#include "http/modules/rewrite/rewrite.h"

#include <stddef.h>
#include <string.h>

#include "conf/set.h"
#include "http/modules/rewrite/rewrite_text.h"
#include "http/pace.h"
#include "http/route/route.h"
#include "server/log/log.h"

/* Bytes that `rewrite` and `set` may make: a text that is doubled again and again would take all memory. */
enum { REWRITE_MOST = 64 * 1024 };

/* A program that is being run. */
struct run {
    struct http_request *request;
    bool changed;              /* the path is new: its location has not been looked up */
    enum http_outcome outcome; /* what the request ends with, once `over` says so */
};

/* How an instruction ends. */
enum after {
    AFTER_NEXT, /* the next one */
    AFTER_STOP, /* the program is over */
    AFTER_OVER  /* the request is: run->outcome */
};

static enum after rewrite_over(struct run *run, enum http_outcome outcome)
{
    run->outcome = outcome;
    return AFTER_OVER;
}

static enum after rewrite_fail(struct run *run, const char *why)
{
    http_log(run->request, LOG_LEVEL_ERROR, 0, "%s", why);
    run->request->status = 500;
    return rewrite_over(run, HTTP_OUTCOME_STATUS);
}

static enum after rewrite_redirect(struct run *run, const struct http_rewrite_rule *rule)
{
    struct http_request *request = run->request;
    struct http_text location;

    if (!http_rewrite_location(request, rule, &location))
        return rewrite_over(run, http_no_memory(request));
    return rewrite_over(run, http_answer_redirect(request, rule->redirect, location));
}

static enum after rewrite_replace(struct run *run, const struct http_rewrite_rule *rule)
{
    struct http_request *request = run->request;
    struct http_text path, args = request->args;

    if (!http_rewrite_path(request, rule, &path, &args))
        return rewrite_over(run, http_no_memory(request));
    if (path.length == 0)
        return rewrite_fail(run, "the rewritten URI has a zero length");
    if (path.length > REWRITE_MOST || args.length > REWRITE_MOST)
        return rewrite_fail(run, "the rewritten URI is longer than 64 KiB");
    (void)http_relocate(request, path, &args);
    request->route.internal = true;
    run->changed = rule->flag != HTTP_REWRITE_BREAK;
    return rule->flag == HTTP_REWRITE_ON ? AFTER_NEXT : AFTER_STOP;
}

/* `rewrite`: captures and named groups are kept before the replacement is written. */
static enum after rewrite_match(struct run *run, const struct http_rewrite *section,
                                const struct http_rewrite_rule *rule)
{
    struct http_request *request = run->request;
    struct http_text subject = request->path;

    switch (http_regex_match(rule->regex, subject, request->captures, &request->capture_count)) {
    case HTTP_REGEX_NO_MATCH:
        if (section->log)
            http_log(request, LOG_LEVEL_NOTICE, 0, "\"%s\" is not rewritten to \"%s\"", subject.bytes,
                     rule->path.constant.bytes);
        return AFTER_NEXT;
    case HTTP_REGEX_FAILED:
        return rewrite_over(run, http_gave_up(request));
    case HTTP_REGEX_MATCH:
        break;
    }
    if (!http_groups_keep(request, rule->regex, rule->groups, subject))
        return rewrite_over(run, http_no_memory(request));
    if (section->log)
        http_log(request, LOG_LEVEL_NOTICE, 0, "\"%s\" is rewritten to \"%s\"", subject.bytes,
                 rule->path.constant.bytes);
    return rule->redirect ? rewrite_redirect(run, rule) : rewrite_replace(run, rule);
}

static enum after rewrite_do_set(struct run *run, const struct http_instruction *instruction)
{
    struct http_request *request = run->request;
    struct http_text value;

    if (!http_template_write(&instruction->as.set.value, request, &value))
        return rewrite_over(run, http_no_memory(request));
    if (value.length > REWRITE_MOST)
        return rewrite_fail(run, "the value of \"set\" is longer than 64 KiB");
    if (instruction->operation == HTTP_DO_LIMIT_RATE)
        http_pace_set(request, value.bytes);
    else if (!instruction->as.set.named)
        request->args = value;
    else if (!http_named_keep(request, instruction->as.set.named, value))
        return rewrite_over(run, http_no_memory(request));
    return AFTER_NEXT;
}

static enum after rewrite_run_program(struct run *run, const struct http_rewrite *section);

static enum after rewrite_do_if(struct run *run, const struct http_instruction *instruction)
{
    const struct http_location *inner = instruction->as.branch.inner;
    bool holds;
    enum http_outcome outcome = http_if_test(run->request, &instruction->as.branch.test, &holds);

    if (outcome != HTTP_OUTCOME_NEXT)
        return rewrite_over(run, outcome);
    if (!holds)
        return AFTER_NEXT;
    run->request->location = inner;
    return rewrite_run_program(run, http_section(inner, HTTP_MODULE_REWRITE));
}

/* Programs of blocks are one level deep: `if` has no `if` in it. */
static enum after rewrite_run_program(struct run *run, const struct http_rewrite *section)
{
    enum after after = AFTER_NEXT;

    if (section->owner != section)
        return AFTER_NEXT; /* a block without a program of its own */
    for (const struct http_instruction *at = section->first; at && after == AFTER_NEXT; at = at->next) {
        switch (at->operation) {
        case HTTP_DO_RETURN:
            after = rewrite_over(run, http_return_answer(run->request, &at->as.answer, section->type));
            break;
        case HTTP_DO_REWRITE:
            after = rewrite_match(run, section, &at->as.rewrite);
            break;
        case HTTP_DO_SET:
        case HTTP_DO_LIMIT_RATE:
            after = rewrite_do_set(run, at);
            break;
        case HTTP_DO_BREAK:
            run->changed = false;
            after = AFTER_STOP;
            break;
        case HTTP_DO_IF:
            after = rewrite_do_if(run, at);
            break;
        }
    }
    return after;
}

static enum http_outcome rewrite_run_server(struct http_request *request, void *section)
{
    struct run run = {.request = request};

    return rewrite_run_program(&run, section) == AFTER_OVER ? run.outcome : HTTP_OUTCOME_LOCATE;
}

static enum http_outcome rewrite_run_location(struct http_request *request, void *section)
{
    const struct http_location *before = request->location;
    struct run run = {.request = request};

    if (rewrite_run_program(&run, section) == AFTER_OVER)
        return run.outcome;
    if (run.changed)
        return http_route_count(request) ? HTTP_OUTCOME_LOCATE : http_answer_status(request, 500);
    return request->location == before ? HTTP_OUTCOME_NEXT : HTTP_OUTCOME_ENTER;
}

static enum http_outcome rewrite_run_return(struct http_request *request, void *section)
{
    const struct http_rewrite *program = section;

    return http_return_answer(request, &program->first->as.answer, program->type);
}

static int rewrite_finish(struct http_build *build, struct http_location *location, void *data)
{
    struct http_rewrite *section = data;
    bool server = location->kind == HTTP_LOCATION_SERVER;

    section->type = (struct http_text){location->core.default_type, strlen(location->core.default_type)};
    if (section->owner != section || !section->first || location->kind == HTTP_LOCATION_INNER)
        return 0; /* a block's program is run by the one around it */
    if (section->first->operation == HTTP_DO_RETURN)
        return http_add_step(build, server ? HTTP_PHASE_SERVER : HTTP_PHASE_REWRITE, rewrite_run_return,
                             section);
    return server ? http_add_step(build, HTTP_PHASE_SERVER, rewrite_run_server, section)
                  : http_add_step(build, HTTP_PHASE_REWRITE, rewrite_run_location, section);
}

enum { ANYWHERE = CONF_SERVER | CONF_LOCATION | CONF_IF | CONF_SIF };

static const struct conf_directive directives[] = {
    {"rewrite", ANYWHERE, .args = {2, 3}, .flags = CONF_REPEAT, .set = http_set_rewrite,
     "`rewrite REGEX REPLACEMENT [last | break | redirect | permanent];` Replaces a path that matches. "
     "`last` looks up its location at once, `break` stays in this one. `redirect` answers 302, `permanent` "
     "301; a replacement that begins with `http://`, `https://` or `$scheme` answers 302 too. The request's "
     "arguments are appended unless the replacement ends in `?`."},
    {"set", ANYWHERE, .args = {2, 2}, .flags = CONF_REPEAT, .set = http_set_set,
     "`set $VARIABLE TEXT;` Gives a value, a text with variables, to a variable of its own, `$args` or "
     "`$limit_rate`."},
    {"if", CONF_SERVER | CONF_LOCATION, .args = {1, CONF_ARGS_ANY},
     .flags = CONF_BLOCK | CONF_REPEAT | CONF_IN_ORDER, .set = http_set_if,
     "`if (CONDITION) { … }` Settings and rewrite directives for requests that meet the condition: "
     "`$variable` (neither empty nor 0), `=`, `!=` with a text, `~`, `~*`, `!~`, `!~*` with a regular "
     "expression, `-f`, `-d`, `-e`, `-x` or their negation (`!-f`) with the name of a file."},
    {"break", ANYWHERE, .flags = CONF_NO_ARGS | CONF_REPEAT, .set = http_set_break,
     "Ends the rewrite directives of this level."},
    {"return", ANYWHERE, .args = {1, 2}, .flags = CONF_REPEAT, .set = http_set_return,
     "`return CODE [TEXT | URL];` or `return URL;` Answers at once: `return 200 \"text\"`, `return 404`, "
     "`return 301 https://$host$request_uri`, `return URL` (302). Text and URL may have variables. 444 "
     "closes the connection without an answer."},
    {"rewrite_log", ANYWHERE | CONF_HTTP, .offset = offsetof(struct http_rewrite, log), .preset = "off",
     .set = conf_set_flag, "Whether rewrites are logged, at level notice."},
};

const struct http_module http_rewrite_module = {
    .conf = {"rewrite", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct http_rewrite),
    .finish = rewrite_finish,
};
