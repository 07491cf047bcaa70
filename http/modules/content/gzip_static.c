/* SPDX-License-Identifier: BSD-2-Clause */
/* A step before static.c: FILE.gz is answered in place of FILE. */
#include "http/answer.h"
#include "http/limits.h"
#include "http/modules/content/gzip_static.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "http/modules/content/files.h"
#include "http/modules/output/gzip.h"

enum gzip_static_mode { GZIP_STATIC_OFF, GZIP_STATIC_ON, GZIP_STATIC_ALWAYS };

struct gzip_static {
    int mode; /* enum gzip_static_mode */
};

/* The path's file with .gz behind its name. 0 or a negative errno. */
static int gzip_static_open(struct http_request *request, struct open_file **file)
{
    static const char suffix[] = ".gz";
    const struct http_files *files = http_files_of(request);
    struct http_text name;
    int result;

    switch (http_map_path(request, files->root, sizeof suffix - 1, &name)) {
    case HTTP_PATH_NO_MEMORY:
        return -ENOMEM;
    case HTTP_PATH_REFUSED:
        return -ENOENT;
    case HTTP_PATH_OK:
        break;
    }
    memcpy((char *)(uintptr_t)name.bytes + name.length, suffix, sizeof suffix);
    result = http_file_open(files->sgi, files->cache, name.bytes, &files->options, file);
    if (!result && !(*file)->is_regular) {
        open_files_put(*file);
        return -ENOENT;
    }
    return result;
}

/* Also adds Vary, if FILE.gz is there, to the answer of a client that does not get it. */
static enum http_outcome gzip_static_run(struct http_request *request, void *section)
{
    const struct gzip_static *settings = section;
    const struct http_gzip *gzip = http_section(request->location, HTTP_MODULE_GZIP);
    bool always = settings->mode == GZIP_STATIC_ALWAYS, wanted = always || http_gzip_accepted(request, gzip);
    enum http_outcome outcome;
    struct open_file *file;
    bool sent;
    int error;

    if ((request->head.method != HTTP_METHOD_GET && request->head.method != HTTP_METHOD_HEAD) ||
        !request->path.length || request->path.bytes[request->path.length - 1] == '/' ||
        (!wanted && !gzip->vary))
        return HTTP_OUTCOME_NEXT;
    error = gzip_static_open(request, &file);
    if (error)
        return error == -ENOMEM ? http_no_memory(request)
                                : HTTP_OUTCOME_NEXT; /* any other error shows at FILE itself */
    if (!always && http_gzip_vary(request, gzip)) {
        open_files_put(file);
        return http_no_memory(request);
    }
    if (!wanted) {
        open_files_put(file);
        return HTTP_OUTCOME_NEXT;
    }
    outcome = http_answer_file(request, file);
    if (outcome != HTTP_OUTCOME_ANSWERED)
        return outcome;
    /* FILE.gz is the body, also as a page of error_page; conditions and ranges may change the status. */
    sent = request->route.final_status || request->status == 200 || request->status == 206;
    request->response.encoded = sent || request->status == 304;
    if (!sent)
        return outcome;
    return http_add_header(request, HTTP_TEXT("Content-Encoding"), HTTP_TEXT("gzip"))
               ? outcome
               : http_no_memory(request);
}

static int gzip_static_finish(struct http_build *build, struct http_location *location, void *section)
{
    const struct gzip_static *settings = section;

    (void)location;
    return settings->mode ? http_add_step(build, HTTP_PHASE_CONTENT, gzip_static_run, section) : 0;
}

static const struct conf_enum modes[] = {
    {"off", GZIP_STATIC_OFF}, {"on", GZIP_STATIC_ON}, {"always", GZIP_STATIC_ALWAYS}, {NULL, 0}};

static const struct conf_directive directives[] = {
    {"gzip_static", CONF_HTTP | CONF_SERVER | CONF_LOCATION, .offset = offsetof(struct gzip_static, mode),
     .extra = modes, .preset = "off", .set = conf_set_enum,
     "Sends FILE.gz, if it exists, instead of FILE. `on`: to clients that accept gzip (gzip_http_version, "
     "gzip_proxied, gzip_disable and gzip_vary apply); `always`: to all."},
};

const struct http_module http_gzip_static_module = {
    .conf = {"gzip_static", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct gzip_static),
    .finish = gzip_static_finish,
};
