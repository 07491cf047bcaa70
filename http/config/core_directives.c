/* SPDX-License-Identifier: BSD-2-Clause */
/* The directives of struct http_core: what every location has. */
#include "http/config/core_directives.h"

#include <errno.h>
#include <string.h>

#include "conf/units.h"
#include "http/route/keepalive.h"
#include "http/protocol/condition.h"
#include "http/request.h"
#include "http/text/template.h"
#include "http/upload.h"
#include "pool/pool.h"
#include "server/log/log.h"
#include "server/process/settings.h"

#define FIELD(name) offsetof(struct http_core, name)
#define ALL         (CONF_HTTP | CONF_SERVER | CONF_LOCATION)

static const struct conf_range buffer_range = {1, 1 << 30};
static const struct conf_ignored postpone = {conf_set_size, NULL,
                                             "answers that are ready always leave together"};
static const struct conf_ignored buffers = {conf_set_buffers, NULL,
                                            "output buffers come from the connection's pool as needed"};
static const struct conf_ignored chunk = {conf_set_size, NULL,
                                          "what one connection sends in a turn is always bounded"};
static const struct conf_ignored single_buffer = {conf_set_flag, NULL, NULL};
const struct conf_ignored http_hash_size = {conf_set_number, NULL, "tables have the size that they need"};

/* The second argument, in seconds, is sent to the client. */
static int set_keepalive_timeout(struct conf_setting *setting)
{
    struct http_core *core = setting->section;
    int result = conf_set_msec(setting);

    core->keepalive_header = 0;
    if (result || setting->node->arg_count < 2)
        return result;
    if (!conf_parse_sec(setting->node->args[1], &core->keepalive_header))
        return conf_setting_invalid(setting, setting->node->args[1],
                                    "a time in whole seconds such as 60s, \"1h 30m\" or 1y");
    return 0;
}

static int set_temp_path(struct conf_setting *setting)
{
    const struct conf_node *node = setting->node;
    struct http_core *core = setting->section;
    struct temp_folder *folder = &core->client_body_temp_path;
    const char *path = conf_full_name(setting->conf, node->args[0], false);
    size_t length;

    if (!path)
        return -ENOMEM;
    *folder = (struct temp_folder){0};
    for (unsigned i = 1; i < node->arg_count; i++) {
        if (strlen(node->args[i]) != 1 || node->args[i][0] < '0' || node->args[i][0] > '3')
            return conf_setting_invalid(setting, node->args[i], "a level between 0 and 3");
        folder->digits[i - 1] = (uint8_t)(node->args[i][0] - '0');
    }
    length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    folder->path = pool_strndup(setting->conf->pool, path, length, "conf path");
    return folder->path ? 0 : conf_fail_memory(setting->conf);
}

/* A text with variables becomes a size when an answer is sent (http_pace_begin). */
static int set_amount(struct conf_setting *setting)
{
    struct http_amount *amount = conf_setting_field(setting);
    const char *text = setting->node->args[0];
    struct http_template *template;

    amount->text = NULL;
    if (!strchr(text, '$'))
        return conf_set_size(setting);
    template = pool_calloc(setting->conf->pool, sizeof *template, "limit_rate");
    if (!template)
        return conf_fail_memory(setting->conf);
    amount->text = template;
    return http_template_compile(setting->conf, setting->node, text, template);
}

static int set_internal(struct conf_setting *setting)
{
    struct http_core *core = setting->section;

    core->internal = true;
    return 0;
}

static int set_keepalive_time(struct conf_setting *setting)
{
    struct http_core *core = setting->section;
    int result = conf_set_msec(setting);

    core->keepalive_seconds = (double)core->keepalive_time / 1000.;
    return result;
}

static int set_keepalive_disable(struct conf_setting *setting)
{
    static const struct conf_enum browsers[] = {
        {"none", 0}, {"msie6", HTTP_KEEPALIVE_MSIE6}, {"safari", HTTP_KEEPALIVE_SAFARI}, {NULL, 0}};
    struct http_core *core = setting->section;

    core->keepalive_disable = 0;
    for (unsigned i = 0; i < setting->node->arg_count; i++) {
        const char *name = setting->node->args[i];
        const struct conf_enum *browser = browsers;

        while (browser->name && strcmp(browser->name, name))
            browser++;
        if (!browser->name)
            return conf_setting_invalid(setting, name, "none, msie6 or safari");
        core->keepalive_disable |= browser->value;
    }
    return 0;
}

/* nginx's `build` is the same as `on` here; the text of its commercial edition is refused. */
static int set_server_tokens(struct conf_setting *setting)
{
    struct http_core *core = setting->section;
    const char *text = setting->node->args[0];

    if (strcmp(text, "on") && strcmp(text, "off") && strcmp(text, "build"))
        return conf_setting_invalid(setting, text, "on, off or build");
    core->server_tokens = strcmp(text, "off") != 0;
    return 0;
}

static const struct conf_enum in_file_only[] = {
    {"off", HTTP_UPLOAD_OFF}, {"clean", HTTP_UPLOAD_CLEAN}, {"on", HTTP_UPLOAD_ON}, {NULL, 0}};

static const struct conf_enum since[] = {
    {"off", HTTP_IMS_OFF}, {"exact", HTTP_IMS_EXACT}, {"before", HTTP_IMS_BEFORE}, {NULL, 0}};

static const struct conf_directive directives[] = {
    {"types", ALL, .flags = CONF_NO_ARGS | CONF_BLOCK | CONF_RAW | CONF_REPEAT, .offset = FIELD(types),
     .preset = "{ text/html html; image/gif gif; image/jpeg jpg; }", .set = http_set_types,
     "`types { TYPE EXTENSION …; … }` Media types by file extension. Replaces the types of the level above."},
    {"default_type", ALL, .offset = FIELD(default_type), .preset = "text/plain", .set = conf_set_string,
     "The media type of files that `types` does not know."},
    {"error_log", ALL, .args = {1, 2}, .flags = CONF_REPEAT, .offset = FIELD(error_log),
     .preset = "logs/error.log error", .set = settings_set_error_log,
     "`error_log FILE | stderr [LEVEL];` As in the main context; a level that has any inherits none."},
    {"keepalive_timeout", ALL, .args = {1, 2}, .offset = FIELD(keepalive_timeout), .preset = "60s",
     .set = set_keepalive_timeout,
     "`keepalive_timeout TIME [TIME];` How long an idle connection stays open; 0: it closes after each "
     "answer. The second time is sent as `Keep-Alive: timeout=`; without it there is no such header."},
    {"keepalive_requests", ALL, .offset = FIELD(keepalive_requests), .preset = "1000", .set = conf_set_number,
     "How many requests a connection may have before it closes."},
    {"keepalive_time", ALL, .offset = FIELD(keepalive_time), .preset = "1h", .set = set_keepalive_time,
     "`keepalive_time TIME;` How long a connection may live: the first answer after that closes it."},
    {"keepalive_disable", ALL, .args = {1, 2}, .preset = "msie6", .set = set_keepalive_disable,
     "`keepalive_disable none | BROWSER …;` Browsers whose connections close after each answer: `msie6` "
     "(after a POST), `safari`."},
    {"log_not_found", ALL, .offset = FIELD(log_not_found), .preset = "on", .set = conf_set_flag,
     "Whether missing files are logged as errors."},
    {"server_tokens", ALL, .preset = "on", .set = set_server_tokens,
     "`server_tokens on | off | build;` Whether `Server:` and error pages tell the version; `off`: the name "
     "alone; `build`: as `on`."},
    {"absolute_redirect", ALL, .offset = FIELD(absolute_redirect), .preset = "on", .set = conf_set_flag,
     "Whether redirects to a path of this server name the server too."},
    {"port_in_redirect", ALL, .offset = FIELD(port_in_redirect), .preset = "on", .set = conf_set_flag,
     "Whether such redirects name the port that the request came in at."},
    {"server_name_in_redirect", ALL, .offset = FIELD(server_name_in_redirect), .preset = "off",
     .set = conf_set_flag,
     "Whether such redirects name the first server_name rather than the host that was asked for."},
    {"client_body_timeout", ALL, .offset = FIELD(client_body_timeout), .preset = "60s", .set = conf_set_msec,
     "How long a client may pause within a body."},
    {"send_timeout", ALL, .offset = FIELD(send_timeout), .preset = "60s", .set = conf_set_msec,
     "How long a client may pause in receiving an answer."},
    {"lingering_time", ALL, .offset = FIELD(lingering_time), .preset = "30s", .set = conf_set_msec,
     "How long unread bytes are received and dropped before a connection closes."},
    {"lingering_timeout", ALL, .offset = FIELD(lingering_timeout), .preset = "5s", .set = conf_set_msec,
     "How long to wait for more such bytes."},
    {"client_max_body_size", ALL, .offset = FIELD(client_max_body_size), .preset = "1m",
     .set = conf_set_offset, "A larger body is answered 413; 0: no limit."},
    {"client_body_buffer_size", ALL, .offset = FIELD(client_body_buffer_size), .extra = &buffer_range,
     .preset = "16k", .set = conf_set_size, "How much of a body is kept in memory."},
    {"client_body_temp_path", ALL, .args = {1, 4}, .preset = "client_body_temp", .set = set_temp_path,
     "`client_body_temp_path PATH [LEVEL [LEVEL [LEVEL]]];` Folder for bodies that do not fit in memory. "
     "LEVEL: how many digits the names of the folders at that depth have."},
    {"client_body_in_file_only", ALL, .offset = FIELD(client_body_in_file_only), .extra = in_file_only,
     .preset = "off", .set = conf_set_enum,
     "Whether bodies that are read as a whole always go to a file (`$request_body_file`): `clean` removes it "
     "with the request, `on` keeps it."},
    {"client_body_in_single_buffer", ALL, .extra = &single_buffer, .preset = "off", .set = conf_set_ignored,
     "`client_body_in_single_buffer on | off;` Accepted for nginx's sake: a body in memory always stands in "
     "one piece."},
    {"sendfile", ALL, .offset = FIELD(sendfile), .preset = "off", .set = conf_set_flag,
     "Whether files are sent by the kernel, without a copy in the server (sendfile(2))."},
    {"tcp_nodelay", ALL, .offset = FIELD(tcp_nodelay), .preset = "on", .set = conf_set_flag,
     "Whether small packets leave without waiting for more (TCP_NODELAY); it is set for an answer as it "
     "begins."},
    {"tcp_nopush", ALL, .offset = FIELD(tcp_nopush), .preset = "off", .set = conf_set_flag,
     "Whether the head leaves in one packet with the beginning of a file that the kernel sends "
     "(`sendfile`)."},
    {"etag", ALL, .offset = FIELD(etag), .preset = "on", .set = conf_set_flag,
     "Whether files are sent with an ETag."},
    {"limit_rate", ALL | CONF_IF, .offset = FIELD(limit_rate), .preset = "0", .set = set_amount,
     "`limit_rate SIZE;` How many bytes of an answer are sent per second at most; 0: no limit. May have "
     "variables; `set $limit_rate` overrides it."},
    {"limit_rate_after", ALL | CONF_IF, .offset = FIELD(limit_rate_after), .preset = "0", .set = set_amount,
     "`limit_rate_after SIZE;` How many bytes of an answer are sent before limit_rate begins. May have "
     "variables."},
    {"if_modified_since", ALL, .offset = FIELD(if_modified_since), .extra = since, .preset = "exact",
     .set = conf_set_enum,
     "When a file counts as unchanged: its time equals If-Modified-Since (`exact`), is not later (`before`), "
     "or never (`off`)."},
    {"max_ranges", ALL, .offset = FIELD(max_ranges), .set = conf_set_number,
     "How many ranges a request may ask for; with more, the whole file is sent. 0: no ranges. By default any "
     "number."},
    {"chunked_transfer_encoding", ALL, .offset = FIELD(chunked), .preset = "on", .set = conf_set_flag,
     "Whether bodies of unknown length are sent to HTTP/1.1 clients in chunks. Otherwise they end with the "
     "connection."},
    {"internal", CONF_LOCATION, .flags = CONF_NO_ARGS, .set = set_internal,
     "The location serves only internal redirects; a client that asks for it gets 404."},
    {"postpone_output", ALL, .extra = &postpone, .set = conf_set_ignored},
    {"output_buffers", ALL, .args = {2, 2}, .extra = &buffers, .set = conf_set_ignored},
    {"sendfile_max_chunk", ALL, .extra = &chunk, .set = conf_set_ignored},
    {"types_hash_max_size", ALL, .extra = &http_hash_size, .set = conf_set_ignored},
    {"types_hash_bucket_size", ALL, .extra = &http_hash_size, .set = conf_set_ignored},
    {"server_names_hash_max_size", CONF_HTTP, .extra = &http_hash_size, .set = conf_set_ignored},
    {"server_names_hash_bucket_size", CONF_HTTP, .extra = &http_hash_size, .set = conf_set_ignored},
    {"variables_hash_max_size", CONF_HTTP, .extra = &http_hash_size, .set = conf_set_ignored},
    {"variables_hash_bucket_size", CONF_HTTP, .extra = &http_hash_size, .set = conf_set_ignored},
};

/* The defaults that no plain preset of the table sets. */
static int core_defaults(struct conf *conf, void *section)
{
    struct http_core *core = section;

    core->keepalive_timeout = 60 * 1000;
    core->keepalive_time = 60 * 60 * 1000;
    core->keepalive_seconds = 60. * 60.;
    core->keepalive_disable = HTTP_KEEPALIVE_MSIE6;
    core->server_tokens = true;
    core->max_ranges = INT32_MAX;
    core->client_body_temp_path.path = conf_full_name(conf, "client_body_temp", false);
    core->types = http_default_types(conf->pool);
    return core->client_body_temp_path.path && core->types ? 0 : -ENOMEM;
}

/* Logs the way of a request at level debug. Locations without such a log do not have this step. */
static enum http_outcome log_way(struct http_request *request, void *section)
{
    (void)section;
    http_log(request, LOG_LEVEL_DEBUG, 0, "location \"%s\" takes \"%.*s\"", request->location->name.bytes,
             (int)request->path.length, request->path.bytes);
    return HTTP_OUTCOME_NEXT;
}

static int core_finish(struct http_build *build, struct http_location *location, void *section)
{
    const struct http_core *core = section;

    location->core.tuned = core->limit_rate.bytes || core->limit_rate.text || !core->tcp_nodelay;
    if (!core->error_log || !log_enabled(core->error_log, LOG_LEVEL_DEBUG))
        return 0;
    return http_add_step(build, HTTP_PHASE_REWRITE, log_way, section);
}

const struct http_module http_core_module = {
    .conf = {"http: answers", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct http_core),
    .defaults = core_defaults,
    .finish = core_finish,
};
