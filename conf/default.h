/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf/default.conf, compiled in: what the server runs without a configuration file.
 * The Makefile generates the definition. Constant; ends in a NUL that conf_default_length does not count.
 */
#ifndef CONF_DEFAULT_H
#define CONF_DEFAULT_H

#include <stddef.h>

extern const char conf_default_text[];
extern const size_t conf_default_length;

#endif
