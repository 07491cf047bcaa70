/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the line of a configuration that a message is about, for people at a terminal: below the message,
 *   with its number, and with a mark below what the message quotes.
 * Lifetime: keeps nothing.
 * Threads: the main thread, before there are others.
 * Errors: none: if the message names no line of a file, or the file cannot be read, nothing is shown.
 */
#ifndef CONF_SHOWN_H
#define CONF_SHOWN_H

#include <stdbool.h>
#include <stdio.h>

/* `message` ends in " in FILE:LINE" (conf_fail). `colour`: the mark is red. */
void conf_show(const char *message, bool colour, FILE *out);

#endif
