/* SPDX-License-Identifier: BSD-2-Clause */
/* The body comes back: from memory, from a temporary file, or as it arrives. */
#include "http/answer.h"
#include "http/limits.h"
#include "http/modules/content/echo_body.h"

#include <string.h>

#include "http/request.h"
#include "http/upload.h"
#include "http/response.h"
#include "server/shared/open_files.h"

struct echo_body_section {
    bool on;
    bool whole; /* the answer begins when all of the body is here */
};

static int set_echo_body(struct conf_setting *setting)
{
    struct echo_body_section *section = setting->section;

    if (setting->node->arg_count && strcmp(setting->node->args[0], "whole"))
        return conf_setting_invalid(setting, setting->node->args[0], "\"whole\"");
    section->on = true;
    section->whole = setting->node->arg_count > 0;
    return 0;
}

static enum http_outcome echo_body_answer(struct http_request *request, const struct http_upload *upload)
{
    if (upload->file)
        return http_answer_content(request, 200, http_type_of(request), open_files_hold(upload->file));
    return http_answer_bytes(request, 200, http_type_of(request), upload->whole);
}

static enum http_outcome echo_body_stream_on(struct http_request *request, struct http_text bytes, bool last)
{
    if (http_stream_write(request, bytes) || (last && http_stream_end(request)))
        return http_no_memory(request);
    return last ? HTTP_OUTCOME_ANSWERED : HTTP_OUTCOME_TAKEN;
}

/* The memory is full: what it holds is sent, and the rest follows as it arrives. */
static enum http_outcome echo_body_begin_stream(struct http_request *request, struct http_text bytes,
                                                bool last)
{
    const struct http_upload *upload = request->body.data;

    request->status = 200;
    request->response.content_type = http_type_of(request);
    request->response.content_length = request->framing.content_length;
    if (http_stream_begin(request) ||
        http_stream_write(request, (struct http_text){upload->held, upload->held_length}))
        return http_no_memory(request);
    request->body.take = echo_body_stream_on;
    return echo_body_stream_on(request, bytes, last);
}

static enum http_outcome echo_body_run(struct http_request *request, void *section)
{
    const struct echo_body_section *echo = section;

    if (request->head.method == HTTP_METHOD_OPTIONS) /* RFC 9110 9.3.7 */
        request->response.allow = HTTP_TEXT("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    return http_upload_read(request, echo_body_answer, echo->whole ? NULL : echo_body_begin_stream);
}

static int echo_body_finish(struct http_build *build, struct http_location *location, void *section)
{
    const struct echo_body_section *echo = section;
    int result = 0;

    if (!echo->on)
        return 0;
    if (echo->whole || location->core.client_body_in_file_only != HTTP_UPLOAD_OFF)
        result = http_upload_prepare(build, location);
    return result ? result : http_add_step(build, HTTP_PHASE_CONTENT, echo_body_run, section);
}

static const struct conf_directive directives[] = {
    {"echo_body", CONF_LOCATION, .args = {0, 1}, .flags = CONF_OURS, .set = set_echo_body,
     "`echo_body [whole];` Answers any method with 200 and the request's body. `whole`: only after all of it "
     "has arrived; what does not fit in memory goes to a file."},
};

const struct http_module http_echo_body_module = {
    .conf = {"echo_body", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct echo_body_section),
    .finish = echo_body_finish,
};
