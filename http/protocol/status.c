/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of status lines. */
#include "http/protocol/status.h"

enum {
    FIRST = 100,
    LAST = 599,
};

#define LINE(code, reason) [(code)-FIRST] = {#code " " reason, sizeof(#code " " reason) - 1}

/* The phrases are RFC 9110's, but nginx's where they differ (302, 405, 408, 413, 414, 416, 503, 504). */
static const struct http_text lines[LAST - FIRST + 1] = {
    LINE(100, "Continue"),
    LINE(101, "Switching Protocols"),
    LINE(200, "OK"),
    LINE(201, "Created"),
    LINE(202, "Accepted"),
    LINE(203, "Non-Authoritative Information"),
    LINE(204, "No Content"),
    LINE(205, "Reset Content"),
    LINE(206, "Partial Content"),
    LINE(207, "Multi-Status"),
    LINE(300, "Multiple Choices"),
    LINE(301, "Moved Permanently"),
    LINE(302, "Moved Temporarily"),
    LINE(303, "See Other"),
    LINE(304, "Not Modified"),
    LINE(305, "Use Proxy"),
    LINE(307, "Temporary Redirect"),
    LINE(308, "Permanent Redirect"),
    LINE(400, "Bad Request"),
    LINE(401, "Unauthorized"),
    LINE(402, "Payment Required"),
    LINE(403, "Forbidden"),
    LINE(404, "Not Found"),
    LINE(405, "Not Allowed"),
    LINE(406, "Not Acceptable"),
    LINE(407, "Proxy Authentication Required"),
    LINE(408, "Request Time-out"),
    LINE(409, "Conflict"),
    LINE(410, "Gone"),
    LINE(411, "Length Required"),
    LINE(412, "Precondition Failed"),
    LINE(413, "Request Entity Too Large"),
    LINE(414, "Request-URI Too Large"),
    LINE(415, "Unsupported Media Type"),
    LINE(416, "Requested Range Not Satisfiable"),
    LINE(417, "Expectation Failed"),
    LINE(421, "Misdirected Request"),
    LINE(422, "Unprocessable Content"),
    LINE(423, "Locked"),
    LINE(424, "Failed Dependency"),
    LINE(425, "Too Early"),
    LINE(426, "Upgrade Required"),
    LINE(428, "Precondition Required"),
    LINE(429, "Too Many Requests"),
    LINE(431, "Request Header Fields Too Large"),
    LINE(451, "Unavailable For Legal Reasons"),
    LINE(500, "Internal Server Error"),
    LINE(501, "Not Implemented"),
    LINE(502, "Bad Gateway"),
    LINE(503, "Service Temporarily Unavailable"),
    LINE(504, "Gateway Time-out"),
    LINE(505, "HTTP Version Not Supported"),
    LINE(507, "Insufficient Storage"),
    LINE(508, "Loop Detected"),
    LINE(511, "Network Authentication Required"),
};

struct http_text http_status_line(int status)
{
    if (status < FIRST || status > LAST || !lines[status - FIRST].bytes)
        return HTTP_TEXT("");
    return lines[status - FIRST];
}
