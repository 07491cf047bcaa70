/* SPDX-License-Identifier: BSD-2-Clause */
/* Digits and their units. */
#include "conf/units.h"

#include <limits.h>
#include <string.h>

/* One or more digits; *text is left behind them. */
static bool read_digits(const char **text, int64_t *out)
{
    const char *at = *text;
    int64_t value = 0;

    if (*at < '0' || *at > '9')
        return false;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *at - '0', &value))
            return false;
    }
    *text = at;
    *out = value;
    return true;
}

bool conf_parse_number(const char *text, int64_t *out)
{
    int64_t value;

    if (!read_digits(&text, &value) || *text != '\0')
        return false;
    *out = value;
    return true;
}

/* `giga`: g is allowed, as nginx does for offsets and not for sizes. */
static bool parse_bytes(const char *text, bool giga, int64_t *out)
{
    int64_t value, scale = 1;

    if (!read_digits(&text, &value))
        return false;
    switch (*text) {
    case 'k':
    case 'K':
        scale = 1 << 10;
        text++;
        break;
    case 'm':
    case 'M':
        scale = 1 << 20;
        text++;
        break;
    case 'g':
    case 'G':
        if (!giga)
            return false;
        scale = 1 << 30;
        text++;
        break;
    default:
        break;
    }
    if (*text != '\0' || __builtin_mul_overflow(value, scale, &value))
        return false;
    *out = value;
    return true;
}

bool conf_parse_size(const char *text, size_t *out)
{
    int64_t value;

    if (!parse_bytes(text, false, &value) || value > SSIZE_MAX)
        return false;
    *out = (size_t)value;
    return true;
}

bool conf_parse_offset(const char *text, off_t *out)
{
    int64_t value;

    if (!parse_bytes(text, true, &value))
        return false;
    *out = (off_t)value;
    return true;
}

/* Units stand in falling order. A blank behind digits counts as the unit seconds and ends the order: as in
 * nginx, "1h 30 " and even "5 6" are taken. */
enum time_step {
    STEP_START,
    STEP_YEAR,
    STEP_MONTH,
    STEP_WEEK,
    STEP_DAY,
    STEP_HOUR,
    STEP_MINUTE,
    STEP_SECOND,
    STEP_MSEC,
    STEP_LAST
};

struct time_unit {
    const char *name;
    int64_t msec;
    enum time_step below; /* allowed while the step reached is below this */
    enum time_step step;
};

static const struct time_unit *find_unit(const char *text)
{
    enum { second = 1000, hour = 3600 * second, day = 24 * hour };
    static const struct time_unit units[] = {
        {"ms", 1, STEP_MSEC, STEP_MSEC}, /* before "m" */
        {"y", 365LL * day, STEP_YEAR, STEP_YEAR}, {"M", 30LL * day, STEP_MONTH, STEP_MONTH},
        {"w", 7 * day, STEP_WEEK, STEP_WEEK},     {"d", day, STEP_DAY, STEP_DAY},
        {"h", hour, STEP_HOUR, STEP_HOUR},        {"m", 60 * second, STEP_MINUTE, STEP_MINUTE},
        {"s", second, STEP_SECOND, STEP_SECOND},  {" ", second, STEP_SECOND, STEP_LAST},
    };

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strncmp(text, units[i].name, strlen(units[i].name)) == 0)
            return &units[i];
    }
    return NULL;
}

/* *total += value units, in milliseconds or seconds. */
static bool add_time(int64_t *total, int64_t value, int64_t unit_msec, bool msec)
{
    int64_t scale = msec ? unit_msec : unit_msec / 1000;

    return !__builtin_mul_overflow(value, scale, &value) && !__builtin_add_overflow(*total, value, total);
}

/* `msec`: in milliseconds, without years and months; else in seconds, without ms. */
static bool parse_time(const char *text, bool msec, int64_t *out)
{
    enum time_step step = msec ? STEP_MONTH : STEP_START;
    int64_t total = 0, value = 0;
    bool any = false;

    while (*text != '\0') {
        const struct time_unit *unit;

        if (read_digits(&text, &value)) {
            any = true;
            continue;
        }
        unit = find_unit(text);
        if (!unit || step >= unit->below || (unit->step == STEP_MSEC && !msec))
            return false;
        if (!add_time(&total, value, unit->msec, msec))
            return false;
        step = unit->step;
        value = 0;
        text += strlen(unit->name);
        while (*text == ' ')
            text++;
    }
    if (!any || !add_time(&total, value, 1000, msec))
        return false;
    *out = total;
    return true;
}

bool conf_parse_msec(const char *text, int64_t *out)
{
    return parse_time(text, true, out);
}

bool conf_parse_sec(const char *text, int64_t *out)
{
    return parse_time(text, false, out);
}
