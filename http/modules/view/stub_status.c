/* SPDX-License-Identifier: BSD-2-Clause */
/* The page and the variables, both of the census. */
#include "http/answer.h"
#include "http/limits.h"
#include "http/modules/view/stub_status.h"
#include "http/wait.h"

#include <stdio.h>

#include "http/text/variables_table.h"
#include "server/watch/census.h"

enum { PAGE_MAX = 256 /* bytes of the page: its words and seven numbers */ };

struct stub_status {
    const void *owner; /* the section that the directive stands in; inherited copies have another address */
};

struct http_status_counts http_status_count(const struct http_request *request)
{
    struct snapshot_counters all;
    struct http_status_counts counts;

    census_take_counters(&all);
    counts = (struct http_status_counts){
        .active = all.accepted > all.closed ? all.accepted - all.closed : 0,
        .reading = all.reading - (request->connection->counted == HTTP_COUNTED_READING),
        .writing = all.writing + (request->connection->counted != HTTP_COUNTED_WRITING),
        .handled = all.accepted,
        .accepted = all.accepted + all.refused,
        .requests = all.requests};
    if (counts.reading + counts.writing < counts.active) /* otherwise states changed during the count */
        counts.waiting = counts.active - counts.reading - counts.writing;
    return counts;
}

/* The page, byte by byte as nginx writes it. */
static enum http_outcome stub_status_run(struct http_request *request, void *section)
{
    struct http_status_counts counts;
    char *page;
    int length;

    (void)section;
    if (http_answer_only_get(request) != HTTP_OUTCOME_NEXT)
        return HTTP_OUTCOME_STATUS;
    page = pool_nalloc(request->pool, PAGE_MAX, "stub_status");
    if (!page)
        return http_no_memory(request);
    counts = http_status_count(request);
    length = snprintf(page, PAGE_MAX,
                      "Active connections: %llu \nserver accepts handled requests\n %llu %llu %llu \n"
                      "Reading: %llu Writing: %llu Waiting: %llu \n",
                      (unsigned long long)counts.active, (unsigned long long)counts.accepted,
                      (unsigned long long)counts.handled, (unsigned long long)counts.requests,
                      (unsigned long long)counts.reading, (unsigned long long)counts.writing,
                      (unsigned long long)counts.waiting);
    return http_answer_bytes(request, 200, HTTP_TEXT("text/plain"), (struct http_text){page, (size_t)length});
}

static char *stub_status_print_active(struct http_request *request, char *to)
{
    return http_print_number(to, http_status_count(request).active);
}

static char *stub_status_print_reading(struct http_request *request, char *to)
{
    return http_print_number(to, http_status_count(request).reading);
}

static char *stub_status_print_writing(struct http_request *request, char *to)
{
    return http_print_number(to, http_status_count(request).writing);
}

static char *stub_status_print_waiting(struct http_request *request, char *to)
{
    return http_print_number(to, http_status_count(request).waiting);
}

static const struct http_variable_row variables[] = {
    {"connections_active", .print = stub_status_print_active,
     "Connections of the process now; as in stub_status."},
    {"connections_reading", .print = stub_status_print_reading, "Those that read a head."},
    {"connections_writing", .print = stub_status_print_writing, "Those that make or send an answer."},
    {"connections_waiting", .print = stub_status_print_waiting, "Those that are idle."},
    {.name = NULL},
};

static int set_stub_status(struct conf_setting *setting)
{
    struct stub_status *settings = setting->section;

    settings->owner = settings;
    return 0;
}

static int stub_status_finish(struct http_build *build, struct http_location *location, void *section)
{
    const struct stub_status *settings = section;

    if (settings->owner != section)
        return 0;
    location->looks = true;
    return http_add_step(build, HTTP_PHASE_CONTENT, stub_status_run, section);
}

static const struct conf_directive directives[] = {
    {"stub_status", CONF_SERVER | CONF_LOCATION, .args = {0, 1}, .set = set_stub_status,
     "`stub_status;` Answers with the numbers of connections and requests. The argument of old "
     "configurations is ignored."},
};

const struct http_module http_stub_status_module = {
    .conf = {"stub_status", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct stub_status),
    .finish = stub_status_finish,
    .variables = variables,
};
