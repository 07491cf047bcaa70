/* SPDX-License-Identifier: BSD-2-Clause */
/* The terminal and the keys of `tidepool top`. */
#include "server/tools/top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "pool/pool.h"
#include "server/tools/fetch.h"
#include "server/tools/json.h"
#include "server/tools/top_view.h"

enum {
    TOP_ROWS = 64,        /* connections of one snapshot in plain text */
    TOP_ROWS_MOST = 1000, /* that a server answers */
    TOP_SECONDS = 2,      /* between two questions */
    TOP_SECONDS_MOST = 3600,
    TOP_COLUMNS = 80,
    TOP_LINES = 24 /* of a terminal that does not say */
};

static const char usage[] =
    "Usage: tidepool top [-1] [-c unix:PATH | http://HOST[:PORT]/PATH] [-d SECONDS] [-n ROWS] [-s KEY]\n"
    "\n"
    "  -1         : one snapshot as plain text with exact figures, for reports\n"
    "  -c server  : its control socket, or a location with pool_view\n"
    "               (default: " TOP_DEFAULT_SERVER ")\n"
    "  -d seconds : between two snapshots (default: 2)\n"
    "  -n rows    : connections shown (default: as many as fit; with -1: 64)\n"
    "  -s key     : sorts by total, peak, used, age, idle, requests or unsent (default: total)\n"
    "\n"
    "Keys: t p u a i r n sort by total, peak, used, age, idle, requests, unsent; w shows or hides the "
    "workers;\n"
    "      blank asks now; q ends.\n";

struct snapshot {
    struct pool *pool; /* with the tree */
    struct fetched fetched;
    struct json *json; /* NULL: none */
};

struct top {
    const char *from;
    const struct top_key *key;
    unsigned rows; /* 0: as many as fit */
    unsigned seconds;
    bool once, workers;
    struct snapshot now, before;
    char error[FETCH_ERROR];
};

/* ---- asking ---- */

static void drop(struct snapshot *snapshot)
{
    fetch_free(&snapshot->fetched);
    pool_destroy(snapshot->pool);
    *snapshot = (struct snapshot){0};
}

static bool read_snapshot(struct snapshot *snapshot, char error[FETCH_ERROR])
{
    const char *said;

    snapshot->pool = pool_create(&(struct pool_options){.block_size = 64 * 1024, .name = "top"});
    if (snapshot->pool)
        snapshot->json = json_read(snapshot->pool, snapshot->fetched.text);
    said = json_text(snapshot->json, "error");
    if (snapshot->json && !*said && json_at(snapshot->json, "server"))
        return true;
    snprintf(error, FETCH_ERROR, "%.*s", FETCH_ERROR - 1, *said ? said : "the answer is no snapshot");
    return false;
}

/* The last good snapshot becomes the one before. False: `error` says why there is none. */
static bool ask_snapshot(struct top *top, unsigned rows)
{
    struct snapshot fresh = {0};
    char line[128], path[128];

    snprintf(line, sizeof line, "data sort=%s&limit=%u", top->key->name, rows);
    snprintf(path, sizeof path, "/data?sort=%s&limit=%u", top->key->name, rows);
    if (!fetch(top->from, line, path, &fresh.fetched, top->error))
        return false;
    if (!read_snapshot(&fresh, top->error)) {
        drop(&fresh);
        return false;
    }
    top->error[0] = '\0';
    drop(&top->before);
    top->before = top->now;
    top->now = fresh;
    return true;
}

static int print_once(struct top *top)
{
    struct top_view view = {.out = stdout, .workers = true, .key = top->key};

    if (!ask_snapshot(top, top->rows ? top->rows : TOP_ROWS)) {
        fprintf(stderr, "tidepool: %s\n", top->error);
        return 1;
    }
    top_view_draw(&view, top->now.json, NULL);
    return fflush(stdout) || ferror(stdout) ? 1 : 0;
}

/* ---- the terminal ---- */

static volatile sig_atomic_t ended, resized;

static void on_end(int number)
{
    ended = number;
}

static void on_resize(int number)
{
    resized = number;
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

/* Keys arrive at once and are not echoed; the shell's screen is saved. False: stdin is not a terminal. */
static bool enter_screen(struct termios *before)
{
    struct termios raw;

    if (tcgetattr(STDIN_FILENO, before))
        return false;
    raw = *before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    fputs("\x1b[?1049h\x1b[?25l", stdout);
    return true;
}

static void leave_screen(const struct termios *before)
{
    fputs("\x1b[?25h\x1b[?1049l", stdout);
    fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSANOW, before);
}

static void measure(struct top_view *view)
{
    struct winsize size;
    bool known = !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col && size.ws_row;

    view->columns = known ? size.ws_col : TOP_COLUMNS;
    view->lines = known ? size.ws_row : TOP_LINES;
}

static void draw(struct top *top)
{
    struct top_view view = {.out = stdout, .terminal = true, .workers = top->workers, .key = top->key};

    measure(&view);
    if (*top->error)
        view.notice = top->error;
    top_view_draw(&view, top->now.json, top->before.json);
    fflush(stdout);
}

/* ---- keys ---- */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const struct top_key *find_key(char letter, const char *name)
{
    for (const struct top_key *key = top_keys; key->name; key++)
        if (name ? !strcmp(key->name, name) : key->letter == letter)
            return key;
    return NULL;
}

/* Whether to ask the server at once. */
static bool press(struct top *top, char letter)
{
    const struct top_key *key = find_key(letter, NULL);

    if (letter == 'q')
        ended = 1;
    if (letter == 'w') {
        top->workers = !top->workers;
        draw(top);
    }
    if (key)
        top->key = key;
    return key || letter == ' ' || letter == '\n';
}

/* Waits until `until`, a key or a signal. Signals arrive only during ppoll, and earlier ones are handled
 * first: none is missed. True: a key wants the server to be asked. */
static bool wait_once(struct top *top, int64_t until, const sigset_t *open)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    int64_t left = until - now_ms();
    const struct timespec patience = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
    bool asks = false;
    char letters[16];
    ssize_t got;

    if (left <= 0)
        return true;
    if (resized) { /* also by a signal from before they were blocked */
        resized = 0;
        draw(top);
    }
    if (ppoll(&in, 1, &patience, open) > 0) {
        got = read(STDIN_FILENO, letters, sizeof letters);
        if (!got || (got < 0 && errno != EINTR && errno != EAGAIN))
            ended = SIGHUP; /* the terminal is gone */
        for (ssize_t i = 0; i < got; i++)
            asks |= press(top, letters[i]);
    }
    return asks;
}

/* Waits until it is time to ask again, or a key wants it. */
static void wait_for_keys(struct top *top)
{
    int64_t until = now_ms() + (int64_t)top->seconds * 1000;
    sigset_t closed, open;

    sigfillset(&closed);
    sigprocmask(SIG_BLOCK, &closed, &open);
    while (!ended && !wait_once(top, until, &open))
        ;
    sigprocmask(SIG_SETMASK, &open, NULL);
}

/* As many rows as there are lines: the server need not send more. */
static unsigned rows_wanted(const struct top *top)
{
    struct top_view view;

    measure(&view);
    return top->rows ? top->rows : view.lines < TOP_ROWS_MOST ? view.lines : TOP_ROWS_MOST;
}

/* The first question is asked on the ordinary screen, so that its error stays readable. */
static int watch(struct top *top)
{
    static char buffer[64 * 1024]; /* a picture is written in one piece */
    struct termios before;

    if (!ask_snapshot(top, rows_wanted(top))) {
        fprintf(stderr, "tidepool: %s\n", top->error);
        return 1;
    }
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    catch_signals();
    if (!enter_screen(&before))
        return print_once(top);
    draw(top);
    while (!ended) {
        wait_for_keys(top);
        if (ended)
            break;
        (void)ask_snapshot(top, rows_wanted(top)); /* the error is shown */
        draw(top);
    }
    leave_screen(&before);
    return 0;
}

/* ---- the command line ---- */

static bool read_count(const char *text, unsigned most, unsigned *number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || !value || value > most)
        return false;
    *number = (unsigned)value;
    return true;
}

static bool read_option(struct top *top, int option)
{
    switch (option) {
    case '1':
        top->once = true;
        return true;
    case 'c':
        top->from = optarg;
        return true;
    case 'd':
        return read_count(optarg, TOP_SECONDS_MOST, &top->seconds);
    case 'n':
        return read_count(optarg, TOP_ROWS_MOST, &top->rows);
    case 's':
        top->key = find_key(0, optarg);
        return top->key != NULL;
    default:
        return false;
    }
}

int top_command(int argc, char *const *argv)
{
    struct top top = {.from = TOP_DEFAULT_SERVER, .key = top_keys, .seconds = TOP_SECONDS, .workers = true};
    int option, status;

    while ((option = getopt(argc, argv, "1c:d:hn:s:")) != -1) {
        if (option != 'h' && read_option(&top, option))
            continue;
        fputs(usage, option == 'h' ? stdout : stderr);
        return option == 'h' ? 0 : 2;
    }
    if (optind != argc) {
        fputs(usage, stderr);
        return 2;
    }
    status = top.once || !isatty(STDOUT_FILENO) ? print_once(&top) : watch(&top);
    drop(&top.now);
    drop(&top.before);
    return status;
}
