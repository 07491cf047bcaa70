/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: a request's body as a whole: in memory, or in a temporary file. For modules that need all of a
 *   body. Up to client_body_buffer_size is held in memory; a longer body, and any body with
 *   client_body_in_file_only, goes to a file of client_body_temp_path. $request_body and $request_body_file
 *   show it.
 * Lifetime: of the request. The file goes with the pool's cleanups, so also when the client vanishes or the
 *   server ends: it loses its name when it is opened (off), at the end of the request (clean), or keeps it
 *   (on, unless it could not be written completely).
 * Threads: the request's worker. Writing waits for the disk, and the worker's other connections with it: a
 *   wake-up brings eight reads of 16 KiB at most, and no single call writes more than UPLOAD_PIECE or, for a
 *   body of unknown length that outgrows the memory, client_body_buffer_size once.
 * Errors: a full disk (ENOSPC, EDQUOT, EFBIG) is 507, anything else that the system refuses is 500, memory
 *   503; each has a line in the log that names the file. The connection closes after the answer.
 */
#ifndef HTTP_UPLOAD_H
#define HTTP_UPLOAD_H

#include <sys/types.h>

#include "http/body.h"

struct open_file;
struct http_upload;

enum { UPLOAD_PIECE = 64 * 1024 /* bytes gathered before they are written, at most */ };

/* client_body_in_file_only */
enum http_upload_files { HTTP_UPLOAD_OFF, HTTP_UPLOAD_CLEAN, HTTP_UPLOAD_ON };

/* The body is complete. Returns what a step returns. */
typedef enum http_outcome http_upload_done(struct http_request *request, const struct http_upload *upload);

struct http_upload {
    http_upload_done *done;
    /* Null: what does not fit in memory goes to a file. Else it is handed to this taker, which becomes the
     * body's and sends `held` on before it. */
    http_body_taker *overflow;
    char *held;             /* what has been gathered and is not written yet */
    size_t held_length;     /* bytes */
    size_t capacity;        /* bytes that `held` has room for */
    struct http_text whole; /* the body in memory, when it is complete */
    struct open_file *file; /* or the file with it */
    const char *name;       /* of the file, once there is one */
    off_t written;          /* bytes in it */
    int fd;                 /* -1: none, or it has become `file`'s */
    bool to_file;           /* the body goes, or has gone, to a file */
    bool removes;           /* the name goes with the request */
};

/* For `finish` of a module that reads whole bodies in this location: the folder is made now, while the
 * process has the rights. 0 or a negative errno, noted in conf. */
int http_upload_prepare(struct http_build *build, const struct http_location *location)
    __attribute__((warn_unused_result));

/* That of a request whose body comes in, as long as all of it is held or goes to a file. NULL: none. */
const struct http_upload *http_upload_of(const struct http_request *request);

/* Reads the body; returns what the step returns. */
enum http_outcome http_upload_read(struct http_request *request, http_upload_done *done,
                                   http_body_taker *overflow);

#endif
