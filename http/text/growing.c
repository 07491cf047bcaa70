/* SPDX-License-Identifier: BSD-2-Clause */
/* Grows a text to twice the room needed, so that it is copied a few times at most. */
#include "http/text/growing.h"

#include <stdint.h>

char *http_growing_move(struct http_growing *text, size_t more)
{
    size_t room = text->length + more + 1;
    char *larger;

    if (more > SIZE_MAX / 4 || text->length > SIZE_MAX / 4)
        return NULL;
    room *= 2;
    larger = pool_nalloc(text->pool, room, "text");
    if (!larger)
        return NULL;
    memcpy(larger, text->bytes, text->length);
    text->bytes = larger;
    text->room = room;
    return larger + text->length;
}
