/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of modules: a new one gets an index in module.h and its line here. */
#include "http/config/core_directives.h"
#include "http/error_page.h"
#include "http/module.h"
#include "http/modules/content/autoindex.h"
#include "http/modules/content/echo_body.h"
#include "http/modules/content/gzip_static.h"
#include "http/modules/content/static.h"
#include "http/modules/limit/access.h"
#include "http/modules/limit/limit_conn.h"
#include "http/modules/limit/limit_req.h"
#include "http/modules/log/access_log.h"
#include "http/modules/output/charset.h"
#include "http/modules/output/gzip.h"
#include "http/modules/output/headers.h"
#include "http/modules/rewrite/limit_except.h"
#include "http/modules/rewrite/map.h"
#include "http/modules/rewrite/rewrite.h"
#include "http/modules/rewrite/try_files.h"
#include "http/modules/view/metrics.h"
#include "http/modules/view/pool_view.h"
#include "http/modules/view/stub_status.h"

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
