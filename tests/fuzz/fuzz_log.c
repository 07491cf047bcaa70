/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A log format and a map of the input's bytes, and a request for which a line is written. The input: a byte
 * that chooses the escaping and the map's options, a line that is the format, lines that are keys of the map
 * up to an empty one, then the request (made.h). No line is longer than was measured, the short way writes
 * the same or nothing, no value ends a line or a JSON string early, and the map chooses as nginx's
 * documentation says, which stands here a second time.
 */
#include "tests/fuzz/made.h"

#include "http/modules/log/log_format.h"
#include "server/tools/json.h"

enum { KEYS = 8, HOSTNAMES = 4, VOLATILE = 8, NO_KEY = KEYS + 1 };

/* What the bytes say. */
static struct {
    unsigned options; /* the escaping in the lowest two bits */
    char format[512];
    char keys[KEYS][128];
    unsigned count;
} made;

/* Compiled before the map is read: variables that a configuration makes have their numbers when all of it is
 * read. */
static struct {
    const struct http_log_format *given, *json, *source, *value;
} formats;

/* ---- the input ---- */

/* A line, without a zero byte; it ends where there is no more room. */
static void take_line(struct made_source *from, char *to, size_t size)
{
    size_t length = 0;

    while (from->at < from->end && *from->at != '\n') {
        if (*from->at && length + 1 < size)
            to[length++] = (char)*from->at;
        from->at++;
    }
    from->at += from->at < from->end;
    to[length] = '\0';
}

/* A word of a configuration that means these bytes. */
static void put_quoted(struct made_text *text, const char *word)
{
    char part[3] = "";

    made_put(text, " \"");
    for (; *word; word++) {
        snprintf(part, sizeof part, *word == '"' || *word == '\\' ? "\\%c" : "%c", *word);
        made_put(text, part);
    }
    made_put(text, "\"");
}

static void make_configuration(struct made_text *text)
{
    char value[16];

    made_put(text, "http { access_log off; log_not_found off; root /nowhere; default_type text/plain;\n"
                   "server { location / { return 200 \"$m\"; } }\nmap $http_a $m {\n");
    made_put(text, made.options & HOSTNAMES ? "hostnames;\n" : "");
    made_put(text, made.options & VOLATILE ? "volatile;\n" : "");
    for (unsigned i = 0; i < made.count; i++) {
        put_quoted(text, made.keys[i]);
        snprintf(value, sizeof value, " v%u;\n", i);
        made_put(text, value);
    }
    made_put(text, "}\n}\n");
}

/* ---- lines ---- */

/* NULL: the text is no format. */
static const struct http_log_format *read_format(struct conf *conf, const char *escape, const char *text)
{
    const char **args = pool_calloc(conf->pool, 4 * sizeof *args, "node");
    struct conf_node *node = pool_calloc(conf->pool, sizeof *node, "node");
    const struct http_log_format *format;

    CHECK(args && node);
    args[0] = "name";
    args[1] = escape;
    args[2] = text;
    *node = (struct conf_node){.name = "log_format", .args = args, .arg_count = 3, .file = "text", .line = 1};
    format = http_log_format_read(conf, node);
    CHECK(format || conf->error[0]);
    return format;
}

static bool read_formats(struct generation *generation)
{
    static const char *const escapes[] = {"escape=default", "escape=json", "escape=none", "escape=default"};
    struct conf *conf = &generation->conf;

    formats.given = read_format(conf, escapes[made.options & 3], made.format);
    if (!formats.given)
        return false;
    formats.json =
        read_format(conf, "escape=json",
                    "{\"r\":\"$request\",\"u\":\"$uri\",\"a\":\"$args\",\"h\":\"$host\",\"m\":\"$m\","
                    "\"s\":$status,\"x\":\"$http_a\",\"f\":\"$http_referer\",\"c\":\"$cookie_a\"}");
    formats.source = read_format(conf, "escape=none", "$http_a");
    formats.value = read_format(conf, "escape=none", "$m");
    CHECK(formats.json && formats.source && formats.value);
    return true;
}

static void check_plain(const struct http_log_format *format, struct http_request *request,
                        const struct http_log_line *line, const char *expected, size_t length, size_t room)
{
    char *out = malloc(room + (room == 0)), *end;
    bool odd = false;
    size_t most = format->fixed + format->value_count;

    CHECK(out);
    for (unsigned i = 0; i < format->value_count; i++) {
        odd |= line->escaped[i] != 0;
        most += line->values[i].length;
    }
    end = http_log_write_plain(format, request, out, room);
    CHECK(end || odd || room < most);
    CHECK(!end || ((size_t)(end - out) == length && !memcmp(out, expected, length)));
    free(out);
}

/* The line, NUL-terminated, without its newline; the caller frees it. */
static char *write_line(const struct http_log_format *format, struct http_request *request)
{
    struct http_log_line line;
    size_t most = http_log_measure(format, request, &line), length;
    char *out = malloc(most), *text;

    CHECK(out);
    length = (size_t)(http_log_write(format, request, &line, out) - out);
    CHECK(length <= most && out[length - 1] == '\n');
    for (size_t room = most > 2 ? most - 2 : 0; room < most + 3; room++)
        check_plain(format, request, &line, out, length, room);
    check_plain(format, request, &line, out, length, 0);
    check_plain(format, request, &line, out, length, format->fixed);
    check_plain(format, request, &line, out, length, most + 1000);
    if (format->escape != HTTP_LOG_ESCAPE_NONE)
        CHECK(!memchr(out, '\n', length - 1) && !memchr(out, '\0', length - 1));
    text = strndup(out, length - 1);
    free(out);
    CHECK(text);
    return text;
}

static bool is_printable(const char *text)
{
    while (*text >= ' ' && *text < 0x7f)
        text++;
    return !*text;
}

static void check_format(struct http_request *request)
{
    char *line = write_line(formats.given, request);

    if (formats.given->escape == HTTP_LOG_ESCAPE_DEFAULT && is_printable(made.format))
        CHECK(is_printable(line));
    free(line);
}

/* Whatever a client sends, the line is JSON. */
static void check_json(struct http_request *request)
{
    char *line = write_line(formats.json, request);

    CHECK(json_read(request->pool, line));
    free(line);
}

/* ---- the map ---- */

static bool same(const char *text, const char *key, size_t length)
{
    return !strncasecmp(text, key, length);
}

/* 0: the key does not cover the host; else the better, the more. A mask at its front is better than any at
 * its end, and of two of a kind the longer is. */
static size_t mask(const char *key, const char *host)
{
    size_t length = strlen(key), whole = strlen(host);

    if (length < 2)
        return 0;
    if (*key == '*' && key[1] == '.')
        return whole >= length && same(host + whole - length + 1, key + 1, length - 1) ? 1000 + length - 1
                                                                                       : 0;
    if (*key == '.') {
        if (whole == length - 1 && same(host, key + 1, length - 1))
            return 1000 + length;
        return whole > length && same(host + whole - length, key, length) ? 1000 + length : 0;
    }
    if (key[length - 1] == '*' && key[length - 2] == '.')
        return whole > length - 1 && same(host, key, length - 1) ? length - 1 : 0;
    return 0;
}

static bool is_mask(const char *key)
{
    size_t length = strlen(key);

    return made.options & HOSTNAMES && length >= 2 &&
           (*key == '.' || !strncmp(key, "*.", 2) || !strcmp(key + length - 2, ".*"));
}

/* Which key's value it is; NO_KEY: none. *sure: no expression comes before it, and no two are as good. */
static unsigned choice(const char *source, bool *sure)
{
    char host[2 * MADE_HEAD];
    size_t best = 0, length = strlen(source);
    unsigned chosen = NO_KEY, otherwise = NO_KEY;
    bool regex = false;

    snprintf(host, sizeof host, "%s", source);
    if (made.options & HOSTNAMES && length && host[length - 1] == '.')
        host[length - 1] = '\0';
    *sure = true;
    for (unsigned i = 0; i < made.count; i++) {
        const char *key = made.keys[i];
        size_t good;

        if (!strcmp(key, "default")) {
            otherwise = i;
            continue;
        }
        if (*key == '~') {
            regex = true;
            continue;
        }
        good = is_mask(key) ? mask(key, host) : 0;
        if (!is_mask(key) && !strcasecmp(key + (*key == '\\' && key[1]), host))
            good = SIZE_MAX;
        if (good && good == best)
            *sure = false;
        if (good > best) {
            best = good;
            chosen = i;
        }
    }
    if (chosen == NO_KEY && regex)
        *sure = false;
    return chosen == NO_KEY ? otherwise : chosen;
}

static void check_map(struct http_request *request)
{
    char *asked = write_line(formats.source, request), *got = write_line(formats.value, request);
    char expected[16] = "";
    bool sure;
    unsigned key = choice(asked, &sure);

    if (key != NO_KEY)
        snprintf(expected, sizeof expected, "v%u", key);
    CHECK(!sure || !strcmp(got, expected));
    free(asked);
    free(got);
}

static void look(struct http_request *request)
{
    if (request->route.gave_up)
        return;
    check_map(request);
    check_format(request);
    check_json(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct made_text text;
    static struct generation generation;
    struct made_source from = {data, data + size};
    char *head = malloc(MADE_HEAD);

    CHECK(head);
    made.options = made_choose(&from, 256);
    take_line(&from, made.format, sizeof made.format);
    for (made.count = 0; made.count < KEYS; made.count++) {
        take_line(&from, made.keys[made.count], sizeof made.keys[0]);
        if (!made.keys[made.count][0])
            break;
    }
    text.length = 0;
    make_configuration(&text);
    if (made_load(&generation, &text, read_formats))
        made_run(&generation, head, made_head(head, &from), look);
    pool_destroy(generation.pool);
    free(head);
    return 0;
}
