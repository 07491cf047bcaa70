/* SPDX-License-Identifier: BSD-2-Clause */
/* A gzip member, by zlib on memory of sysmem. */
#include "server/log/log_gzip.h"

#include <limits.h>
#include <stdint.h>
#include <zlib.h>

#include "pool/sysmem.h"

enum {
    WINDOW_GZIP = 15 + 16, /* zlib's largest window, with a gzip head around it */
    MEMORY = 8             /* zlib's default */
};

/* In front of each block: sysmem_free needs its size. */
union block {
    size_t size;
    max_align_t alignment;
};

static void *gzip_take(void *unused, uInt items, uInt size)
{
    size_t bytes = (size_t)items * size + sizeof(union block);
    union block *block = sysmem_alloc(SYSMEM_OF_LOGS, bytes);

    (void)unused;
    if (!block)
        return Z_NULL;
    block->size = bytes;
    return block + 1;
}

static void gzip_give(void *unused, void *address)
{
    union block *block = (union block *)address - 1;

    (void)unused;
    sysmem_free(SYSMEM_OF_LOGS, block, block->size);
}

char *log_gzip(const char *bytes, size_t length, int level, size_t *size, size_t *used)
{
    z_stream stream = {.zalloc = gzip_take, .zfree = gzip_give};
    char *out = NULL;

    if (length > INT_MAX || deflateInit2(&stream, level, Z_DEFLATED, WINDOW_GZIP, MEMORY, Z_DEFAULT_STRATEGY))
        return NULL;
    *size = deflateBound(&stream, (uLong)length);
    out = sysmem_alloc(SYSMEM_OF_LOGS, *size);
    if (out) {
        stream.next_in = (Bytef *)(uintptr_t)bytes;
        stream.avail_in = (uInt)length;
        stream.next_out = (Bytef *)out;
        stream.avail_out = (uInt)*size;
        (void)deflate(&stream, Z_FINISH); /* the bound is enough */
        *used = stream.total_out;
    }
    (void)deflateEnd(&stream);
    return out;
}
