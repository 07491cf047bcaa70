/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets that go from one worker to another: idle connections of one that leaves, and what the worker that
 * accepts for a unix socket shares.
 *
 * Purpose: whoever was accepted is served. Workers hear of a new generation one after another, so sender and
 *   receiver may be under different ones: a socket goes on under the receiver's current generation if that
 *   speaks the same protocol at its address, and else under the one that the sender had, older or newer.
 * Lifetime: a message holds the descriptor, and the sender's generation, which has its binding.
 * Threads: giving: the sender's; taking and dropping: the receiver's.
 * Errors: giving says no, and nothing was given; a socket that is taken and finds no memory is closed.
 */
#ifndef SERVER_HANDOVER_H
#define SERVER_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

struct binding;
struct message;
struct worker;

/* Sends a socket to one of the workers of the current generation. False: that has no such address, or there
 * is no memory; `fd` is still the caller's. `requests`: begun on it so far. */
__attribute__((warn_unused_result)) bool handover_give(struct worker *worker, const struct binding *binding,
                                                       int fd, uint32_t requests);

/* A WORKER_CONNECTION has come: it is served here, or given on by a worker that leaves. */
void handover_take(struct worker *worker, const struct message *message);

/* One that was never delivered. */
void handover_drop(struct worker *worker, const struct message *message);

#endif
