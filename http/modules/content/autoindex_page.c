/* SPDX-License-Identifier: BSD-2-Clause */
/* The four forms of a folder's listing. The page is measured first, then written without further checks. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "http/answer.h"
#include "http/modules/content/autoindex.h"
#include "http/modules/output/charset.h"
#include "http/protocol/date.h"
#include "http/protocol/uri.h"
#include "server/log/json_text.h"

enum {
    NAME_COLUMNS = 50, /* of HTML: longer names are cut, as in nginx */
    NAME_CUT = 47,
    LINE_FIXED = 200,   /* bytes of an entry besides its names: markup, padding, date, size */
    PAGE_FIXED = 768,   /* bytes of a page besides its entries and its path */
    ESCAPED_TIMES = 6,  /* the most bytes that escaping makes of one: &quot; or \u001f */
    NUMBER_MAX = 40,    /* bytes of a date or a size */
    ROUND_FROM = 9999,  /* bytes: sizes up to it are not rounded */
    CALLBACK_MAX = 128, /* bytes of a function's name, as nginx */
    KIB = 1024
};

/* ---- escaping; each returns the byte after what it wrote ---- */

static char *page_put(char *to, const char *text)
{
    return stpcpy(to, text);
}

static char *page_put_html(char *to, const char *bytes, size_t length)
{
    for (; length; length--, bytes++) {
        switch (*bytes) {
        case '<':
            to = page_put(to, "&lt;");
            break;
        case '>':
            to = page_put(to, "&gt;");
            break;
        case '&':
            to = page_put(to, "&amp;");
            break;
        case '"':
            to = page_put(to, "&quot;");
            break;
        default:
            *to++ = *bytes;
        }
    }
    return to;
}

/* ---- HTML ---- */

/* On a telephone date and size stand below the name. Tools that check contrast need the background. */
#define STYLE                                                                                                \
    "<style>html{background:canvas}h1{overflow-wrap:anywhere}@media(max-width:48em)"                         \
    "{pre{white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.6}}</style>"

/* Bytes of the first `columns` characters of a name, or all of them; *columns is how many there are. */
static size_t page_cut_columns(struct http_text name, bool utf8, size_t *columns)
{
    size_t at = 0, count = 0;

    while (at < name.length && count < *columns) {
        at++;
        while (utf8 && at < name.length && ((unsigned char)name.bytes[at] & 0xc0) == 0x80)
            at++;
        count++;
    }
    *columns = count;
    return at;
}

static char *page_put_html_size(char *to, int64_t size, bool exact)
{
    static const char units[] = "KMG";
    const char *unit = units;
    int64_t scaled = size / KIB, rest = size % KIB;

    if (exact)
        return to + sprintf(to, "%19lld", (long long)size);
    if (size <= ROUND_FROM)
        return to + sprintf(to, " %6lld", (long long)size);
    while (unit[1] && scaled >= KIB) {
        rest = scaled % KIB;
        scaled /= KIB;
        unit++;
    }
    if (rest >= KIB / 2)
        scaled++;
    return to + sprintf(to, "%6lld%c", (long long)scaled, *unit);
}

/* One line: the name is cut or padded to its columns, so that dates stand below each other. */
static char *page_put_html_entry(char *to, const struct http_autoindex *settings,
                                 const struct http_autoindex_entry *entry, bool utf8)
{
    size_t columns = NAME_COLUMNS, length = page_cut_columns(entry->name, utf8, &columns);
    time_t clock = (time_t)entry->mtime;
    struct tm when = {0};

    to = page_put(to, "<a href=\"");
    to = http_uri_escape(to, entry->name.bytes, entry->name.length, HTTP_ESCAPE_COMPONENT);
    to = page_put(to, entry->is_directory ? "/\">" : "\">");
    if (length < entry->name.length) {
        columns = NAME_CUT;
        to = page_put_html(to, entry->name.bytes, page_cut_columns(entry->name, utf8, &columns));
        to = page_put(to, "..&gt;</a>");
        columns = NAME_COLUMNS;
    } else {
        to = page_put_html(to, entry->name.bytes, length);
        if (entry->is_directory && columns < NAME_COLUMNS) {
            *to++ = '/';
            columns++;
        }
        to = page_put(to, "</a>");
    }
    memset(to, ' ', NAME_COLUMNS - columns + 1);
    to += NAME_COLUMNS - columns + 1;
    (void)(settings->localtime ? localtime_r(&clock, &when) : gmtime_r(&clock, &when));
    to += sprintf(to, "%02d-%s-%d %02d:%02d ", when.tm_mday, http_date_months[when.tm_mon % 12],
                  when.tm_year + 1900, when.tm_hour, when.tm_min);
    if (entry->is_directory)
        to = page_put(to, settings->exact_size ? "                  -" : "      -");
    else
        to = page_put_html_size(to, entry->size, settings->exact_size);
    return page_put(to, "\r\n");
}

static char *page_put_as_html(char *to, struct http_request *request, const struct http_autoindex *settings,
                              struct http_autoindex_entry *const *entries, size_t count)
{
    bool utf8 = http_charset_is_utf8(request->location);

    to = page_put(to, HTTP_PAGE_HEAD STYLE "<title>Index of ");
    to = page_put_html(to, request->path.bytes, request->path.length);
    to = page_put(to, "</title></head>\r\n<body><main>\r\n<h1>Index of ");
    to = page_put_html(to, request->path.bytes, request->path.length);
    to = page_put(to, "</h1><hr><pre><a href=\"../\">../</a>\r\n");
    for (size_t i = 0; i < count; i++)
        to = page_put_html_entry(to, settings, entries[i], utf8);
    return page_put(to, "</pre><hr></main></body>\r\n</html>\r\n");
}

/* ---- XML and JSON ---- */

static const char *page_kind_of(const struct http_autoindex_entry *entry)
{
    return entry->is_directory ? "directory" : entry->is_regular ? "file" : "other";
}

static char *page_put_as_xml(char *to, struct http_autoindex_entry *const *entries, size_t count)
{
    to = page_put(to, "<?xml version=\"1.0\"?>\r\n<list>\r\n");
    for (size_t i = 0; i < count; i++) {
        struct http_civil when;

        http_civil_from_unix(entries[i]->mtime, &when);
        to += sprintf(to, "<%s mtime=\"%04lld-%02d-%02dT%02d:%02d:%02dZ\"", page_kind_of(entries[i]),
                      (long long)when.year, when.month, when.day, when.hour, when.minute, when.second);
        if (entries[i]->is_regular)
            to += sprintf(to, " size=\"%lld\"", (long long)entries[i]->size);
        *to++ = '>';
        to = page_put_html(to, entries[i]->name.bytes, entries[i]->name.length);
        to += sprintf(to, "</%s>\r\n", page_kind_of(entries[i]));
    }
    return page_put(to, "</list>\r\n");
}

static char *page_put_as_json(char *to, struct http_autoindex_entry *const *entries, size_t count)
{
    to = page_put(to, "[");
    for (size_t i = 0; i < count; i++) {
        char date[HTTP_DATE_LENGTH + 1];

        http_date_format(entries[i]->mtime, date);
        to = page_put(to, i ? ",\r\n{ \"name\":\"" : "\r\n{ \"name\":\"");
        to = json_write(to, entries[i]->name.bytes, entries[i]->name.length);
        to += sprintf(to, "\", \"type\":\"%s\", \"mtime\":\"%s\"", page_kind_of(entries[i]), date);
        if (entries[i]->is_regular)
            to += sprintf(to, ", \"size\":%lld", (long long)entries[i]->size);
        to = page_put(to, " }");
    }
    return page_put(to, "\r\n]");
}

/* The argument callback=; empty if there is none. Case is ignored as for $arg_callback. */
static struct http_text page_find_callback(const struct http_request *request)
{
    const char *at = request->args.bytes, *end = at ? at + request->args.length : NULL;

    while (at < end) {
        const char *next = memchr(at, '&', (size_t)(end - at)), *stop = next ? next : end;

        if (stop - at >= 9 && !strncasecmp(at, "callback=", 9))
            return (struct http_text){at + 9, (size_t)(stop - at) - 9};
        at = stop + 1;
    }
    return HTTP_TEXT("");
}

bool http_autoindex_callback(const struct http_request *request, struct http_text *name)
{
    *name = page_find_callback(request);
    if (name->length > CALLBACK_MAX)
        return false;
    for (size_t i = 0; i < name->length; i++)
        if (!isalnum((unsigned char)name->bytes[i]) && name->bytes[i] != '_' && name->bytes[i] != '.')
            return false;
    return true;
}

/* ---- the page ---- */

static size_t page_bound(const struct http_request *request, struct http_autoindex_entry *const *entries,
                         size_t count)
{
    size_t size = PAGE_FIXED + 2 * ESCAPED_TIMES * request->path.length + request->args.length;

    for (size_t i = 0; i < count; i++)
        size += LINE_FIXED + 2 * ESCAPED_TIMES * entries[i]->name.length;
    return size;
}

struct http_text http_autoindex_page(struct http_request *request, const struct http_autoindex *settings,
                                     struct http_autoindex_entry *const *entries, size_t count,
                                     struct http_text *type)
{
    char *page = pool_nalloc(request->pool, page_bound(request, entries, count), "autoindex"), *to = page;
    struct http_text callback = HTTP_TEXT("");

    if (!page)
        return (struct http_text){NULL, 0};
    switch ((enum http_autoindex_format)settings->format) {
    case HTTP_AUTOINDEX_HTML:
        *type = HTTP_TEXT("text/html");
        to = page_put_as_html(to, request, settings, entries, count);
        break;
    case HTTP_AUTOINDEX_XML:
        *type = HTTP_TEXT("text/xml; charset=utf-8");
        to = page_put_as_xml(to, entries, count);
        break;
    case HTTP_AUTOINDEX_JSONP:
        (void)http_autoindex_callback(request, &callback);
        __attribute__((fallthrough));
    case HTTP_AUTOINDEX_JSON:
        *type = callback.length ? HTTP_TEXT("application/javascript") : HTTP_TEXT("application/json");
        /* Our own bytes stand first: the client's name must not decide what kind of file this is. */
        to = page_put(to, callback.length ? "/* callback */\r\n" : "");
        memcpy(to, callback.bytes, callback.length);
        to += callback.length;
        to = page_put(to, callback.length ? "(" : "");
        to = page_put_as_json(to, entries, count);
        to = page_put(to, callback.length ? ");" : "");
        break;
    }
    return (struct http_text){page, (size_t)(to - page)};
}
