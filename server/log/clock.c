/* SPDX-License-Identifier: BSD-2-Clause */
/* The texts of a second. */
#include "server/log/clock.h"

#include "pool/annotate.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

enum { DAY = 24 * 60 * 60, DAYS_OF_400_YEARS = 146097 };

static atomic_long clock_east; /* seconds that local time was ahead of UTC when it was last asked for */

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
    atomic_store_explicit(&clock_east, tm.tm_gmtoff, memory_order_relaxed);
    return tm;
}

static void put_error_form(const struct tm *tm, char out[20])
{
    char *at = put_number(out, (unsigned)tm->tm_year + 1900, 4);

    *at++ = '/';
    at = put_pair(at, tm->tm_mon + 1, '/');
    at = put_pair(at, tm->tm_mday, ' ');
    at = put_pair(at, tm->tm_hour, ':');
    at = put_pair(at, tm->tm_min, ':');
    put_pair(at, tm->tm_sec, '\0');
}

void clock_format_error(int64_t seconds, char out[20])
{
    struct tm tm = local(seconds);

    put_error_form(&tm, out);
}

/* localtime_r and gmtime_r take a lock, which the thread may hold. The years are counted from March on, so
 * that the day that may be missing is the last: then month m of such a year begins on day (153 m + 2) / 5.
 * */
void clock_format_signal(int64_t seconds, char out[20])
{
    int64_t here = seconds + atomic_load_explicit(&clock_east, memory_order_relaxed);
    int64_t day = here / DAY + 719468; /* since 1 March of the year 0 */
    int rest = (int)(here % DAY), of_400 = (int)(day % DAYS_OF_400_YEARS);
    int year = (of_400 - of_400 / 1460 + of_400 / 36524 - of_400 / (DAYS_OF_400_YEARS - 1)) / 365;
    int of_year = of_400 - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    struct tm tm = {.tm_mday = of_year - (153 * month + 2) / 5 + 1,
                    .tm_hour = rest / 3600,
                    .tm_min = rest / 60 % 60,
                    .tm_sec = rest % 60};

    tm.tm_mon = month < 10 ? month + 2 : month - 10;
    tm.tm_year = year + (int)(day / DAYS_OF_400_YEARS) * 400 + (tm.tm_mon < 2) - 1900;
    put_error_form(&tm, out);
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
