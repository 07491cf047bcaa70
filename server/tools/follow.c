/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks what the arguments say; then reads each line of the answer as it arrives. */
#include "server/tools/follow.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "pool/pool.h"
#include "server/tools/fetch.h"
#include "server/tools/follow_view.h"
#include "server/tools/json.h"
#include "server/tools/top.h"

enum { LINE_MOST = 16 * 1024 }; /* bytes of a line of the answer: an event has a few hundred */

static const char usage[] =
    "Usage: tidepool follow [-a] [-j] [-c unix:PATH | http://HOST[:PORT]/PATH] ID | next | ADDRESS\n"
    "\n"
    "  ID        : a connection as the page, top and the logs name it: 1.4911, or 1099511632687\n"
    "  next      : the next connection that is accepted\n"
    "  ADDRESS   : the next one whose client's address begins so: 10.0.0. or 127.0.0.1\n"
    "  -a        : each allocation, too\n"
    "  -c server : its control socket, or a location with pool_view\n"
    "              (default: " TOP_DEFAULT_SERVER ")\n"
    "  -j        : the events as JSON, one a line\n";

struct follow {
    const char *from;
    bool allocations, json, http;
    struct follow_view view;
    struct pool *pool; /* of the line in hand */
    char text[LINE_MOST];
    size_t length; /* of what is in `text` */
    bool in_body;  /* http: the head has been read */
    bool refused;  /* http: the body is a sentence that says why */
};

enum verdict { GO_ON, FOLLOWED, FAILED };

static enum verdict fail(const char *text)
{
    fprintf(stderr, "tidepool: %s\n", text);
    return FAILED;
}

/* ---- a line ---- */

/* Prints one event. A pool that is gone is the end, and so is an error. */
static enum verdict take_event(struct follow *follow, char *line)
{
    const struct json *event;
    enum verdict verdict = GO_ON;

    if (follow->json && strncmp(line, "{\"error\"", 8) != 0)
        printf("%s\n", line);
    pool_reset(follow->pool);
    event = json_read(follow->pool, line);
    if (!event || event->kind != JSON_OBJECT)
        return fail("the answer is no stream of events");
    if (*json_text(event, "error"))
        return fail(json_text(event, "error"));
    if (!follow->json)
        follow_view_draw(&follow->view, event);
    if (!strcmp(json_text(event, "k"), "destroy") || !strcmp(json_text(event, "why"), "destroyed"))
        verdict = FOLLOWED;
    else if (!*json_text(event, "k") && *json_text(event, "why")) { /* server-sent events end with a reason */
        fprintf(stderr, "tidepool: the server ends this: %s\n", json_text(event, "why"));
        verdict = FAILED;
    }
    return ferror(stdout) ? FAILED : verdict;
}

/* A line of the head, or of server-sent events. Of these only "data:" matters: the JSON has everything. */
static enum verdict take_http_line(struct follow *follow, char *line)
{
    size_t length = strlen(line);

    if (follow->in_body) {
        if (follow->refused)
            return *line ? fail(line) : GO_ON;
        return strncmp(line, "data: ", 6) != 0 ? GO_ON : take_event(follow, line + 6);
    }
    if (length && line[length - 1] == '\r')
        line[--length] = '\0';
    if (!strncmp(line, "HTTP/1.", 7))
        follow->refused = strncmp(line + 8, " 200 ", 5) != 0;
    follow->in_body = !length;
    return GO_ON;
}

static enum verdict take_line(struct follow *follow, char *line)
{
    return follow->http ? take_http_line(follow, line) : *line == '{' ? take_event(follow, line) : GO_ON;
}

/* ---- the stream ---- */

/* Takes every complete line that has arrived; the rest waits for more. */
static enum verdict take_lines(struct follow *follow)
{
    enum verdict verdict = GO_ON;
    char *line = follow->text, *end;

    follow->text[follow->length] = '\0';
    while (verdict == GO_ON && (end = strchr(line, '\n'))) {
        *end = '\0';
        verdict = take_line(follow, line);
        line = end + 1;
    }
    follow->length -= (size_t)(line - follow->text);
    memmove(follow->text, line, follow->length);
    return verdict;
}

/* Reads until the pool is destroyed, or an error on either side, which is reported. */
static int read_stream(struct follow *follow, int fd)
{
    enum verdict verdict = GO_ON;

    while (verdict == GO_ON) {
        ssize_t got = recv(fd, follow->text + follow->length, LINE_MOST - 1 - follow->length, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            verdict =
                fail(errno == EAGAIN ? "the server does not answer" : "the connection to the server broke");
        else if (!got && follow->refused && follow->length) { /* a sentence may lack its newline */
            follow->text[follow->length] = '\0';
            verdict = fail(follow->text);
        } else if (!got)
            verdict = fail("the server has closed this before the pool was destroyed");
        else {
            follow->length += (size_t)got;
            verdict = take_lines(follow);
            if (verdict == GO_ON && follow->length == LINE_MOST - 1)
                verdict = fail("the answer is no stream of events");
        }
    }
    return verdict == FOLLOWED ? 0 : 1;
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

static bool ask_question(const struct follow *follow, const char *whom, char line[FETCH_ERROR])
{
    char arguments[FETCH_ERROR / 2];
    int length;

    if (!strcmp(whom, "next"))
        length = snprintf(arguments, sizeof arguments, "next=1");
    else if (is_id(whom))
        length = snprintf(arguments, sizeof arguments, "id=%s", whom);
    else if (whom[strspn(whom, "0123456789abcdefABCDEF.:[]")] && strncmp(whom, "unix:", 5) != 0)
        return false;
    else
        length = snprintf(arguments, sizeof arguments, "next=1&address=%s", whom);
    if ((size_t)length >= sizeof arguments)
        return false;
    snprintf(line, FETCH_ERROR, "follow %s%s", arguments, follow->allocations ? "&allocs=1" : "");
    return true;
}

/* Asks and reads. A wrong name is an error before the server is asked. */
static int follow_whom(struct follow *follow, const char *whom)
{
    const struct timeval no_limit = {0};
    char line[FETCH_ERROR], path[FETCH_ERROR + 2], error[FETCH_ERROR];
    int fd, status;

    if (!ask_question(follow, whom, line)) {
        fprintf(stderr, "tidepool: \"%s\" is neither a connection nor \"next\" nor an address\n", whom);
        return 2;
    }
    snprintf(path, sizeof path, "/follow?%s", line + strlen("follow "));
    fd = fetch_open(follow->from, line, path, error);
    if (fd < 0) {
        (void)fail(error);
        return 1;
    }
    follow->http = strncmp(follow->from, "unix:", 5) != 0;
    if (!follow->http) /* a pool may rest for any time; over HTTP there is a sign of life each second */
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &no_limit, sizeof no_limit);
    status = read_stream(follow, fd);
    close(fd);
    return status;
}

int follow_command(int argc, char *const *argv)
{
    static struct follow follow = {.from = TOP_DEFAULT_SERVER, .view.out = NULL};
    int option, status;

    while ((option = getopt(argc, argv, "ac:hj")) != -1) {
        if (option == 'a')
            follow.allocations = true;
        else if (option == 'c')
            follow.from = optarg;
        else if (option == 'j')
            follow.json = true;
        else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    }
    if (optind != argc - 1) {
        fputs(usage, stderr);
        return 2;
    }
    follow.pool = pool_create(&(struct pool_options){.block_size = LINE_MOST, .name = "follow"});
    if (!follow.pool) {
        (void)fail("out of memory");
        return 1;
    }
    follow.view = (struct follow_view){.out = stdout, .colour = isatty(STDOUT_FILENO)};
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* a reader behind a pipe sees an event when it happens */
    status = follow_whom(&follow, argv[optind]);
    pool_destroy(follow.pool);
    return fflush(stdout) ? 1 : status;
}
