/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of nginx's directives that are not here. */
#include "conf/foreign.h"

#include <stddef.h>
#include <string.h>

#define TLS    "TLS is not part of Tidepool: put a TLS terminator in front"
#define NO_TLS "TLS is not part of Tidepool, so there is nothing to set"
#define GATEWAY                                                                                              \
    "passing requests on is not part of Tidepool: let another server do it, in front or on its own port"
#define SYSTEM   "that is left to the system: set it in the service's unit"
#define CONTENT  "answers are not changed on their way: change the files when they are made"
#define LOOKUP   "no names are looked up while requests run"
#define DISK     "files are read through the system's cache, by sendfile or into memory"
#define THREADS  "workers are threads of one process"
#define PASSWORD "passwords are not part of Tidepool: use allow and deny, or check passwords in front"
#define WRITING  "files are served, not written: let another server take uploads"
#define REAL_IP  "the peer's address is the connection's: log $http_x_forwarded_for"
#define SCRIPT   CONF_FOREIGN_SCRIPT
#define OTHER    "only HTTP/1.1 is spoken: clients use it where nothing else is offered"

/* In the order of the search: an exception stands before its family. */
static const struct conf_foreign rows[] = {
    /* the process */
    {"load_module", true,
     "modules are built in: what this one brings is here, or its directives are named below"},
    {"lock_file", true, THREADS ", which share no lock file"},
    {"accept_mutex*", true, "each worker has a listening socket of its own"},
    {"worker_priority", true, SYSTEM " (Nice=)"},
    {"worker_cpu_affinity", true, SYSTEM " (CPUAffinity=)"},
    {"worker_rlimit_core", true, SYSTEM " (LimitCORE=)"},
    {"working_directory", true, SYSTEM " (WorkingDirectory=)"},
    {"env", true, "the environment stays as it was given"},
    {"timer_resolution", true, "the time is read once in a turn of the loop"},
    {"debug_points", true, "assertions stop debug builds only"},
    {"debug_connection", true, "use `error_log FILE debug;` in the location"},
    {"pcre_jit", true,
     "regular expressions are compiled when the configuration is read, not to machine code"},
    {"thread_pool", true, DISK},
    {"worker_aio_requests", true, DISK},
    {"ssl_engine", true, NO_TLS},
    {"google_perftools_profiles", true, "use perf"},
    /* TLS: `listen … ssl` is refused, so settings that need it can do no harm */
    {"ssl_protocols", true, NO_TLS},
    {"ssl_prefer_server_ciphers", true, NO_TLS},
    {"ssl_ciphers", true, NO_TLS},
    {"ssl_session_*", true, NO_TLS},
    {"ssl_ecdh_curve", true, NO_TLS},
    {"ssl_dhparam", true, NO_TLS},
    {"ssl_buffer_size", true, NO_TLS},
    {"ssl_stapling*", true, NO_TLS},
    {"ssl_early_data", true, NO_TLS},
    {"ssl_conf_command", true, NO_TLS},
    {"ssl*", false, TLS},
    /* other protocols */
    {"http2*", true, OTHER},
    {"http3*", true, OTHER},
    {"quic_*", true, OTHER},
    {"mail", false, "mail is not part of Tidepool"},
    {"proxy_protocol*", false,
     "the PROXY protocol is not spoken: have the balancer pass connections as they are"},
    /* other servers behind */
    {"proxy_*", false, GATEWAY},
    {"fastcgi_*", false, GATEWAY},
    {"uwsgi_*", false, GATEWAY},
    {"scgi_*", false, GATEWAY},
    {"grpc_*", false, GATEWAY},
    {"memcached_*", false, GATEWAY},
    {"upstream*", false, GATEWAY},
    {"mirror*", false, GATEWAY},
    {"post_action", false, GATEWAY},
    /* who may */
    {"auth_basic*", false, PASSWORD},
    {"auth_request*", false, PASSWORD},
    {"auth_jwt*", false, PASSWORD},
    {"auth_delay", true, "no passwords are checked, so no answer is delayed"},
    {"satisfy", false,
     "limits and rules must all hold, as with `satisfy all`: remove the line if it says so"},
    {"secure_link*", false,
     "signed links are not checked: use a path that cannot be guessed, or check in front"},
    {"valid_referers", false, "use `if ($http_referer ~ …)`"},
    {"referer_hash_*", true, "tables have the size that they need"},
    {"set_real_ip_from", false, REAL_IP},
    {"real_ip_*", false, REAL_IP},
    {"disable_symlinks", false, "links are followed: keep them out of the root"},
    /* files and answers */
    {"aio*", true, DISK},
    {"directio*", true, DISK},
    {"read_ahead", true, DISK},
    {"open_file_cache_events", true, "files are checked every open_file_cache_valid"},
    {"send_lowat", true, "the system knows when a socket takes more"},
    {"subrequest_output_buffer_size", true, "there are no subrequests"},
    {"log_subrequest", true, "there are no subrequests"},
    {"lingering_close", true,
     "the unread rest of a body is dropped for lingering_time; `lingering_time 0` turns it off"},
    {"reset_timedout_connection", true, "connections that time out are closed"},
    {"msie_*", true, "no browser needs special treatment any more"},
    {"resolver*", true, LOOKUP},
    {"gzip_window", true, "see gzip_comp_level"},
    {"gzip_hash", true, "see gzip_comp_level"},
    {"gzip_no_buffer", true, "see gzip_buffers"},
    {"postpone_gzipping", true, "see gzip_min_length"},
    {"gunzip*", false, CONTENT},
    {"sub_filter*", false, CONTENT},
    {"ssi*", false, CONTENT},
    {"add_before_body", false, CONTENT},
    {"add_after_body", false, CONTENT},
    {"addition_types", false, CONTENT},
    {"image_filter*", false, CONTENT},
    {"xslt_*", false, CONTENT},
    {"xml_entities", false, CONTENT},
    {"more_set_headers", false, "use add_header"},
    {"more_clear_headers", false, "the server's own headers cannot be removed: see server_tokens and etag"},
    {"echo*", false, "use `return 200 TEXT`"},
    {"empty_gif", false, "serve a file"},
    {"flv", false, "serve the file: ranges do the same"},
    {"mp4*", false, "serve the file: ranges do the same"},
    {"slice", false, "serve the file: ranges do the same"},
    {"random_index", false, "use index, which names files"},
    {"fancyindex*", false, "use autoindex"},
    {"dav_*", false, WRITING},
    {"create_full_put_path", false, WRITING},
    {"min_delete_depth", false, WRITING},
    {"upload_*", false, WRITING},
    /* variables and what computes them */
    {"geo", false, "use map with regular expressions on $remote_addr, or allow and deny"},
    {"geoip*", false, "use map with regular expressions on $remote_addr, or allow and deny"},
    {"split_clients", false, "use map on $request_id or $remote_addr"},
    {"userid*", false, "use add_header Set-Cookie"},
    {"ancient_browser*", false, "use map on $http_user_agent"},
    {"modern_browser*", false, "use map on $http_user_agent"},
    {"uninitialized_variable_warn", true, "a variable without a value is empty, and nothing is logged"},
    {"limit_zone", false, "use limit_conn_zone"},
    {"perl*", false, SCRIPT},
    {"js_*", false, SCRIPT},
    {"lua_*", false, SCRIPT},
    {"access_by_lua*", false, SCRIPT},
    {"content_by_lua*", false, SCRIPT},
    {"rewrite_by_lua*", false, SCRIPT},
    {"passenger_*", false, GATEWAY},
    {"otel_*", false, "use access_log with $request_id"},
    {"vhost_traffic_status*", false, "use stub_status or pool_view"},
    {"preread_*", false, "stream servers echo, and nothing else"},
};

static bool fits(const char *pattern, const char *name)
{
    const char *star = strchr(pattern, '*');

    return star ? !strncmp(pattern, name, (size_t)(star - pattern)) : !strcmp(pattern, name);
}

const struct conf_foreign *conf_foreign_find(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (fits(rows[i].name, name))
            return &rows[i];
    return NULL;
}
