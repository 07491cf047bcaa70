/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses: written, read from a configuration, compared. */
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
        if (!inet_ntop(AF_INET6, peer->bytes, out, PEER_TEXT_MAX))
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

/* A listen while it is parsed. */
struct listen_reading {
    uint16_t first, last; /* ports */
    listen_address_taker *take;
    void *data;
    const char **why;
};

/* 1 … 65535 in digits alone, to the end of the text or to a `stop`. Null: something else. */
static const char *parse_port(const char *text, char stop, uint16_t *port)
{
    unsigned value = 0;

    if (*text == '\0' || *text == stop)
        return NULL;
    for (; *text != '\0' && *text != stop; text++) {
        if (*text < '0' || *text > '9')
            return NULL;
        value = value * 10 + (unsigned)(*text - '0');
        if (value > UINT16_MAX)
            return NULL;
    }
    *port = (uint16_t)value;
    return value > 0 ? text : NULL;
}

/* 8080 or 8080-8083 */
static int parse_ports(struct listen_reading *reading, const char *text)
{
    const char *dash = parse_port(text, '-', &reading->first);

    if (!dash || (*dash && !parse_port(dash + 1, '\0', &reading->last)))
        return refuse(reading->why, "invalid port");
    if (!*dash)
        reading->last = reading->first;
    return reading->last < reading->first ? refuse(reading->why, "invalid port range") : 0;
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

/* One host, at each of the ports. */
static int take_host(const struct listen_reading *reading, const struct sockaddr *host)
{
    struct listen_address address;
    int result = 0;

    for (unsigned port = reading->first; port <= reading->last && !result; port++) {
        memset(&address, 0, sizeof address);
        if (host->sa_family == AF_INET6)
            set_in6(&address, &((const struct sockaddr_in6 *)(const void *)host)->sin6_addr, (uint16_t)port);
        else
            set_in4(&address, ((const struct sockaddr_in *)(const void *)host)->sin_addr, (uint16_t)port);
        result = reading->take(reading->data, &address);
    }
    return result;
}

/* The same host and port, or path. */
static bool same_socket(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return false;
    switch (a->ss_family) {
    case AF_INET:
        return as_in4(a)->sin_port == as_in4(b)->sin_port &&
               as_in4(a)->sin_addr.s_addr == as_in4(b)->sin_addr.s_addr;
    case AF_INET6:
        return as_in6(a)->sin6_port == as_in6(b)->sin6_port &&
               IN6_ARE_ADDR_EQUAL(&as_in6(a)->sin6_addr, &as_in6(b)->sin6_addr);
    default:
        return strcmp(as_unix(a)->sun_path, as_unix(b)->sun_path) == 0;
    }
}

/* The resolver may return an address twice: two lines of /etc/hosts are enough. */
static bool said_before(const struct addrinfo *all, const struct addrinfo *one)
{
    for (; all != one; all = all->ai_next)
        if (same_socket((const void *)all->ai_addr, (const void *)one->ai_addr))
            return true;
    return false;
}

/* nginx: a name means all of its addresses, of the families that this machine has. */
static int resolve(const struct listen_reading *reading, const char *host)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    int result = 0;

    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return refuse(reading->why, "host not found");
    for (const struct addrinfo *at = found; at && !result; at = at->ai_next)
        if ((at->ai_family == AF_INET || at->ai_family == AF_INET6) && !said_before(found, at))
            result = take_host(reading, at->ai_addr);
    freeaddrinfo(found);
    return result;
}

/* [::1], [::1]:80 or [::1]:80-83 */
static int parse_in6(struct listen_reading *reading, const char *text)
{
    const char *close = strchr(text, ']');
    struct sockaddr_in6 socket = {.sin6_family = AF_INET6};
    char host[INET6_ADDRSTRLEN];

    if (!close || (size_t)(close - text) > sizeof host)
        return refuse(reading->why, "invalid IPv6 address");
    if (close[1] != '\0' && close[1] != ':')
        return refuse(reading->why, "invalid port");
    if (close[1] == ':' && parse_ports(reading, close + 2))
        return -EINVAL;
    memcpy(host, text + 1, (size_t)(close - text) - 1);
    host[close - text - 1] = '\0';
    if (inet_pton(AF_INET6, host, &socket.sin6_addr) != 1)
        return refuse(reading->why, "invalid IPv6 address");
    return take_host(reading, (const struct sockaddr *)(const void *)&socket);
}

static int parse_host(const struct listen_reading *reading, const char *text, size_t length)
{
    struct sockaddr_in socket = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    char host[256]; /* a name has 253 bytes at most (RFC 1035, 2.3.4) */

    if (length >= sizeof host)
        return refuse(reading->why, "host not found");
    memcpy(host, text, length);
    host[length] = '\0';
    if (length > 0 && strcmp(host, "*") != 0 && inet_pton(AF_INET, host, &socket.sin_addr) != 1)
        return resolve(reading, host);
    return take_host(reading, (const struct sockaddr *)(const void *)&socket);
}

int listen_addresses_parse(const char *text, uint16_t default_port, listen_address_taker *take, void *data,
                           const char **why)
{
    struct listen_reading reading = {default_port, default_port, take, data, why};
    const char *colon;

    *why = NULL;
    if (strncmp(text, unix_prefix, UNIX_PREFIX) == 0) {
        struct listen_address address = {0};
        int result = parse_unix(text + UNIX_PREFIX, &address, why);

        return result ? result : take(data, &address);
    }
    if (*text == '[')
        return parse_in6(&reading, text);
    colon = strchr(text, ':');
    if (colon && parse_ports(&reading, colon + 1))
        return -EINVAL;
    if (colon == text || *text == '\0')
        return refuse(why, "no host");
    if (!colon && text[strspn(text, "0123456789-")] == '\0' && *text != '-')
        return parse_ports(&reading, text) ? -EINVAL : parse_host(&reading, "", 0);
    return parse_host(&reading, text, colon ? (size_t)(colon - text) : strlen(text));
}

static int take_first(void *data, const struct listen_address *address)
{
    struct listen_address *first = data;

    if (!first->length)
        *first = *address;
    return 0;
}

int listen_address_parse(const char *text, uint16_t default_port, struct listen_address *address,
                         const char **why)
{
    int result;

    memset(address, 0, sizeof *address);
    result = listen_addresses_parse(text, default_port, take_first, address, why);
    return result || address->length ? result : refuse(why, "host not found");
}

int listen_address_from_socket(struct listen_address *address, const struct sockaddr_storage *socket,
                               socklen_t length)
{
    struct sockaddr_storage whole = {0}; /* the kernel's unix path may end without a NUL */
    const char *why;

    if (length >= sizeof whole)
        return -EINVAL;
    memcpy(&whole, socket, length);
    memset(address, 0, sizeof *address);
    switch (whole.ss_family) {
    case AF_INET:
        set_in4(address, as_in4(&whole)->sin_addr, ntohs(as_in4(&whole)->sin_port));
        return 0;
    case AF_INET6:
        set_in6(address, &as_in6(&whole)->sin6_addr, ntohs(as_in6(&whole)->sin6_port));
        return 0;
    case AF_UNIX:
        return parse_unix(as_unix(&whole)->sun_path, address, &why);
    default:
        return -EINVAL;
    }
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
    return same_socket(&a->socket, &b->socket);
}

bool listen_address_is_wildcard(const struct listen_address *address)
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
    return a->socket.ss_family == b->socket.ss_family &&
           (listen_address_is_wildcard(a) || listen_address_is_wildcard(b)) &&
           listen_address_port(a) == listen_address_port(b);
}
