/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line, and what is printed. */
#include "server/tools/follow.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pool/pool.h"
#include "server/tools/fetch.h"
#include "server/tools/follow_stream.h"
#include "server/tools/follow_view.h"
#include "server/tools/terminal.h"
#include "server/tools/top.h"

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
    struct follow_stream stream; /* first */
    struct follow_view view;
};

static int report(const char *text)
{
    fprintf(stderr, "tidepool: %s\n", text);
    return 1;
}

static void print_line(struct follow_stream *stream, const char *line)
{
    (void)stream;
    printf("%s\n", line);
}

static void print_event(struct follow_stream *stream, const struct json *event)
{
    follow_view_draw(&((struct follow *)(void *)stream)->view, event);
}

/* Reads until the pool is destroyed, or an error on either side, which is reported. */
static int read_stream(struct follow_stream *stream, int fd)
{
    for (;;)
        switch (follow_stream_read(stream, fd)) {
        case FOLLOW_GOES_ON:
            if (ferror(stdout))
                return 1;
            break;
        case FOLLOW_SILENT:
            if (errno != EINTR)
                return report("the server hangs: there is no sign of life");
            break;
        case FOLLOW_FINISHED:
            return ferror(stdout) ? 1 : 0;
        case FOLLOW_BROKEN:
            return report(stream->error);
        }
}

/* Asks and reads. A wrong name is an error before the server is asked. */
static int follow_whom(struct follow_stream *stream, const char *from, const char *whom, bool allocations)
{
    char line[FETCH_ERROR], path[FETCH_ERROR + 2], error[FETCH_ERROR];
    int fd, status;

    if (!follow_question(whom, allocations, line, path)) {
        fprintf(stderr, "tidepool: \"%s\" is neither a connection nor \"next\" nor an address\n", whom);
        return 2;
    }
    fd = fetch_open(from, line, path, NULL, error);
    if (fd < 0)
        return report(error);
    stream->http = strncmp(from, "unix:", 5) != 0;
    status = read_stream(stream, fd);
    close(fd);
    return status;
}

int follow_command(int argc, char *const *argv)
{
    static struct follow follow; /* zeros in the binary */
    const char *from = TOP_DEFAULT_SERVER;
    bool allocations = false;
    int option, status;

    follow.stream.event = print_event;
    while ((option = getopt(argc, argv, "ac:hj")) != -1) {
        if (option == 'a')
            allocations = true;
        else if (option == 'c')
            from = optarg;
        else if (option == 'j') {
            follow.stream.line = print_line;
            follow.stream.event = NULL;
        } else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    }
    if (optind != argc - 1) {
        fputs(usage, stderr);
        return 2;
    }
    follow.stream.pool = pool_create(&(struct pool_options){.block_size = FOLLOW_LINE, .name = "follow"});
    if (!follow.stream.pool)
        return report("out of memory");
    follow.view = (struct follow_view){.out = stdout, .colour = terminal_has_colour()};
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* a reader behind a pipe sees an event when it happens */
    status = follow_whom(&follow.stream, from, argv[optind], allocations);
    pool_destroy(follow.stream.pool);
    return fflush(stdout) ? 1 : status;
}
