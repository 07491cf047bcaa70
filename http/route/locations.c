/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding by name and by expression; building the sorted names; the arguments of `location`. */
#include "http/route/locations.h"

#include <errno.h>
#include <string.h>

#include "http/request.h"
#include "http/route/regex.h"
#include "pool/pool.h"
#include "pool/annotate.h"

/* A name, with its `location NAME` or `location ^~ NAME`, and its `location = NAME`. */
struct entry {
    uint64_t key; /* its first 8 bytes, big-endian, filled up with zeros: they compare like the names */
    struct http_text name;
    const struct http_location *exact;  /* NULL: none */
    const struct http_location *prefix; /* NULL: none */
    uint32_t outer; /* index of the longest other name with a prefix that this one begins with; NO_ENTRY */
};

struct http_locations {
    const struct entry *entries; /* sorted by name */
    uint32_t count;
    const struct http_location *const *regexes; /* in file order, NULL at the end */
};

enum { NO_ENTRY = UINT32_MAX, KEY_BYTES = sizeof(uint64_t) };

static uint64_t key_of(struct http_text text)
{
    unsigned char bytes[KEY_BYTES] = {0};
    uint64_t key;

    if (text.length >= KEY_BYTES) {
        memcpy(&key, text.bytes, sizeof key);
    } else {
        memcpy(bytes, text.bytes, text.length);
        memcpy(&key, bytes, sizeof key);
    }
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    key = __builtin_bswap64(key);
#endif
    return key;
}

/* ---- finding ---- */

enum found {
    FOUND_NOTHING,
    FOUND_PREFIX, /* a regular expression may still take it */
    FOUND_FINAL,
    FOUND_FAILURE
};

/* Neither paths nor names have a NUL in them, so equal keys mean equal first bytes, whatever the lengths. */
static int compare(const struct entry *entry, uint64_t key, struct http_text path)
{
    size_t shorter = entry->name.length < path.length ? entry->name.length : path.length;
    int order;

    if (entry->key != key)
        return entry->key < key ? -1 : 1;
    order = shorter > KEY_BYTES
                ? memcmp(entry->name.bytes + KEY_BYTES, path.bytes + KEY_BYTES, shorter - KEY_BYTES)
                : 0;
    if (order)
        return order;
    return entry->name.length < path.length ? -1 : entry->name.length > path.length;
}

static bool begins(struct http_text path, uint64_t key, const struct entry *entry)
{
    size_t length = entry->name.length;

    if (length > path.length)
        return false;
    if (length <= KEY_BYTES)
        return length == 0 || (key ^ entry->key) >> (8 * (KEY_BYTES - length)) == 0;
    return key == entry->key &&
           !memcmp(path.bytes + KEY_BYTES, entry->name.bytes + KEY_BYTES, length - KEY_BYTES);
}

/* All names that the path begins with are at most equal to it, and the greatest name that is not greater than
 * the path begins with each of them. So they are on that name's chain, the longest first. */
static enum found find_name(const struct http_locations *locations, struct http_text path,
                            const struct http_location **location)
{
    uint64_t key = key_of(path);
    uint32_t low = 0, high = locations->count, at;
    const struct entry *entry;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare(&locations->entries[middle], key, path);

        if (order == 0 && locations->entries[middle].exact) {
            *location = locations->entries[middle].exact;
            return FOUND_FINAL;
        }
        if (order <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    at = low ? low - 1 : NO_ENTRY;
    for (; at != NO_ENTRY; at = entry->outer) {
        entry = &locations->entries[at];
        if (entry->prefix && begins(path, key, entry)) {
            *location = entry->prefix;
            return FOUND_PREFIX;
        }
    }
    return FOUND_NOTHING;
}

static enum found find_nested(const struct http_locations *locations, struct http_request *request,
                              const struct http_location **location);

static enum found find_regex(const struct http_locations *locations, struct http_request *request,
                             const struct http_location **location)
{
    for (const struct http_location *const *at = locations->regexes; *at; at++) {
        switch (http_regex_match((*at)->regex, request->path, request->captures, &request->capture_count)) {
        case HTTP_REGEX_MATCH:
            *location = *at;
            return find_nested((*at)->locations, request, location) == FOUND_FAILURE ? FOUND_FAILURE
                                                                                     : FOUND_FINAL;
        case HTTP_REGEX_NO_MATCH:
            break;
        case HTTP_REGEX_FAILED:
            return FOUND_FAILURE;
        }
    }
    return FOUND_NOTHING;
}

/* As deep as the configuration's blocks, which conf/ bounds. */
UNGUARDED static enum found find_nested(const struct http_locations *locations, struct http_request *request,
                                        const struct http_location **location)
{
    enum found found, nested, by_regex;
    bool preferred = false;

    if (!locations)
        return FOUND_NOTHING;
    found = find_name(locations, request->path, location);
    if (found == FOUND_PREFIX) {
        preferred = (*location)->kind == HTTP_LOCATION_PREFERRED;
        /* A nested location decides, or leaves it to the expressions beside it. */
        nested = find_nested((*location)->locations, request, location);
        if (nested == FOUND_FINAL || nested == FOUND_FAILURE)
            return nested;
    }
    if (found == FOUND_FINAL || preferred)
        return found;
    by_regex = find_regex(locations, request, location);
    return by_regex == FOUND_NOTHING ? found : by_regex;
}

const struct http_location *http_find_location(struct http_request *request)
{
    const struct http_location *location = request->server->outside;

    if (find_nested(request->server->locations, request, &location) == FOUND_FAILURE)
        return NULL;
    return location;
}

const struct http_location *http_find_named(const struct http_server *server, struct http_text name)
{
    for (const struct http_location_list *at = server->named; at; at = at->next)
        if (http_text_equal(at->location->name, name))
            return at->location;
    return NULL;
}

static bool any(const struct http_location *location,
                bool (*test)(const struct http_location *location, const void *data), const void *data)
{
    return location && (test(location, data) || http_locations_any(location->locations, test, data));
}

bool http_locations_any(const struct http_locations *locations,
                        bool (*test)(const struct http_location *location, const void *data),
                        const void *data)
{
    if (!locations)
        return false;
    for (uint32_t i = 0; i < locations->count; i++)
        if (any(locations->entries[i].exact, test, data) || any(locations->entries[i].prefix, test, data))
            return true;
    for (const struct http_location *const *at = locations->regexes; *at; at++)
        if (any(*at, test, data))
            return true;
    return false;
}

/* ---- building ---- */

/* The place of `name` among the sorted `count` entries. */
static uint32_t place_of(const struct entry *entries, uint32_t count, struct http_text name)
{
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (compare(&entries[middle], key_of(name), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* By insertion: a list of locations is short. */
static int add_name(struct conf *conf, struct entry *entries, uint32_t *count,
                    const struct http_location_list *item)
{
    const struct http_location *location = item->location;
    uint32_t at = place_of(entries, *count, location->name);
    const struct http_location **slot;

    if (at == *count || compare(&entries[at], key_of(location->name), location->name)) {
        memmove(&entries[at + 1], &entries[at], (*count - at) * sizeof *entries);
        entries[at] = (struct entry){.key = key_of(location->name), .name = location->name};
        ++*count;
    }
    slot = location->kind == HTTP_LOCATION_EXACT ? &entries[at].exact : &entries[at].prefix;
    if (*slot)
        return conf_fail(conf, item->node, "duplicate location \"%s\"", location->name.bytes);
    *slot = location;
    return 0;
}

/* As nginx does for proxy_pass: the module answers such a path with a redirect. */
static void add_without_slash(struct entry *entries, uint32_t *count, const struct http_location *location)
{
    struct http_text name = location->name;
    uint32_t at;

    if (name.length < 2 || name.bytes[--name.length] != '/')
        return;
    at = place_of(entries, *count, name);
    if (at < *count && !compare(&entries[at], key_of(name), name))
        return;
    memmove(&entries[at + 1], &entries[at], (*count - at) * sizeof *entries);
    entries[at] = (struct entry){.key = key_of(name), .name = name, .exact = location};
    ++*count;
}

/* The name begins with the entry before it, or with one on that entry's chain. */
static void link_names(struct entry *entries, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = i ? i - 1 : NO_ENTRY;

        while (at != NO_ENTRY &&
               !(entries[at].prefix && begins(entries[i].name, entries[i].key, &entries[at])))
            at = entries[at].outer;
        entries[i].outer = at;
    }
}

int http_locations_build(struct conf *conf, const struct http_location_list *first,
                         const struct http_locations **locations)
{
    struct http_locations *built;
    struct entry *entries;
    const struct http_location **regexes;
    size_t items = 0, regex_count = 0;
    int result;

    *locations = NULL;
    if (!first)
        return 0;
    for (const struct http_location_list *item = first; item; item = item->next)
        items++;
    built = pool_calloc(conf->pool, sizeof *built, "locations");
    entries = pool_array(conf->pool, items, 2 * sizeof *entries, "locations"); /* two names each */
    regexes = pool_array(conf->pool, items + 1, sizeof(struct http_location *), "locations");
    if (!built || !entries || !regexes)
        return conf_fail_memory(conf);
    for (const struct http_location_list *item = first; item; item = item->next) {
        if (item->location->kind == HTTP_LOCATION_REGEX) {
            regexes[regex_count++] = item->location;
            continue;
        }
        result = add_name(conf, entries, &built->count, item);
        if (result)
            return result;
    }
    for (const struct http_location_list *item = first; item; item = item->next)
        if (item->location->slashes)
            add_without_slash(entries, &built->count, item->location);
    regexes[regex_count] = NULL;
    link_names(entries, built->count);
    built->entries = entries;
    built->regexes = regexes;
    *locations = built;
    return 0;
}

/* ---- the arguments of `location` ---- */

/* The modifier may stand alone, or right before the name. NULL: unknown modifier. */
static const char *split(const struct conf_node *node, enum http_location_kind *kind, bool *caseless)
{
    static const struct {
        char text[3];
        bool caseless;
        enum http_location_kind kind;
    } modifiers[] = {{"=", false, HTTP_LOCATION_EXACT},
                     {"^~", false, HTTP_LOCATION_PREFERRED},
                     {"~*", true, HTTP_LOCATION_REGEX},
                     {"~", false, HTTP_LOCATION_REGEX}};
    const char *text = node->args[0];

    for (unsigned i = 0; i < sizeof modifiers / sizeof *modifiers; i++) {
        size_t length = strlen(modifiers[i].text);

        if (node->arg_count > 1 ? strcmp(text, modifiers[i].text) : strncmp(text, modifiers[i].text, length))
            continue;
        *kind = modifiers[i].kind;
        *caseless = modifiers[i].caseless;
        return node->arg_count > 1 ? node->args[1] : text + length;
    }
    *kind = HTTP_LOCATION_PREFIX;
    return node->arg_count > 1 ? NULL : text;
}

int http_location_parse(struct conf *conf, const struct conf_node *node, struct http_location *location)
{
    bool caseless = false;
    const char *name = split(node, &location->kind, &caseless);

    if (!name)
        return conf_fail(conf, node, "invalid location modifier \"%s\"", node->args[0]);
    location->name = http_text_of(name);
    if (location->kind == HTTP_LOCATION_REGEX) {
        location->regex = http_regex_compile(conf, node, name, caseless);
        return location->regex ? 0 : -EINVAL;
    }
    if (location->kind == HTTP_LOCATION_PREFIX && name[0] == '@')
        location->kind = HTTP_LOCATION_NAMED;
    return 0;
}
