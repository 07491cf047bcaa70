/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: how modules answer: they describe the answer in request->response, and response.c writes it. Each
 *   function returns what a step may return at once.
 * Lifetime: texts must live as long as the request, unless a function says less.
 * Threads: the request's worker.
 * Errors: outcomes; an allocation that fails is http_no_memory (limits.h).
 */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "http/request.h"

/* How the server's own pages begin, up to their title or a style: UTF-8 if no charset is sent, as wide as a
 * telephone, dark if the reader's other pages are. */
#define HTTP_PAGE_HEAD                                                                                       \
    "<!doctype html>\r\n<html lang=\"en\">\r\n<head><meta charset=\"utf-8\">"                                \
    "<meta name=\"viewport\" content=\"width=device-width\">"                                                \
    "<meta name=\"color-scheme\" content=\"light dark\">"

/* The page of a status; `name` is the server's. Pages of nginx have the same <center> texts. */
#define HTTP_PAGE_STATUS_BEGIN HTTP_PAGE_HEAD "<title>"
#define HTTP_PAGE_STATUS_BODY  "</title></head>\r\n<body><main>\r\n<center><h1>"
#define HTTP_PAGE_STATUS_NAME  "</h1></center>\r\n<hr><center>"
#define HTTP_PAGE_STATUS_END   "</center>\r\n</main></body>\r\n</html>\r\n"

/* `body` must live until the step has returned. HEAD gets the head alone. */
enum http_outcome http_answer_bytes(struct http_request *request, int status, struct http_text type,
                                    struct http_text body);

/* The page of a status: a small HTML text for errors and redirects, nothing for 1xx, 204, 304. */
enum http_outcome http_answer_status(struct http_request *request, int status);

/* Sets Location: an absolute URL, or a path, which becomes absolute; in memory of the request. False: no
 * memory. */
bool http_lead_to(struct http_request *request, struct http_text location)
    __attribute__((warn_unused_result));

/* A redirect to `location`. HTTP_OUTCOME_STATUS, so that error_page may replace its page. */
enum http_outcome http_answer_redirect(struct http_request *request, int status, struct http_text location);

/* HTTP_OUTCOME_NEXT for GET and HEAD, 405 for another method. */
enum http_outcome http_answer_only_get(struct http_request *request);

/* 301 to the same path with a slash behind it, and the same arguments: without the slash, relative links in a
 * folder's page would lead elsewhere. */
enum http_outcome http_answer_slash(struct http_request *request);

/* A regular file, whose reference the response takes over: type, validators and ranges are filled in. */
enum http_outcome http_answer_file(struct http_request *request, struct open_file *file);

/* The bytes of a file without name, type and validators, such as a received body. Takes the reference
 * over. */
enum http_outcome http_answer_content(struct http_request *request, int status, struct http_text type,
                                      struct open_file *file);

/* Adds a header to the answer; CR, LF and NUL in its value become blanks. Texts must live as long as the
 * request. False: no memory. */
bool http_add_header(struct http_request *request, struct http_text name, struct http_text value);

/* The media type of request->extension in this location. */
struct http_text http_type_of(const struct http_request *request);

#endif
