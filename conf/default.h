/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: conf/default.conf, compiled in, for a server without a configuration file. The Makefile generates
 *   the definition.
 * Lifetime: constant; ends in a NUL that conf_default_length does not count.
 * Threads: any.
 * Errors: none.
 */
#ifndef CONF_DEFAULT_H
#define CONF_DEFAULT_H

#include <stddef.h>

extern const char conf_default_text[];
extern const size_t conf_default_length;

#endif
