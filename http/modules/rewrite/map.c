/* SPDX-License-Identifier: BSD-2-Clause */
/* Exact keys are looked up in a sorted table, then wildcards and expressions are tried in turn. */
#include "http/modules/rewrite/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http/config/core_directives.h"
#include "http/limits.h"
#include "http/modules/rewrite/rewrite.h"
#include "http/text/variables.h"

enum key_kind {
    KEY_EXACT,
    KEY_DOTTED, /* ".example.org": it and all below */
    KEY_BELOW,  /* "*.example.org" */
    KEY_ABOVE   /* "www.*" */
};

struct key {
    struct http_text text; /* in lower case; without what makes it a wildcard but its dot */
    enum key_kind kind;
    struct http_template value;
};

struct pattern {
    struct pattern *next;
    const struct http_regex *regex;
    const struct http_group *groups;
    struct http_template value;
};

struct map {
    struct http_template source;
    struct key *keys;    /* exact ones first, sorted */
    unsigned exact, all; /* how many */
    struct pattern *patterns, **patterns_end;
    const struct http_template *otherwise; /* null: empty */
    bool hostnames;
};

/* ---- a request ---- */

static int map_compare(struct http_text text, struct http_text key)
{
    size_t shorter = text.length < key.length ? text.length : key.length;

    for (size_t i = 0; i < shorter; i++) {
        unsigned char byte = (unsigned char)http_lower(text.bytes[i]), other = (unsigned char)key.bytes[i];

        if (byte != other)
            return byte < other ? -1 : 1;
    }
    return text.length < key.length ? -1 : text.length > key.length;
}

static const struct http_template *map_find_exact(const struct map *map, struct http_text text)
{
    unsigned low = 0, high = map->exact;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        int order = map_compare(text, map->keys[middle].text);

        if (order == 0)
            return &map->keys[middle].value;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* Whether a wildcard covers the text; its own text begins or ends with the dot. */
static bool map_covers(const struct key *key, struct http_text text)
{
    size_t length = key->text.length;
    struct http_text part = {text.bytes, length};

    if (key->kind == KEY_DOTTED && text.length + 1 == length)
        return map_compare(text, (struct http_text){key->text.bytes + 1, length - 1}) == 0;
    if (text.length <= length)
        return false;
    if (key->kind != KEY_ABOVE)
        part.bytes = text.bytes + text.length - length;
    return map_compare(part, key->text) == 0;
}

/* nginx: the longest that begins with a dot or *, then the longest that ends with one. */
static const struct http_template *map_find_wildcard(const struct map *map, struct http_text text)
{
    const struct key *best = NULL;

    for (unsigned i = map->exact; i < map->all; i++) {
        const struct key *key = &map->keys[i];
        bool above = key->kind == KEY_ABOVE;

        if (best && ((best->kind != KEY_ABOVE && above) ||
                     ((best->kind == KEY_ABOVE) == above && best->text.length >= key->text.length)))
            continue;
        if (map_covers(key, text))
            best = key;
    }
    return best ? &best->value : NULL;
}

/* An expression that matches sets the request's captures, for the value it chooses: map_get() puts back what
 * was there. */
static const struct http_template *map_find(struct http_request *request, const struct map *map,
                                            struct http_text text)
{
    struct http_text host = text;
    const struct http_template *value;

    if (map->hostnames && host.length && host.bytes[host.length - 1] == '.')
        host.length--;
    value = map_find_exact(map, host);
    if (!value && map->all > map->exact)
        value = map_find_wildcard(map, host);
    for (const struct pattern *at = map->patterns; at && !value && !request->route.gave_up; at = at->next) {
        switch (http_regex_match(at->regex, text, request->captures, &request->capture_count)) {
        case HTTP_REGEX_MATCH:
            if (http_groups_keep(request, at->regex, at->groups, text))
                value = &at->value;
            break;
        case HTTP_REGEX_NO_MATCH:
            break;
        case HTTP_REGEX_FAILED:
            (void)http_gave_up(request);
            request->route.gave_up = true;
        }
    }
    return value ? value : map->otherwise;
}

static bool map_write_value(struct http_request *request, const struct map *map, struct http_text *value)
{
    struct http_text text;
    const struct http_template *found;

    if (!http_template_write(&map->source, request, &text))
        return false;
    found = map_find(request, map, text);
    if (request->route.gave_up)
        return false;
    return !found || http_template_write(found, request, value);
}

static enum http_found map_get(struct http_request *request, const struct http_named *named,
                               struct http_text *value)
{
    const struct map *map = named->data;
    struct http_text captures[HTTP_CAPTURES];
    unsigned count = request->capture_count;
    bool known;

    *value = (struct http_text){"", 0};
    /* Empty while it is being looked up: this ends a map that needs itself. */
    if (!http_named_keep(request, named, *value))
        return HTTP_VALUE_NONE;
    /* Asking for a variable changes nothing for the asker: the text around it has its own $1. */
    memcpy(captures, request->captures, count * sizeof *captures);
    known = map_write_value(request, map, value);
    memcpy(request->captures, captures, count * sizeof *captures);
    request->capture_count = count;
    request->route.values[named->number].bytes = NULL;
    return known ? HTTP_VALUE_FOUND : HTTP_VALUE_NONE;
}

/* ---- reading ---- */

static int map_add_pattern(struct conf *conf, const struct conf_node *node, struct map *map, const char *text)
{
    struct pattern *pattern = pool_calloc(conf->pool, sizeof *pattern, "map");
    bool caseless = *text == '*';
    int result;

    if (!pattern)
        return conf_fail_memory(conf);
    pattern->regex = http_regex_compile(conf, node, text + caseless, caseless);
    if (!pattern->regex)
        return -EINVAL;
    *map->patterns_end = pattern;
    map->patterns_end = &pattern->next;
    result = http_groups_make(conf, node, pattern->regex, &pattern->groups);
    return result ? result : http_template_compile(conf, node, node->args[0], &pattern->value);
}

static enum key_kind map_kind_of(const struct map *map, const char *text, size_t length)
{
    if (!map->hostnames || length < 2)
        return KEY_EXACT;
    if (*text == '.')
        return KEY_DOTTED;
    if (!strncmp(text, "*.", 2))
        return KEY_BELOW;
    return !strcmp(text + length - 2, ".*") ? KEY_ABOVE : KEY_EXACT;
}

static int map_add_key(struct conf *conf, const struct conf_node *node, struct map *map, const char *text,
                       bool literal)
{
    size_t length = strlen(text);
    struct key *key = &map->keys[map->all++];
    char *copy;

    key->kind = literal ? KEY_EXACT : map_kind_of(map, text, length);
    if (key->kind == KEY_BELOW)
        text++, length--;
    if (key->kind == KEY_ABOVE)
        length--;
    copy = pool_strndup(conf->pool, text, length, "map");
    if (!copy)
        return conf_fail_memory(conf);
    for (char *at = copy; *at; at++)
        *at = http_lower(*at);
    key->text = (struct http_text){copy, length};
    map->exact += key->kind == KEY_EXACT;
    return http_template_compile(conf, node, node->args[0], &key->value);
}

static int map_add_default(struct conf *conf, const struct conf_node *node, struct map *map)
{
    struct http_template *value = pool_calloc(conf->pool, sizeof *value, "map");

    if (map->otherwise)
        return conf_fail(conf, node, "duplicate default map parameter");
    if (!value)
        return conf_fail_memory(conf);
    map->otherwise = value;
    return http_template_compile(conf, node, node->args[0], value);
}

/* A line of the block: an option without a value, or a key with one. */
static int map_add(struct conf *conf, const struct conf_node *node, struct map *map, struct http_named *named)
{
    const char *text = node->name;
    bool literal = *text == '\\' && text[1] != '\0';

    if (node->block)
        return conf_fail(conf, node, "unexpected \"{\"");
    if (node->arg_count == 0 && !strcmp(text, "hostnames")) {
        map->hostnames = true;
        return 0;
    }
    if (node->arg_count == 0 && !strcmp(text, "volatile")) {
        named->uncached = true;
        return 0;
    }
    if (node->arg_count != 1)
        return conf_fail(conf, node, "invalid number of the map parameters");
    if (!strcmp(text, "default"))
        return map_add_default(conf, node, map);
    if (*text == '~')
        return map_add_pattern(conf, node, map, text + 1);
    return map_add_key(conf, node, map, text + literal, literal);
}

static int map_order(const void *a, const void *b)
{
    const struct key *first = a, *second = b;

    if ((first->kind == KEY_EXACT) != (second->kind == KEY_EXACT))
        return first->kind == KEY_EXACT ? -1 : 1;
    return map_compare(first->text, second->text);
}

static int map_settle(const struct conf_setting *setting, struct map *map)
{
    qsort(map->keys, map->all, sizeof *map->keys, map_order);
    for (unsigned i = 1; i < map->all; i++)
        if (map->keys[i - 1].kind == map->keys[i].kind &&
            map_compare(map->keys[i - 1].text, map->keys[i].text) == 0)
            return conf_fail(setting->conf, setting->node, "conflicting parameter \"%s\"",
                             map->keys[i].text.bytes);
    return 0;
}

/* All lines are read even if one is wrong, so that all errors are reported together. */
static int set_map(struct conf_setting *setting)
{
    struct conf *conf = setting->conf;
    const struct conf_node *node = setting->node;
    struct map *map = pool_calloc(conf->pool, sizeof *map, "map");
    struct http_named *named;
    size_t count = 1;
    int result;

    if (!map)
        return conf_fail_memory(conf);
    for (const struct conf_node *child = node->children; child; child = child->next)
        count++;
    map->patterns_end = &map->patterns;
    map->keys = pool_array(conf->pool, count, sizeof *map->keys, "map");
    if (!map->keys)
        return conf_fail_memory(conf);
    named = http_variable_make(conf, node, node->args[1]);
    if (!named)
        return -EINVAL;
    named->get = map_get;
    named->data = map;
    result = conf_keep(conf, http_template_compile(conf, node, node->args[0], &map->source));
    for (const struct conf_node *child = node->children; child && !result; child = child->next)
        result = conf_keep(conf, map_add(conf, child, map, named));
    return result || conf_is_wrong(conf) ? result : map_settle(setting, map);
}

static const struct conf_directive directives[] = {
    {"map", CONF_HTTP, .args = {2, 2}, .flags = CONF_BLOCK | CONF_RAW | CONF_REPEAT, .set = set_map,
     "`map TEXT $VARIABLE { KEY VALUE; … }` Gives the variable the value of the key that TEXT equals: a text "
     "regardless of case, `~REGEX`, `~*REGEX` or `default`; after `hostnames;` also `*.example.org`, "
     "`.example.org` and `www.*`. `volatile;`: looked up anew each time. An expression sets `$1` … for its "
     "own VALUE alone; its named groups are kept."},
    {"map_hash_max_size", CONF_HTTP, .extra = &http_hash_size, .set = conf_set_ignored},
    {"map_hash_bucket_size", CONF_HTTP, .extra = &http_hash_size, .set = conf_set_ignored},
};

const struct http_module http_map_module = {
    .conf = {"map", directives, sizeof directives / sizeof *directives},
};
