/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: places that a tracer (bpftrace, perf, SystemTap) can attach to. USDT probes of the provider
 *   `tidepool`. Each is one nop and a note in the binary that says where its arguments are; nothing is
 *   computed for them. tests/probes/pools.bt uses them all.
 *
 * | probe         | arguments                                                                   |
 * |---------------|-----------------------------------------------------------------------------|
 * | pool__create  | pool, name, bytes of the first block                                        |
 * | pool__reset   | pool, resets before this one, blocks in use behind the pin, bytes held      |
 * | pool__destroy | pool, most bytes ever held, resets                                          |
 * | block__take   | pool, bytes, purpose: a block after the first                               |
 * | block__return | pool, bytes                                                                 |
 * | large__take   | pool, bytes, purpose, kind (0 large, 1 small in passthrough mode, 2 buffer) |
 * | large__return | pool, bytes, purpose                                                        |
 * | budget__hit   | pool, bytes asked for, bytes held, the pool's budget                        |
 * | failure       | pool, enum pool_failure                                                     |
 *
 *   Names and purposes are C strings. bpftrace writes the two underscores as they stand, perf and SystemTap
 *   as a dash. Without <sys/sdt.h> (Debian: systemtap-sdt-dev) or with TIDEPOOL_NO_PROBES they are empty.
 * Lifetime: none.
 * Threads: any.
 * Errors: none.
 */
#ifndef POOL_PROBE_H
#define POOL_PROBE_H

#if __has_include(<sys/sdt.h>) && !defined(TIDEPOOL_NO_PROBES)
#include <sys/sdt.h>
#define PROBE2(name, a, b)       DTRACE_PROBE2(tidepool, name, a, b)
#define PROBE3(name, a, b, c)    DTRACE_PROBE3(tidepool, name, a, b, c)
#define PROBE4(name, a, b, c, d) DTRACE_PROBE4(tidepool, name, a, b, c, d)
#else
#define PROBE2(name, a, b)       ((void)(a), (void)(b))
#define PROBE3(name, a, b, c)    ((void)(a), (void)(b), (void)(c))
#define PROBE4(name, a, b, c, d) ((void)(a), (void)(b), (void)(c), (void)(d))
#endif

#endif
