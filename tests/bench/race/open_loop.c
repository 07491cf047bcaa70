/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that sends at a fixed rate, whatever the server does: a wait is counted from when the request was
 * due, not from when it could be sent. Usage: open_loop PORT PATH RATE SECONDS CONNECTIONS */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, PATIENCE = 5 /* seconds for what is on its way at the end */ };

struct client {
    int fd;
    double due; /* seconds; 0: nothing is asked */
    size_t got; /* bytes of the answer */
};

static struct sockaddr_in address = {.sin_family = AF_INET};
static char text[512], received[65536];
static size_t answer; /* bytes of each */

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    fprintf(stderr, "open_loop: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void ask(const struct client *client)
{
    if (send(client->fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
        fail("send()");
}

static void join(struct client *client, int epoll)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    int on = 1;

    client->fd = socket(AF_INET, SOCK_STREAM, 0);
    client->got = 0;
    if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("connect()");
    (void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event) < 0)
        fail("epoll_ctl()");
}

/* All answers are as long as the first: the date is, and so is all else. */
static void learn(void)
{
    struct client client = {0};
    const char *length, *body;
    ssize_t got;

    join(&client, -1);
    ask(&client);
    got = recv(client.fd, received, sizeof received - 1, 0);
    received[got > 0 ? got : 0] = '\0';
    length = strcasestr(received, "\r\nContent-Length: ");
    body = strstr(received, "\r\n\r\n");
    if (!length || !body || strncmp(received, "HTTP/1.1 200", 12))
        fail("no usual answer");
    answer = (size_t)(body + 4 - received) + (size_t)atoi(length + 18);
    close(client.fd);
}

/* True: its answer is whole. A server that is told to reload may close a connection; what was asked on it is
 * asked again, and its wait goes on. */
static bool hear(struct client *client, int epoll)
{
    ssize_t got = recv(client->fd, received, sizeof received, 0);

    if (got <= 0) {
        close(client->fd);
        join(client, epoll);
        if (client->due > 0.)
            ask(client);
        return false;
    }
    client->got += (size_t)got;
    return client->got >= answer;
}

static int compare(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

int main(int argc, char **argv)
{
    double rate = argc == 6 ? atof(argv[3]) : 0., seconds = rate > 0. ? atof(argv[4]) : 0., start, *waits;
    size_t most = (size_t)(rate * seconds), count = rate > 0. ? (size_t)atoi(argv[5]) : 0, sent = 0, done = 0;
    struct client *clients = calloc(count, sizeof *clients), **idle = calloc(count, sizeof *idle);
    struct epoll_event events[EVENTS];
    int epoll = epoll_create1(0);
    size_t idle_count = 0;

    waits = calloc(most, sizeof *waits);
    if (!most || !count || !clients || !idle || !waits)
        fail("usage: open_loop PORT PATH RATE SECONDS CONNECTIONS");
    address.sin_port = htons((unsigned short)atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", argv[2]);
    learn();
    for (; idle_count < count; idle_count++) {
        join(&clients[idle_count], epoll);
        idle[idle_count] = &clients[idle_count];
    }
    start = now();
    while (done < most && now() < start + seconds + PATIENCE) {
        int ready = epoll_wait(epoll, events, EVENTS, 0);

        for (int i = 0; i < ready; i++) {
            struct client *client = events[i].data.ptr;

            if (!hear(client, epoll) || client->due <= 0.)
                continue;
            waits[done++] = now() - client->due;
            client->due = 0.;
            client->got = 0;
            idle[idle_count++] = client;
        }
        for (; sent < most && idle_count && start + (double)sent / rate <= now(); sent++) {
            struct client *client = idle[--idle_count];

            client->due = start + (double)sent / rate;
            ask(client);
        }
    }
    qsort(waits, done, sizeof *waits, compare);
    if (done < most)
        fprintf(stderr, "open_loop: %zu of %zu answers are missing\n", most - done, most);
    else
        printf("%.0f %.0f %.0f %.0f\n", waits[done / 2] * 1e6, waits[done * 99 / 100] * 1e6,
               waits[done * 999 / 1000] * 1e6, waits[done - 1] * 1e6);
    return done < most;
}
