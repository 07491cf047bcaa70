/* SPDX-License-Identifier: BSD-2-Clause */
/* The filter that compresses, on memory of the request, and its directives. */
#include "http/answer.h"
#include "http/modules/output/gzip.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "http/filters.h"
#include "http/route/regex.h"
#include "http/text/variables_table.h"

enum {
    PIECE = 16 * 1024, /* bytes compressed at a time */
    WINDOW_BITS = 15,  /* 32 KiB of window; short answers get less */
    MEMORY_LEVEL = 8,  /* zlib's default */
    LOOKAHEAD = 262,   /* bytes that zlib wants beyond the window */
    GZIP_WRAPPER = 16  /* added to the bits: gzip's header and trailer instead of zlib's */
};

struct compressor {
    struct http_transform transform; /* first */
    z_stream stream;
    uint64_t in, out; /* bytes so far */
    bool ended;
};

/* ---- an answer ---- */

static void *gzip_take(void *pool, unsigned count, unsigned size)
{
    return pool_array(pool, count, size, "gzip");
}

/* Small pieces stay until the reset. */
static void gzip_give(void *pool, void *piece)
{
    (void)pool_free(pool, piece);
}

/* The transform: what deflate makes of a piece is passed on at once. */
static int gzip_compress(struct http_transform *transform, struct http_request *request, struct http_text in,
                         enum http_piece piece)
{
    static const int flushes[] = {
        [HTTP_PIECE_MORE] = Z_NO_FLUSH, [HTTP_PIECE_FLUSH] = Z_SYNC_FLUSH, [HTTP_PIECE_LAST] = Z_FINISH};
    struct compressor *compressor = (struct compressor *)(void *)transform;
    z_stream *stream = &compressor->stream;
    char out[PIECE];
    int result = 0;

    if (compressor->ended)
        return 0;
    stream->next_in = (Bytef *)(uintptr_t)in.bytes;
    stream->avail_in = (uInt)in.length;
    compressor->in += in.length;
    do {
        size_t made;

        stream->next_out = (Bytef *)out;
        stream->avail_out = sizeof out;
        (void)deflate(stream, flushes[piece]); /* cannot fail: the state is ours, and there is room */
        made = sizeof out - stream->avail_out;
        compressor->out += made;
        if (made)
            result = http_pass(transform->next, request, (struct http_text){out, made},
                               piece == HTTP_PIECE_LAST ? HTTP_PIECE_MORE : piece);
    } while (!result && stream->avail_out == 0);
    if (piece != HTTP_PIECE_LAST)
        return result;
    (void)deflateEnd(stream);
    compressor->ended = true;
    return result ? result : http_pass(transform->next, request, HTTP_TEXT(""), piece);
}

/* NULL: no memory for it. */
static struct compressor *gzip_make_compressor(struct http_request *request, int level)
{
    struct compressor *compressor = pool_calloc(request->pool, sizeof *compressor, "gzip");
    int64_t length = request->response.content_length;
    int bits = WINDOW_BITS, memory = MEMORY_LEVEL;

    if (!compressor)
        return NULL;
    while (length > 0 && length < (1 << (bits - 1)) - LOOKAHEAD) {
        bits--;
        memory -= memory > 1;
    }
    compressor->stream.zalloc = gzip_take;
    compressor->stream.zfree = gzip_give;
    compressor->stream.opaque = request->pool;
    compressor->transform.write = gzip_compress;
    return deflateInit2(&compressor->stream, level, Z_DEFLATED, bits + GZIP_WRAPPER, memory,
                        Z_DEFAULT_STRATEGY) == Z_OK
               ? compressor
               : NULL;
}

/* The compressed form means the same, but is not equal byte by byte (RFC 9110 8.8.1). */
static int gzip_weaken_etag(struct http_request *request)
{
    struct http_text etag = request->response.etag;
    char *weak;

    if (!etag.length || *etag.bytes != '"') {
        if (etag.length < 2 || memcmp(etag.bytes, "W/", 2) != 0)
            request->response.etag.length = 0;
        return 0;
    }
    weak = pool_nalloc(request->pool, etag.length + 2, "etag");
    if (!weak)
        return -ENOMEM;
    memcpy(weak, "W/", 2);
    memcpy(weak + 2, etag.bytes, etag.length);
    request->response.etag = (struct http_text){weak, etag.length + 2};
    return 0;
}

static const struct http_type_list html[] = {{NULL, {"text/html", sizeof "text/html" - 1}}};

/*
 * RFC 9110 15.4.5: 304 has the ETag and the Vary of 200; a cache that keeps a weak tag takes nothing
 * from an answer with a strong one (RFC 9111 4.3.4). `left` still is the whole file, though it is not sent.
 */
static int gzip_run_not_modified(struct http_request *request, const struct http_gzip *settings)
{
    const struct http_response *response = &request->response;

    if (response->encoded || !response->left || response->left < settings->min_length ||
        !http_type_listed(settings->types ? settings->types : html, http_type_of(request)))
        return 0;
    if (http_gzip_vary(request, settings))
        return -ENOMEM;
    return http_gzip_accepted(request, settings) ? gzip_weaken_etag(request) : 0;
}

/* Without memory for zlib the answer goes out as it is. */
static int gzip_run(struct http_request *request, void *section)
{
    const struct http_gzip *settings = section;
    struct http_response *response = &request->response;
    struct compressor *compressor = NULL;

    if (request->status == 304)
        return gzip_run_not_modified(request, settings);
    if ((request->status != 200 && request->status != 403 && request->status != 404) || response->encoded ||
        (response->body == HTTP_BODY_NONE && !http_head_stands_for_body(request)) ||
        (response->content_length >= 0 && (uint64_t)response->content_length < settings->min_length) ||
        !http_type_listed(settings->types ? settings->types : html, response->content_type))
        return 0;
    if (http_gzip_vary(request, settings))
        return -ENOMEM;
    if (!http_gzip_accepted(request, settings))
        return 0;
    if (request->head.method != HTTP_METHOD_HEAD) {
        compressor = gzip_make_compressor(request, (int)settings->level);
        if (!compressor)
            return 0; /* the answer goes out as it is */
    }
    if (gzip_weaken_etag(request) ||
        !http_add_header(request, HTTP_TEXT("Content-Encoding"), HTTP_TEXT("gzip")))
        return -ENOMEM;
    http_add_transform(request, compressor ? &compressor->transform : NULL);
    response->encoded = true;
    return 0;
}

/* ---- variables ---- */

/* In thousandths; 0: the answer was not compressed. */
static uint64_t gzip_ratio_of(const struct http_request *request)
{
    for (const struct http_transform *at = request->response.transforms; at; at = at->next) {
        const struct compressor *compressor = (const struct compressor *)(const void *)at;

        if (at->write == gzip_compress && compressor->out)
            return compressor->in * 1000 / compressor->out;
    }
    return 0;
}

static enum http_found get_gzip_ratio(struct http_request *request, const struct http_variable *variable,
                                      struct http_text *value)
{
    uint64_t hundredths = (gzip_ratio_of(request) + 5) / 10;
    char *to;

    (void)variable;
    if (!hundredths)
        return http_value_none(value);
    to = pool_nalloc(request->pool, HTTP_PRINT_MAX, "variable");
    if (!to)
        return http_value_none(value);
    (void)snprintf(to, HTTP_PRINT_MAX, "%llu.%02u", (unsigned long long)(hundredths / 100),
                   (unsigned)(hundredths % 100));
    return http_value_string(to, value);
}

static const struct http_variable_row variables[] = {
    {"gzip_ratio", get_gzip_ratio, .help = "By how much gzip made the answer smaller, such as `3.20`."},
    {.name = NULL},
};

/* ---- reading ---- */

/* Words add up; `off` adds nothing. */
static int gzip_set_proxied(struct conf_setting *setting)
{
    static const struct conf_enum words[] = {{"off", 0},
                                             {"expired", HTTP_GZIP_EXPIRED},
                                             {"no-cache", HTTP_GZIP_NO_CACHE},
                                             {"no-store", HTTP_GZIP_NO_STORE},
                                             {"private", HTTP_GZIP_PRIVATE},
                                             {"no_last_modified", HTTP_GZIP_NO_LAST_MODIFIED},
                                             {"no_etag", HTTP_GZIP_NO_ETAG},
                                             {"auth", HTTP_GZIP_AUTH},
                                             {"any", HTTP_GZIP_ANY},
                                             {NULL, 0}};
    struct http_gzip *settings = setting->section;

    settings->proxied = 0;
    for (unsigned i = 0; i < setting->node->arg_count; i++) {
        const struct conf_enum *word = words;

        while (word->name && strcmp(word->name, setting->node->args[i]) != 0)
            word++;
        if (!word->name)
            return conf_setting_invalid(
                setting, setting->node->args[i],
                "off, expired, no-cache, no-store, private, no_last_modified, no_etag, "
                "auth or any");
        settings->proxied |= (unsigned)word->value;
    }
    return 0;
}

/* Patterns of one level are one list. */
static int gzip_set_disable(struct conf_setting *setting)
{
    struct http_gzip *settings = setting->section;

    if (setting->first)
        settings->disable = NULL;
    for (unsigned i = 0; i < setting->node->arg_count; i++) {
        struct http_gzip_disable *one = pool_calloc(setting->conf->pool, sizeof *one, "gzip_disable");
        const char *pattern = setting->node->args[i];

        if (!one)
            return conf_fail_memory(setting->conf);
        /* nginx's word: Internet Explorer up to 6 without its second service pack. */
        if (!strcmp(pattern, "msie6"))
            pattern = "MSIE [45]\\.|MSIE 6\\.(?!.*SV1)";
        one->agent = http_regex_compile(setting->conf, setting->node, pattern, true);
        if (!one->agent)
            return -EINVAL;
        one->next = settings->disable;
        settings->disable = one;
    }
    return 0;
}

static int gzip_finish(struct http_build *build, struct http_location *location, void *section)
{
    const struct http_gzip *settings = section;

    (void)location;
    return settings->on ? http_add_filter(build, HTTP_FILTER_GZIP, gzip_run, section) : 0;
}

#define FIELD(name) offsetof(struct http_gzip, name)

enum { EVERYWHERE = CONF_HTTP | CONF_SERVER | CONF_LOCATION };

static const struct conf_range levels = {1, 9};
static const struct conf_ignored buffers = {conf_set_buffers, NULL,
                                            "output buffers come from the connection's pool as needed"};
static const struct conf_enum versions[] = {{"1.0", 0}, {"1.1", 1}, {NULL, 0}};

static const struct conf_directive directives[] = {
    {"gzip", EVERYWHERE | CONF_IF, .offset = FIELD(on), .preset = "off", .set = conf_set_flag,
     "Whether answers of gzip_types are compressed for clients that accept it."},
    {"gzip_types", EVERYWHERE, .args = {1, CONF_ARGS_ANY}, .flags = CONF_REPEAT, .offset = FIELD(types),
     .preset = "text/html", .set = http_set_type_list,
     "`gzip_types TYPE …;` Media types that are compressed besides text/html; `*`: all."},
    {"gzip_comp_level", EVERYWHERE, .offset = FIELD(level), .extra = &levels, .preset = "1",
     .set = conf_set_number, "From 1, the fastest, to 9, the smallest."},
    {"gzip_min_length", EVERYWHERE, .offset = FIELD(min_length), .preset = "20", .set = conf_set_size,
     "Answers with a smaller Content-Length are not compressed."},
    {"gzip_http_version", EVERYWHERE, .offset = FIELD(http_minor), .extra = versions, .preset = "1.1",
     .set = conf_set_enum, "The lowest HTTP version of a request that is answered with gzip."},
    {"gzip_vary", EVERYWHERE, .offset = FIELD(vary), .preset = "off", .set = conf_set_flag,
     "Whether answers that may be compressed get `Vary: Accept-Encoding`."},
    {"gzip_proxied", EVERYWHERE, .args = {1, CONF_ARGS_ANY}, .preset = "off", .set = gzip_set_proxied,
     "`gzip_proxied off | WHICH …;` Which answers are compressed for a proxy, whose requests have Via: "
     "`expired`, `no-cache`, `no-store`, `private`, `no_last_modified`, `no_etag`, `auth`, `any`."},
    {"gzip_disable", EVERYWHERE, .args = {1, CONF_ARGS_ANY}, .flags = CONF_REPEAT, .set = gzip_set_disable,
     "`gzip_disable REGEX …;` Regular expressions, regardless of case: a User-Agent that matches gets "
     "nothing compressed. `msie6`: Internet Explorer up to 6."},
    {"gzip_buffers", EVERYWHERE, .args = {2, 2}, .extra = &buffers, .set = conf_set_ignored},
};

const struct http_module http_gzip_module = {
    .conf = {"gzip", directives, sizeof directives / sizeof *directives},
    .section_size = sizeof(struct http_gzip),
    .finish = gzip_finish,
    .variables = variables,
};
