/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a time of expires, and writes it as Expires and Cache-Control. */
#include "http/answer.h"
#include "http/modules/output/expires.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "conf/units.h"
#include "http/protocol/date.h"

enum {
    DAY = 24 * 60 * 60,
    CACHE_CONTROL = 40, /* bytes of "max-age=" and a number */
    TIME_MAX = 64       /* bytes of a time in a variable; longer ones are invalid */
};

/* False: not a value of expires. */
static bool expires_parse(const char *text, bool modified, struct http_expires *expires)
{
    bool minus = false;

    if (!modified) {
        static const struct {
            const char *name;
            enum http_expires_kind kind;
        } words[] = {{"off", HTTP_EXPIRES_OFF}, {"epoch", HTTP_EXPIRES_EPOCH}, {"max", HTTP_EXPIRES_MAX}};

        for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
            if (!strcmp(text, words[i].name)) {
                expires->kind = words[i].kind;
                return true;
            }
        }
    }
    expires->kind = modified ? HTTP_EXPIRES_MODIFIED : HTTP_EXPIRES_ACCESS;
    if (*text == '@' && !modified) {
        expires->kind = HTTP_EXPIRES_DAILY;
        text++;
    } else if (*text == '+' || *text == '-') {
        minus = *text++ == '-';
    }
    if (!conf_parse_sec(text, &expires->seconds))
        return false;
    if (minus)
        expires->seconds = -expires->seconds;
    return expires->kind != HTTP_EXPIRES_DAILY || expires->seconds <= DAY;
}

int http_set_expires(struct conf_setting *setting)
{
    struct http_expires *expires = conf_setting_field(setting);
    const struct conf_node *node = setting->node;
    bool modified = node->arg_count == 2;
    const char *text = node->args[node->arg_count - 1];

    *expires = (struct http_expires){.kind = HTTP_EXPIRES_OFF};
    if (modified && strcmp(node->args[0], "modified") != 0)
        return conf_setting_invalid(setting, node->args[0], "\"modified\", before a time");
    if (*text == '$') {
        expires->kind = HTTP_EXPIRES_VARIABLE;
        expires->seconds = modified;
        return http_template_compile(setting->conf, node, text, &expires->text);
    }
    return expires_parse(text, modified, expires)
               ? 0
               : conf_setting_invalid(setting, text,
                                      "a time such as 30d, -1 or @15h30m, or \"epoch\", \"max\" or \"off\"");
}

static int expires_add(struct http_request *request, int64_t when, const char *control)
{
    char *date = pool_nalloc(request->pool, HTTP_DATE_LENGTH + 1, "expires");

    if (!date)
        return -ENOMEM;
    http_date_format(when, date);
    return http_add_header(request, HTTP_TEXT("Expires"), (struct http_text){date, HTTP_DATE_LENGTH}) &&
                   http_add_header(request, HTTP_TEXT("Cache-Control"),
                                   (struct http_text){control, strlen(control)})
               ? 0
               : -ENOMEM;
}

/* Seconds until it is `seconds` after midnight again, in local time. */
static int64_t expires_until(int64_t now, int64_t seconds)
{
    time_t clock = (time_t)now;
    struct tm local;
    int64_t today;

    if (!localtime_r(&clock, &local))
        return seconds;
    today = local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec;
    return seconds > today ? seconds - today : seconds - today + DAY;
}

static int expires_add_time(struct http_request *request, int64_t now, int64_t when)
{
    char *control = pool_nalloc(request->pool, CACHE_CONTROL, "expires");

    if (!control)
        return -ENOMEM;
    if (when < now)
        return expires_add(request, when, "no-cache");
    (void)snprintf(control, CACHE_CONTROL, "max-age=%lld", (long long)(when - now));
    return expires_add(request, when, control);
}

static int expires_add_variable(const struct http_expires *expires, struct http_request *request)
{
    struct http_expires now = {.kind = HTTP_EXPIRES_OFF};
    char copy[TIME_MAX];
    struct http_text text;

    if (!http_template_write(&expires->text, request, &text))
        return -ENOMEM;
    if (!text.length || text.length >= sizeof copy)
        return 0;
    memcpy(copy, text.bytes, text.length);
    copy[text.length] = '\0';
    return expires_parse(copy, expires->seconds != 0, &now) ? http_expires_add(&now, request) : 0;
}

int http_expires_add(const struct http_expires *expires, struct http_request *request)
{
    static const int64_t last = 2145916555; /* Thu, 31 Dec 2037 23:55:55 GMT: nginx's end of time */
    int64_t now = (int64_t)http_now(request), modified = request->response.last_modified;

    switch (expires->kind) {
    case HTTP_EXPIRES_OFF:
        return 0;
    case HTTP_EXPIRES_EPOCH:
        return expires_add(request, 1, "no-cache");
    case HTTP_EXPIRES_MAX:
        return expires_add(request, last, "max-age=315360000");
    case HTTP_EXPIRES_ACCESS:
        return expires_add_time(request, now, now + expires->seconds);
    case HTTP_EXPIRES_MODIFIED:
        return expires_add_time(request, now, (modified < 0 ? now : modified) + expires->seconds);
    case HTTP_EXPIRES_DAILY:
        return expires_add_time(request, now, now + expires_until(now, expires->seconds));
    case HTTP_EXPIRES_VARIABLE:
        return expires_add_variable(expires, request);
    }
    return 0;
}
