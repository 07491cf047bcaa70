/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: configurations that are compiled in: conf/default.conf, for a server without a configuration file,
 *   and conf/serve.conf with conf/mime.types in it, for serve.h. The Makefile generates the definitions.
 * Lifetime: constant; each ends in a NUL.
 * Threads: any.
 * Errors: none.
 */
#ifndef CONF_DEFAULT_H
#define CONF_DEFAULT_H

extern const char conf_default_text[];
extern const char conf_serve_template[];

#endif
