/* SPDX-License-Identifier: BSD-2-Clause */
/* A status for each errno of a file: one table for all modules that open them. */
#include "http/modules/content/files.h"

#include <errno.h>

#include "http/limits.h"
#include "server/log/log.h"

enum http_outcome http_files_failed(struct http_request *request, int error, const char *call,
                                    const char *name)
{
    int level = LOG_LEVEL_ERROR;

    switch (-error) {
    case ENOMEM:
        return http_no_memory(request);
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
        request->status = 404;
        break;
    case EACCES:
    case ELOOP:
        request->status = 403;
        break;
    default:
        request->status = 500;
        level = LOG_LEVEL_CRIT;
    }
    if (request->status != 404 || request->location->core.log_not_found)
        http_log(request, level, -error, "%s \"%s\" failed", call, name);
    return HTTP_OUTCOME_STATUS;
}
