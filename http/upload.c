/* SPDX-License-Identifier: BSD-2-Clause */
/* The body of a request as a whole: gathered in memory, or written to a temporary file. */
#include "http/upload.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "http/limits.h"
#include "http/request.h"
#include "http/text/variables_table.h"
#include "server/shared/open_file_load.h"
#include "server/shared/open_files.h"

static enum http_outcome take(struct http_request *request, struct http_text bytes, bool last);

/* ---- the file ---- */

/* Runs at the end of the request, however it ends. */
static void clean(void *data)
{
    struct http_upload *upload = data;

    if (upload->removes)
        unlink(upload->name);
    if (upload->file)
        open_files_put(upload->file);
    if (upload->fd >= 0)
        close(upload->fd);
}

/* What is left of the body is dropped with the connection. */
static enum http_outcome fail(struct http_request *request, struct http_upload *upload, int error,
                              const char *what, const char *name)
{
    bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;

    http_log(request, LOG_LEVEL_CRIT, error, "%s \"%s\" failed", what, name);
    if (upload->fd >= 0 && request->location->core.client_body_in_file_only != HTTP_UPLOAD_OFF)
        upload->removes = true; /* half a body is useless, and the disk may be full */
    request->body.take = NULL;
    request->keep_alive = false;
    return http_fail_with(request, full ? 507 : 500);
}

static enum http_outcome open_temp(struct http_request *request, struct http_upload *upload)
{
    const struct http_core *core = &request->location->core;
    size_t size = temp_name_size(&core->client_body_temp_path);
    char *name = pool_nalloc(request->pool, size, "temporary file");
    int fd;

    if (!name || !pool_cleanup_add(request->pool, clean, upload))
        return http_no_memory(request);
    fd = temp_file_open(&core->client_body_temp_path, (uint32_t)request->connection->base.number, name);
    if (fd < 0)
        return fail(request, upload, -fd, "open()", name);
    upload->fd = fd;
    upload->name = name;
    if (core->client_body_in_file_only == HTTP_UPLOAD_OFF)
        unlink(name);
    else
        upload->removes = core->client_body_in_file_only == HTTP_UPLOAD_CLEAN;
    http_log(request, core->client_body_in_file_only == HTTP_UPLOAD_OFF ? LOG_LEVEL_WARN : LOG_LEVEL_NOTICE,
             0, "a client request body is buffered to a temporary file %s", name);
    return HTTP_OUTCOME_TAKEN;
}

/* HTTP_OUTCOME_TAKEN: it is written. */
static enum http_outcome append(struct http_request *request, struct http_upload *upload,
                                struct http_text bytes)
{
    if (upload->fd < 0) {
        enum http_outcome outcome = open_temp(request, upload);

        if (outcome != HTTP_OUTCOME_TAKEN)
            return outcome;
    }
    while (bytes.length) {
        ssize_t written = write(upload->fd, bytes.bytes, bytes.length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return fail(request, upload, errno, "write()", upload->name);
        bytes.bytes += written;
        bytes.length -= (size_t)written;
        upload->written += written;
    }
    return HTTP_OUTCOME_TAKEN;
}

static enum http_outcome flush(struct http_request *request, struct http_upload *upload)
{
    struct http_text held = {upload->held, upload->held_length};

    upload->held_length = 0;
    return append(request, upload, held);
}

/* ---- the body ---- */

static enum http_outcome complete(struct http_request *request, struct http_upload *upload)
{
    if (upload->to_file) {
        struct http_text held = {upload->held, upload->held_length};
        enum http_outcome outcome = flush(request, upload);

        if (outcome != HTTP_OUTCOME_TAKEN)
            return outcome;
        upload->file =
            open_file_adopt(request->connection->base.tenure->generation->sgi, upload->fd, upload->written);
        if (!upload->file)
            return http_no_memory(request);
        upload->fd = -1;
        if (upload->written == (off_t)held.length)
            upload->whole = held; /* all of it was in memory too */
    } else if (!upload->whole.bytes) {
        upload->whole = (struct http_text){upload->held, upload->held_length};
    }
    return upload->done(request, upload);
}

/* HTTP_OUTCOME_TAKEN: it is in memory. */
static enum http_outcome hold(struct http_request *request, struct http_upload *upload,
                              struct http_text bytes)
{
    if (!bytes.length)
        return HTTP_OUTCOME_TAKEN;
    if (!upload->held) {
        upload->held = pool_alloc(request->pool, upload->capacity, "held body");
        if (!upload->held)
            return http_no_memory(request);
    }
    memcpy(upload->held + upload->held_length, bytes.bytes, bytes.length);
    upload->held_length += bytes.length;
    return HTTP_OUTCOME_TAKEN;
}

/* The body's taker: what fits is held in memory; what does not goes to a file, or to `overflow`. */
static enum http_outcome take(struct http_request *request, struct http_text bytes, bool last)
{
    struct http_upload *upload = request->body.data;
    enum http_outcome outcome = HTTP_OUTCOME_TAKEN;
    bool fits = upload->capacity - upload->held_length >= bytes.length;

    /* The body arrived in one piece: no copy. */
    if (last && !upload->held_length && !upload->to_file && (fits || upload->overflow)) {
        upload->whole = bytes;
        return complete(request, upload);
    }
    if (!fits && upload->overflow && !upload->to_file) {
        request->body.take = upload->overflow;
        return upload->overflow(request, bytes, last);
    }
    if (!fits) {
        upload->to_file = true;
        outcome = flush(request, upload);
        fits = upload->capacity >= bytes.length;
    }
    if (outcome == HTTP_OUTCOME_TAKEN)
        outcome = fits ? hold(request, upload, bytes) : append(request, upload, bytes);
    return outcome == HTTP_OUTCOME_TAKEN && last ? complete(request, upload) : outcome;
}

const struct http_upload *http_upload_of(const struct http_request *request)
{
    return request->body.take == take ? request->body.data : NULL;
}

enum http_outcome http_upload_read(struct http_request *request, http_upload_done *done,
                                   http_body_taker *overflow)
{
    const struct http_core *core = &request->location->core;
    struct http_upload *upload = pool_calloc(request->pool, sizeof *upload, "held body");
    int64_t length = request->framing.content_length;

    if (!upload)
        return http_no_memory(request);
    upload->done = done;
    upload->overflow = overflow;
    upload->fd = -1;
    upload->capacity = core->client_body_buffer_size;
    upload->to_file = request->framing.framing != HTTP_FRAMING_NONE &&
                      (core->client_body_in_file_only != HTTP_UPLOAD_OFF ||
                       (!overflow && length >= 0 && (uint64_t)length > upload->capacity));
    if (upload->to_file && upload->capacity > UPLOAD_PIECE)
        upload->capacity = UPLOAD_PIECE;
    if (length >= 0 && (uint64_t)length < upload->capacity)
        upload->capacity = (size_t)length;
    return http_body_read(request, take, upload);
}

int http_upload_prepare(struct http_build *build, const struct http_location *location)
{
    struct conf *conf = http_build_conf(build);
    const struct temp_folder *folder = &location->core.client_body_temp_path;
    int error = temp_folder_make(folder, &generation_of(conf)->settings);

    if (error)
        return conf_fail_errno(conf, NULL, -error, "mkdir() \"%s\" failed", folder->path);
    return conf_note_path(conf, folder->path, CONF_MAKE_FILES);
}

/* ---- what it can be seen by ---- */

enum http_found http_get_request_body(struct http_request *request, const struct http_variable *variable,
                                      struct http_text *value)
{
    const struct http_upload *upload = http_upload_of(request);

    (void)variable;
    if (!upload || !upload->whole.length)
        return http_value_none(value);
    return http_value_text(upload->whole, value);
}

enum http_found http_get_request_body_file(struct http_request *request, const struct http_variable *variable,
                                           struct http_text *value)
{
    const struct http_upload *upload = http_upload_of(request);

    (void)variable;
    return upload && upload->name ? http_value_string(upload->name, value) : http_value_none(value);
}
