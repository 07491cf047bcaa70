/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines are put together; each is a head's, an event's or a refusal. */
#include "server/tools/follow_stream.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "pool/pool.h"
#include "server/tools/json.h"

static const char no_events[] = "the answer is no stream of events";

static enum follow_verdict broken(struct follow_stream *stream, const char *begin, const char *text)
{
    snprintf(stream->error, sizeof stream->error, "%s%.*s", begin, FETCH_ERROR / 2, text);
    return FOLLOW_BROKEN;
}

/* ---- a line ---- */

/* Passes on one event. A pool that is gone is the end, and so is an error. */
static enum follow_verdict take_event(struct follow_stream *stream, char *line)
{
    const struct json *event;

    if (stream->line && strncmp(line, "{\"error\"", 8) != 0)
        stream->line(stream, line);
    pool_reset(stream->pool);
    event = json_read(stream->pool, line);
    if (!event || event->kind != JSON_OBJECT)
        return broken(stream, no_events, "");
    if (*json_text(event, "error"))
        return broken(stream, "", json_text(event, "error"));
    if (stream->event && *json_text(event, "k"))
        stream->event(stream, event);
    if (!strcmp(json_text(event, "k"), "destroy") || !strcmp(json_text(event, "why"), "destroyed"))
        return FOLLOW_FINISHED;
    if (!*json_text(event, "k") && *json_text(event, "why")) /* server-sent events end with a reason */
        return broken(stream, "the server ends this: ", json_text(event, "why"));
    return FOLLOW_GOES_ON;
}

/* A line of the head, or of server-sent events. */
static enum follow_verdict take_http_line(struct follow_stream *stream, char *line)
{
    size_t length = strlen(line);

    if (stream->in_body) {
        if (stream->refused)
            return *line ? broken(stream, "", line) : FOLLOW_GOES_ON;
        return strncmp(line, "data: ", 6) != 0 ? FOLLOW_GOES_ON : take_event(stream, line + 6);
    }
    if (length && line[length - 1] == '\r')
        line[--length] = '\0';
    if (!strncmp(line, "HTTP/1.", 7))
        stream->refused = strncmp(line + 8, " 200 ", 5) != 0;
    stream->in_body = !length;
    return FOLLOW_GOES_ON;
}

static enum follow_verdict take_line(struct follow_stream *stream, char *line)
{
    return stream->http   ? take_http_line(stream, line)
           : *line == '{' ? take_event(stream, line)
                          : FOLLOW_GOES_ON;
}

/* ---- the stream ---- */

/* Takes every complete line that has arrived; the rest waits for more. */
static enum follow_verdict take_lines(struct follow_stream *stream)
{
    enum follow_verdict verdict = FOLLOW_GOES_ON;
    char *line = stream->text, *end;

    stream->text[stream->length] = '\0';
    while (verdict == FOLLOW_GOES_ON && (end = strchr(line, '\n'))) {
        *end = '\0';
        verdict = take_line(stream, line);
        line = end + 1;
    }
    stream->length -= (size_t)(line - stream->text);
    memmove(stream->text, line, stream->length);
    if (verdict == FOLLOW_GOES_ON && stream->length == FOLLOW_LINE - 1)
        return broken(stream, no_events, "");
    return verdict;
}

enum follow_verdict follow_stream_read(struct follow_stream *stream, int fd)
{
    ssize_t got = recv(fd, stream->text + stream->length, FOLLOW_LINE - 1 - stream->length, 0);

    if (got < 0)
        return errno == EINTR || errno == EAGAIN ? FOLLOW_SILENT
                                                 : broken(stream, "the connection to the server broke", "");
    if (got > 0) {
        stream->length += (size_t)got;
        return take_lines(stream);
    }
    stream->text[stream->length] = '\0';
    if (stream->refused && stream->length) /* a sentence may lack its newline */
        return broken(stream, "", stream->text);
    return broken(stream, "the server has closed this before the pool was destroyed", "");
}

/* ---- the question ---- */

/* 4711 or 1.4711; an address has more dots, or one at its end. */
static bool is_id(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    if (digits && text[digits] == '.') {
        text += digits + 1;
        digits = strspn(text, "0123456789");
    }
    return digits && !text[digits];
}

bool follow_question(const char *whom, bool allocations, char line[FETCH_ERROR], char path[FETCH_ERROR + 2])
{
    const char *what = !strcmp(whom, "next") ? "next=1" : is_id(whom) ? "id=" : "next=1&address=";

    if (*what == 'n' && what[6] && whom[strspn(whom, "0123456789abcdefABCDEF.:[]")] &&
        strncmp(whom, "unix:", 5) != 0)
        return false;
    if (strlen(whom) >= FETCH_ERROR / 2)
        return false;
    snprintf(line, FETCH_ERROR, "follow %s%s%s", what, strcmp(whom, "next") != 0 ? whom : "",
             allocations ? "&allocs=1" : "");
    snprintf(path, FETCH_ERROR + 2, "/follow?%s", line + strlen("follow "));
    return true;
}
