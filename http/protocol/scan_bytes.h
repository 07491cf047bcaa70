/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what the loops of scan.h are without SSE2: byte by byte. scan.h says what each does.
 * Lifetime: nothing is kept.
 * Threads: any. Errors: none.
 */
#ifndef HTTP_PROTOCOL_SCAN_BYTES_H
#define HTTP_PROTOCOL_SCAN_BYTES_H

#include "http/protocol/fields.h"
#include "http/protocol/text.h"

#if defined(__SSE2__) && !defined(HTTP_PROTOCOL_PORTABLE)
#define HTTP_SCAN_SSE2 1
#endif

enum {
    SCAN_WIDTH = 16,      /* bytes looked at in one step */
    SCAN_CONTROLS = 0x1f, /* scan_stop: stop at control bytes, HTAB among them */
    SCAN_BLANKS = 0x20,   /* scan_stop: stop at SP, too */
    SCAN_FULL = 0xffff,   /* a mask with a bit for each byte of a step */
};

/* scan_stop, byte by byte. */
static inline const char *scan_stop_narrow(const char *at, const char *end, int highest)
{
    while (at < end && (unsigned char)*at > highest && *at != 0x7f)
        at++;
    return at;
}

#ifndef HTTP_SCAN_SSE2

static inline const char *scan_unusual_wide(const char *at, const char *end, int highest)
{
    while (at < end && highest < *at && *at < 0x7f)
        at++;
    return at;
}

static inline const char *scan_stop_wide(const char *at, const char *end, int highest)
{
    return scan_stop_narrow(at, end, highest);
}

static inline const char *scan_mark_wide(const char *at, const char *end)
{
    (void)end;
    return at;
}

static inline unsigned scan_colons(const char *at)
{
    unsigned mask = 0;

    for (unsigned i = 0; i < SCAN_WIDTH; i++)
        mask |= (unsigned)(at[i] == ':') << i;
    return mask;
}

static inline bool scan_is_known(const char *bytes, const struct http_known_name *known, size_t from)
{
    for (size_t i = 0; i < SCAN_WIDTH; i++)
        if (((uint8_t)bytes[i] & known->mask[from + i]) != known->text[from + i])
            return false;
    return true;
}

#endif

#endif
