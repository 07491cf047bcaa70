/* SPDX-License-Identifier: BSD-2-Clause */
/* The terminal's modes and the waiting for what happens at it. */
#include "server/tools/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    TERMINAL_COLUMNS = 80,
    TERMINAL_LINES = 24 /* of a terminal of unknown size */
};

static volatile sig_atomic_t terminal_ended, terminal_resized;

static void on_end(int number)
{
    terminal_ended = number;
}

static void on_resize(int number)
{
    terminal_resized = number;
}

static void catch_signals(void)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_handler = on_end};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        sigaction(ends[i], &action, NULL);
    action.sa_handler = on_resize;
    sigaction(SIGWINCH, &action, NULL);
}

bool terminal_enter(struct terminal *terminal)
{
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, &terminal->before))
        return false;
    catch_signals();
    raw = terminal->before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    fputs("\x1b[?1049h\x1b[?25l", stdout);
    return true;
}

void terminal_leave(const struct terminal *terminal)
{
    fputs("\x1b[?25h\x1b[?1049l", stdout);
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSANOW, &terminal->before);
}

void terminal_measure(unsigned *columns, unsigned *lines)
{
    struct winsize size;
    bool known = !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col && size.ws_row;

    *columns = known ? size.ws_col : TERMINAL_COLUMNS;
    *lines = known ? size.ws_row : TERMINAL_LINES;
}

int64_t terminal_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* All signals are blocked: earlier ones are seen here, later ones end ppoll. */
static enum terminal_event wait_closed(int64_t until, int fd, short events, const sigset_t *open)
{
    struct pollfd both[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = fd, .events = events}};
    int64_t left = until - terminal_ms();
    struct timespec patience = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
    int ready = 0;

    if (left < 0)
        patience = (struct timespec){0};
    if (!terminal_ended && !terminal_resized)
        ready = ppoll(both, 2, &patience, open);
    if (terminal_ended)
        return TERMINAL_ENDED;
    if (terminal_resized) {
        terminal_resized = 0;
        return TERMINAL_RESIZED;
    }
    if (ready > 0)
        return both[0].revents ? TERMINAL_KEY : TERMINAL_READY;
    return ready < 0 && terminal_ms() < until ? TERMINAL_RESIZED : TERMINAL_TIME;
}

enum terminal_event terminal_wait(int64_t until, int fd, short events)
{
    enum terminal_event event;
    sigset_t closed, open;

    sigfillset(&closed);
    sigprocmask(SIG_BLOCK, &closed, &open);
    event = wait_closed(until, fd, events, &open);
    sigprocmask(SIG_SETMASK, &open, NULL);
    return event;
}

size_t terminal_keys(char *keys, size_t size)
{
    ssize_t got = read(STDIN_FILENO, keys, size);

    if (!got || (got < 0 && errno != EINTR && errno != EAGAIN))
        terminal_ended = SIGHUP; /* the terminal is gone */
    return got > 0 ? (size_t)got : 0;
}
