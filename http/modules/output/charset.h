/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: names the charset of texts in Content-Type, and recodes them, as nginx's ngx_http_charset_module.
 *   `charset` is added to the types of charset_types; if source_charset says that the answer is in another
 *   one, it is recoded by a charset_map.
 * Lifetime: in the generation's pool.
 * Threads: the connection's worker.
 * Errors: 0 or -ENOMEM.
 */
#ifndef HTTP_MODULES_OUTPUT_CHARSET_H
#define HTTP_MODULES_OUTPUT_CHARSET_H

#include "http/request.h"

extern const struct http_module http_charset_module;

/* Whether answers of this location will be said to be in UTF-8. */
bool http_charset_is_utf8(const struct http_location *location);

#endif
