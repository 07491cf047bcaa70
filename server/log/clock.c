/* SPDX-License-Identifier: BSD-2-Clause */
/* The texts of a second. */
#include "server/log/clock.h"

#include "pool/annotate.h"

#include <string.h>
#include <time.h>

static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void clock_init_zone(void)
{
    tzset();
}

/* `digits` decimal digits with leading zeros; not snprintf, whose bounds gcc cannot prove for a year. */
static char *put_number(char *at, unsigned value, unsigned digits)
{
    for (unsigned i = digits; i > 0; i--) {
        at[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + digits;
}

static char *put_pair(char *at, int value, char after)
{
    at = put_number(at, (unsigned)value, 2);
    *at = after;
    return at + 1;
}

static struct tm local(int64_t seconds)
{
    time_t time = (time_t)seconds;
    struct tm tm;

    /* It fails only for years that do not fit an int. */
    if (!localtime_r(&time, &tm))
        memset(&tm, 0, sizeof tm);
    return tm;
}

void clock_format_error(int64_t seconds, char out[20])
{
    struct tm tm = local(seconds);
    char *at = put_number(out, (unsigned)tm.tm_year + 1900, 4);

    *at++ = '/';
    at = put_pair(at, tm.tm_mon + 1, '/');
    at = put_pair(at, tm.tm_mday, ' ');
    at = put_pair(at, tm.tm_hour, ':');
    at = put_pair(at, tm.tm_min, ':');
    put_pair(at, tm.tm_sec, '\0');
}

static char *put_zone(char *at, const struct tm *tm, const char *between)
{
    long minutes = tm->tm_gmtoff / 60;

    *at++ = minutes < 0 ? '-' : '+';
    if (minutes < 0)
        minutes = -minutes;
    at = put_number(at, (unsigned)(minutes / 60), 2);
    if (*between != '\0')
        *at++ = *between;
    at = put_number(at, (unsigned)(minutes % 60), 2);
    *at = '\0';
    return at;
}

UNGUARDED bool clock_update(struct clock *clock, double now)
{
    int64_t seconds = (int64_t)now;
    struct tm tm;
    char *at;

    if (seconds == clock->seconds)
        return false;
    tm = local(seconds);
    clock->seconds = seconds;
    at = put_pair(clock->log_time, tm.tm_mday, '/');
    memcpy(at, months[tm.tm_mon], 3);
    at[3] = '/';
    at = put_number(at + 4, (unsigned)tm.tm_year + 1900, 4);
    *at++ = ':';
    at = put_pair(at, tm.tm_hour, ':');
    at = put_pair(at, tm.tm_min, ':');
    at = put_pair(at, tm.tm_sec, ' ');
    put_zone(at, &tm, "");

    at = put_number(clock->iso8601, (unsigned)tm.tm_year + 1900, 4);
    *at++ = '-';
    at = put_pair(at, tm.tm_mon + 1, '-');
    at = put_pair(at, tm.tm_mday, 'T');
    at = put_pair(at, tm.tm_hour, ':');
    at = put_pair(at, tm.tm_min, ':');
    at = put_number(at, (unsigned)tm.tm_sec, 2);
    put_zone(at, &tm, ":");
    return true;
}
