/* SPDX-License-Identifier: BSD-2-Clause */
/* Hashing, adding, finding. */
#include "http/protocol/mime.h"

#include <assert.h>

#include "http/protocol/text.h"

/* FNV-1a over the lower-case letters. */
static uint32_t hash_of(const char *extension, size_t length)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)http_lower(extension[i])) * 16777619u;
    return hash;
}

size_t http_mime_slots(size_t count)
{
    size_t slots = 4;

    while (slots / 2 < count)
        slots *= 2;
    return slots;
}

void http_mime_init(struct http_mime *mime, struct http_mime_slot *slots, size_t count)
{
    *mime = (struct http_mime){.slots = slots, .slot_count = http_mime_slots(count)};
    memset(slots, 0, mime->slot_count * sizeof *slots);
}

static bool same_extension(const struct http_mime_slot *slot, const char *extension, size_t length)
{
    if (slot->extension_length != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (http_lower(slot->extension[i]) != http_lower(extension[i]))
            return false;
    return true;
}

/* The slot of an extension: its own, or the free one where it would go. There is always a free one. */
static struct http_mime_slot *slot_of(const struct http_mime *mime, const char *extension, size_t length,
                                      uint32_t hash)
{
    for (size_t at = hash;; at++) {
        struct http_mime_slot *slot = &mime->slots[at & (mime->slot_count - 1)];

        if (!slot->extension || (slot->hash == hash && same_extension(slot, extension, length)))
            return slot;
    }
}

const char *http_mime_add(struct http_mime *mime, const char *extension, const char *type)
{
    size_t length = strlen(extension);
    uint32_t hash = hash_of(extension, length);
    struct http_mime_slot *slot = slot_of(mime, extension, length, hash);
    const char *replaced = slot->extension ? slot->type : NULL;

    if (!slot->extension) {
        assert(mime->count < mime->slot_count / 2);
        mime->count++;
    }
    *slot = (struct http_mime_slot){extension, type, hash, (uint32_t)length};
    return replaced;
}

const char *http_mime_find(const struct http_mime *mime, const char *extension, size_t length)
{
    const struct http_mime_slot *slot;

    if (!mime->slot_count)
        return NULL;
    slot = slot_of(mime, extension, length, hash_of(extension, length));
    return slot->extension ? slot->type : NULL;
}
