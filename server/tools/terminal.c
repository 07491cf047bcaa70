/* SPDX-License-Identifier: BSD-2-Clause */
/* The terminal's modes and the waiting for what happens at it. */
#include "server/tools/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    TERMINAL_COLUMNS = 80,
    TERMINAL_LINES = 24,   /* of a terminal of unknown size */
    TERMINAL_PAUSE = 50,   /* ms after which an escape is the key Esc: the bytes of others come at once */
    TERMINAL_SEQUENCE = 16 /* bytes of the longest one */
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

bool terminal_has_colour(void)
{
    const char *no = getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) && !(no && *no);
}

/* All signals are blocked: earlier ones are seen here, later ones end ppoll. */
static enum terminal_event wait_closed(int64_t until, struct pollfd *others, unsigned count,
                                       const sigset_t *open)
{
    struct pollfd all[1 + TERMINAL_OTHERS] = {{.fd = STDIN_FILENO, .events = POLLIN}};
    int64_t left = until - terminal_ms();
    struct timespec patience = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
    int ready = 0;

    if (left < 0)
        patience = (struct timespec){0};
    for (unsigned i = 0; i < count; i++)
        all[1 + i] = others[i];
    if (!terminal_ended && !terminal_resized)
        ready = ppoll(all, 1 + count, &patience, open);
    for (unsigned i = 0; i < count; i++)
        others[i].revents = ready > 0 ? all[1 + i].revents : 0;
    if (terminal_ended)
        return TERMINAL_ENDED;
    if (terminal_resized) {
        terminal_resized = 0;
        return TERMINAL_RESIZED;
    }
    if (ready > 0)
        return all[0].revents ? TERMINAL_KEY : TERMINAL_READY;
    return ready < 0 && terminal_ms() < until ? TERMINAL_RESIZED : TERMINAL_TIME;
}

enum terminal_event terminal_wait(int64_t until, struct pollfd *others, unsigned count)
{
    enum terminal_event event;
    sigset_t closed, open;

    sigfillset(&closed);
    sigprocmask(SIG_BLOCK, &closed, &open);
    event = wait_closed(until, others, count, &open);
    sigprocmask(SIG_SETMASK, &open, NULL);
    return event;
}

/* ---- keys ---- */

/* Behind the escape stands "[" or "O", then for some keys a number, and modifiers, which are ignored. */
size_t terminal_decode(const char *bytes, size_t length, int *key)
{
    static const struct {
        char end, number;
        int key;
    } keys[] = {{'A', 0, TERMINAL_UP},         {'B', 0, TERMINAL_DOWN},   {'H', 0, TERMINAL_HOME},
                {'F', 0, TERMINAL_END},        {'~', '1', TERMINAL_HOME}, {'~', '7', TERMINAL_HOME},
                {'~', '4', TERMINAL_END},      {'~', '8', TERMINAL_END},  {'~', '5', TERMINAL_PAGE_UP},
                {'~', '6', TERMINAL_PAGE_DOWN}};
    size_t end = 2;

    *key = (unsigned char)*bytes;
    if (*bytes != TERMINAL_ESCAPE)
        return 1;
    if (length == 1)
        return 0;
    if (bytes[1] != '[' && bytes[1] != 'O')
        return 1;
    while (end < length && ((bytes[end] >= '0' && bytes[end] <= '9') || bytes[end] == ';'))
        end++;
    if (end == length)
        return 0;
    *key = TERMINAL_UNKNOWN;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].end == bytes[end] &&
            (!keys[i].number || (keys[i].number == bytes[2] && (end == 3 || bytes[3] == ';'))))
            *key = keys[i].key;
    return end + 1;
}

/* Takes the keys off `bytes`; what is left is the beginning of one. */
static size_t take_keys(char *bytes, size_t *length, int *keys, size_t size)
{
    size_t count = 0, at = 0, taken = 1;

    while (at < *length && count < size &&
           (taken = terminal_decode(bytes + at, *length - at, &keys[count]))) {
        at += taken;
        count++;
    }
    *length -= at;
    memmove(bytes, bytes + at, *length);
    return count;
}

size_t terminal_keys(int *keys, size_t size)
{
    static char bytes[TERMINAL_SEQUENCE];
    static size_t length;
    struct pollfd more = {.fd = STDIN_FILENO, .events = POLLIN};
    size_t count = 0;

    do {
        ssize_t got = read(STDIN_FILENO, bytes + length, sizeof bytes - length);

        if (!got || (got < 0 && errno != EINTR && errno != EAGAIN))
            terminal_ended = SIGHUP; /* the terminal is gone */
        if (got <= 0)
            return count;
        length += (size_t)got;
        count += take_keys(bytes, &length, keys + count, size - count);
    } while (length && length < sizeof bytes && count < size && poll(&more, 1, TERMINAL_PAUSE) > 0);
    if (length && count < size) { /* nothing follows: it is Esc, or no key that is known */
        keys[count++] = length == 1 ? TERMINAL_ESCAPE : TERMINAL_UNKNOWN;
        length = 0;
    }
    return count;
}
