/* SPDX-License-Identifier: BSD-2-Clause */
/* From days to dates and back, and the three formats. */
#include "http/protocol/date.h"

#include <string.h>

#include "http/protocol/text.h"

const char http_date_days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
const char http_date_months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

enum {
    DAY_SECONDS = 86400,
    ERA_DAYS = 146097,    /* 400 Gregorian years */
    EPOCH_SHIFT = 719468, /* days from 0000-03-01 to 1970-01-01 */
    ERA_WEEKDAY = 3,      /* 0000-03-01; an era is a whole number of weeks */
    ASCTIME_LENGTH = 24,
    RFC850_LENGTH = 22, /* behind the day's name, comma and blank */
    RFC850_PIVOT = 70,  /* two-digit years below it are 20xx, as in nginx */
};

/*
 * Days since the epoch of a date, and back: the year is counted from March, so that the leap day is its last
 * and month lengths follow a line (153 days in five months). After H. Hinnant, "chrono-Compatible Low-Level
 * Date Algorithms".
 */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    int64_t from_march = year - (month <= 2);
    int64_t era = (from_march >= 0 ? from_march : from_march - 399) / 400;
    int64_t year_of_era = from_march - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * ERA_DAYS + day_of_era - EPOCH_SHIFT;
}

void http_civil_from_unix(int64_t seconds, struct http_civil *civil)
{
    int64_t days = seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
    unsigned rest = (unsigned)(seconds - days * DAY_SECONDS);
    int64_t shifted = days + EPOCH_SHIFT;
    int64_t era = (shifted >= 0 ? shifted : shifted - (ERA_DAYS - 1)) / ERA_DAYS;
    unsigned day_of_era = (unsigned)(shifted - era * ERA_DAYS);
    unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month = (5 * day_of_year + 2) / 153;

    civil->hour = (int)(rest / 3600);
    civil->minute = (int)(rest / 60 % 60);
    civil->second = (int)(rest % 60);
    civil->weekday = (int)((day_of_era + ERA_WEEKDAY) % 7);
    civil->day = (int)(day_of_year - (153 * month + 2) / 5) + 1;
    civil->month = (int)(month < 10 ? month + 3 : month - 9);
    civil->year = year_of_era + era * 400 + (civil->month <= 2);
}

static bool to_unix(const struct http_civil *civil, int64_t *seconds)
{
    static const int8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year = civil->year;
    int leap_day = civil->month == 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0);

    if (civil->year < 0 || civil->month < 1 || civil->day < 1)
        return false;
    if (civil->day > days[civil->month - 1] + leap_day)
        return false;
    *seconds = days_from_civil(civil->year, civil->month, civil->day) * DAY_SECONDS + civil->hour * 3600 +
               civil->minute * 60 + civil->second;
    return true;
}

/* The number that `digits` digits at `at` make, or -1. */
static int read_digits(const char *at, int digits)
{
    int number = 0;

    for (int i = 0; i < digits; i++) {
        if (at[i] < '0' || at[i] > '9')
            return -1;
        number = number * 10 + (at[i] - '0');
    }
    return number;
}

/* 1 for "Jan" … 12, or 0. */
static int read_month(const char *at)
{
    for (int i = 0; i < 12; i++)
        if (!memcmp(at, http_date_months[i], 3))
            return i + 1;
    return 0;
}

/* time-of-day = hour ":" minute ":" second; 60 is a leap second. */
static bool read_time(const char *at, struct http_civil *civil)
{
    civil->hour = read_digits(at, 2);
    civil->minute = read_digits(at + 3, 2);
    civil->second = read_digits(at + 6, 2);
    return at[2] == ':' && at[5] == ':' && civil->hour >= 0 && civil->hour < 24 && civil->minute >= 0 &&
           civil->minute < 60 && civil->second >= 0 && civil->second <= 60;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool read_imf(const char *at, struct http_civil *civil)
{
    civil->day = read_digits(at + 5, 2);
    civil->month = read_month(at + 8);
    civil->year = read_digits(at + 12, 4);
    return at[3] == ',' && at[4] == ' ' && at[7] == ' ' && at[11] == ' ' && at[16] == ' ' &&
           read_time(at + 17, civil) && !memcmp(at + 25, " GMT", 4);
}

/* "06-Nov-94 08:49:37 GMT", behind the name of the day and its comma */
static bool read_rfc850(const char *at, struct http_civil *civil)
{
    int year = read_digits(at + 7, 2);

    civil->day = read_digits(at, 2);
    civil->month = read_month(at + 3);
    civil->year = year < 0 ? year : year + (year < RFC850_PIVOT ? 2000 : 1900);
    return at[2] == '-' && at[6] == '-' && at[9] == ' ' && read_time(at + 10, civil) &&
           !memcmp(at + 18, " GMT", 4);
}

/* "Sun Nov  6 08:49:37 1994" */
static bool read_asctime(const char *at, struct http_civil *civil)
{
    civil->month = read_month(at + 4);
    civil->day = at[8] == ' ' ? read_digits(at + 9, 1) : read_digits(at + 8, 2);
    civil->year = read_digits(at + 20, 4);
    return at[3] == ' ' && at[7] == ' ' && at[10] == ' ' && at[19] == ' ' && read_time(at + 11, civil);
}

/* Length of the name of a day in full at the start, "Sunday", or 0. */
static size_t long_day_length(const char *bytes, size_t length)
{
    static const char names[7][10] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                      "Thursday", "Friday", "Saturday"};

    for (int i = 0; i < 7; i++) {
        size_t name = strlen(names[i]);

        if (length >= name && !memcmp(bytes, names[i], name))
            return name;
    }
    return 0;
}

static bool has_short_day(const char *at)
{
    for (int i = 0; i < 7; i++)
        if (!memcmp(at, http_date_days[i], 3))
            return true;
    return false;
}

bool http_date_parse(const char *bytes, size_t length, int64_t *seconds)
{
    struct http_civil civil;
    size_t name;

    if (length == ASCTIME_LENGTH && bytes[3] == ' ')
        return has_short_day(bytes) && read_asctime(bytes, &civil) && to_unix(&civil, seconds);
    if (length == HTTP_DATE_LENGTH && bytes[3] == ',')
        return has_short_day(bytes) && read_imf(bytes, &civil) && to_unix(&civil, seconds);
    name = long_day_length(bytes, length);
    if (!name || length != name + 2 + RFC850_LENGTH || memcmp(bytes + name, ", ", 2))
        return false;
    return read_rfc850(bytes + name + 2, &civil) && to_unix(&civil, seconds);
}

void http_date_format(int64_t seconds, char out[HTTP_DATE_LENGTH + 1])
{
    struct http_civil civil;

    http_civil_from_unix(seconds, &civil);
    memcpy(out, "Sun, 00 Jan 0000 00:00:00 GMT", HTTP_DATE_LENGTH + 1);
    memcpy(out, http_date_days[civil.weekday], 3);
    http_print_digits(out + 5, (unsigned)civil.day, 2);
    memcpy(out + 8, http_date_months[civil.month - 1], 3);
    http_print_digits(out + 12, (uint64_t)civil.year, 4);
    http_print_digits(out + 17, (unsigned)civil.hour, 2);
    http_print_digits(out + 20, (unsigned)civil.minute, 2);
    http_print_digits(out + 23, (unsigned)civil.second, 2);
}
