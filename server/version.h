/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the version, in one place: what -v, -V, the Server header and status pages say.
 * Lifetime: literals. Threads: any. Errors: none.
 */
#ifndef SERVER_VERSION_H
#define SERVER_VERSION_H

#define VERSION_NUMBER "0.1.0"
#define VERSION_NAME   "tidepool"
#define VERSION_TEXT   VERSION_NAME "/" VERSION_NUMBER

/* The nginx whose configuration language and command line this version follows: tools that ask for it parse
 * -V. */
#define VERSION_NGINX "1.29.0"

#endif
