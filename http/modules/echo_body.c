/* SPDX-License-Identifier: BSD-2-Clause */
#include "http/modules/echo_body.h"

#include <string.h>

#include "conf/set.h"
#include "http/flow.h"

struct echo_body_section {
    bool on;
};

/* The body so far, while its answer is held. */
struct held {
    char *bytes;
    size_t length, capacity;
};

static int set_echo_body(struct conf_setting *setting)
{
    struct echo_body_section *section = setting->section;

    section->on = true;
    return 0;
}

static enum http_outcome stream_on(struct http_request *request, struct http_text bytes, bool last)
{
    if (http_stream_write(request, bytes) || (last && http_stream_end(request)))
        return http_no_memory(request);
    return last ? HTTP_ANSWERED : HTTP_TAKEN;
}

/* The buffer is full: what it holds leaves, and the rest follows as it comes. */
static enum http_outcome begin_stream(struct http_request *request, const struct held *held,
                                      struct http_text bytes, bool last)
{
    request->status = 200;
    request->response.content_type = http_type_of(request);
    request->response.content_length = request->framing.content_length;
    if (http_stream_begin(request) ||
        http_stream_write(request, (struct http_text){held->bytes, held->length}))
        return http_no_memory(request);
    return stream_on(request, bytes, last);
}

static enum http_outcome take(struct http_request *request, struct http_text bytes, bool last)
{
    struct held *held = request->body.data;

    if (request->head_queued)
        return stream_on(request, bytes, last);
    if (last && !held->length)
        return http_answer_bytes(request, 200, http_type_of(request), bytes);
    if (held->capacity - held->length < bytes.length)
        return begin_stream(request, held, bytes, last);
    if (!held->bytes) {
        held->bytes = pool_alloc(request->pool, held->capacity, "held body");
        if (!held->bytes)
            return http_no_memory(request);
    }
    memcpy(held->bytes + held->length, bytes.bytes, bytes.length);
    held->length += bytes.length;
    if (last)
        return http_answer_bytes(request, 200, http_type_of(request),
                                 (struct http_text){held->bytes, held->length});
    return HTTP_TAKEN;
}

static enum http_outcome run(struct http_request *request, void *section)
{
    struct held *held = pool_calloc(request->pool, sizeof *held, "held body");
    int64_t length = request->framing.content_length;

    (void)section;
    if (!held)
        return http_no_memory(request);
    held->capacity = request->location->core.client_body_buffer_size;
    if (length >= 0 && (uint64_t)length < held->capacity)
        held->capacity = (size_t)length;
    return http_body_read(request, take, held);
}

static int finish(struct http_build *build, struct http_location *location, void *section)
{
    const struct echo_body_section *echo = section;

    (void)location;
    return echo->on ? http_add_step(build, HTTP_PHASE_CONTENT, run, section) : 0;
}

static const struct conf_directive directives[] = {
    {"echo_body", CONF_LOCATION, 0, 0, 0, set_echo_body, 0, NULL, NULL,
     "Any method is answered 200 with the request's body, empty if it has none."},
};

const struct http_module http_echo_body_module = {
    .conf = {"echo_body", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct echo_body_section),
    .finish = finish,
};
