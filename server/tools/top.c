/* SPDX-License-Identifier: BSD-2-Clause */
/* The terminal and the keys of `tidepool top`. */
#include "server/tools/top.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool/pool.h"
#include "server/tools/fetch.h"
#include "server/tools/json.h"
#include "server/tools/terminal.h"
#include "server/tools/top_view.h"

enum {
    TOP_ROWS = 64,        /* connections of one snapshot in plain text */
    TOP_ROWS_MOST = 1000, /* that a server answers */
    TOP_SECONDS = 2,      /* between two questions */
    TOP_SECONDS_MOST = 3600,
    TOP_LATE = 3000,     /* ms after which a snapshot is old if a newer one was to come */
    TOP_GIVES_UP = 5000, /* ms without a sign of life after which it asks anew */
    TOP_COUNTS = 1000,   /* ms between two pictures of which the age counts */
    TOP_NEWS = 15000,    /* ms that a restart is told */
    TOP_NOTICE = FETCH_ERROR + 64
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
    "      blank asks now; ? helps; q ends.\n";

struct snapshot {
    struct pool *pool; /* with the tree */
    struct fetched fetched;
    struct json *json; /* NULL: none */
};

struct top {
    struct fetch_wait wait; /* first: see wait_for_answer */
    const char *from;
    const struct top_key *key;
    unsigned rows; /* 0: as many as fit */
    unsigned seconds;
    bool once, workers, help;
    bool ended;                 /* a key or a signal says so */
    bool again;                 /* a key wants to have the server asked at once */
    int64_t seen, asked, heard; /* terminal_ms() of the last snapshot, the question, the last sign of life */
    int64_t drawn, restarted;   /* and of the last picture, of another process that answers */
    double pid_before;
    bool asking;
    const char *gave_up; /* why the question was; NULL: it was not */
    struct snapshot now, before;
    char error[FETCH_ERROR]; /* of the last question that was answered or given up; "": it was good */
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
static bool ask_snapshot(struct top *top, unsigned rows, char error[FETCH_ERROR])
{
    struct snapshot fresh = {0};
    char line[128], path[128];

    snprintf(line, sizeof line, "data sort=%s&limit=%u", top->key->name, rows);
    snprintf(path, sizeof path, "/data?sort=%s&limit=%u", top->key->name, rows);
    if (!fetch(top->from, line, path, top->once ? NULL : &top->wait, &fresh.fetched, error))
        return false;
    if (!read_snapshot(&fresh, error)) {
        drop(&fresh);
        return false;
    }
    error[0] = '\0';
    if (top->now.json && !top_view_same(top->now.json, fresh.json)) {
        top->restarted = terminal_ms();
        top->pid_before = json_number(top->now.json, "server.pid");
    }
    drop(&top->before);
    top->before = top->now;
    top->now = fresh;
    top->seen = terminal_ms();
    return true;
}

static int print_once(struct top *top)
{
    struct top_view view = {.out = stdout, .workers = true, .key = top->key};

    top->once = true;
    if (!ask_snapshot(top, top->rows ? top->rows : TOP_ROWS, top->error)) {
        fprintf(stderr, "tidepool: %s\n", top->error);
        return 1;
    }
    top_view_draw(&view, top->now.json, NULL);
    return fflush(stdout) || ferror(stdout) ? 1 : 0;
}

/* ---- what is shown ---- */

/* Since `time`, in whole seconds. */
static int ago(int64_t time)
{
    return (int)((terminal_ms() - time) / 1000);
}

/* Whether the figures are older than they should be. */
static bool is_late(const struct top *top)
{
    int64_t now = terminal_ms();

    return *top->error || (top->asking && now - top->asked >= TOP_LATE / 3 && now - top->seen >= TOP_LATE);
}

/* What is wrong: what the question that is being asked has met so far, else what the last one met. */
static const char *trouble_of(const struct top *top)
{
    int64_t now = terminal_ms();

    if (top->asking && top->wait.connected && top->wait.received && now - top->heard < TOP_LATE)
        return "the server lives, but is slow: it has not answered yet";
    if (*top->error && (!top->asking || now - top->asked < TOP_LATE))
        return top->error;
    return top->wait.connected ? "the server hangs: it has taken the connection, and nothing comes"
                               : "the server hangs, or is not reached: it does not take the connection";
}

static void draw(struct top *top)
{
    struct top_view view = {
        .out = stdout, .terminal = true, .workers = top->workers, .help = top->help, .key = top->key};
    char notice[TOP_NOTICE], news[TOP_NOTICE];

    terminal_measure(&view.columns, &view.lines);
    if (is_late(top)) {
        if (top->now.json)
            snprintf(notice, sizeof notice, "last seen %d s ago: %s", ago(top->seen), trouble_of(top));
        else
            snprintf(notice, sizeof notice, "nothing seen for %d s: %s", ago(top->seen), trouble_of(top));
        view.notice = notice;
    } else if (top->restarted && terminal_ms() - top->restarted < TOP_NEWS) {
        snprintf(news, sizeof news, "restarted %d s ago: process %.0f has ended, this is process %.0f",
                 ago(top->restarted), top->pid_before, json_number(top->now.json, "server.pid"));
        view.news = news;
    }
    top_view_draw(&view, top->now.json, top->before.json);
    fflush(stdout);
    top->drawn = terminal_ms();
}

/* ---- keys ---- */

static const struct top_key *find_key(char letter, const char *name)
{
    for (const struct top_key *key = top_keys; key->name; key++)
        if (name ? !strcmp(key->name, name) : key->letter == letter)
            return key;
    return NULL;
}

static void press(struct top *top, char letter)
{
    const struct top_key *key = find_key(letter, NULL);

    if (letter == 'q')
        top->ended = true;
    if (letter == 'w') {
        top->workers = !top->workers;
        draw(top);
    }
    if (letter == '?') {
        top->help = !top->help;
        draw(top);
    }
    if (key)
        top->key = key;
    top->again |= key || letter == ' ' || letter == '\n';
}

/* Until `until`, or `fd` is ready for `events`; what happens at the terminal is done meanwhile. False: a key
 * or a signal wants something else. */
static bool wait_here(struct top *top, int64_t until, int fd, short events)
{
    char letters[16];
    size_t got;

    while (!top->ended && !top->again) {
        int64_t now = terminal_ms(), second = now + TOP_COUNTS;

        if (is_late(top) && now - top->drawn >= TOP_COUNTS)
            draw(top); /* the seconds count */
        switch (terminal_wait(second < until ? second : until, fd, events)) {
        case TERMINAL_READY:
            return true;
        case TERMINAL_TIME:
            if (terminal_ms() >= until)
                return true;
            break;
        case TERMINAL_KEY:
            got = terminal_keys(letters, sizeof letters);
            for (size_t i = 0; i < got; i++)
                press(top, letters[i]);
            break;
        case TERMINAL_RESIZED:
            draw(top);
            break;
        case TERMINAL_ENDED:
            top->ended = true;
        }
    }
    return false;
}

/* As fetch waits: the screen stays alive. A server that shows no sign of life is asked anew. */
static bool wait_for_answer(struct fetch_wait *wait, int fd, short events)
{
    struct top *top = (struct top *)(void *)wait;
    int64_t until;

    if (wait->received)
        top->heard = terminal_ms();
    until = (wait->received ? top->heard : top->asked) + TOP_GIVES_UP;
    if (!wait_here(top, until, fd, events))
        return false;
    if (terminal_ms() >= until)
        top->gave_up = trouble_of(top);
    return !top->gave_up;
}

/* ---- asking, and asking again ---- */

/* As many rows as there are lines: the server need not send more. */
static unsigned rows_wanted(const struct top *top)
{
    unsigned columns, lines;

    terminal_measure(&columns, &lines);
    return top->rows ? top->rows : lines < TOP_ROWS_MOST ? lines : TOP_ROWS_MOST;
}

/* An error stays until there is a good answer. A key that wants another question is no error. */
static bool ask(struct top *top)
{
    char error[FETCH_ERROR];
    bool good;

    top->again = false;
    top->gave_up = NULL;
    top->asking = true;
    top->asked = terminal_ms();
    good = ask_snapshot(top, rows_wanted(top), error);
    if (good || (!top->again && !top->ended))
        snprintf(top->error, sizeof top->error, "%s", top->gave_up ? top->gave_up : error);
    top->asking = false;
    draw(top);
    return good;
}

/* Nobody at the first question: the address is wrong, or nothing runs there. Whoever is there, and in
 * trouble, is asked again. */
static int watch(struct top *top)
{
    static char buffer[64 * 1024]; /* a picture is written in one piece */
    struct terminal terminal;
    bool there;

    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    if (!terminal_enter(&terminal))
        return print_once(top);
    top->wait.ready = wait_for_answer;
    top->seen = terminal_ms();
    there = ask(top) || top->wait.connected || top->ended;
    while (there && !top->ended) {
        unsigned seconds = *top->error && top->seconds > TOP_SECONDS ? TOP_SECONDS : top->seconds;

        wait_here(top, terminal_ms() + (int64_t)seconds * 1000, -1, 0);
        if (!top->ended)
            ask(top);
    }
    terminal_leave(&terminal);
    if (there)
        return 0;
    fprintf(stderr, "tidepool: %s\n", top->error);
    return 1;
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
