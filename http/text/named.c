/* SPDX-License-Identifier: BSD-2-Clause */
/* Used and made while a configuration is read; kept and got in requests. */
#include "http/text/named.h"

#include "http/route/captures.h"
#include "server/log/log.h"

/* Those of configurations that are being read, newest first; the main thread's. A cleanup of the
 * configuration's pool takes them off the list if reading ends before they are settled. */
static struct http_named *unsettled;

static void forget(void *data)
{
    for (struct http_named **link = &unsettled; *link; link = &(*link)->next)
        if (*link == data) {
            *link = (*link)->next;
            return;
        }
}

struct http_named *http_named_use(struct conf *conf, const struct conf_node *node, struct http_text name)
{
    unsigned number = 0;
    struct http_named *named;

    for (named = unsettled; named; named = named->next) {
        if (named->conf != conf)
            continue;
        if (http_text_equal(http_text_of(named->name), name))
            return named;
        number++;
    }
    named = pool_calloc(conf->pool, sizeof *named, "variable");
    if (named)
        named->name = pool_strndup(conf->pool, name.bytes, name.length, "variable");
    if (!named || !named->name || !pool_cleanup_add(conf->pool, forget, named)) {
        conf_fail_memory(conf);
        return NULL;
    }
    named->conf = conf;
    named->node = node;
    named->number = number;
    named->next = unsettled;
    unsettled = named;
    return named;
}

int http_named_settle(struct conf *conf, struct http_main *main)
{
    const struct http_named *wrong = NULL;

    main->named_count = 0;
    for (struct http_named **link = &unsettled; *link;) {
        struct http_named *named = *link;

        if (named->conf != conf) {
            link = &named->next;
            continue;
        }
        named->captured = http_capture_known(main, named->name);
        if (!named->made && !named->captured && !named->family)
            wrong = named; /* the one that was read first is met last */
        main->named_count++;
        *link = named->next;
        if (!named->made && named->captured) {
            named->next = main->captured;
            main->captured = named;
        }
    }
    return wrong ? conf_fail(conf, wrong->node, "unknown \"%s\" variable", wrong->name) : 0;
}

bool http_named_keep(struct http_request *request, const struct http_named *named, struct http_text value)
{
    struct http_text **values = &request->route.values;

    if (!*values) {
        const size_t size = request->server->main->named_count * sizeof **values;

        *values = pool_calloc(request->pool, size, "variables");
    }
    if (*values)
        (*values)[named->number] = value;
    return *values != NULL;
}

void http_named_keep_captures(struct http_request *request)
{
    struct http_text value;

    for (const struct http_named *named = request->server->main->captured; named; named = named->next)
        if (http_capture_of_location(request, named->name, &value) && !http_named_keep(request, named, value))
            return; /* no memory: the next step reports it */
}

enum http_found http_get_named(struct http_request *request, const struct http_variable *variable,
                               struct http_text *value)
{
    const struct http_named *named = variable->named;
    const struct http_text *values = request->route.values;

    if (!named->made && named->captured && http_capture_of_location(request, named->name, value))
        return HTTP_VALUE_FOUND;
    if (values && values[named->number].bytes) {
        *value = values[named->number];
        return HTTP_VALUE_FOUND;
    }
    if (named->get) {
        enum http_found found = named->get(request, named, value);

        if (found == HTTP_VALUE_FOUND && !named->uncached && !http_named_keep(request, named, *value))
            return http_value_none(value);
        return found;
    }
    if (named->captured && (http_capture_of_location(request, named->name, value) ||
                            http_capture_of_server(request, named->name, value)))
        return HTTP_VALUE_FOUND;
    if (named->family)
        return named->family(request, variable, value);
    if (named->made)
        http_log(request, LOG_LEVEL_WARN, 0, "using uninitialized \"%s\" variable", named->name);
    return http_value_none(value);
}
