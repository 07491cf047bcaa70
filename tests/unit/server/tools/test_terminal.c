/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys of terminals, as xterm, rxvt and the Linux console send them (terminfo: kcuu1, khome, kpp). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/tools/terminal.h"

static void each_sequence_is_a_key(void **state)
{
    static const struct {
        const char *bytes;
        int key;
    } keys[] = {{"\x1b[A", TERMINAL_UP},
                {"\x1bOA", TERMINAL_UP},
                {"\x1b[B", TERMINAL_DOWN},
                {"\x1bOB", TERMINAL_DOWN},
                {"\x1b[1;5A", TERMINAL_UP},
                {"\x1b[H", TERMINAL_HOME},
                {"\x1bOH", TERMINAL_HOME},
                {"\x1b[1~", TERMINAL_HOME},
                {"\x1b[7~", TERMINAL_HOME},
                {"\x1b[F", TERMINAL_END},
                {"\x1bOF", TERMINAL_END},
                {"\x1b[4~", TERMINAL_END},
                {"\x1b[8~", TERMINAL_END},
                {"\x1b[5~", TERMINAL_PAGE_UP},
                {"\x1b[6~", TERMINAL_PAGE_DOWN},
                {"\x1b[5;2~", TERMINAL_PAGE_UP},
                {"\x1b[15~", TERMINAL_UNKNOWN},
                {"\x1b[3~", TERMINAL_UNKNOWN},
                {"\x1bOP", TERMINAL_UNKNOWN},
                {"\x1b[~", TERMINAL_UNKNOWN},
                {"\x1b[Z", TERMINAL_UNKNOWN},
                {"\x1b[200;1;2A", TERMINAL_UP},
                {"j", 'j'},
                {"\n", '\n'},
                {"\xc3", 0xc3},
                {"\x1bq", TERMINAL_ESCAPE}};

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        size_t length = strlen(keys[i].bytes), taken = keys[i].key == TERMINAL_ESCAPE ? 1 : length;
        int key = 0;

        assert_int_equal(terminal_decode(keys[i].bytes, length, &key), taken);
        assert_int_equal(key, keys[i].key);
        for (size_t part = 1; part < length && taken == length; part++) /* more may be to come */
            assert_int_equal(terminal_decode(keys[i].bytes, part, &key), 0);
    }
}

static void bytes_behind_a_key_are_left(void **state)
{
    int key;

    (void)state;
    assert_int_equal(terminal_decode("\x1b[Aj", 4, &key), 3);
    assert_int_equal(terminal_decode("jk", 2, &key), 1);
}

static void colour_is_asked_of_the_environment(void **state)
{
    (void)state;
    assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
    assert_false(terminal_has_colour());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sequence_is_a_key),
        cmocka_unit_test(bytes_behind_a_key_are_left),
        cmocka_unit_test(colour_is_asked_of_the_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
