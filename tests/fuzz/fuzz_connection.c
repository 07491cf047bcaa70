/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole connection: bytes through a socket into the real driver, on a worker with its loop, turn by
 * turn, under a clock of the test's own. In the input FE begins another piece (a turn of the loop lies
 * between), FF and a byte let time go by. What is held to: every answer is HTTP/1.1, an idle connection's
 * pool is back at its pin, and after its end nothing of the connection is left.
 */
#include "server/worker.c"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "conf/read.h"
#include "http/connection.h"
#include "http/request.h"
#include "server/watch/census.h"
#include "server/watch/watched.h"
#include "tests/fuzz/check.h"

enum { PIECE = 0xFE, LATER = 0xFF, TURNS = 6, RECEIVED_MAX = 1 << 20, PIECES_MAX = 64 };

static const char configuration[] =
    "http { access_log access.log; log_format combined_too '$request|$uri|$args|$mapped'; access_log too.log "
    "combined_too;"
    "root html; default_type text/plain; max_ranges 4; keepalive_requests 20; client_max_body_size 4k;"
    "client_body_buffer_size 1k; client_body_temp_path body; large_client_header_buffers 4 2k;"
    "map $http_referer $src { default internal; ~^https?://([^/]+)/ $1; } map $arg_m $mapped { "
    "~^a(?<rest>.*) \"r $rest\"; a.b key;"
    "default $cookie_c; } limit_req_zone $arg_k zone=req:64k rate=1r/s; limit_conn_zone $arg_k zone=conn:64k;"
    "server { listen 127.0.0.1:1; location / { autoindex on; add_header X-M $mapped; index index.html; }"
    "location /go/ { rewrite ^/go/(.*)$ /r?to=$1&src=$src last; } location /r { return 200 \"$args\"; }"
    "location /try { try_files $uri $uri/ /none.html @named; } location @named { return 200 \"$request_uri "
    "$1 $src\"; }"
    "location /echo { echo_body; } location /whole { echo_body whole; add_header X-B $request_body; }"
    "location /gz { gzip on; gzip_min_length 1; gzip_types *; alias html/; } location /trailer { add_trailer "
    "X-T $uri; return 200 $args; }"
    "location /limit { limit_req zone=req burst=2; limit_conn conn 1; echo_body; } location /slow { "
    "limit_rate 200; alias html/; }"
    "location /pools/ { pool_view; } location /status { stub_status; } location /metrics { metrics; }"
    "location /e { error_page 403 404 = /page; error_page 400 /page; deny all; } location /page { return 200 "
    "\"page $status\"; }"
    "location ~ ^/re/(?<what>.*)$ { return 302 /go/$what; } location /drop { return 444; } location /205 { "
    "return 205; }"
    "error_page 405 413 /page; } }";

static const struct log silent = {.level = LOG_LEVEL_STDERR};
static struct generation generation;
static struct worker worker;
static struct watched watched;
static struct shared shared;
static int64_t clock_ns = 1000000000;
static char folder[64] = "/tmp/tidepool-fuzz-XXXXXX";
static char received[RECEIVED_MAX + 1];
static size_t received_length;

/* Time stands still unless an input lets it go by; the wall clock is the real one. */
int clock_gettime(clockid_t id, struct timespec *now)
{
    if (id == CLOCK_REALTIME || id == CLOCK_PROCESS_CPUTIME_ID || id == CLOCK_THREAD_CPUTIME_ID)
        return (int)syscall(SYS_clock_gettime, id, now);
    *now = (struct timespec){clock_ns / 1000000000, clock_ns % 1000000000};
    return 0;
}

static void nothing(void)
{
}

static void write_file(const char *name, size_t size)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%shtml/%s", folder, name);
    file = fopen(path, "w");
    CHECK(file);
    for (size_t i = 0; i < size; i++)
        CHECK(fputc('a' + (int)(i % 26), file) != EOF);
    fclose(file);
}

/* What limit_req keeps lies in memory that a leak detector does not look into: it goes with the zones. */
static void forget(void)
{
    char command[128];

    log_buffers_flush(&worker.logs); /* before their files go */
    pool_destroy(generation.pool);
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK(system(command) == 0);
}

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void load(void)
{
    static const struct conf_module *const modules[] = {&http_block};
    static const struct conf_modules tables = {modules, 1};
    const struct conf_node *root;

    generation.pool =
        pool_create(&(struct pool_options){.first_size = 4096, .block_size = 4096, .name = "http"});
    CHECK(generation.pool);
    generation.settings.log = &silent;
    generation.number = 1;
    CHECK(conf_init(&generation.conf, generation.pool, folder, NULL) == 0);
    generation.conf.user = &generation;
    root = conf_read_text(&generation.conf, "text", configuration, sizeof configuration - 1);
    if (!root || conf_apply(&generation.conf, root->children, CONF_MAIN, &tables, NULL, &generation)) {
        fprintf(stderr, "%s\n", generation.conf.error);
        abort();
    }
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    char path[128];

    (void)count;
    (void)arguments;
    CHECK(mkdtemp(folder));
    strcat(folder, "/");
    for (const char *const *name = (const char *const[]){"html", "html/dir", "body", NULL}; *name; name++) {
        snprintf(path, sizeof path, "%s%s", folder, *name);
        CHECK(mkdir(path, 0700) == 0);
    }
    write_file("a.txt", 100);
    write_file("big", 20000);
    write_file("dir/index.html", 10);
    atexit(forget);
    generation.sgi = shared.sgi = sgi_create();
    shared.wake_main = nothing;
    shared.watcher = &watch_watcher;
    worker.shared = &shared;
    worker.watched = &watched;
    CHECK(shared.sgi && set_up(&worker) == 0);
    load();
    atomic_store(&generation.references, 1);
    worker.tenure = worker.tenures = tenure_create(&worker, &generation);
    log_thread_set(&silent);
    CHECK(worker.tenure);
    census_add(&worker);
    return 0;
}

/* A turn of the loop, and what came out of it. */
static void turn(int fd)
{
    for (int i = 0; i < TURNS; i++) {
        ssize_t got;

        ev_run(worker.loop, EVRUN_NOWAIT);
        do {
            char spill[16384];

            got = recv(fd, spill, sizeof spill, MSG_DONTWAIT);
            if (got > 0 && received_length + (size_t)got <= RECEIVED_MAX) {
                memcpy(received + received_length, spill, (size_t)got);
                received_length += (size_t)got;
            }
        } while (got > 0);
        if (worker.connections) {
            const struct http_connection *connection = http_connection_of(worker.connections);
            struct pool_stats stats;

            pool_stats(connection->base.pool, &stats);
            if (connection->state == HTTP_STATE_IDLE && !connection->request &&
                !connection->base.output.head && connection->base.requests)
                CHECK(stats.used_bytes == stats.pinned_bytes && !stats.larges && !stats.buffers);
        }
    }
}

static void later(int fd, unsigned steps)
{
    clock_ns += (int64_t)steps * steps * 2000000;
    turn(fd);
}

/* The byte behind an answer's head; null: it was cut. *length: of its body, -1: chunks, -2: till the end. */
static const char *check_head(const char *at, const char *end, long *length, int *status)
{
    if (end - at < 13)
        return NULL;
    CHECK(!memcmp(at, "HTTP/1.1 ", 9));
    *status = atoi(at + 9);
    CHECK(*status >= 100 && *status <= 599);
    *length = -2;
    for (;;) {
        const char *stop = memmem(at, (size_t)(end - at), "\r\n", 2);

        if (!stop) /* cut: the client left before a paced head was out */
            return NULL;
        for (const char *byte = at; byte < stop; byte++)
            CHECK(*byte != '\n' && *byte != '\r' && *byte != '\0');
        if (stop == at)
            return stop + 2;
        if (!strncmp(at, "Content-Length: ", 16)) {
            CHECK(*length == -2);
            *length = atol(at + 16);
        }
        if (!strncmp(at, "Transfer-Encoding: chunked", 26)) {
            CHECK(*length == -2);
            *length = -1;
        }
        at = stop + 2;
    }
}

static bool begins(const char *at, const char *end)
{
    return at == end || (end - at >= 9 && !memcmp(at, "HTTP/1.1 ", 9));
}

/* Behind a body in chunks; the end, if it was cut. */
static const char *check_chunks(const char *at, const char *end)
{
    for (;;) {
        char *stop;
        unsigned long size = strtoul(at, &stop, 16);

        if (end - at < 3 || size > (unsigned long)(end - stop))
            return end;
        CHECK(stop > at && stop[0] == '\r' && stop[1] == '\n');
        if (!size) {
            const char *last = memmem(at, (size_t)(end - at), "\r\n\r\n", 4);
            return last ? last + 4 : end;
        }
        at = stop + 2 + size + 2;
        if (at >= end)
            return end;
        CHECK(at[-2] == '\r' && at[-1] == '\n');
    }
}

/* One answer behind the other. One to HEAD has no body, whatever its head says: another answer follows its
 * head. */
static void check_answers(void)
{
    const char *at = received, *end = received + received_length;

    received[received_length] = '\0';
    while (at < end && received_length < RECEIVED_MAX / 2) {
        long length;
        int status;

        at = check_head(at, end, &length, &status);
        if (!at)
            return;
        if (status < 200 || status == 204 || status == 304)
            continue;
        if (length == -2)
            return;
        if (length >= 0 && end - at >= length && begins(at + length, end))
            at += length;
        else if (begins(at, end))
            continue;
        else if (length == -1)
            at = check_chunks(at, end);
        else {
            CHECK(end - at < length);
            return;
        }
    }
}

static void feed(int fd, const uint8_t *data, size_t size)
{
    size_t begun = 0;
    int pieces = 0;

    for (size_t i = 0; i <= size && pieces < PIECES_MAX; i++) {
        if (i < size && data[i] < PIECE)
            continue;
        if (i > begun && send(fd, data + begun, i - begun, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            return;
        turn(fd);
        if (i + 1 < size && data[i] == LATER)
            later(fd, data[++i]);
        begun = i + 1;
        pieces++;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint64_t live;
    struct peer peer = {.bytes = {127, 0, 0, 1}, .port = 1, .family = AF_INET};
    struct sizeclass_stats stats;
    int fds[2];

    received_length = 0;
    CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds));
    CHECK(connection_open(&worker, worker.tenure, generation.bindings, fds[0], &peer, 0));
    feed(fds[1], data, size);
    shutdown(fds[1], SHUT_WR);
    for (int i = 0; i < 20 && worker.connections; i++)
        later(fds[1], 30);
    check_answers();
    close(fds[1]);
    for (int i = 0; i < 4 && worker.connections; i++)
        later(fds[1], 255);
    if (worker.connections)
        connection_close(worker.connections);
    ev_run(worker.loop, EVRUN_NOWAIT);
    ev_run(worker.loop, EVRUN_NOWAIT);
    CHECK(!worker.connections && !worker.closed && !worker.connection_count && !worker.tenure->connections);
    sizeclass_stats(worker.classes, &stats);
    if (!live || stats.live_objects < live)
        live = stats.live_objects;
    CHECK(stats.live_objects <= live + 8);
    return 0;
}
