/* SPDX-License-Identifier: BSD-2-Clause */
/* Connects, asks, reads to the end. */
#include "server/tools/fetch.h"

#include <errno.h>
#include <netdb.h>
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

/* ---- connecting ---- */

static int connect_to(int family, const struct sockaddr *address, socklen_t length)
{
    const struct timeval patience = {.tv_sec = FETCH_SECONDS};
    int error, fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (!connect(fd, address, length))
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int connect_path(const char *path, char error[FETCH_ERROR])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (!*path || strlen(path) >= sizeof address.sun_path) {
        fail(error, "\"unix:%s\" is not the path of a socket", path);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = connect_to(AF_UNIX, (const struct sockaddr *)&address, sizeof address);
    if (fd < 0)
        fail(error, "connect() to unix:%s failed (%d: %s)", path, errno, strerrordesc_np(errno));
    return fd;
}

static int connect_host(const struct place *place, char error[FETCH_ERROR])
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int fd = -1, result = getaddrinfo(place->host, place->port, &hints, &found);

    if (result) {
        fail(error, "%s: %s", place->host, gai_strerror(result));
        return -1;
    }
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
        fd = connect_to(at->ai_family, at->ai_addr, at->ai_addrlen);
    if (fd < 0)
        fail(error, "connect() to %s:%s failed (%d: %s)", place->host, place->port, errno,
             strerrordesc_np(errno));
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

static bool send_all(int fd, const char *bytes, size_t length, char error[FETCH_ERROR])
{
    while (length) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return fail(error, "send() failed (%d: %s)", errno, strerrordesc_np(errno));
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* The descriptor again, or -1, and it is closed. */
static int ask_server(int fd, const char *question, char error[FETCH_ERROR])
{
    if (send_all(fd, question, strlen(question), error))
        return fd;
    close(fd);
    return -1;
}

/* Keeps a byte for the NUL: readers take the answer for a string. */
static bool read_all(int fd, struct fetched *fetched, char error[FETCH_ERROR])
{
    for (;;) {
        ssize_t got;

        if (fetched->size - fetched->length < 2) {
            size_t size = fetched->size ? fetched->size * 2 : FIRST;
            char *text = size <= FETCH_MOST ? sysmem_realloc(fetched->text, fetched->size, size) : NULL;

            if (!text)
                return fail(error, "the answer is too large");
            fetched->text = text;
            fetched->size = size;
        }
        got = recv(fd, fetched->text + fetched->length, fetched->size - fetched->length - 1, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(error, errno == EAGAIN ? "the server does not answer" : "recv() failed");
        fetched->length += (size_t)got;
        fetched->text[fetched->length] = '\0';
        if (!got)
            return true;
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

static int open_http(const char *from, const char *path, char error[FETCH_ERROR])
{
    struct place place;
    char question[2048];
    int fd, length;

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
    fd = connect_host(&place, error);
    return fd >= 0 ? ask_server(fd, question, error) : -1;
}

static int open_path(const char *from, const char *line, char error[FETCH_ERROR])
{
    char question[256];
    int fd, length = snprintf(question, sizeof question, "%s\n", line);

    if (length < 0 || (size_t)length >= sizeof question) {
        fail(error, "the question is too long");
        return -1;
    }
    fd = connect_path(from + strlen("unix:"), error);
    return fd >= 0 ? ask_server(fd, question, error) : -1;
}

int fetch_open(const char *from, const char *line, const char *path, char error[FETCH_ERROR])
{
    if (!strncmp(from, "unix:", 5))
        return open_path(from, line, error);
    if (!strncmp(from, "http://", 7))
        return open_http(from, path, error);
    fail(error, "\"%s\" is neither unix:PATH nor http://HOST:PORT/PATH", from);
    return -1;
}

bool fetch(const char *from, const char *line, const char *path, struct fetched *fetched,
           char error[FETCH_ERROR])
{
    int fd = fetch_open(from, line, path, error);
    bool good = false;

    *fetched = (struct fetched){0};
    if (fd >= 0) {
        good = read_all(fd, fetched, error);
        close(fd);
    }
    if (good && strncmp(from, "unix:", 5) != 0)
        good = strip_head(fetched, error);
    else if (good && !fetched->length)
        good = fail(error, "the server closed the connection without an answer");
    if (!good)
        fetch_free(fetched);
    return good;
}

void fetch_free(struct fetched *fetched)
{
    if (fetched->text)
        sysmem_free(fetched->text, fetched->size);
    *fetched = (struct fetched){0};
}
