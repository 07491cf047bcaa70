/* SPDX-License-Identifier: BSD-2-Clause */
/* Connects, asks, reads to the end. */
#include "server/tools/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "pool/sysmem.h"

enum { FIRST = 64 * 1024, NAME = 256, PORT = 16 };

/* The parts of an http:// address. */
struct place {
    char host[NAME], port[PORT];
    const char *authority; /* host and port as they were written */
    int authority_length;
    const char *path; /* with its slash, or "" */
    int path_length;  /* without a slash at the end */
};

__attribute__((format(printf, 2, 3))) static bool fail(char error[FETCH_ERROR], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, FETCH_ERROR, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- waiting ---- */

static const char unwanted[] = "the answer is not waited for any more";

static bool wait_in_poll(struct fetch_wait *wait, int fd, short events)
{
    struct pollfd one = {.fd = fd, .events = events};
    int ready;

    (void)wait;
    do
        ready = poll(&one, 1, FETCH_SECONDS * 1000);
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

/* False: `error` says what the server has not done. */
static bool wait_for(struct fetch_wait *wait, int fd, short events, char error[FETCH_ERROR])
{
    if (wait->ready(wait, fd, events))
        return true;
    if (wait->ready != wait_in_poll)
        return fail(error, "%s", unwanted);
    return fail(error, "%s",
                wait->connected ? "the server hangs: it has taken the connection and does not answer"
                                : "the server hangs, or is not reached: it does not take the connection");
}

/* ---- connecting ---- */

/* A socket that does not block, connected; -1: `error` says why not, behind `name`. */
static int connect_to(int family, const struct sockaddr *address, socklen_t length, const char *name,
                      struct fetch_wait *wait, char error[FETCH_ERROR])
{
    int reason = 0, fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    socklen_t size = sizeof reason;

    if (fd < 0 || connect(fd, address, length))
        reason = errno;
    if (fd >= 0 && reason == EINPROGRESS) {
        if (!wait_for(wait, fd, POLLOUT, error)) {
            close(fd);
            return -1;
        }
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size);
    }
    wait->connected = !reason;
    if (!reason)
        return fd;
    if (fd >= 0)
        close(fd);
    if (reason == EAGAIN)
        fail(error, "the server hangs: %s takes no more connections", name);
    else
        fail(error, "%sconnect() to %s failed (%d: %s)",
             reason == ECONNREFUSED || reason == ENOENT ? "the server is stopped: " : "", name, reason,
             strerrordesc_np(reason));
    return -1;
}

static int connect_path(const char *path, struct fetch_wait *wait, char error[FETCH_ERROR])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char name[sizeof address.sun_path + 8];

    if (!*path || strlen(path) >= sizeof address.sun_path) {
        fail(error, "\"unix:%s\" is not the path of a socket", path);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    snprintf(name, sizeof name, "unix:%s", path);
    return connect_to(AF_UNIX, (const struct sockaddr *)&address, sizeof address, name, wait, error);
}

static int connect_host(const struct place *place, struct fetch_wait *wait, char error[FETCH_ERROR])
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char name[NAME + PORT];
    int fd = -1, result = getaddrinfo(place->host, place->port, &hints, &found);

    if (result) {
        fail(error, "%s: %s", place->host, gai_strerror(result));
        return -1;
    }
    snprintf(name, sizeof name, "%s:%s", place->host, place->port);
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
        fd = connect_to(at->ai_family, at->ai_addr, at->ai_addrlen, name, wait, error);
    freeaddrinfo(found);
    return fd;
}

/* The host may be an IPv6 address in brackets; without a port it is 80. */
static bool parse_place(const char *from, struct place *place)
{
    const char *text = from + strlen("http://"), *end = text + strcspn(text, "/?#"), *host_end, *port = "80";
    int port_length = 2;

    place->authority = text;
    place->authority_length = (int)(end - text);
    place->path = *end == '/' ? end : "";
    place->path_length = (int)strcspn(place->path, "?#");
    while (place->path_length && place->path[place->path_length - 1] == '/')
        place->path_length--;
    if (*text == '[') {
        text++;
        host_end = memchr(text, ']', (size_t)(end - text));
        if (!host_end)
            return false;
        if (host_end[1] == ':') {
            port = host_end + 2;
            port_length = (int)(end - port);
        }
    } else {
        host_end = memchr(text, ':', (size_t)(end - text));
        if (host_end) {
            port = host_end + 1;
            port_length = (int)(end - port);
        } else {
            host_end = end;
        }
    }
    if (host_end == text || host_end - text >= NAME || port_length < 1 || port_length >= PORT)
        return false;
    snprintf(place->host, sizeof place->host, "%.*s", (int)(host_end - text), text);
    snprintf(place->port, sizeof place->port, "%.*s", port_length, port);
    return true;
}

/* ---- talking ---- */

/* A server that ends the connection may have said why: that is read, whatever became of the question. */
static bool send_all(int fd, const char *bytes, size_t length, struct fetch_wait *wait,
                     char error[FETCH_ERROR])
{
    while (length) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN) {
            if (!wait_for(wait, fd, POLLOUT, error))
                return false;
            continue;
        }
        if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
            return true;
        if (sent <= 0)
            return fail(error, "send() failed (%d: %s)", errno, strerrordesc_np(errno));
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* Keeps a byte for the NUL: readers take the answer for a string. */
static bool make_room(struct fetched *fetched)
{
    size_t size = fetched->size ? fetched->size * 2 : FIRST;
    char *text;

    if (fetched->size - fetched->length >= 2)
        return true;
    text = size <= FETCH_MOST ? sysmem_realloc(SYSMEM_OF_VIEW, fetched->text, fetched->size, size) : NULL;
    if (!text)
        return false;
    fetched->text = text;
    fetched->size = size;
    return true;
}

/* Without the empty lines by which the server showed that it lives. */
static bool strip_signs(struct fetched *fetched, char error[FETCH_ERROR])
{
    size_t signs = fetched->length ? strspn(fetched->text, "\n") : 0;

    if (signs == fetched->length)
        return fail(error, "the server said nothing and ended the connection: it is stopped, or has no room");
    fetched->length -= signs;
    memmove(fetched->text, fetched->text + signs, fetched->length + 1);
    return true;
}

/* To the end of the answer, waiting as the caller wants to. */
static bool read_all(int fd, struct fetched *fetched, struct fetch_wait *wait, char error[FETCH_ERROR])
{
    for (;;) {
        ssize_t got;

        if (!make_room(fetched))
            return fail(error, "the answer is too large");
        got = recv(fd, fetched->text + fetched->length, fetched->size - fetched->length - 1, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN) {
            if (!wait_for(wait, fd, POLLIN, error))
                return false;
            continue;
        }
        if (got < 0 && errno != ECONNRESET)
            return fail(error, "recv() failed (%d: %s)", errno, strerrordesc_np(errno));
        if (got <= 0)
            return strip_signs(fetched, error);
        wait->received += (size_t)got;
        fetched->length += (size_t)got;
        fetched->text[fetched->length] = '\0';
    }
}

/* HTTP/1.0 was asked for: what comes after the head, to the end, is the body. */
static bool strip_head(struct fetched *fetched, char error[FETCH_ERROR])
{
    char *end = fetched->text ? strstr(fetched->text, "\r\n\r\n") : NULL;

    if (!end || strncmp(fetched->text, "HTTP/1.", 7) != 0)
        return fail(error, "the answer is not HTTP");
    if (strncmp(fetched->text + 8, " 200 ", 5) != 0)
        return fail(error, "the server answers \"%.*s\"", (int)strcspn(fetched->text, "\r"), fetched->text);
    end += 4;
    fetched->length -= (size_t)(end - fetched->text);
    memmove(fetched->text, end, fetched->length + 1);
    return true;
}

/* ---- asking ---- */

/* The descriptor again, or -1, and it is closed. */
static int ask_server(int fd, const char *question, struct fetch_wait *wait, char error[FETCH_ERROR])
{
    if (fd < 0 || send_all(fd, question, strlen(question), wait, error))
        return fd;
    close(fd);
    return -1;
}

static int open_http(const char *from, const char *path, struct fetch_wait *wait, char error[FETCH_ERROR])
{
    struct place place;
    char question[2048];
    int length;

    if (!parse_place(from, &place)) {
        fail(error, "\"%s\" is not an address", from);
        return -1;
    }
    length = snprintf(question, sizeof question, "GET %.*s%s HTTP/1.0\r\nHost: %.*s\r\n\r\n",
                      place.path_length, place.path, path, place.authority_length, place.authority);
    if (length < 0 || (size_t)length >= sizeof question) {
        fail(error, "the address is too long");
        return -1;
    }
    return ask_server(connect_host(&place, wait, error), question, wait, error);
}

static int open_path(const char *from, const char *line, struct fetch_wait *wait, char error[FETCH_ERROR])
{
    char question[256];
    int length = snprintf(question, sizeof question, "%s\n", line);

    if (length < 0 || (size_t)length >= sizeof question) {
        fail(error, "the question is too long");
        return -1;
    }
    return ask_server(connect_path(from + strlen("unix:"), wait, error), question, wait, error);
}

/* Connects and asks: a descriptor that does not block, or -1. */
static int open_server(const char *from, const char *line, const char *path, struct fetch_wait *wait,
                       char error[FETCH_ERROR])
{
    wait->connected = false;
    wait->received = 0;
    if (!strncmp(from, "unix:", 5))
        return open_path(from, line, wait, error);
    if (!strncmp(from, "http://", 7))
        return open_http(from, path, wait, error);
    fail(error, "\"%s\" is neither unix:PATH nor http://HOST:PORT/PATH", from);
    return -1;
}

int fetch_open(const char *from, const char *line, const char *path, struct fetch_wait *wait,
               char error[FETCH_ERROR])
{
    const struct timeval patience = {.tv_sec = FETCH_SECONDS};
    struct fetch_wait in_poll = {.ready = wait_in_poll};
    int fd = open_server(from, line, path, wait ? wait : &in_poll, error);

    if (fd >= 0 && !wait) {
        fcntl(fd, F_SETFL, 0);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    return fd;
}

bool fetch(const char *from, const char *line, const char *path, struct fetch_wait *wait,
           struct fetched *fetched, char error[FETCH_ERROR])
{
    struct fetch_wait in_poll = {.ready = wait_in_poll};
    bool good = false;
    int fd;

    wait = wait ? wait : &in_poll;
    *fetched = (struct fetched){0};
    fd = open_server(from, line, path, wait, error);
    if (fd >= 0) {
        good = read_all(fd, fetched, wait, error);
        close(fd);
    }
    if (good && strncmp(from, "unix:", 5) != 0)
        good = strip_head(fetched, error);
    if (!good)
        fetch_free(fetched);
    return good;
}

void fetch_free(struct fetched *fetched)
{
    if (fetched->text)
        sysmem_free(SYSMEM_OF_VIEW, fetched->text, fetched->size);
    *fetched = (struct fetched){0};
}
