/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a variable whose value depends on a text. `map TEXT $NAME { KEY VALUE; … }`, by nginx's rules:
 *   keys are compared regardless of case; ~ and ~* begin regular expressions, which are tried in file order
 *   when no key is the text; `hostnames` makes *.x, .x and x.* keys; `default`; a backslash takes a key
 *   literally. Looked up when it is asked for, and kept for the request unless `volatile`. Named groups of an
 *   expression are kept, too. $1 … of it are for the value that it chooses alone; afterwards they are what
 *   they were, so that asking for a variable changes nothing for the text around it.
 * Lifetime: in the generation's pool.
 * Threads: the request's worker. Errors: no memory, or a map that needs itself: not found.
 */
#ifndef HTTP_MODULES_REWRITE_MAP_H
#define HTTP_MODULES_REWRITE_MAP_H

#include "http/module.h"

extern const struct http_module http_map_module;

#endif
