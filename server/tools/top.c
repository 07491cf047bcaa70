/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line, and the loop at a terminal. */
#include "server/tools/top.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool/pool.h"
#include "server/tools/terminal.h"
#include "server/tools/top_session.h"

enum {
    TOP_SECONDS = 2, /* between two questions */
    TOP_SECONDS_MOST = 3600,
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
    "In a terminal Up and Down select a connection, Enter shows the life of its pool, ? names all keys.\n";

static int print_once(struct top *top)
{
    struct top_view view = {.out = stdout, .workers = true, .key = top->key, .selected = TOP_NONE};

    top->once = true;
    if (!top_ask_snapshot(top, top->rows ? top->rows : TOP_ROWS, top->error)) {
        fprintf(stderr, "tidepool: %s\n", top->error);
        return 1;
    }
    top_view_draw(&view, top->now.json, NULL);
    return fflush(stdout) || ferror(stdout) ? 1 : 0;
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
    top->seen = terminal_ms();
    top->colour = terminal_has_colour();
    there = top_ask(top) || top->wait.connected || top->ended;
    while (there && !top->ended) {
        unsigned seconds = *top->error && top->seconds > TOP_SECONDS ? TOP_SECONDS : top->seconds;

        top_wait(top, terminal_ms() + (int64_t)seconds * 1000, -1, 0);
        if (top->opens && !top->ended) {
            top->opens = false;
            top_ask_life(top);
        }
        if (!top->ended)
            top_ask(top);
    }
    terminal_leave(&terminal);
    top_life_end(&top->life);
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
        top->key = top_key_named(optarg);
        return top->key != NULL;
    default:
        return false;
    }
}

int top_command(int argc, char *const *argv)
{
    static struct top top; /* large, and zeros in the binary */
    int option, status;

    top.from = TOP_DEFAULT_SERVER;
    top.seconds = TOP_SECONDS;
    top.workers = true;
    top.key = top_keys;
    top.wants = TOP_NONE;
    top.life.fd = -1;
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
    top.life.stream.pool = pool_create(&(struct pool_options){.block_size = FOLLOW_LINE, .name = "follow"});
    if (!top.life.stream.pool) {
        fputs("tidepool: out of memory\n", stderr);
        return 1;
    }
    status = top.once || !isatty(STDOUT_FILENO) ? print_once(&top) : watch(&top);
    top_drop(&top);
    pool_destroy(top.life.stream.pool);
    return status;
}
