/* SPDX-License-Identifier: BSD-2-Clause */
/* The tags of poison mode: what begins where, and whether it lives. */
#include <string.h>

#include "pool/sgi_inner.h"

/* A tag is the number of the class, counted from 1, and whether the object lives. 0: nothing begins here. */
enum { TAG_CLASS = 0x1f, TAG_LIVE = 0x80 };

static uint8_t tag_of(size_t size)
{
    return (uint8_t)(sgi_class(size) + 1);
}

static bool is_in_ring(const struct sgi_span *ring, const struct sgi_span *wanted)
{
    for (const struct sgi_span *span = ring->next; span != ring; span = span->next) {
        if (span == wanted)
            return true;
    }
    return false;
}

/* The tag of a pointer that may be anything: its span is looked for before it is looked into. */
static _Atomic uint8_t *find_tag(struct sgi *sgi, void *object)
{
    struct sgi_span *span = sgi_span_of(object);
    size_t offset = (uintptr_t)object & (SGI_SPAN - 1);
    bool found;

    sgi_lock_take(&sgi->lock);
    found = is_in_ring(&sgi->in_use, span) || is_in_ring(&sgi->whole, span) || is_in_ring(&sgi->aside, span);
    sgi_lock_drop(&sgi->lock);
    if (!found || offset < SGI_SPAN - sgi->usable || offset % SGI_GRANULE != 0)
        return NULL;
    return &span->tags[offset / SGI_GRANULE];
}

void sgi_tag_alloc(struct sgi *sgi, void *object, size_t size)
{
    struct sgi_span *span = sgi_span_of(object);
    _Atomic uint8_t *tag = &span->tags[((uintptr_t)object & (SGI_SPAN - 1)) / SGI_GRANULE];
    size_t whole = sgi_class_size(sgi_class(size));
    const unsigned char *bytes = object;

    (void)sgi;
    annotate_usable(object, whole);
    /* The first word may have been the link of a list, and what was never freed was never filled. */
    for (size_t i = sizeof(struct sgi_object); *tag == tag_of(size) && i < whole; i++) {
        if (bytes[i] != POOL_FILL_FREED)
            mode_defect("sgi: written after it was freed", NULL, object);
    }
    memset(object, POOL_FILL_FRESH, whole);
    annotate_unusable(object, whole);
    *tag = (uint8_t)(tag_of(size) | TAG_LIVE);
}

void sgi_tag_free(struct sgi *sgi, void *object, size_t size)
{
    _Atomic uint8_t *tag = find_tag(sgi, object);
    uint8_t was;

    if (!tag)
        mode_defect("sgi: freed a pointer that is not its object", NULL, object);
    was = atomic_load(tag);
    if (!(was & TAG_LIVE))
        mode_defect("sgi: freed twice", NULL, object);
    if ((was & TAG_CLASS) != tag_of(size))
        mode_defect("sgi: freed with a size of another class", NULL, object);
    if (!atomic_compare_exchange_strong(tag, &was, tag_of(size)))
        mode_defect("sgi: freed by two threads at once", NULL, object);
    annotate_usable(object, sgi_class_size(sgi_class(size)));
    memset(object, POOL_FILL_FREED, sgi_class_size(sgi_class(size)));
}
