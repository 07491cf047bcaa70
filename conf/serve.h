/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the configuration of `tidepool serve FOLDER`: conf/serve.conf, compiled in, with folder, address
 *   and media types written into it.
 * Lifetime: the text is the caller's.
 * Threads: any.
 * Errors: -EINVAL, and a sentence in `error`, or -ENAMETOOLONG if the text does not fit.
 */
#ifndef CONF_SERVE_H
#define CONF_SERVE_H

#include <stddef.h>

#define CONF_SERVE_ADDRESS "127.0.0.1:8080"

/* `folder`: its full name; without `$`, which a configuration would take for a variable, and control bytes.
 * `address`: as `listen` takes it, or NULL for CONF_SERVE_ADDRESS. An address of this machine alone answers
 * by this machine's names alone (DNS rebinding). `text` (`size` bytes) ends in a NUL. */
__attribute__((warn_unused_result)) int conf_serve_text(const char *folder, const char *address, char *text,
                                                        size_t size, char *error, size_t error_size);

#endif
