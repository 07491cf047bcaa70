/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "pool/fault.h"
#include "pool/sizeclass.h"
#include "pool/sysmem.h"
#include "server/log/log_buffer.h"
#include "server/log/log_sink.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A pair of datagram sockets stands for the file: every write is a message of its own, so writes can be
 * counted. */
static struct log_file file = {.path = "test", .id = 2};
static int reader;
static struct sizeclass *classes;
static struct log_buffers buffers;

static int set_up(void **state)
{
    int pair[2];

    (void)state;
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        return 1;
    reader = pair[0];
    file.to.fd = pair[1];
    file.to.sink = log_sink_get(file.to.fd);
    file.to.lost_lines = 0;
    file.complained_at = 0;
    classes = sizeclass_create();
    log_buffers_init(&buffers, classes);
    return classes == NULL;
}

static int tear_down(void **state)
{
    struct sysmem_stats stats;

    (void)state;
    log_buffers_deinit(&buffers);
    sizeclass_destroy(classes);
    close(reader);
    log_sink_put(file.to.sink);
    close(file.to.fd);
    sysmem_stats(&stats);
    return stats.live_count != 0;
}

static bool put_line(const char *line, size_t buffer_size, int64_t flush_ms, size_t line_max)
{
    char *at = log_buffers_reserve(&buffers, &file, buffer_size, flush_ms, line_max);

    if (at == NULL)
        return false;
    memset(at, '#', line_max); /* all of it is ours */
    memcpy(at, line, strlen(line));
    log_buffers_commit(&buffers, &file, strlen(line));
    return true;
}

static void assert_written(const char *expected)
{
    static char text[65536];
    ssize_t length = read(reader, text, sizeof text - 1);

    if (expected == NULL) {
        assert_int_equal(length, -1);
        return;
    }
    assert_true(length >= 0);
    text[length] = '\0';
    assert_string_equal(text, expected);
}

static void test_one_write_a_turn(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_true(put_line("line\n", 0, 0, 200));
    assert_int_equal(buffers.fresh, 3);
    assert_written(NULL);
    log_buffers_turn(&buffers, 1);
    assert_int_equal(buffers.fresh, 0);
    assert_written("line\nline\nline\n");
    log_buffers_turn(&buffers, 2);
    assert_written(NULL);
    assert_true(log_buffers_due(&buffers) == INT64_MAX);
}

/* `count` turns of `lines` each, `ms` after each other by the clock; how many writes there were by then. */
static int writes_of_turns(int count, int lines, int64_t *now, int64_t ms)
{
    char text[LOG_BUFFER_SIZE + 1];
    int writes = 0;

    for (int i = 0; i < count; i++, *now += ms) {
        for (int line = 0; line < lines; line++)
            assert_true(put_line("line\n", 0, 0, 200));
        log_buffers_turn(&buffers, *now);
        while (read(reader, text, sizeof text) > 0)
            writes++;
    }
    return writes;
}

/* Each turn's lines leave at once while there are few; of many, one write serves the turns of a millisecond.
 * What waits is due a millisecond after it came. */
static void test_turns_share_a_write(void **state)
{
    int64_t now = 1000;

    (void)state;
    assert_int_equal(writes_of_turns(LOG_BUFFER_MANY - 1, 1, &now, 0), LOG_BUFFER_MANY - 1);
    assert_int_equal(writes_of_turns(50, 1, &now, 0), 0);
    assert_int_equal(log_buffers_due(&buffers), 1001);
    log_buffers_turn(&buffers, 1001);
    for (int i = 0; i < 50; i++)
        assert_true(put_line("line\n", 0, 0, 200));
    log_buffers_turn(&buffers, 1001);
    assert_int_equal(log_buffers_due(&buffers), 1002);
    assert_written("line\nline\nline\nline\nline\nline\nline\nline\nline\nline\n"
                   "line\nline\nline\nline\nline\nline\nline\nline\nline\nline\n"
                   "line\nline\nline\nline\nline\nline\nline\nline\nline\nline\n"
                   "line\nline\nline\nline\nline\nline\nline\nline\nline\nline\n"
                   "line\nline\nline\nline\nline\nline\nline\nline\nline\nline\n");
    now = 1002; /* 80 turns of two lines in each of ten milliseconds: a write each */
    for (int i = 0; i < 10; i++, now++)
        assert_in_range(writes_of_turns(80, 2, &now, 0), 1, 2);
}

/* However fast it was before: a lone line leaves with its turn when there was none for a millisecond. */
static void test_a_lone_line_after_many(void **state)
{
    int64_t now = 1000;

    (void)state;
    (void)writes_of_turns(100, 5, &now, 0);
    now = 1001;
    assert_int_equal(writes_of_turns(1, 0, &now, 0), 1);
    assert_true(log_buffers_due(&buffers) == INT64_MAX);
    now = 1003;
    assert_int_equal(writes_of_turns(1, 1, &now, 0), 1);
    assert_int_equal(writes_of_turns(20, 1, &now, 1), 20);
}

static void test_a_full_buffer_does_not_wait(void **state)
{
    char text[LOG_BUFFER_SIZE + 1];
    int64_t now = 1000;
    size_t total = 0;

    (void)state;
    (void)writes_of_turns(1, LOG_BUFFER_MANY, &now, 0);
    log_buffers_turn(&buffers, 1001);
    assert_true(read(reader, text, sizeof text) > 0);
    for (int i = 0; i < 40; i++) {
        memset(text, 'a' + i % 26, 1000);
        text[1000] = '\n';
        text[1001] = '\0';
        assert_true(put_line(text, 0, 0, 1001));
        log_buffers_turn(&buffers, 1001);
    }
    for (ssize_t got; (got = read(reader, text, sizeof text)) > 0; total += (size_t)got)
        assert_int_equal(got % 1001, 0);
    assert_in_range(total, 20 * 1001, 39 * 1001);
    log_buffers_flush(&buffers); /* as for USR1, a reload, the end */
    assert_int_equal(read(reader, text, sizeof text), 40 * 1001 - total);
    assert_true(log_buffers_due(&buffers) == INT64_MAX);
}

static void test_lines_are_not_split(void **state)
{
    char text[600];
    size_t total;

    (void)state;
    /* 300 bytes are reserved per line and 5 used: what counts is what a line might need */
    for (int i = 0; i < 70; i++)
        assert_true(put_line("line\n", 512, 0, 300));
    total = 0;
    for (ssize_t got; (got = read(reader, text, sizeof text)) > 0; total += (size_t)got) {
        assert_int_equal(got % 5, 0);
        assert_in_range(got, 5, 512);
    }
    assert_true(total > 0 && total < 350);
    log_buffers_flush(&buffers);
    assert_int_equal(read(reader, text, sizeof text), 350 - total);
}

static void test_buffered_waits_for_its_time(void **state)
{
    (void)state;
    assert_true(put_line("a\n", 4096, 1000, 100));
    log_buffers_turn(&buffers, 5000);
    assert_written(NULL);
    assert_int_equal(log_buffers_due(&buffers), 6000);
    assert_true(put_line("b\n", 4096, 1000, 100));
    log_buffers_turn(&buffers, 5500); /* the later line does not put it off */
    assert_int_equal(log_buffers_due(&buffers), 6000);
    log_buffers_turn(&buffers, 5999);
    assert_written(NULL);
    log_buffers_turn(&buffers, 6000);
    assert_written("a\nb\n");
    assert_true(log_buffers_due(&buffers) == INT64_MAX);
}

static void test_buffered_without_flush_waits_until_full(void **state)
{
    (void)state;
    assert_true(put_line("a\n", 4096, 0, 100));
    log_buffers_turn(&buffers, 1);
    log_buffers_turn(&buffers, INT64_MAX - 1);
    assert_written(NULL);
    assert_true(log_buffers_due(&buffers) == INT64_MAX);
    log_buffers_flush(&buffers);
    assert_written("a\n");
}

static void test_a_line_longer_than_the_buffer(void **state)
{
    static char line[40001];

    (void)state;
    memset(line, 'x', sizeof line - 2);
    line[sizeof line - 2] = '\n';
    assert_true(put_line("short\n", 0, 0, 100));
    assert_true(put_line(line, 0, 0, sizeof line));
    assert_written("short\n");
    log_buffers_turn(&buffers, 1);
    assert_written(line);
}

static void test_a_number_given_to_another_file(void **state)
{
    struct log_file other = file;
    char *at;

    (void)state;
    assert_true(put_line("a\n", 4096, 0, 100));
    log_buffers_flush(&buffers); /* as before its generation goes */
    assert_written("a\n");
    at = log_buffers_reserve(&buffers, &other, 0, 0, 100);
    assert_non_null(at);
    memcpy(at, "b\n", 2);
    log_buffers_commit(&buffers, &other, 2);
    log_buffers_turn(&buffers, 1); /* unbuffered, though the file before was not */
    assert_written("b\n");
    log_buffers_flush(&buffers);
}

static void test_no_memory_is_a_lost_line(void **state)
{
    (void)state;
    fault_arm(FAULT_SIZECLASS, 1, false);
    assert_false(put_line("a\n", 0, 0, 100)); /* the table */
    fault_arm(FAULT_SIZECLASS, 2, false);
    assert_false(put_line("b\n", 0, 0, 100)); /* the buffer */
    fault_arm(FAULT_SIZECLASS, 0, false);
    assert_int_equal(file.to.lost_lines, 2);
    assert_true(put_line("c\n", 0, 0, 100));
    fault_arm(FAULT_SIZECLASS, 1, true);
    assert_false(put_line("d\n", 0, 0, 20000)); /* a larger one; what was there has left */
    fault_arm(FAULT_SIZECLASS, 0, false);
    assert_written("c\n");
    assert_int_equal(file.to.lost_lines, 3);
    assert_true(put_line("e\n", 0, 0, 100));
    log_buffers_turn(&buffers, 1);
    assert_written("e\n");
}

static void test_steady_state_takes_nothing(void **state)
{
    struct sizeclass_stats before, after;

    (void)state;
    assert_true(put_line("a\n", 0, 0, 100));
    log_buffers_turn(&buffers, 1);
    assert_written("a\n");
    sizeclass_stats(classes, &before);
    for (int i = 0; i < 1000; i++) {
        assert_true(put_line("a\n", 0, 0, 100));
        log_buffers_turn(&buffers, i + 2);
        assert_written("a\n");
    }
    sizeclass_stats(classes, &after);
    assert_int_equal(before.live_bytes, after.live_bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_write_a_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_turns_share_a_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_lone_line_after_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_full_buffer_does_not_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lines_are_not_split, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_buffered_waits_for_its_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_buffered_without_flush_waits_until_full, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_line_longer_than_the_buffer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_number_given_to_another_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory_is_a_lost_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_steady_state_takes_nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
