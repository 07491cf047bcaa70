/* SPDX-License-Identifier: BSD-2-Clause */
/* UNGUARDED: a function on the way of each request without the stack protector's guard.
 *
 * Purpose: -fstack-protector-strong guards every function that takes the address of a local, which costs six
 *   instructions a call; in twenty such functions that is a fiftieth of a small request. A function may be
 *   marked if no local is an array and each local whose address is taken is filled as a whole by a function
 *   of ours or of libc: then no length from outside can write past one.
 * Lifetime: none.
 * Threads: any.
 * Errors: none.
 */
#ifndef POOL_UNGUARDED_H
#define POOL_UNGUARDED_H

#if defined __has_attribute
#if __has_attribute(no_stack_protector)
#define UNGUARDED __attribute__((no_stack_protector))
#endif
#endif
#ifndef UNGUARDED
#define UNGUARDED
#endif

#endif
