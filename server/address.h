/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: addresses of peers (compact, one in every connection) and of listening sockets (as a configuration
 *   writes them).
 * Lifetime: plain values in the caller's storage; nothing is allocated.
 * Threads: any. listen_addresses_parse may ask the resolver ("localhost:80"): it is called while a
 *   configuration is read, never by a worker.
 * Errors: only reading can fail: -EINVAL, and why in words.
 */
#ifndef SERVER_ADDRESS_H
#define SERVER_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    PEER_TEXT_MAX = 48,    /* the longest: an IPv6 address with an IPv4 tail, 45 characters, and its NUL */
    PEER_TEXT_KEPT = 15,   /* the longest IPv4 address */
    LISTEN_TEXT_MAX = 120, /* the longest: "unix:" and the 107 bytes of a socket's path, and its NUL */
};

struct peer {
    uint8_t bytes[16];         /* network order; IPv4 uses the first 4; the rest is zero */
    char text[PEER_TEXT_KEPT]; /* what peer_format writes, since every line of a log begins with it */
    uint8_t text_length;       /* 0: it does not fit there */
    uint16_t port;             /* host order; 0 for AF_UNIX */
    uint8_t family;            /* AF_INET, AF_INET6 or AF_UNIX */
};

/* Any other family counts as AF_UNIX: accept on a unix socket may return no address at all. */
void peer_from_socket(struct peer *peer, const struct sockaddr_storage *socket, socklen_t length);

/* The address without the port, NUL-terminated ($remote_addr; "unix:" for unix); returns its length. */
size_t peer_format(const struct peer *peer, char out[PEER_TEXT_MAX]);

struct listen_address {
    struct sockaddr_storage socket;
    socklen_t length;           /* of `socket`, as bind(2) wants it */
    char text[LISTEN_TEXT_MAX]; /* canonical: "127.0.0.1:8080", "[::1]:80", "0.0.0.0:80", "unix:/path" */
};

/* Takes one of the addresses that a listen names. Anything but 0 ends the reading. */
typedef int listen_address_taker(void *data, const struct listen_address *address);

/*
 * Reads nginx's forms: 8080, *:80, 127.0.0.1, 127.0.0.1:80, [::1], [::1]:80, localhost, localhost:80,
 * unix:/path, and where there is a port a range of them: 8080-8083. Every address of a name and every port of
 * a range is taken, in their order, each address once. Returns 0, -EINVAL with *why pointing to a literal, or
 * what `take` returned (then *why is null).
 */
__attribute__((warn_unused_result)) int listen_addresses_parse(const char *text, uint16_t default_port,
                                                               listen_address_taker *take, void *data,
                                                               const char **why);

/* The same for a caller that wants a single address: the first. */
__attribute__((warn_unused_result)) int listen_address_parse(const char *text, uint16_t default_port,
                                                             struct listen_address *address,
                                                             const char **why);

/* The address that a socket is bound to, from getsockname(2). -EINVAL: no configuration can name it. */
__attribute__((warn_unused_result)) int listen_address_from_socket(struct listen_address *address,
                                                                   const struct sockaddr_storage *socket,
                                                                   socklen_t length);

bool listen_address_equal(const struct listen_address *a, const struct listen_address *b);

/*
 * Whether one connection could match both: they are equal, or one is the wildcard of the other's family and
 * port. [::] and 0.0.0.0 do not overlap, since IPV6_V6ONLY is always set.
 */
bool listen_address_overlaps(const struct listen_address *a, const struct listen_address *b);

bool listen_address_is_wildcard(const struct listen_address *address);

/* 0 for unix sockets. */
uint16_t listen_address_port(const struct listen_address *address);

#endif
