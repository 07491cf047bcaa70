/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of modules: a new one gets an index in module.h and its line here. */
#include "http/core_directives.h"
#include "http/module.h"
#include "http/modules/access.h"
#include "http/modules/access_log.h"
#include "http/modules/autoindex.h"
#include "http/modules/charset.h"
#include "http/modules/echo_body.h"
#include "http/modules/error_page.h"
#include "http/modules/gzip.h"
#include "http/modules/gzip_static.h"
#include "http/modules/headers.h"
#include "http/modules/limit_conn.h"
#include "http/modules/limit_except.h"
#include "http/modules/limit_req.h"
#include "http/modules/map.h"
#include "http/modules/metrics.h"
#include "http/modules/pool_view.h"
#include "http/modules/rewrite.h"
#include "http/modules/static.h"
#include "http/modules/stub_status.h"
#include "http/modules/try_files.h"

const struct http_module *const http_modules[HTTP_MODULES] = {
    [HTTP_MODULE_CORE] = &http_core_module,
    [HTTP_MODULE_ERROR_PAGE] = &http_error_page_module,
    [HTTP_MODULE_LIMIT_EXCEPT] = &http_limit_except_module,
    [HTTP_MODULE_REWRITE] = &http_rewrite_module,
    [HTTP_MODULE_MAP] = &http_map_module,
    [HTTP_MODULE_LIMIT_REQ] = &http_limit_req_module,
    [HTTP_MODULE_LIMIT_CONN] = &http_limit_conn_module,
    [HTTP_MODULE_ACCESS] = &http_access_module,
    [HTTP_MODULE_TRY_FILES] = &http_try_files_module,
    [HTTP_MODULE_ECHO_BODY] = &http_echo_body_module,
    [HTTP_MODULE_POOL_VIEW] = &http_pool_view_module,
    [HTTP_MODULE_STUB_STATUS] = &http_stub_status_module,
    [HTTP_MODULE_METRICS] = &http_metrics_module,
    [HTTP_MODULE_AUTOINDEX] = &http_autoindex_module,
    [HTTP_MODULE_GZIP_STATIC] = &http_gzip_static_module,
    [HTTP_MODULE_STATIC] = &http_static_module,
    [HTTP_MODULE_HEADERS] = &http_headers_module,
    [HTTP_MODULE_CHARSET] = &http_charset_module,
    [HTTP_MODULE_GZIP] = &http_gzip_module,
    [HTTP_MODULE_ACCESS_LOG] = &http_access_log_module,
};
