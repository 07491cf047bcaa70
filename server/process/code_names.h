/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: what an address of code is called: the program or library with the offset that addr2line takes,
 *   and the function, if the program was not stripped. It works in a handler of a signal: libraries are
 *   listed at the start (those that are loaded later have no name), functions are read from the program's
 *   own file by system calls.
 * Lifetime: the list stays.
 * Threads: start: the main thread, before others; find: any.
 * Errors: none: what is not known has no name.
 */
#ifndef SERVER_PROCESS_CODE_NAMES_H
#define SERVER_PROCESS_CODE_NAMES_H

#include <stdbool.h>
#include <stdint.h>

struct code_name {
    const char *module; /* "tidepool", "libc.so.6" */
    uintptr_t offset;   /* in it */
    char function[64];  /* empty: not known; a longer one is cut */
};

void code_names_start(void);

/* False: no code is there. */
bool code_names_find(uintptr_t address, struct code_name *name);

#endif
