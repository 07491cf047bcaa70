/* SPDX-License-Identifier: BSD-2-Clause */
/* The floor of a benchmark: an epoll loop that parses nothing. It counts empty lines and answers each with
 * the same bytes, so what it costs is what the kernel charges. Usage: floor PORT [close] */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER(connection)                                                                                   \
    "HTTP/1.1 200 OK\r\nServer: floor\r\nDate: Sat, 28 Nov 2026 00:00:00 GMT\r\nContent-Type: "              \
    "text/plain\r\n"                                                                                         \
    "Content-Length: 13\r\nConnection: " connection "\r\n\r\nHello, World!"

enum { ANSWER_MAX = sizeof ANSWER("keep-alive"), ANSWERS = 1024, EVENTS = 256 };

static const int on = 1;
static char received[65536], answers[ANSWER_MAX * ANSWERS];

static void watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        perror("floor: epoll_ctl()");
}

static int listen_at(unsigned short port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4096) < 0) {
        perror("floor");
        exit(1);
    }
    return fd;
}

static void take_all(int epoll, int listener)
{
    int fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        watch(epoll, fd);
    }
}

/* A request that comes in two pieces is counted with its second; wrk sends none such. */
static size_t count_requests(const char *at, const char *end)
{
    size_t count = 0;

    while (count < ANSWERS && (at = memmem(at, (size_t)(end - at), "\r\n\r\n", 4))) {
        count++;
        at += 4;
    }
    return count;
}

int main(int argc, char **argv)
{
    int listener = listen_at((unsigned short)(argc > 1 ? atoi(argv[1]) : 0)), epoll = epoll_create1(0);
    bool once = argc > 2;
    const char *answer = once ? ANSWER("close") : ANSWER("keep-alive");
    size_t one = strlen(answer);
    struct epoll_event events[EVENTS];

    for (size_t i = 0; i < ANSWERS; i++)
        memcpy(answers + i * one, answer, one);
    watch(epoll, listener);
    for (;;) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);

        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            ssize_t got;
            size_t length;

            if (fd == listener) {
                take_all(epoll, listener);
                continue;
            }
            got = recv(fd, received, sizeof received, 0);
            length = got > 0 ? one * count_requests(received, received + got) : 0;
            if (got <= 0 || send(fd, answers, length, MSG_NOSIGNAL) != (ssize_t)length || once)
                close(fd);
        }
    }
}
