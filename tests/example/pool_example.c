/* SPDX-License-Identifier: BSD-2-Clause */
/* The pools without the server: a connection's pool over three requests, with libtidepool.a alone.
 *
 *     cc -I. tests/example/pool_example.c build/libtidepool.a -pthread && ./a.out
 */
#include <stdio.h>
#include <string.h>

#include "pool/pool.h"
#include "pool/sysmem.h"

struct connection {
    const char *peer;
    unsigned served;
};

static void say_bye(void *request)
{
    printf("  request \"%s\" is over\n", (const char *)request);
}

/* All that a request allocates is found after the pin, and goes with it. */
static int serve(struct pool *pool, struct connection *connection, const char *request)
{
    char *copy = pool_strndup(pool, request, strlen(request), "request");
    char *answer = pool_nalloc(pool, 64, "answer");
    void *large = pool_alloc(pool, 100000, "body"); /* too large for a block: it has one of its own */

    if (copy == NULL || answer == NULL || large == NULL || pool_cleanup_add(pool, say_bye, copy) == NULL)
        return -1; /* pool_failure() tells whether it was the budget; nothing has to be undone */
    snprintf(answer, 64, "hello %s, number %u", connection->peer, ++connection->served);
    printf("  %s -> %s\n", copy, answer);
    return pool_free(pool, large); /* early, since it is large; the rest waits for the reset */
}

int main(void)
{
    static const char *const requests[] = {"GET /one", "GET /two", "GET /three"};
    struct pool_options options = {
        .first_size = 512, .block_size = 4096, .budget = 256 * 1024, .name = "connection"};
    struct connection *connection;
    struct sysmem_stats system;
    struct pool_stats stats;
    struct pool *pool;
    int failed = 0;

    options.classes = sizeclass_create(); /* one a thread: where its pools get their blocks */
    if (options.classes == NULL)
        return 1;
    pool = pool_create(&options);
    if (pool == NULL)
        return 1;

    connection = pool_alloc(pool, sizeof(*connection), "connection");
    if (connection == NULL)
        return 1;
    *connection = (struct connection){.peer = "127.0.0.1"};
    pool_pin(pool); /* what there is now outlives the requests */

    for (size_t i = 0; i < sizeof(requests) / sizeof(*requests) && failed == 0; i++) {
        failed = serve(pool, connection, requests[i]);
        pool_stats(pool, &stats);
        printf("  %zu bytes used, %zu held\n", stats.used_bytes, stats.held_bytes);
        pool_reset(pool);
    }
    pool_idle(pool); /* the first block is all that is kept */
    pool_stats(pool, &stats);
    printf("idle: %zu bytes held, %u requests served\n", stats.held_bytes, connection->served);

    pool_destroy(pool);
    sizeclass_destroy(options.classes);
    sysmem_stats(&system);
    printf("not given back: %llu allocations\n", (unsigned long long)system.live_count);
    return failed != 0 || system.live_count != 0;
}
