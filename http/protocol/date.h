/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: HTTP dates (RFC 9110 5.6.7), by arithmetic on the proleptic Gregorian calendar alone: no locale,
 *   no clock, no time zone.
 * Lifetime: nothing is kept.
 * Threads: any. Errors: false.
 */
#ifndef HTTP_PROTOCOL_DATE_H
#define HTTP_PROTOCOL_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_DATE_LENGTH = 29, /* of an IMF-fixdate */
};

struct http_civil {
    int64_t year; /* 1970 is 1970 */
    int month;    /* 1…12 */
    int day;      /* 1…31 */
    int weekday;  /* 0 is Sunday */
    int hour, minute, second;
};

/* Splits seconds since the epoch (may be negative) into UTC. */
void http_civil_from_unix(int64_t seconds, struct http_civil *);

/* Reads one of the three formats: "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
 * "Sun Nov  6 08:49:37 1994". Two-digit years below 70 are 20xx. The day of the week is not compared with the
 * date. Day and month names are case-sensitive (RFC 9110 5.6.7). False if it is none of them or no such day
 * exists; *seconds is then untouched. */
__attribute__((warn_unused_result)) bool http_date_parse(const char *bytes, size_t length, int64_t *seconds);

/* Writes "Sun, 06 Nov 1994 08:49:37 GMT" and a NUL; years 0000 to 9999. */
void http_date_format(int64_t seconds, char out[HTTP_DATE_LENGTH + 1]);

extern const char http_date_days[7][4];    /* "Sun" … */
extern const char http_date_months[12][4]; /* "Jan" … */

#endif
