/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echo_load ADDRESS PORT CONNECTIONS SIZE SECONDS: drives a TCP echo service from one thread. On each
 * connection a message of SIZE bytes is sent and has to come back, byte for byte, before the next one is
 * sent. Prints messages and bytes per second; exits 1 after any socket error or wrong byte.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

struct conversation {
    int descriptor;
    size_t sent, received; /* bytes of the present message */
};

static char *message, *scratch;
static size_t message_size;
static uint64_t messages;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "echo_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int connect_to(const char *address, uint16_t port)
{
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(port)};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    if (inet_pton(AF_INET, address, &peer.sin_addr) != 1) {
        errno = EINVAL;
        fail(address);
    }
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&peer, sizeof peer) != 0)
        fail("connect");
    if (setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0)
        fail("socket options");
    return descriptor;
}

static void send_more(struct conversation *one)
{
    while (one->sent < message_size) {
        ssize_t count = send(one->descriptor, message + one->sent, message_size - one->sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EAGAIN)
            return;
        if (count < 0)
            fail("send");
        one->sent += (size_t)count;
    }
}

static void receive_more(struct conversation *one)
{
    for (;;) {
        ssize_t count = recv(one->descriptor, scratch, message_size - one->received, 0);
        if (count < 0 && errno == EAGAIN)
            return;
        if (count <= 0)
            fail(count == 0 ? "closed by the server" : "recv");
        if (memcmp(scratch, message + one->received, (size_t)count) != 0) {
            errno = EPROTO;
            fail("other bytes came back");
        }
        one->received += (size_t)count;
        if (one->received == message_size) {
            messages++;
            one->sent = one->received = 0;
            send_more(one);
        }
    }
}

static void drive(int epoll, struct conversation *all, size_t count, double seconds)
{
    double end = now() + seconds;

    for (size_t i = 0; i < count; i++)
        send_more(&all[i]);
    while (now() < end) {
        struct epoll_event events[256];
        int ready = epoll_wait(epoll, events, 256, 1000);
        if (ready < 0 && errno != EINTR)
            fail("epoll_wait");
        if (ready == 0) {
            errno = ETIMEDOUT;
            fail("nothing moved for a second");
        }
        for (int i = 0; i < ready; i++) {
            struct conversation *one = events[i].data.ptr;
            if (events[i].events & EPOLLOUT)
                send_more(one);
            if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
                receive_more(one);
        }
    }
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: echo_load ADDRESS PORT CONNECTIONS SIZE SECONDS\n");
        return 2;
    }
    size_t count = strtoul(argv[3], NULL, 10);
    double seconds = strtod(argv[5], NULL), began;
    struct conversation *all = calloc(count, sizeof *all);
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    message_size = strtoul(argv[4], NULL, 10);
    message = malloc(message_size);
    scratch = malloc(message_size);
    if (count == 0 || message_size == 0 || !all || !message || !scratch || epoll < 0)
        fail("setup");
    for (size_t i = 0; i < message_size; i++)
        message[i] = (char)(i * 31 >> 3);
    for (size_t i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = &all[i]};
        all[i].descriptor = connect_to(argv[1], (uint16_t)strtoul(argv[2], NULL, 10));
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].descriptor, &event) != 0)
            fail("epoll_ctl");
    }
    began = now();
    drive(epoll, all, count, seconds);
    seconds = now() - began;
    for (size_t i = 0; i < count; i++)
        close(all[i].descriptor);
    free(all);
    free(message);
    free(scratch);
    printf("%.0f messages/s, %.1f MB/s each way\n", (double)messages / seconds,
           (double)messages * (double)message_size / seconds / 1e6);
    return messages == 0;
}
