/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the parts together: command line → configuration → a test, a signal, or a server. The one file of
 * server/ that knows HTTP. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/document.h"
#include "conf/options.h"
#include "conf/read.h"
#include "http/config.h"
#include "http/config/document.h"
#include "pool/account.h"
#include "pool/fault.h"
#include "pool/mode.h"
#include "pool/sgi.h"
#include "server/echo/stream.h"
#include "server/log/clock.h"
#include "server/log/log.h"
#include "server/master.h"
#include "server/process/pid_file.h"
#include "server/process/process.h"
#include "server/tools/advise.h"
#include "server/tools/follow.h"
#include "server/tools/top.h"
#include "server/version.h"
#include "server/watch/control.h"
#include "server/watch/watched.h"

#ifndef PREFIX
#define PREFIX "/usr/local/tidepool/"
#endif

#ifdef __clang__
#define COMPILER "clang"
#else
#define COMPILER "gcc"
#endif

/* -V: our own lines, then those for tools that look for nginx. "--without-…" names every module of nginx' own
 * configure that is on there by default and not here; what is off there by default is here only if "--with-…"
 * names it. nginx' tests skip by them what cannot run. */
#define BUILD_LINES                                                                                          \
    "nginx version: nginx/" VERSION_NGINX " (compatible)\n"                                                  \
    "built by " COMPILER " " __VERSION__ "\n"                                                                \
    "configure arguments: --with-debug --with-stream --with-threads --with-http_stub_status_module"          \
    " --with-http_gzip_static_module"                                                                        \
    " --without-http-cache --without-http_proxy_module --without-http_fastcgi_module"                        \
    " --without-http_uwsgi_module --without-http_scgi_module --without-http_grpc_module"                     \
    " --without-http_memcached_module --without-http_tunnel_module --without-http_ssi_module"                \
    " --without-http_userid_module --without-http_auth_basic_module"                                         \
    " --without-http_mirror_module --without-http_geo_module"                                                \
    " --without-http_split_clients_module --without-http_referer_module"                                     \
    " --without-http_empty_gif_module --without-http_browser_module"                                         \
    " --without-http_upstream_hash_module --without-http_upstream_ip_hash_module"                            \
    " --without-http_upstream_least_conn_module --without-http_upstream_least_time_module"                   \
    " --without-http_upstream_random_module --without-http_upstream_keepalive_module"                        \
    " --without-http_upstream_zone_module --without-http_upstream_sticky_module"                             \
    " --without-mail_pop3_module --without-mail_imap_module --without-mail_smtp_module"                      \
    " --without-stream_geo_module --without-stream_map_module"                                               \
    " --without-stream_split_clients_module --without-stream_return_module"                                  \
    " --without-stream_pass_module --without-stream_set_module"                                              \
    " --without-stream_upstream_hash_module --without-stream_upstream_least_conn_module"                     \
    " --without-stream_upstream_least_time_module --without-stream_upstream_random_module"                   \
    " --without-stream_upstream_zone_module"                                                                 \
    "\n"

/* -h, after the options. */
#define COMMAND_LINES                                                                                        \
    "Commands that ask a running server, by its control socket or a location with pool_view:\n"              \
    "  tidepool top        : its memory in the terminal; -1: once, exact, for reports\n"                     \
    "  tidepool follow     : what happens in the pool of one connection, a line an event\n"                  \
    "  tidepool advise     : which pool sizes its requests need, in a sentence\n"                            \
    "  -h after one of them says more\n"                                                                     \
    "Another prints what a configuration may say:\n"                                                         \
    "  tidepool directives : every directive and variable, a line each, as Markdown\n"                       \
    "\n"

static const struct conf_module *const main_modules[] = {&settings_module, &http_block, &stream_block,
                                                         &control_block};
static const struct conf_modules all_modules = {main_modules, sizeof main_modules / sizeof *main_modules};

static void complain(const char *text)
{
    log_write(log_before_config(), LOG_LEVEL_EMERG, 0, "%s", text);
}

/* An absolute folder that ends in '/'. */
static bool resolve_prefix(const char *given, char prefix[PATH_MAX])
{
    size_t length;

    if (!given)
        given = PREFIX;
    if (*given == '/') {
        if (snprintf(prefix, PATH_MAX - 1, "%s", given) >= PATH_MAX - 1)
            return false;
    } else {
        if (!getcwd(prefix, PATH_MAX - 1))
            return false;
        length = strlen(prefix);
        if (snprintf(prefix + length, PATH_MAX - 1 - length, "/%s", given) >= (int)(PATH_MAX - 1 - length))
            return false;
    }
    length = strlen(prefix);
    if (prefix[length - 1] != '/')
        memcpy(prefix + length, "/", 2);
    return true;
}

/* -s: to the process whose number the pid file holds. */
static int send_signal(const struct options *options, const struct generation *generation)
{
    static const int numbers[] = {[OPTIONS_SIGNAL_STOP] = SIGTERM,
                                  [OPTIONS_SIGNAL_QUIT] = SIGQUIT,
                                  [OPTIONS_SIGNAL_REOPEN] = SIGUSR1,
                                  [OPTIONS_SIGNAL_RELOAD] = SIGHUP};
    const char *path = generation->settings.pid;
    const struct log *log = log_before_config();
    pid_t pid;

    if (!path) {
        log_write(log, LOG_LEVEL_ERROR, 0, "the configuration has no pid file");
        return 1;
    }
    pid = pid_file_read(path);
    if (pid < 0) {
        if (pid == -EINVAL)
            log_write(log, LOG_LEVEL_ERROR, 0, "invalid PID number in \"%s\"", path);
        else
            log_write(log, LOG_LEVEL_ERROR, -pid, "open() \"%s\" failed", path);
        return 1;
    }
    if (!kill(pid, numbers[options->signal]))
        return 0;
    log_write(log, LOG_LEVEL_ALERT, errno, "kill(%d, %d) failed", (int)pid, numbers[options->signal]);
    return 1;
}

static int tested(const struct options *options, const struct generation *generation, const char *file)
{
    if (!options->quiet) {
        generation_say_warnings(generation, log_before_config());
        fprintf(stderr, "tidepool: the configuration file %s syntax is ok\n", file);
        fprintf(stderr, "tidepool: configuration file %s test is successful\n", file);
    }
    return options->dump && conf_dump(&generation->conf, STDOUT_FILENO) ? 1 : 0;
}

/* The mode must be set before the first pool, but reading it takes a pool: if it is not the default, all is
 * read again under it. */
static struct generation *load(struct generation_source *source, char *error, size_t size)
{
    struct generation *generation = generation_load(source, error, size);
    enum pool_mode mode;

    if (!generation || generation->settings.pool_mode == (int)pool_mode())
        return generation;
    mode = (enum pool_mode)generation->settings.pool_mode;
    generation_destroy(generation);
    sgi_destroy(source->sgi);
    source->sgi = pool_mode_set(mode) ? NULL : sgi_create();
    if (source->sgi)
        return generation_load(source, error, size);
    snprintf(error, size, "the pool mode could not be set");
    return NULL;
}

/* Logs memory that was not given back: a bug, to be reported with this line. */
static void say_account(void)
{
    char text[512];

    if (!account_settled(text, sizeof text))
        log_write(log_before_config(), LOG_LEVEL_ALERT, 0, "%s", text);
}

/* With TIDEPOOL_FAULT="point:0": how many calls there were, which is how long a sweep has to be. */
static void say_fault_calls(void)
{
    static const char *const names[FAULT_POINTS] = {[FAULT_SYSTEM] = "system",
                                                    [FAULT_SIZECLASS] = "sizeclass",
                                                    [FAULT_SGI] = "sgi",
                                                    [FAULT_POOL] = "pool"};

    for (int point = 0; point < FAULT_POINTS && getenv("TIDEPOOL_FAULT"); point++)
        fprintf(stderr, "fault: %s %llu calls\n", names[point],
                (unsigned long long)fault_calls((enum fault_point)point));
}

static int run(const struct options *options, struct generation_source *source, const char *name)
{
    char error[CONF_REPORT_SIZE], *rest = error, *line;
    struct generation *generation = load(source, error, sizeof error);
    int status;

    if (!generation) {
        while ((line = strsep(&rest, "\n")))
            complain(line);
        if (options->test)
            fprintf(stderr, "tidepool: configuration file %s test failed\n", name);
        return 1;
    }
    if (!options->test && options->signal == OPTIONS_SIGNAL_NONE)
        return master_run(source, generation, &watch_watcher);
    status = options->test ? tested(options, generation, name) : send_signal(options, generation);
    generation_destroy(generation);
    return status;
}

/* `tidepool directives`: the reference, from the tables that configurations are read by. */
static int document(void)
{
    static const struct conf_module *const outer[] = {&settings_module, &http_block, &stream_block,
                                                      &control_block, &conf_include_module};
    static const struct conf_module *const stream[] = {&stream_module};

    printf(
        "# Directives and variables\n\n"
        "What `tidepool directives` prints, from the tables that read a configuration; `make docs` writes it "
        "to\nconf/DIRECTIVES.md. Directives that are not marked (ours) have nginx's names and meanings.\n\n"
        "Words in capitals are placeholders. SIZE: `512`, `8k`, `1m`, `1g`. TIME: `500ms`, `30s`, `5m`, "
        "`1h`,\n`1d`, `\"1h 30m\"`. PATH, FILE: without a slash in front, below the prefix (`-p`). TEXT: "
        "may have variables\nwhere the meaning says so. NUMBER: 0 or more. A directive that is accepted for "
        "nginx's sake has no effect,\nand a warning says so, unless it asks for what is always so.\n\n"
        "## Directives\n\n");
    if (conf_document("main and events", &(struct conf_modules){outer, sizeof outer / sizeof *outer},
                      stdout) ||
        http_document_directives(stdout) ||
        conf_document("stream", &(struct conf_modules){stream, 1}, stdout))
        return 1;
    printf("## Variables\n\nFor `log_format`, `if`, `map`, `return`, `rewrite`, `add_header` and wherever "
           "else a meaning says so.\n\n");
    return http_document_variables(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
    static char prefix[PATH_MAX], file[PATH_MAX];
    const struct options_names names = {.program = "tidepool",
                                        .version = VERSION_TEXT,
                                        .build = BUILD_LINES,
                                        .commands = COMMAND_LINES,
                                        .prefix = PREFIX,
                                        .error_log = "logs/error.log",
                                        .file = "built-in default"};
    struct generation_source source = {.modules = &all_modules, .prefix = prefix};
    struct options options;
    int status;

    process_open_streams();
    if (argc > 1 && !strcmp(argv[1], "advise"))
        return advice_command(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "top"))
        return top_command(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "follow"))
        return follow_command(argc - 1, argv + 1);
    if (argc == 2 && !strcmp(argv[1], "directives"))
        return document();
    if (fault_from_environment()) {
        complain("TIDEPOOL_FAULT is not understood: \"point:N[+],…\" is expected");
        return 1;
    }
    clock_init_zone();
    if (options_parse(&options, argc, argv)) {
        complain(options.error);
        return 1;
    }
    if (options.show_version) {
        options_show(&options, &names, stderr);
        if (!options.test)
            return 0;
    }
    if (!resolve_prefix(options.prefix, prefix) ||
        (options.file &&
         snprintf(file, sizeof file, "%s%s", *options.file == '/' ? "" : prefix, options.file) >= PATH_MAX)) {
        complain("the prefix or the configuration file has too long a name");
        return 1;
    }
    source.options = &options;
    source.file = options.file ? file : NULL;
    source.sgi = sgi_create();
    if (!source.sgi) {
        complain("out of memory");
        return 1;
    }
    status = run(&options, &source, options.file ? file : "built-in default");
    if (source.sgi)
        sgi_destroy(source.sgi);
    say_account();
    say_fault_calls();
    return status;
}
