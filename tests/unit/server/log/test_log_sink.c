/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of many threads, of every length, into places that take them in parts: each arrives whole
 * or not at all. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/fault.h"
#include "pool/sysmem.h"
#include "server/log/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { THREADS = 6, LINES = 150, LONGEST = 3 * PIPE_BUF };

static char path[] = "/tmp/tidepool-sink-XXXXXX";

struct writer {
    struct log_sink *sink;
    int fd;
    unsigned number;
    unsigned said; /* lines that are out, as log_sink_write says */
    pthread_t thread;
};

/* "N length xxxx…\n", of any length from a few bytes to three times PIPE_BUF. */
static size_t make_line(char *line, unsigned number, unsigned step)
{
    size_t length = (step * 2654435761u + number * 40503u) % (LONGEST - 1) + 1;
    size_t head = (size_t)sprintf(line, "%u %zu ", number, length);

    memset(line + head, 'a' + (int)number, length);
    line[head + length] = '\n';
    return head + length + 1;
}

static void *write_lines(void *argument)
{
    static __thread char lines[3 * (LONGEST + 40)];
    struct writer *writer = argument;

    for (unsigned step = 0; step < LINES; step += 3) {
        size_t length = 0, done;
        int error;

        for (unsigned i = 0; i < 3; i++)
            length += make_line(lines + length, writer->number, step + i);
        done = log_sink_write(writer->sink, writer->fd, lines, length, true, &error);
        for (size_t i = 0; i < done; i++)
            writer->said += lines[i] == '\n';
    }
    return NULL;
}

/* Each line of `text` is one that make_line made. Returns how many there are. */
static unsigned check_lines(const char *text, size_t size)
{
    unsigned count = 0;

    for (const char *at = text, *end = text + size; at < end; count++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        unsigned number;
        size_t length;
        int head;

        if (!newline)
            fail_msg("no end: %.*s", 60, at);
        if (sscanf(at, "%u %zu %n", &number, &length, &head) != 2 || number >= THREADS ||
            (size_t)(newline - at) != (size_t)head + length)
            fail_msg("torn: %.60s", at);
        for (at += head; at < newline; at++)
            if (*at != 'a' + (int)number)
                fail_msg("mixed: %.60s", at);
        at = newline + 1;
    }
    return count;
}

static char *text;
static size_t text_size, text_room;

/* Reads what there is, a little at a time; false: the end. */
static bool read_some(int fd, size_t most)
{
    ssize_t size;

    if (text_room - text_size < most)
        assert_non_null(text = realloc(text, text_room = (text_room + most) * 2));
    size = read(fd, text + text_size, most);
    if (size > 0)
        text_size += (size_t)size;
    return size > 0;
}

static void run(int fd, struct log_sink *sink, int reader, unsigned *said)
{
    struct writer writers[THREADS];
    unsigned count = 0;

    text_size = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        writers[i] = (struct writer){.sink = sink, .fd = fd, .number = i};
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_lines, &writers[i]), 0);
    }
    /* A slow reader: a bit at a time, of no size that fits anything. */
    for (unsigned left = THREADS; reader >= 0 && left;) {
        struct pollfd ready = {.fd = reader, .events = POLLIN};

        if (poll(&ready, 1, 20) > 0)
            (void)read_some(reader, 1 + count++ * 7919 % 3000);
        else if (pthread_tryjoin_np(writers[left - 1].thread, NULL) == 0)
            left--;
    }
    for (unsigned i = 0; i < THREADS; i++) {
        if (reader < 0)
            pthread_join(writers[i].thread, NULL);
        *said += writers[i].said;
    }
}

/* A line that nobody of the others writes, until it is out: with it goes what was owed. */
static void end_with(struct log_sink *sink, int fd, int reader, unsigned *said)
{
    char line[LONGEST + 40];
    size_t length = make_line(line, 1, 0);
    int error;

    while (log_sink_write(sink, fd, line, length, true, &error) < length)
        (void)read_some(reader, 4096);
    ++*said;
}

static void into(int fd, int reader, bool all)
{
    struct log_sink *sink = log_sink_get(fd);
    unsigned said = 0;

    assert_non_null(sink);
    run(fd, sink, reader, &said);
    end_with(sink, fd, reader, &said);
    log_sink_put(sink);
    close(fd);
    while (read_some(reader, 4096))
        ;
    close(reader);
    assert_int_equal(check_lines(text, text_size), said);
    if (all)
        assert_int_equal(said, THREADS * LINES + 1);
}

static void test_pipe(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    into(ends[1], ends[0], true);
}

/* EAGAIN in the middle of a line: its rest leaves before anything else. */
static void test_pipe_that_does_not_wait(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    into(ends[1], ends[0], false);
}

static void test_socket(void **state)
{
    int ends[2], small = 4608;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    into(ends[1], ends[0], true);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    assert_int_equal(setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    into(ends[1], ends[0], false);
}

/* Two names of one place have one turn. */
static void test_names_share_a_sink(void **state)
{
    struct log_sink *one, *two, *other;
    int ends[2], again;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_true((again = dup(ends[1])) >= 0);
    one = log_sink_get(ends[1]);
    two = log_sink_get(again);
    other = log_sink_get(STDERR_FILENO);
    assert_ptr_equal(one, two);
    assert_ptr_not_equal(one, other);
    assert_ptr_equal(other, log_sink_stderr());
    log_sink_put(one);
    log_sink_put(two);
    log_sink_put(other);
    assert_null(log_sink_get(1000));
    close(again);
    close(ends[0]);
    close(ends[1]);
}

static void read_file(void)
{
    int fd = open(path, O_RDONLY);

    assert_true(fd >= 0);
    text_size = 0;
    while (read_some(fd, 65536))
        ;
    close(fd);
}

static bool go_on;

/* The limit on the size of files stands for the disk: it is full, has room again, is full again. */
static void *move_limit(void *argument)
{
    struct rlimit limit;
    rlim_t size = 10000;

    (void)argument;
    getrlimit(RLIMIT_FSIZE, &limit);
    while (__atomic_load_n(&go_on, __ATOMIC_RELAXED)) {
        limit.rlim_cur = size += 7777;
        setrlimit(RLIMIT_FSIZE, &limit);
        usleep(500);
    }
    return NULL;
}

static void test_file_on_a_full_disk(void **state)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC, 0644);
    struct log_sink *sink = log_sink_get(fd);
    struct rlimit old;
    unsigned said = 0;
    pthread_t thread;

    (void)state;
    assert_non_null(sink);
    getrlimit(RLIMIT_FSIZE, &old);
    __atomic_store_n(&go_on, true, __ATOMIC_RELAXED);
    assert_int_equal(pthread_create(&thread, NULL, move_limit, NULL), 0);
    run(fd, sink, -1, &said);
    __atomic_store_n(&go_on, false, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    setrlimit(RLIMIT_FSIZE, &old);
    log_sink_put(sink);
    close(fd);
    read_file();
    assert_int_equal(check_lines(text, text_size), said);
    assert_true(said > 0);
}

/* What cannot be shortened (as with chattr +a) gets the rest later; a rotated file's is dropped. */
static void test_rest(void **state)
{
    int ends[2], error, room;
    struct log_sink *sink;
    static char line[200000];
    int fd;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    room = fcntl(ends[1], F_GETPIPE_SZ);
    assert_true(room > 0 && (size_t)room < sizeof line - 10);
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    sink = log_sink_get(ends[1]);
    assert_int_equal(log_sink_write(sink, ends[1], line, sizeof line, true, &error), sizeof line);
    assert_int_equal(log_sink_write(sink, ends[1], "y\n", 2, true, &error), 0);
    assert_int_equal(error, EAGAIN);
    text_size = 0;
    while (text_size < (size_t)room)
        assert_true(read_some(ends[0], 4096));
    while (log_sink_write(sink, ends[1], "y\n", 2, true, &error) == 0)
        assert_true(read_some(ends[0], 4096));
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    while (read_some(ends[0], 4096))
        ;
    assert_int_equal(text_size, sizeof line + 2);
    assert_memory_equal(text, line, sizeof line);
    assert_memory_equal(text + sizeof line, "y\n", 2);

    /* No memory for the rest: a line feed ends the part. */
    fault_arm(FAULT_SYSTEM, 1, true);
    assert_int_equal(log_sink_write(sink, ends[1], line, sizeof line, true, &error), 0);
    fault_arm(FAULT_SYSTEM, 0, false);
    text_size = 0;
    while (read_some(ends[0], 4096))
        ;
    assert_int_equal(log_sink_write(sink, ends[1], "z\n", 2, true, &error), 2);
    while (read_some(ends[0], 4096))
        ;
    assert_memory_equal(text + room - 1, "x\nz\n", 4);
    assert_int_equal(text_size, room + 3);

    /* Another file in its place: what was owed is not its business. */
    assert_int_equal(log_sink_write(sink, ends[1], line, sizeof line, true, &error), sizeof line);
    assert_int_equal(error, EAGAIN);
    fd = open(path, O_WRONLY | O_APPEND | O_TRUNC);
    assert_int_equal(dup2(fd, ends[1]), ends[1]);
    log_sink_moved(sink, ends[1]);
    assert_int_equal(log_sink_write(sink, ends[1], "new\n", 4, true, &error), 4);
    read_file();
    assert_int_equal(text_size, 4);
    log_sink_put(sink);
    close(fd);
    close(ends[0]);
    close(ends[1]);
}

/* The reader goes: EPIPE, and lines are lost, not the process. */
static void test_reader_gone(void **state)
{
    struct log_sink *sink;
    int ends[2], error;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    sink = log_sink_get(ends[1]);
    close(ends[0]);
    assert_int_equal(log_sink_write(sink, ends[1], "a\nb\n", 4, true, &error), 0);
    assert_int_equal(error, EPIPE);
    log_sink_put(sink);
    close(ends[1]);
}

static int tear_down(void **state)
{
    struct sysmem_stats stats;

    (void)state;
    sysmem_stats(&stats);
    return stats.live_count != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_pipe, tear_down),
        cmocka_unit_test_teardown(test_pipe_that_does_not_wait, tear_down),
        cmocka_unit_test_teardown(test_socket, tear_down),
        cmocka_unit_test_teardown(test_names_share_a_sink, tear_down),
        cmocka_unit_test_teardown(test_file_on_a_full_disk, tear_down),
        cmocka_unit_test_teardown(test_rest, tear_down),
        cmocka_unit_test_teardown(test_reader_gone, tear_down),
    };
    int failures, fd = mkstemp(path);

    if (fd < 0)
        return 1;
    close(fd);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    failures = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    free(text);
    return failures;
}
