/* SPDX-License-Identifier: BSD-2-Clause */
/* allow and deny: prefixes of every length against an oracle that compares bit by bit. */
#include "server/shared/access_rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool bit_at(const uint8_t *bytes, unsigned n)
{
    return bytes[n / 8] >> (7 - n % 8) & 1;
}

static bool same_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    for (unsigned n = 0; n < bits; n++)
        if (bit_at(a, n) != bit_at(b, n))
            return false;
    return true;
}

static void test_prefixes(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits <= 128; bits++) {
        for (unsigned flipped = 0; flipped < 128; flipped++) {
            struct access_rule rule = {.bits = (uint8_t)bits, .family = AF_INET6};
            struct access_rules rules = {.first = &rule};
            struct peer peer = {.family = AF_INET6};

            for (unsigned i = 0; i < 16; i++)
                peer.bytes[i] = (uint8_t)(i * 37 + 11);
            for (unsigned n = 0; n < bits; n++)
                if (bit_at(peer.bytes, n))
                    rule.bytes[n / 8] = (uint8_t)(rule.bytes[n / 8] | 0x80 >> n % 8);
            peer.bytes[flipped / 8] = (uint8_t)(peer.bytes[flipped / 8] ^ 0x80 >> flipped % 8);
            assert_int_equal(access_allowed(&rules, &peer), !same_prefix(rule.bytes, peer.bytes, bits));
        }
    }
}

static void test_first_match_decides(void **state)
{
    struct access_rule everybody = {.family = AF_UNSPEC};
    struct access_rule local = {.next = &everybody, .family = AF_UNIX, .allow = true};
    struct access_rules rules = {.first = &local}, none = {0};
    struct peer peer = {.family = AF_UNIX};

    (void)state;
    assert_true(access_allowed(&none, &peer));
    assert_true(access_allowed(&rules, &peer));
    peer.family = AF_INET;
    assert_false(access_allowed(&rules, &peer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_first_match_decides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
