/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the parts together: command line → configuration → a test, a signal, or a server. The one file of
 * server/ that knows HTTP. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/default.h"
#include "conf/document.h"
#include "conf/options.h"
#include "conf/read.h"
#include "conf/serve.h"
#include "conf/shown.h"
#include "http/config.h"
#include "http/config/core_directives.h"
#include "http/config/document.h"
#include "pool/account.h"
#include "pool/fault.h"
#include "pool/mode.h"
#include "pool/sgi.h"
#include "server/echo/stream.h"
#include "server/log/clock.h"
#include "server/log/log.h"
#include "server/log/log_head.h"
#include "server/master/master.h"
#include "server/master/send.h"
#include "server/process/crash.h"
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

enum {
    SERVE_TEXT_MAX = 64 * 1024, /* bytes of conf/serve.conf with a folder in it */
    REFERENCE_MAX = 512 * 1024, /* bytes of conf/DIRECTIVES.md */
};

/* -V: our own lines, then those for tools that look for nginx. "--without-…" names every module of nginx' own
 * configure that is on there by default and not here; what is off there by default is here only if "--with-…"
 * names it. nginx' tests skip by them what cannot run. */
#define BUILD_LINES                                                                                          \
    "nginx version: nginx/" VERSION_NGINX " (compatible)\n"                                                  \
    "built by " COMPILER " " __VERSION__ "\n"                                                                \
    "built in, in the words of nginx's configure: --with-debug --with-stream --with-threads"                 \
    " --with-http_stub_status_module --with-http_gzip_static_module"                                         \
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
    "  tidepool directives : every directive and variable, a line each, as Markdown; with a name, that "     \
    "one\n"                                                                                                  \
    "\n"

static const struct conf_module *const main_modules[] = {&settings_module, &http_block, &stream_block,
                                                         &control_block};
static const struct conf_modules all_modules = {main_modules, sizeof main_modules / sizeof *main_modules};

/* The tables of all contexts. */
static const struct conf_modules *everything(void)
{
    static const struct conf_module *tables[HTTP_MODULES + 8];
    static struct conf_modules all = {.modules = tables};

    for (unsigned i = 0; i < all_modules.count; i++)
        tables[all.count++] = all_modules.modules[i];
    tables[all.count++] = &conf_include_module;
    tables[all.count++] = &stream_module;
    tables[all.count++] = &http_reading_module;
    for (unsigned i = 0; i < HTTP_MODULES; i++)
        tables[all.count++] = &http_modules[i]->conf;
    return &all;
}

static void complain(const char *text)
{
    log_write(log_before_config(), LOG_LEVEL_EMERG, 0, "%s", text);
}

/* Whether stderr is a terminal; *colour: one that may be written to in colours (no-color.org). */
static bool at_terminal(bool *colour)
{
    const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");

    *colour = (!none || !*none) && terminal && strcmp(terminal, "dumb");
    return isatty(STDERR_FILENO);
}

/* A configuration is refused: every message, and at a terminal the line that it is about. */
static void complain_of_all(char *messages)
{
    bool colour, shows = at_terminal(&colour);
    char *line;

    while ((line = strsep(&messages, "\n"))) {
        complain(line);
        if (shows)
            conf_show(line, colour, stderr);
    }
}

/* The full name of what somebody typed in this folder; one byte of `full` is left over. */
static bool resolve(const char *given, char full[PATH_MAX])
{
    char here[PATH_MAX] = "";

    if (*given != '/' && !getcwd(here, sizeof here))
        return false;
    if (!strcmp(here, "/"))
        here[0] = '\0';
    return snprintf(full, PATH_MAX - 1, "%s%s%s", here, *given == '/' ? "" : "/", given) < PATH_MAX - 1;
}

/* An absolute folder that ends in '/'. */
static bool resolve_prefix(const char *given, char prefix[PATH_MAX])
{
    size_t length;

    if (!resolve(given ? given : PREFIX, prefix))
        return false;
    length = strlen(prefix);
    if (prefix[length - 1] != '/')
        memcpy(prefix + length, "/", 2);
    return true;
}

/* A relative -c: below the prefix that -p names, as with nginx; without -p, beside whoever typed it. */
static bool resolve_file(const struct options *options, const char *prefix, char file[PATH_MAX])
{
    if (!options->file || !options->prefix || *options->file == '/')
        return !options->file || resolve(options->file, file);
    return snprintf(file, PATH_MAX, "%s%s", prefix, options->file) < PATH_MAX;
}

/* `tidepool FOLDER`: its configuration; NULL: it has been said why not. */
static const char *folder_text(const struct options *options)
{
    static char text[SERVE_TEXT_MAX], full[PATH_MAX];
    char error[PATH_MAX + 128] = "";
    struct stat about;

    if (!realpath(options->folder, full) || stat(full, &about))
        snprintf(error, sizeof error, "invalid option: \"%s\": there is no folder of that name to serve (%s)",
                 options->folder, strerror(errno));
    else if (!S_ISDIR(about.st_mode))
        snprintf(error, sizeof error, "\"%s\" is no folder; a configuration file is named by -c", full);
    else if (!conf_serve_text(full, options->address, text, sizeof text, error, sizeof error))
        return text;
    complain(error);
    return NULL;
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

/* Reads the configuration, and does with it what was asked for. */
static int run(const struct options *options, struct generation_source *source, const char *name)
{
    char error[CONF_REPORT_SIZE];
    struct generation *generation = load(source, error, sizeof error);
    int status;

    if (!generation) {
        complain_of_all(error);
        if (source->file && *options->file != '/' && access(source->file, F_OK))
            fprintf(stderr, "tidepool: \"%s\" was looked for %s\n", options->file,
                    options->prefix ? "below the prefix that -p names"
                                    : "in this folder, since no -p names a prefix");
        if (options->test)
            fprintf(stderr, "tidepool: configuration file %s test failed\n", name);
        return 1;
    }
    if (!options->test && options->signal == OPTIONS_SIGNAL_NONE)
        return master_run(source, generation, &watch_watcher);
    status = options->test ? tested(options, generation, name)
                           : send_signal(options->signal, generation->settings.pid);
    generation_destroy(generation);
    return status;
}

/* The reference, from the tables that configurations are read by. */
static int document(FILE *out)
{
    static const struct conf_module *const outer[] = {&settings_module, &http_block, &stream_block,
                                                      &control_block, &conf_include_module};
    static const struct conf_module *const stream[] = {&stream_module};

    fprintf(
        out,
        "# Directives and variables\n\n"
        "What `tidepool directives` prints, from the tables that read a configuration; `make docs` writes it "
        "to\nconf/DIRECTIVES.md. Directives that are not marked (ours) have nginx's names and meanings.\n\n"
        "Words in capitals are placeholders. SIZE: `512`, `8k`, `1m`, `1g`. TIME: `500ms`, `30s`, `5m`, "
        "`1h`,\n`1d`, `\"1h 30m\"`. PATH, FILE: without a slash in front, below the prefix (`-p`). TEXT: "
        "may have variables\nwhere the meaning says so. NUMBER: 0 or more. A directive that is accepted for "
        "nginx's sake has no effect,\nand a warning says so, unless it asks for what is always so.\n\n"
        "## Directives\n\n");
    if (conf_document("main and events", &(struct conf_modules){outer, sizeof outer / sizeof *outer}, out) ||
        http_document_directives(out) || conf_document("stream", &(struct conf_modules){stream, 1}, out))
        return 1;
    fprintf(out,
            "## Variables\n\nFor `log_format`, `if`, `map`, `return`, `rewrite`, `add_header` and wherever "
            "else a meaning says so.\n\n");
    return http_document_variables(out) ? 1 : 0;
}

/* `tidepool directives [NAME]`. */
static int document_command(const char *name)
{
    static char text[REFERENCE_MAX];
    FILE *out = name ? fmemopen(text, sizeof text, "w") : stdout;
    int status = out ? document(out) : 1;

    if (!name || !out)
        return status;
    if (fclose(out) || status) {
        complain("the reference could not be written");
        return 1;
    }
    if (conf_document_find(text, *name == '$' ? name + 1 : name, stdout))
        return fflush(stdout) ? 1 : 0;
    log_write(log_before_config(), LOG_LEVEL_EMERG, 0,
              "there is no directive or variable \"%s\"; `tidepool directives` lists all", name);
    return 1;
}

/* A first word that is no option. -1: it is none of these. */
static int command(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    if (!strcmp(name, "advise"))
        return advice_command(argc - 1, argv + 1);
    if (!strcmp(name, "top"))
        return top_command(argc - 1, argv + 1);
    if (!strcmp(name, "follow"))
        return follow_command(argc - 1, argv + 1);
    return !strcmp(name, "directives") && argc <= 3 ? document_command(argv[2]) : -1;
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
    struct generation_source source = {.modules = &all_modules,
                                       .prefix = prefix,
                                       .text = conf_default_text,
                                       .text_name = "built-in default"};
    struct options options;
    int status;

    process_open_streams();
    log_head_find_journal();
    status = command(argc, argv);
    if (status >= 0)
        return status;
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
        options_show(&options, &names, stdout);
        if (!options.test)
            return 0;
    }
    if (!resolve_prefix(options.prefix, prefix) || !resolve_file(&options, prefix, file)) {
        complain("the prefix or the configuration file has too long a name");
        return 1;
    }
    if (options.folder) {
        source.text_name = "built-in serve.conf";
        source.text = folder_text(&options);
        if (!source.text)
            return 1;
    }
    source.options = &options;
    source.everything = everything();
    source.file = options.file ? file : NULL;
    source.sgi = crash_start("main") ? NULL : sgi_create();
    if (!source.sgi) {
        complain("out of memory");
        return 1;
    }
    status = run(&options, &source, options.file ? file : source.text_name);
    if (source.sgi)
        sgi_destroy(source.sgi);
    crash_thread_end();
    say_account();
    say_fault_calls();
    return status;
}
