/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding a host; building the tables of an address; the arguments of server_name. */
#include "http/route/server_names.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "http/request.h"
#include "http/route/names_table.h"
#include "pool/pool.h"

/* ---- finding ---- */

/* The exact name, or the longest name behind a dot of the host. One pass from the end makes the hashes for
 * both tables. */
static const struct http_server *find_exact_or_leading(const struct http_names *names, struct http_text host)
{
    const struct http_server *leading = NULL, *server;
    uint32_t hash = HTTP_NAMES_HASH;

    for (size_t i = host.length; i-- > 0;) {
        if (host.bytes[i] == '.' && names->leading.count) {
            struct http_text suffix = {host.bytes + i + 1, host.length - i - 1};

            server = http_names_get(&names->leading, suffix, hash);
            if (server)
                leading = server;
        }
        hash = http_names_hash_more(hash, host.bytes[i]);
    }
    server = http_names_get(&names->exact, host, hash);
    return server ? server : leading;
}

/* The longest name in front of a dot. */
static const struct http_server *find_trailing(const struct http_names *names, struct http_text host)
{
    struct http_text prefix = host;

    while (prefix.length) {
        const struct http_server *server;

        if (prefix.bytes[--prefix.length] != '.')
            continue;
        server = http_names_get(&names->trailing, prefix, http_names_hash(prefix));
        if (server)
            return server;
    }
    return NULL;
}

/* NULL without *failed: no expression matches. */
static const struct http_server *find_regex(const struct http_names *names, struct http_text host,
                                            struct http_request *request, bool *failed)
{
    for (const struct http_names_regex *at = names->regexes; at->regex; at++) {
        switch (http_regex_match(at->regex, host, request->captures, &request->capture_count)) {
        case HTTP_REGEX_MATCH:
            return at->server;
        case HTTP_REGEX_NO_MATCH:
            break;
        case HTTP_REGEX_FAILED:
            *failed = true;
            return NULL;
        }
    }
    return NULL;
}

const struct http_server *http_find_server(const struct http_address *address, struct http_text host,
                                           struct http_request *request)
{
    const struct http_names *names = address->names;
    const struct http_server *server;
    bool failed = false;

    if (!names)
        return address->default_server;
    server = find_exact_or_leading(names, host);
    if (!server && names->trailing.count)
        server = find_trailing(names, host);
    /* As in nginx, a request without a host never meets an expression. */
    if (!server && host.length)
        server = find_regex(names, host, request, &failed);
    if (failed)
        return NULL;
    return server ? server : address->default_server;
}

static bool ends(struct http_text host, struct http_text suffix)
{
    return host.length > suffix.length && host.bytes[host.length - suffix.length - 1] == '.' &&
           !memcmp(host.bytes + host.length - suffix.length, suffix.bytes, suffix.length);
}

bool http_server_name_covers(const struct http_server_name *name, struct http_text host)
{
    bool equal = http_text_equal(name->text, host);

    switch (name->form) {
    case HTTP_NAME_EXACT:
        return equal;
    case HTTP_NAME_LEADING:
        return ends(host, name->text);
    case HTTP_NAME_DOTTED:
        return equal || ends(host, name->text);
    case HTTP_NAME_TRAILING:
        return host.length > name->text.length && host.bytes[name->text.length] == '.' &&
               !memcmp(host.bytes, name->text.bytes, name->text.length);
    case HTTP_NAME_REGEX:
        break;
    }
    return false;
}

/* ---- building the tables of an address ---- */

/* In which tables a form stands: that of `.name` in two. */
static bool is_exact(enum http_name_form form)
{
    return form == HTTP_NAME_EXACT || form == HTTP_NAME_DOTTED;
}

static bool is_leading(enum http_name_form form)
{
    return form == HTTP_NAME_LEADING || form == HTTP_NAME_DOTTED;
}

/* Whether an earlier server has the name in this form. */
static bool claimed(struct http_names *names, const struct http_server_name *name, uint32_t hash)
{
    return (is_exact(name->form) && http_names_get(&names->exact, name->text, hash)) ||
           (is_leading(name->form) && http_names_get(&names->leading, name->text, hash)) ||
           (name->form == HTTP_NAME_TRAILING && http_names_get(&names->trailing, name->text, hash));
}

static void add_name(struct conf *conf, struct http_names *names, struct http_names_regex **regex,
                     const struct http_server_name *name, const struct http_server *server,
                     const char *address)
{
    uint32_t hash = http_names_hash(name->text);

    if (name->form == HTTP_NAME_REGEX) {
        *(*regex)++ = (struct http_names_regex){name->regex, server};
        return;
    }
    if (claimed(names, name, hash)) {
        conf_warn(conf, NULL, "conflicting server name \"%s\" on %s, ignored", name->configured, address);
        return;
    }
    if (is_exact(name->form))
        http_names_put(&names->exact, name->text, hash, server);
    if (is_leading(name->form))
        http_names_put(&names->leading, name->text, hash, server);
    if (name->form == HTTP_NAME_TRAILING)
        http_names_put(&names->trailing, name->text, hash, server);
}

/* How many names of each form there are: what the tables are sized for. */
struct census {
    size_t exact, leading, trailing, regexes;
    bool captures;
};

static void count_name(struct census *census, const struct http_server_name *name)
{
    census->exact += is_exact(name->form);
    census->leading += is_leading(name->form);
    census->trailing += name->form == HTTP_NAME_TRAILING;
    if (name->form != HTTP_NAME_REGEX)
        return;
    census->regexes++;
    census->captures |= http_regex_groups(name->regex) > 0;
}

int http_names_build(struct conf *conf, const struct http_server *const *servers, size_t count,
                     const char *address, const struct http_names **names)
{
    struct census census = {0};
    struct http_names *built;
    struct http_names_regex *regex;

    *names = NULL;
    for (size_t i = 0; i < count; i++)
        for (const struct http_server_name *name = servers[i]->names; name; name = name->next)
            count_name(&census, name);
    if (count == 1 && !census.captures)
        return 0;
    built = pool_calloc(conf->pool, sizeof *built, "server names");
    regex = pool_array(conf->pool, census.regexes + 1, sizeof *regex, "server names");
    if (!built || !regex || http_names_init(conf->pool, &built->exact, census.exact) ||
        http_names_init(conf->pool, &built->leading, census.leading) ||
        http_names_init(conf->pool, &built->trailing, census.trailing))
        return conf_fail_memory(conf);
    built->regexes = regex;
    for (size_t i = 0; i < count; i++)
        for (const struct http_server_name *name = servers[i]->names; name; name = name->next)
            add_name(conf, built, &regex, name, servers[i], address);
    regex->regex = NULL;
    *names = built;
    return 0;
}

/* ---- the arguments of server_name ---- */

/* nginx's rule: one asterisk at most, at either end and beside a dot; no two dots in a row. */
static bool valid(const char *text)
{
    size_t length = strlen(text), asterisks = 0;

    for (size_t i = 0; i < length; i++) {
        asterisks += text[i] == '*';
        if (text[i] == '.' && text[i + 1] == '.')
            return false;
    }
    if (asterisks == 1)
        return (length > 2 && text[0] == '*') ||
               (length > 2 && text[length - 1] == '*' && text[length - 2] == '.');
    return asterisks == 0;
}

static void set_form(struct http_server_name *name, char *text)
{
    size_t length = strlen(text), skip = 0, cut = 0;

    name->form = HTTP_NAME_EXACT;
    if (text[0] == '*') {
        name->form = HTTP_NAME_LEADING;
        skip = 2;
    } else if (text[0] == '.') {
        name->form = HTTP_NAME_DOTTED;
        skip = 1;
    } else if (length > 2 && text[length - 1] == '*') {
        name->form = HTTP_NAME_TRAILING;
        cut = 2;
    }
    name->text = (struct http_text){text + skip, length - skip - cut};
}

static int parse_regex(struct conf *conf, const struct conf_node *node, struct http_server_name *name)
{
    const char *pattern = name->configured + 1;
    bool caseless = false;

    if (!*pattern)
        return conf_fail(conf, node, "empty regex in server name \"%s\"", name->configured);
    /* As in nginx: hosts are in lower case, so a pattern with a capital letter would otherwise never
     * match. */
    for (const char *at = pattern; *at; at++)
        caseless |= *at >= 'A' && *at <= 'Z';
    name->form = HTTP_NAME_REGEX;
    name->text = http_text_of(pattern);
    name->regex = http_regex_compile(conf, node, pattern, caseless);
    return name->regex ? 0 : -EINVAL;
}

struct http_server_name *http_server_name_parse(struct conf *conf, const struct conf_node *node,
                                                const char *text)
{
    struct http_server_name *name = pool_calloc(conf->pool, sizeof *name, "server name");
    char machine[HOST_NAME_MAX + 1], *lower;

    if (!strcmp(text, "$hostname")) {
        if (gethostname(machine, sizeof machine)) {
            conf_fail_errno(conf, node, errno, "gethostname() failed");
            return NULL;
        }
        machine[sizeof machine - 1] = '\0';
        text = machine;
    }
    lower = pool_strndup(conf->pool, text, strlen(text), "server name");
    if (!name || !lower) {
        conf_fail_memory(conf);
        return NULL;
    }
    name->configured = text == machine ? lower : text;
    if (text[0] == '~')
        return parse_regex(conf, node, name) ? NULL : name;
    if ((text[0] == '*' && (strlen(text) < 3 || text[1] != '.')) || !strcmp(text, ".")) {
        conf_fail(conf, node, "server name \"%s\" is invalid", text);
        return NULL;
    }
    if (!valid(text)) {
        conf_fail(conf, node, "invalid server name or wildcard \"%s\"", text);
        return NULL;
    }
    if (strchr(text, '/'))
        conf_warn(conf, node, "server name \"%s\" has suspicious symbols", text);
    for (char *at = lower; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    set_form(name, lower);
    return name;
}
