/* SPDX-License-Identifier: BSD-2-Clause */
/* UNGUARDED: a function on the way of each request without the stack protector's guard.
 *
 * Purpose: -fstack-protector-strong guards every function that takes the address of a local. Where no
 *   local is an array, and those whose address is taken are filled as a whole by a function of ours or of
 *   libc, no length from outside can write past one, and six instructions are saved at each call: twenty such
 *   functions are a fiftieth of a small request. A function with an array on its stack is never marked.
 * Lifetime, threads, errors: none.
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
