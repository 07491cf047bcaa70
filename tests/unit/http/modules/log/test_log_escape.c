/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations: nginx's ngx_http_log_module: ngx_http_log_escape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sys/mman.h>

#include "http/modules/log/log_escape.h"

static bool is_odd(unsigned char byte)
{
    return byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\';
}

/* Every length, the odd byte at every place, and a page behind the text that must not be read. */
static void test_every_place(void **state)
{
    enum { PAGE = 4096, LONGEST = 70 };
    char *pages = mmap(NULL, (size_t)PAGE * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_ptr_not_equal(pages, MAP_FAILED);
    assert_int_equal(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t length = 0; length <= LONGEST; length += byte == '"' ? 1 : 23) {
            char *text = pages + PAGE - length, out[LONGEST + 4], expected[5];

            memset(text, 'x', length);
            assert_false(http_log_odd((struct http_text){text, length}));
            for (size_t place = 0; place < length; place++) {
                struct http_text value = {text, length};

                text[place] = (char)byte;
                assert_int_equal(http_log_odd(value), is_odd((unsigned char)byte));
                out[length] = '#';
                assert_int_equal(http_log_copy(out, value), is_odd((unsigned char)byte));
                assert_memory_equal(out, text, length);
                assert_int_equal(out[length], '#');
                assert_int_equal(http_log_escape_measure(value),
                                 length + (is_odd((unsigned char)byte) ? 3 : 0));
                if (is_odd((unsigned char)byte)) {
                    assert_ptr_equal(http_log_escape_write(out, value), out + length + 3);
                    snprintf(expected, sizeof expected, "\\x%02X", byte);
                    assert_memory_equal(out + place, expected, 4);
                }
                text[place] = 'x';
            }
        }
    }
    munmap(pages, (size_t)PAGE * 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
