/* SPDX-License-Identifier: BSD-2-Clause */
/* SipHash-2-4 of two numbers. */
#include "http/text/request_id.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/random.h>

static uint64_t key[2];
static bool seeded;

int http_request_id_seed(struct conf *conf)
{
    if (seeded)
        return 0;
    if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
        return conf_fail_errno(conf, NULL, errno, "getrandom() failed");
    seeded = true;
    return 0;
}

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static void sip_rounds(uint64_t v[4], unsigned rounds)
{
    while (rounds--) {
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

static void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_rounds(v, 2);
    v[0] ^= word;
}

static void put_hex(uint64_t word, char to[16])
{
    static const char digits[] = "0123456789abcdef";

    for (unsigned i = 0; i < 16; i++)
        to[i] = digits[word >> (60 - 4 * i) & 15];
}

/* The variant with 128 bits of output: its constants 0xee and 0xdd tell the halves apart. `use` makes another
 * message of the same numbers. */
static void sip_hash(uint64_t connection, uint64_t request, uint64_t use, uint64_t hash[2])
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU ^ 0xee,
                     key[0] ^ 0x6c7967656e657261U, key[1] ^ 0x7465646279746573U};

    sip_word(v, connection);
    sip_word(v, request);
    if (use)
        sip_word(v, use);
    sip_word(v, (uint64_t)(use ? 24 : 16) << 56); /* the last word holds the length of the message */
    v[2] ^= 0xee;
    sip_rounds(v, 4);
    hash[0] = v[0] ^ v[1] ^ v[2] ^ v[3];
    v[1] ^= 0xdd;
    sip_rounds(v, 4);
    hash[1] = v[0] ^ v[1] ^ v[2] ^ v[3];
}

void http_request_id_write(uint64_t connection, uint64_t request, char to[HTTP_REQUEST_ID_LENGTH])
{
    uint64_t hash[2];

    sip_hash(connection, request, 0, hash);
    put_hex(hash[0], to);
    put_hex(hash[1], to + 16);
}

void http_boundary_write(uint64_t connection, uint64_t request, char to[HTTP_BOUNDARY_LENGTH])
{
    uint64_t hash[2];

    sip_hash(connection, request, 1, hash);
    for (unsigned i = HTTP_BOUNDARY_LENGTH; i-- > 0; hash[0] /= 10)
        to[i] = (char)('0' + hash[0] % 10);
}
