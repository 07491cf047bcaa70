/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions, and waiting for their answers while the screen stays alive; what is wrong with them. */
#include "server/tools/top_session.h"

#include <stdio.h>
#include <string.h>

#include "pool/pool.h"
#include "server/tools/json.h"
#include "server/tools/terminal.h"

enum {
    TOP_LATE = 3000,     /* ms after which a snapshot is old if a newer one was to come */
    TOP_GIVES_UP = 5000, /* ms without a sign of life after which it asks anew */
    TOP_COUNTS = 1000,   /* ms between two pictures of which the age counts */
    TOP_NEWS = 15000,    /* ms that a restart is told */
    TOP_NOTICE = FETCH_ERROR + 64,
    TOP_KEYS = 64 /* that are read at once */
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

/* False: `error` says why there is none. */
static bool ask_data(struct top *top, const char *question, struct snapshot *fresh, char error[FETCH_ERROR])
{
    char line[128 + 8], path[128 + 8];

    snprintf(line, sizeof line, "data %s", question);
    snprintf(path, sizeof path, "/data?%s", question);
    if (!fetch(top->from, line, path, top->once ? NULL : &top->wait, &fresh->fetched, error))
        return false;
    if (read_snapshot(fresh, error))
        return true;
    drop(fresh);
    return false;
}

/* The last good snapshot becomes the one before. False: `error` says why there is none. */
bool top_ask_snapshot(struct top *top, unsigned rows, char error[FETCH_ERROR])
{
    struct snapshot fresh = {0};
    char question[128];

    snprintf(question, sizeof question, "sort=%s&limit=%u%s%s%s", top->key->name, rows,
             top->alone ? "&watchers=0" : "", *top->find ? "&find=" : "", top->find);
    if (!ask_data(top, question, &fresh, error))
        return false;
    error[0] = '\0';
    top->sorted = top->key;
    if (top->now.json && !top_view_same(top->now.json, fresh.json)) {
        top->restarted = terminal_ms();
        top->pid_before = json_number(top->now.json, "server.pid");
        top->whereabouts = TOP_PAST;
    }
    drop(&top->before);
    top->before = top->now;
    top->now = fresh;
    top->seen = terminal_ms();
    return true;
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

void top_draw(struct top *top)
{
    struct top_view view = {.out = stdout,
                            .terminal = true,
                            .plain = !top->colour,
                            .workers = top->workers,
                            .mode = top->help ? TOP_HELP : top->mode,
                            .life = &top->life,
                            .key = top->sorted ? top->sorted : top->key,
                            .offset = top->offset,
                            .selected = TOP_NONE};
    char notice[TOP_NOTICE], news[TOP_NOTICE], status[TOP_NOTICE];

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
    top_select_say(top, status, sizeof status);
    view.status = status;
    if (*top->selected && top->whereabouts == TOP_LISTED)
        view.selected = top->index;
    top_view_draw(&view, top->now.json, top->before.json);
    top->offset = view.offset;
    top->page = view.page;
    fflush(stdout);
    top->drawn = terminal_ms();
}

/* ---- waiting ---- */

bool top_wait(struct top *top, int64_t until, int fd, short events)
{
    int keys[TOP_KEYS];
    size_t got;

    while (!top->ended && !top->again) {
        int64_t now = terminal_ms(), second = now + TOP_COUNTS;
        struct pollfd both[] = {{.fd = fd, .events = events}, {.fd = top->life.fd, .events = POLLIN}};

        if ((is_late(top) || top_life_silence(&top->life)) && now - top->drawn >= TOP_COUNTS)
            top_draw(top); /* the seconds count */
        switch (terminal_wait(second < until ? second : until, both, 2)) {
        case TERMINAL_READY:
            if (both[1].revents) {
                top_life_read(&top->life);
                top_draw(top);
            }
            if (both[0].revents)
                return true;
            break;
        case TERMINAL_TIME:
            if (terminal_ms() >= until)
                return true;
            break;
        case TERMINAL_KEY:
            got = terminal_keys(keys, TOP_KEYS);
            for (size_t i = 0; i < got; i++)
                top_press(top, keys[i]);
            top_draw(top);
            break;
        case TERMINAL_RESIZED:
            top_draw(top);
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
    if (!top_wait(top, until, fd, events))
        return false;
    if (terminal_ms() >= until)
        top->gave_up = trouble_of(top);
    return !top->gave_up;
}

/* ---- asking, and asking again ---- */

static void begin_question(struct top *top)
{
    top->wait.ready = wait_for_answer;
    top->again = false;
    top->gave_up = NULL;
    top->asking = true;
    top->asked = terminal_ms();
}

/* As many rows as there are lines: the server need not send more. */
static unsigned rows_wanted(const struct top *top)
{
    unsigned columns, lines;

    terminal_measure(&columns, &lines);
    return top->rows ? top->rows : top_select_rows(top, lines);
}

/* Whether the connection that is selected, and is not among the rows, is open. */
static void ask_selected(struct top *top)
{
    struct snapshot fresh = {0};
    char question[128], error[FETCH_ERROR];

    snprintf(question, sizeof question, "id=%s&limit=1", top->selected);
    begin_question(top);
    if (ask_data(top, question, &fresh, error) && top_view_same(top->now.json, fresh.json))
        top->whereabouts = json_number(fresh.json, "connections.matched") > 0 ? TOP_BELOW : TOP_CLOSED;
    drop(&fresh);
}

/* An error stays until there is a good answer. A key that wants another question is no error. */
bool top_ask(struct top *top)
{
    char error[FETCH_ERROR];
    bool good;

    begin_question(top);
    good = top_ask_snapshot(top, rows_wanted(top), error);
    if (good || (!top->again && !top->ended))
        snprintf(top->error, sizeof top->error, "%s", top->gave_up ? top->gave_up : error);
    if (good && !top_select_find(top))
        ask_selected(top);
    top->asking = false;
    top_draw(top);
    return good;
}

void top_ask_life(struct top *top)
{
    char line[FETCH_ERROR], path[FETCH_ERROR + 2], error[FETCH_ERROR] = "";
    int fd = -1;

    begin_question(top);
    if (follow_question(top->selected, false, line, path))
        fd = fetch_open(top->from, line, path, &top->wait, error);
    top->asking = false;
    top_life_begin(&top->life, top->selected, fd, strncmp(top->from, "unix:", 5) != 0,
                   top->gave_up ? top->gave_up : error);
    top_draw(top);
}

void top_drop(struct top *top)
{
    drop(&top->now);
    drop(&top->before);
}
