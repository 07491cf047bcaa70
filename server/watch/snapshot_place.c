/* SPDX-License-Identifier: BSD-2-Clause */
/* Orders of connections; that of addresses. */
#include "server/watch/snapshot_place.h"

#include <string.h>
#include <sys/socket.h>

#include "server/address.h"

const char *const snapshot_key_names[SNAPSHOT_KEYS + 1] = {
    [SNAPSHOT_TOTAL] = "total",       [SNAPSHOT_PEAK] = "peak",
    [SNAPSHOT_USED] = "used",         [SNAPSHOT_AGE] = "age",
    [SNAPSHOT_IDLE] = "idle",         [SNAPSHOT_REQUESTS] = "requests",
    [SNAPSHOT_UNSENT] = "unsent",     [SNAPSHOT_NUMBER] = "number",
    [SNAPSHOT_STATE] = "state",       [SNAPSHOT_CLIENT] = "address",
    [SNAPSHOT_PROTOCOL] = "protocol", [SNAPSHOT_LARGES] = "larges",
    [SNAPSHOT_FILLED] = "filled",     [SNAPSHOT_ALL] = "all"};

bool snapshot_is_time(enum snapshot_key key)
{
    return key == SNAPSHOT_AGE || key == SNAPSHOT_IDLE;
}

int snapshot_hex(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* ---- addresses in their order ---- */

enum { CLIENT_BYTES = 18 /* of an address and its port */, FIGURE_BYTES = CLIENT_BYTES / 3 };

/* The first figure begins with `rank`: a digit that tells the families apart. */
static void figures_of(unsigned rank, const uint8_t bytes[CLIENT_BYTES], double *first, double rest[2])
{
    for (unsigned i = 0; i < 3; i++) {
        uint64_t figure = i ? 0 : rank;

        for (unsigned j = 0; j < FIGURE_BYTES; j++)
            figure = figure << 8 | bytes[i * FIGURE_BYTES + j];
        *(i ? &rest[i - 1] : first) = (double)figure;
    }
}

static unsigned bytes_of(const struct peer *peer, uint8_t bytes[CLIENT_BYTES])
{
    size_t length = peer->family == AF_INET ? 4 : peer->family == AF_INET6 ? 16 : 0;

    memset(bytes, 0, CLIENT_BYTES);
    if (!length)
        return 0;
    memcpy(bytes, peer->bytes, length);
    bytes[length] = (uint8_t)(peer->port >> 8);
    bytes[length + 1] = (uint8_t)peer->port;
    return length == 4 ? 4 : 6;
}

void snapshot_client_figures(const struct peer *peer, double figures[SNAPSHOT_FIGURES])
{
    uint8_t bytes[CLIENT_BYTES];
    unsigned rank = bytes_of(peer, bytes);

    figures_of(rank, bytes, &figures[SNAPSHOT_CLIENT], &figures[SNAPSHOT_KEYS]);
}

void snapshot_client_order(const struct peer *peer, char text[SNAPSHOT_ORDER_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[CLIENT_BYTES];

    *text++ = digits[bytes_of(peer, bytes)];
    for (unsigned i = 0; i < CLIENT_BYTES; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
}

bool snapshot_client_read(const char *text, struct snapshot_place *place)
{
    uint8_t bytes[CLIENT_BYTES];

    if (strlen(text) != SNAPSHOT_ORDER_TEXT - 1 || snapshot_hex(*text) < 0)
        return false;
    for (unsigned i = 0; i < CLIENT_BYTES; i++) {
        int high = snapshot_hex(text[1 + 2 * i]), low = snapshot_hex(text[2 + 2 * i]);

        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high * 16 + low);
    }
    figures_of((unsigned)snapshot_hex(*text), bytes, &place->key, place->rest);
    return true;
}

double snapshot_word_order(const char *word)
{
    uint64_t number = 0;

    for (unsigned i = 0; i < FIGURE_BYTES; i++)
        number = number << 8 | (uint8_t)(*word ? *word++ : 0);
    return (double)number;
}
