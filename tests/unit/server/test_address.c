/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static struct listen_address parse(const char *text)
{
    struct listen_address address;
    const char *why = "";

    if (listen_address_parse(text, 80, &address, &why) != 0)
        fail_msg("%s: %s", text, why);
    return address;
}

static void test_the_forms_of_listen(void **state)
{
    static const struct {
        const char *text, *canonical;
    } forms[] = {
        {"8080", "0.0.0.0:8080"},
        {"*:81", "0.0.0.0:81"},
        {"*", "0.0.0.0:80"},
        {"127.0.0.1", "127.0.0.1:80"},
        {"127.0.0.1:8080", "127.0.0.1:8080"},
        {"[::1]", "[::1]:80"},
        {"[::1]:81", "[::1]:81"},
        {"[::]:65535", "[::]:65535"},
        {"[0:0::0:1]:81", "[::1]:81"},
        {"unix:/run/x.sock", "unix:/run/x.sock"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct listen_address address = parse(forms[i].text);
        assert_string_equal(address.text, forms[i].canonical);
        struct listen_address again = parse(address.text);
        assert_true(listen_address_equal(&address, &again));
    }
    struct listen_address local = parse("localhost:82");
    assert_int_equal(listen_address_port(&local), 82);
}

static void test_what_bind_gets(void **state)
{
    struct listen_address v4 = parse("127.0.0.1:8080"), v6 = parse("[::1]:81"), path = parse("unix:/a");
    const struct sockaddr_in *in4 = (const void *)&v4.socket;
    const struct sockaddr_in6 *in6 = (const void *)&v6.socket;
    const struct sockaddr_un *un = (const void *)&path.socket;

    (void)state;
    assert_int_equal(in4->sin_family, AF_INET);
    assert_int_equal(in4->sin_port, htons(8080));
    assert_int_equal(in4->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    assert_int_equal(v4.length, sizeof *in4);
    assert_int_equal(in6->sin6_family, AF_INET6);
    assert_int_equal(in6->sin6_port, htons(81));
    assert_int_equal(v6.length, sizeof *in6);
    assert_string_equal(un->sun_path, "/a");
    assert_int_equal(path.length, offsetof(struct sockaddr_un, sun_path) + 3);
    assert_int_equal(listen_address_port(&path), 0);
}

static void test_refused_with_a_reason(void **state)
{
    static const struct {
        const char *text, *why;
    } wrong[] = {
        {"", "no host"},
        {":80", "no host"},
        {"0", "invalid port"},
        {"65536", "invalid port"},
        {"127.0.0.1:", "invalid port"},
        {"127.0.0.1:0", "invalid port"},
        {"127.0.0.1:x", "invalid port"},
        {"127.0.0.1:80x", "invalid port"},
        {"*:99999999999999999999", "invalid port"},
        {"[::1", "invalid IPv6 address"},
        {"[]:80", "invalid IPv6 address"},
        {"[::1]80", "invalid port"},
        {"[::1]:", "invalid port"},
        {"[1:2:3:4:5:6:7:8:9:1:2:3:4:5:6:7:8:9:1:2:3:4:5:6:7:8:9]:80", "invalid IPv6 address"},
        {"unix:", "no path in the unix domain socket"},
        {"no.such.host.invalid:80", "host not found"},
    };
    struct listen_address address;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *why = NULL;
        assert_int_equal(listen_address_parse(wrong[i].text, 80, &address, &why), -EINVAL);
        assert_string_equal(why, wrong[i].why);
    }
}

static int note(void *data, const struct listen_address *address)
{
    strcat(data, address->text);
    strcat(data, " ");
    return listen_address_port(address) == 4 ? 7 : 0;
}

/* nginx, since 1.15.10: a range of ports. Whoever takes the addresses may end it. */
static void test_ranges_of_ports(void **state)
{
    static const struct {
        const char *text, *taken;
        int result;
    } ranges[] = {
        {"8080-8082", "0.0.0.0:8080 0.0.0.0:8081 0.0.0.0:8082 ", 0},
        {"*:7-7", "0.0.0.0:7 ", 0},
        {"127.0.0.1:65534-65535", "127.0.0.1:65534 127.0.0.1:65535 ", 0},
        {"[::1]:1-2", "[::1]:1 [::1]:2 ", 0},
        {"127.0.0.1", "127.0.0.1:80 ", 0},
        {"unix:/a-b", "unix:/a-b ", 0},
        {"3-9", "0.0.0.0:3 0.0.0.0:4 ", 7},
        {"9-3", "", -EINVAL},
        {"3-", "", -EINVAL},
        {"127.0.0.1:1-65536", "", -EINVAL},
        {"[::1]:0-1", "", -EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        char taken[200] = "";
        const char *why = "not touched";

        assert_int_equal(listen_addresses_parse(ranges[i].text, 80, note, taken, &why), ranges[i].result);
        assert_string_equal(taken, ranges[i].taken);
        assert_true((why != NULL) == (ranges[i].result == -EINVAL));
    }
}

static void test_the_longest_path_of_a_unix_socket(void **state)
{
    char text[5 + 108 + 1] = "unix:";
    struct listen_address address;
    const char *why = NULL;

    (void)state;
    memset(text + 5, 'a', 108);
    text[5 + 108] = '\0';
    assert_int_equal(listen_address_parse(text, 80, &address, &why), -EINVAL);
    assert_string_equal(why, "too long path in the unix domain socket");
    text[5 + 107] = '\0';
    assert_int_equal(listen_address_parse(text, 80, &address, &why), 0);
    assert_string_equal(address.text, text);
}

static bool overlap(const char *a, const char *b)
{
    struct listen_address one = parse(a), other = parse(b);

    assert_int_equal(listen_address_overlaps(&one, &other), listen_address_overlaps(&other, &one));
    return listen_address_overlaps(&one, &other);
}

/* What the kernel says of a bound socket is what bind got. */
static void test_from_a_socket(void **state)
{
    static const char *const texts[] = {"127.0.0.1:8080", "*:81", "[::1]:80", "unix:/run/x.sock"};
    struct sockaddr_storage other = {.ss_family = AF_NETLINK};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct listen_address address = parse(texts[i]), again;
        socklen_t length = address.length - (address.socket.ss_family == AF_UNIX); /* its NUL need not come */

        assert_int_equal(listen_address_from_socket(&again, &address.socket, length), 0);
        assert_true(listen_address_equal(&again, &address));
        assert_string_equal(again.text, address.text);
        assert_int_equal(again.length, address.length);
    }
    assert_int_equal(listen_address_from_socket(&(struct listen_address){0}, &other, 12), -EINVAL);
    other.ss_family = AF_UNIX; /* without a name */
    assert_int_equal(listen_address_from_socket(&(struct listen_address){0}, &other, 2), -EINVAL);
}

static void test_overlaps(void **state)
{
    (void)state;
    assert_true(overlap("80", "127.0.0.1:80"));
    assert_true(overlap("127.0.0.1:80", "127.0.0.1:80"));
    assert_true(overlap("[::]:80", "[::1]:80"));
    assert_true(overlap("unix:/a", "unix:/a"));
    assert_false(overlap("80", "127.0.0.1:81"));
    assert_false(overlap("127.0.0.1:80", "127.0.0.2:80"));
    assert_false(overlap("80", "[::]:80"));
    assert_false(overlap("unix:/a", "unix:/b"));
    assert_false(overlap("unix:/a", "80"));
}

static struct peer peer_of(const char *text)
{
    struct listen_address address = parse(text);
    struct peer peer;

    peer_from_socket(&peer, &address.socket, address.length);
    return peer;
}

static void test_peers_as_text(void **state)
{
    char out[PEER_TEXT_MAX];
    struct peer peer = peer_of("203.0.113.9:4711");

    (void)state;
    assert_int_equal(peer_format(&peer, out), 11);
    assert_string_equal(out, "203.0.113.9");
    assert_int_equal(peer.port, 4711);
    peer = peer_of("[2001:db8::1]:9");
    assert_int_equal(peer_format(&peer, out), 11);
    assert_string_equal(out, "2001:db8::1");
    peer = peer_of("[2001:db8:1:2:3:4:5:6]:9"); /* longer than what a peer keeps */
    assert_int_equal(peer.text_length, 0);
    assert_int_equal(peer_format(&peer, out), 20);
    assert_string_equal(out, "2001:db8:1:2:3:4:5:6");
    peer = peer_of("203.113.113.113:1");
    assert_int_equal(peer_format(&peer, out), PEER_TEXT_KEPT);
    assert_string_equal(out, "203.113.113.113");
    peer = peer_of("unix:/x");
    assert_int_equal(peer_format(&peer, out), 5);
    assert_string_equal(out, "unix:");
    /* every byte's three lengths, against the C library */
    for (unsigned i = 0; i < 256; i++) {
        struct peer made = {.family = AF_INET, .bytes = {(uint8_t)i, (uint8_t)(255 - i), 0, 10}};
        char expected[INET_ADDRSTRLEN];
        inet_ntop(AF_INET, made.bytes, expected, sizeof expected);
        assert_int_equal(peer_format(&made, out), strlen(expected));
        assert_string_equal(out, expected);
    }
}

static void test_an_unnamed_peer_is_unix(void **state)
{
    struct sockaddr_storage nothing;
    struct peer peer;

    (void)state;
    memset(&nothing, 0xff, sizeof nothing);
    peer_from_socket(&peer, &nothing, 0);
    assert_int_equal(peer.family, AF_UNIX);
    nothing.ss_family = AF_INET;
    peer_from_socket(&peer, &nothing, sizeof(sa_family_t));
    assert_int_equal(peer.family, AF_UNIX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_forms_of_listen),
        cmocka_unit_test(test_what_bind_gets),
        cmocka_unit_test(test_refused_with_a_reason),
        cmocka_unit_test(test_ranges_of_ports),
        cmocka_unit_test(test_the_longest_path_of_a_unix_socket),
        cmocka_unit_test(test_from_a_socket),
        cmocka_unit_test(test_overlaps),
        cmocka_unit_test(test_peers_as_text),
        cmocka_unit_test(test_an_unnamed_peer_is_unix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
