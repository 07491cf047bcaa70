/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as the head of a request, through the whole of HTTP but for the socket: routing, rewrite
 * programs, map, variables of arguments and cookies, conditions, ranges, gzip, charset, lists of folders.
 * Whatever is asked, an answer's head has lines of ours alone.
 */
#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/read.h"
#include "http/advance.h"
#include "http/connection.h"
#include "http/response.h"
#include "http/route/route.h"
#include "pool/sgi.h"
#include "server/generation.h"
#include "tests/fuzz/check.h"

static const char configuration[] =
    "http { access_log off; root html; default_type text/plain; max_ranges 4; log_not_found off;"
    "map $arg_m $mapped { ~^a(?<rest>.*) \"r $rest\"; a.b key; default $cookie_c; }"
    "charset_map one two { 80 E1; } charset_map one utf-8 { 80 E282AC; }"
    "server { set $first $arg_f; if ($http_x_y ~ \"^(.)\") { set $first $1; }"
    "location / { add_header X-M $mapped; add_header X-Q \"$args|$uri|$arg_a\" always; autoindex on; }"
    "location /moved { return 301 $uri$is_args$args; }"
    "location /rewrite { rewrite (?s)^/rewrite/(.*)/(.*)$ /show/$2?a=$1 last; rewrite ^ /moved permanent; }"
    "location /show { return 200 \"$uri $args $first $mapped $http_cookie $remote_addr $http_via\"; }"
    "location ~ ^/re/(?<what>.*)$ { return 200 \"$what $1 $cookie_a\"; }"
    "location /gzip { gzip on; gzip_min_length 1; gzip_vary on; gzip_proxied any; gzip_types *;"
    " return 200 \"$uri $request_uri $args $http_user_agent\"; }"
    "location /charset { source_charset one; charset utf-8; return 200 \"x\x80 $uri $args\"; }"
    "location /etag { add_header ETag $arg_e; expires $arg_x; alias html/; }"
    "location /only { limit_except GET { deny all; } }"
    "location /try { try_files $uri $uri/ /show?$args; }"
    "location /trailer { add_trailer X-T $uri; return 200 $args; }"
    "error_page 404 =404 /show/lost; error_page 403 http://h$uri; } }";

static const struct log silent = {.level = LOG_LEVEL_STDERR};
static struct generation generation;
static struct worker worker;
static struct shared shared;
static struct tenure tenure;
static char folder[64] = "/tmp/tidepool-fuzz-XXXXXX";

static void write_file(const char *name)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%shtml/%s", folder, name);
    file = fopen(path, "w");
    CHECK(file && fputs("0123456789", file) >= 0);
    fclose(file);
}

static void forget_files(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(system(command) == 0);
}

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    static const struct conf_module *const modules[] = {&http_block};
    static const struct conf_modules tables = {modules, 1};
    const struct conf_node *root;
    char path[128];

    (void)count;
    (void)arguments;
    CHECK(mkdtemp(folder));
    strcat(folder, "/");
    snprintf(path, sizeof path, "%shtml", folder);
    CHECK(mkdir(path, 0700) == 0);
    write_file("a.txt");
    write_file("b");
    atexit(forget_files);
    generation.sgi = shared.sgi = sgi_create();
    CHECK(shared.sgi && sgi_thread_attach(shared.sgi) == 0);
    worker.loop = ev_loop_new(0);
    worker.shared = &shared;
    generation.pool =
        pool_create(&(struct pool_options){.first_size = 4096, .block_size = 4096, .name = "http"});
    CHECK(worker.loop && generation.pool);
    generation.settings.log = &silent;
    CHECK(conf_init(&generation.conf, generation.pool, folder, NULL) == 0);
    generation.conf.user = &generation;
    root = conf_read_text(&generation.conf, "text", configuration, sizeof configuration - 1);
    if (!root || conf_apply(&generation.conf, root->children, CONF_MAIN, &tables, NULL, &generation)) {
        fprintf(stderr, "%s\n", generation.conf.error);
        abort();
    }
    return 0;
}

/* Whether a line is one that the server, or the configuration above, writes. */
static bool is_ours(const char *line, size_t length)
{
    static const char *const names[] = {
        "Server",        "Date",          "Content-Type", "Content-Length", "Transfer-Encoding",
        "Connection",    "Last-Modified", "Location",     "ETag",           "Allow",
        "Content-Range", "Accept-Ranges", "Retry-After",  "Vary",           "Expires",
        "Cache-Control", "X-M",           "X-Q",          "Keep-Alive",     "Content-Encoding"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t name = strlen(names[i]);

        if (length > name && memcmp(line, names[i], name) == 0 && line[name] == ':')
            return true;
    }
    return false;
}

/* The head that was queued: lines of ours, and no byte in them that another reader might take for a
 * line's end. */
static void check_head(const struct http_connection *connection, uint64_t length)
{
    const struct output_block *block = connection->base.output.head;
    const char *line, *end, *stop;

    if (!length)
        return;
    CHECK(block && block->end - block->start >= length);
    line = block->bytes + block->start;
    end = line + length;
    CHECK(length > 12 && memcmp(line, "HTTP/1.1 ", 9) == 0);
    for (bool first = true;; first = false, line = stop + 2) {
        stop = memmem(line, (size_t)(end - line), "\r\n", 2);
        CHECK(stop);
        if (stop == line)
            break;
        CHECK(first || is_ours(line, (size_t)(stop - line)));
        for (const char *at = line; at < stop; at++)
            CHECK(*at != '\r' && *at != '\n' && *at != '\0');
    }
    CHECK(stop + 2 == end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct pool_options options = {.first_size = 512, .block_size = 4096, .name = "connection"};
    struct http_connection connection = {.base = {.worker = &worker, .tenure = &tenure, .io = {.fd = -1}}};
    struct http_request *request;
    char *copy = malloc(size + 1);

    CHECK(copy);
    memcpy(copy, data, size);
    tenure = (struct tenure){.worker = &worker, .generation = &generation};
    worker.tenure = &tenure;
    connection.base.binding = generation.bindings;
    connection.base.pool = pool_create(&options);
    CHECK(connection.base.pool);
    pool_pin(connection.base.pool);
    request = http_advance_begin(&connection);
    CHECK(request);
    if (http_parser_feed(&connection.parser, &request->head, copy, size) == HTTP_PARSE_DONE) {
        http_request_go_on(request, http_route(request));
        CHECK(request->status || !request->complete || connection.cut);
        if (request->head_queued)
            check_head(&connection, request->sent_head);
    }
    if (request->response.file)
        http_response_drop_file(request);
    output_discard(&connection.base.output, connection.base.pool);
    pool_destroy(connection.base.pool);
    free(copy);
    return 0;
}
