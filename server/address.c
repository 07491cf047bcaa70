/* SPDX-License-Identifier: BSD-2-Clause */
#include "server/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static const char unix_prefix[] = "unix:";

enum { UNIX_PREFIX = sizeof unix_prefix - 1 };

static const struct sockaddr_in *as_in4(const struct sockaddr_storage *socket)
{
    return (const struct sockaddr_in *)(const void *)socket;
}

static const struct sockaddr_in6 *as_in6(const struct sockaddr_storage *socket)
{
    return (const struct sockaddr_in6 *)(const void *)socket;
}

static const struct sockaddr_un *as_unix(const struct sockaddr_storage *socket)
{
    return (const struct sockaddr_un *)(const void *)socket;
}

/* By hand, since printf takes ten times as long. */
static size_t format_in4(const uint8_t bytes[4], char *out)
{
    char *at = out;

    for (unsigned i = 0; i < 4; i++) {
        unsigned byte = bytes[i], tens = byte / 10;

        if (byte >= 100)
            *at++ = (char)('0' + byte / 100);
        if (byte >= 10)
            *at++ = (char)('0' + tens % 10);
        *at++ = (char)('0' + byte - tens * 10);
        *at++ = '.';
    }
    at--;
    *at = '\0';
    return (size_t)(at - out);
}

static size_t format(const struct peer *peer, char out[PEER_TEXT_MAX])
{
    switch (peer->family) {
    case AF_INET:
        return format_in4(peer->bytes, out);
    case AF_INET6:
        if (inet_ntop(AF_INET6, peer->bytes, out, PEER_TEXT_MAX) == NULL)
            out[0] = '\0'; /* cannot be: the family is known and the room is enough */
        return strlen(out);
    default:
        memcpy(out, unix_prefix, sizeof unix_prefix);
        return UNIX_PREFIX;
    }
}

void peer_from_socket(struct peer *peer, const struct sockaddr_storage *socket, socklen_t length)
{
    char text[PEER_TEXT_MAX];
    size_t text_length;

    memset(peer, 0, sizeof *peer);
    peer->family = AF_UNIX;
    if (length >= sizeof(struct sockaddr_in) && socket->ss_family == AF_INET) {
        peer->family = AF_INET;
        memcpy(peer->bytes, &as_in4(socket)->sin_addr, 4);
        peer->port = ntohs(as_in4(socket)->sin_port);
    } else if (length >= sizeof(struct sockaddr_in6) && socket->ss_family == AF_INET6) {
        peer->family = AF_INET6;
        memcpy(peer->bytes, &as_in6(socket)->sin6_addr, 16);
        peer->port = ntohs(as_in6(socket)->sin6_port);
    }
    text_length = format(peer, text);
    if (text_length > sizeof peer->text)
        return;
    memcpy(peer->text, text, text_length);
    peer->text_length = (uint8_t)text_length;
}

size_t peer_format(const struct peer *peer, char out[PEER_TEXT_MAX])
{
    if (!peer->text_length)
        return format(peer, out);
    memcpy(out, peer->text, sizeof peer->text);
    out[peer->text_length] = '\0';
    return peer->text_length;
}

uint32_t peer_hash(const struct peer *peer)
{
    /* FNV-1a, and murmur3's finaliser, since neighbouring addresses must fall into different shards. */
    uint32_t hash = 2166136261U ^ peer->family;

    for (unsigned i = 0; i < sizeof peer->bytes; i++)
        hash = (hash ^ peer->bytes[i]) * 16777619U;
    hash ^= hash >> 16;
    hash *= 0x85ebca6bU;
    hash ^= hash >> 13;
    return hash;
}

bool peer_equal_host(const struct peer *a, const struct peer *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static int refuse(const char **why, const char *reason)
{
    *why = reason;
    return -EINVAL;
}

static int parse_unix(const char *path, struct listen_address *address, const char **why)
{
    struct sockaddr_un *socket = (struct sockaddr_un *)(void *)&address->socket;
    size_t length = strlen(path);

    if (length == 0)
        return refuse(why, "no path in the unix domain socket");
    if (length >= sizeof socket->sun_path)
        return refuse(why, "too long path in the unix domain socket");
    socket->sun_family = AF_UNIX;
    memcpy(socket->sun_path, path, length + 1);
    address->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
    snprintf(address->text, sizeof address->text, "%s%s", unix_prefix, path);
    return 0;
}

/* 1 … 65535 in digits alone, to the end of the text. */
static bool parse_port(const char *text, uint16_t *port)
{
    unsigned value = 0;

    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (unsigned)(*text - '0');
        if (value > UINT16_MAX)
            return false;
    }
    *port = (uint16_t)value;
    return value > 0;
}

static void set_in4(struct listen_address *address, struct in_addr host, uint16_t port)
{
    struct sockaddr_in *socket = (struct sockaddr_in *)(void *)&address->socket;
    char text[INET_ADDRSTRLEN] = "";

    socket->sin_family = AF_INET;
    socket->sin_addr = host;
    socket->sin_port = htons(port);
    address->length = sizeof *socket;
    inet_ntop(AF_INET, &host, text, sizeof text);
    snprintf(address->text, sizeof address->text, "%s:%u", text, port);
}

static void set_in6(struct listen_address *address, const struct in6_addr *host, uint16_t port)
{
    struct sockaddr_in6 *socket = (struct sockaddr_in6 *)(void *)&address->socket;
    char text[INET6_ADDRSTRLEN] = "";

    socket->sin6_family = AF_INET6;
    socket->sin6_addr = *host;
    socket->sin6_port = htons(port);
    address->length = sizeof *socket;
    inet_ntop(AF_INET6, host, text, sizeof text);
    snprintf(address->text, sizeof address->text, "[%s]:%u", text, port);
}

static int resolve(const char *host, uint16_t port, struct listen_address *address, const char **why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;

    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return refuse(why, "host not found");
    if (found->ai_family == AF_INET)
        set_in4(address, ((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_addr, port);
    else if (found->ai_family == AF_INET6)
        set_in6(address, &((const struct sockaddr_in6 *)(const void *)found->ai_addr)->sin6_addr, port);
    freeaddrinfo(found);
    return address->length > 0 ? 0 : refuse(why, "host not found");
}

/* [::1] or [::1]:80 */
static int parse_in6(const char *text, uint16_t port, struct listen_address *address, const char **why)
{
    const char *close = strchr(text, ']');
    char host[INET6_ADDRSTRLEN];
    struct in6_addr bytes;

    if (close == NULL || (size_t)(close - text) > sizeof host)
        return refuse(why, "invalid IPv6 address");
    if (close[1] != '\0' && (close[1] != ':' || !parse_port(close + 2, &port)))
        return refuse(why, "invalid port");
    memcpy(host, text + 1, (size_t)(close - text) - 1);
    host[close - text - 1] = '\0';
    if (inet_pton(AF_INET6, host, &bytes) != 1)
        return refuse(why, "invalid IPv6 address");
    set_in6(address, &bytes, port);
    return 0;
}

int listen_address_parse(const char *text, uint16_t default_port, struct listen_address *address,
                         const char **why)
{
    char host[256]; /* a name has 253 bytes at most (RFC 1035, 2.3.4) */
    uint16_t port = default_port;
    struct in_addr bytes;

    memset(address, 0, sizeof *address);
    if (strncmp(text, unix_prefix, UNIX_PREFIX) == 0)
        return parse_unix(text + UNIX_PREFIX, address, why);
    if (*text == '[')
        return parse_in6(text, port, address, why);

    const char *colon = strchr(text, ':');
    size_t length = colon != NULL ? (size_t)(colon - text) : strlen(text);
    if (colon != NULL && !parse_port(colon + 1, &port))
        return refuse(why, "invalid port");
    if (colon == NULL && text[strspn(text, "0123456789")] == '\0') {
        if (!parse_port(text, &port))
            return refuse(why, *text == '\0' ? "no host" : "invalid port");
        length = 0;
    } else if (length == 0) {
        return refuse(why, "no host");
    }
    if (length >= sizeof host)
        return refuse(why, "host not found");
    memcpy(host, text, length);
    host[length] = '\0';
    if (length == 0 || strcmp(host, "*") == 0)
        bytes.s_addr = htonl(INADDR_ANY);
    else if (inet_pton(AF_INET, host, &bytes) != 1)
        return resolve(host, port, address, why);
    set_in4(address, bytes, port);
    return 0;
}

uint16_t listen_address_port(const struct listen_address *address)
{
    switch (address->socket.ss_family) {
    case AF_INET:
        return ntohs(as_in4(&address->socket)->sin_port);
    case AF_INET6:
        return ntohs(as_in6(&address->socket)->sin6_port);
    default:
        return 0;
    }
}

bool listen_address_equal(const struct listen_address *a, const struct listen_address *b)
{
    if (a->socket.ss_family != b->socket.ss_family)
        return false;
    switch (a->socket.ss_family) {
    case AF_INET:
        return as_in4(&a->socket)->sin_port == as_in4(&b->socket)->sin_port &&
               as_in4(&a->socket)->sin_addr.s_addr == as_in4(&b->socket)->sin_addr.s_addr;
    case AF_INET6:
        return as_in6(&a->socket)->sin6_port == as_in6(&b->socket)->sin6_port &&
               IN6_ARE_ADDR_EQUAL(&as_in6(&a->socket)->sin6_addr, &as_in6(&b->socket)->sin6_addr);
    default:
        return strcmp(as_unix(&a->socket)->sun_path, as_unix(&b->socket)->sun_path) == 0;
    }
}

static bool is_wildcard(const struct listen_address *address)
{
    switch (address->socket.ss_family) {
    case AF_INET:
        return as_in4(&address->socket)->sin_addr.s_addr == htonl(INADDR_ANY);
    case AF_INET6:
        return IN6_IS_ADDR_UNSPECIFIED(&as_in6(&address->socket)->sin6_addr);
    default:
        return false;
    }
}

bool listen_address_overlaps(const struct listen_address *a, const struct listen_address *b)
{
    if (listen_address_equal(a, b))
        return true;
    return a->socket.ss_family == b->socket.ss_family && (is_wildcard(a) || is_wildcard(b)) &&
           listen_address_port(a) == listen_address_port(b);
}
