/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the tests of http/protocol: texts that may hold any byte, heads parsed from them, memory with a guard
 * page behind it.
 */
#ifndef TESTS_UNIT_HTTP_PROTOCOL_REQUEST_H
#define TESTS_UNIT_HTTP_PROTOCOL_REQUEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "http/protocol/parser.h"

/* A literal with its length, NULs included. */
#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        literal, sizeof(literal) - 1                                                                         \
    }

enum {
    REQUEST_FIELDS = 64,
    GUARD_SIZE = 64 << 10, /* bytes before the guard page */
};

struct request {
    struct http_head head;
    struct http_parser parser;
    struct http_field fields[REQUEST_FIELDS];
};

/* Parses a complete head, which must be well-formed. */
static inline void request_parse(struct request *request, const char *text, size_t length)
{
    static const struct http_parser_limits limits = {.strict_line_endings = false};
    request->head.fields = request->fields;
    request->head.field_capacity = REQUEST_FIELDS;
    http_parser_init(&request->parser, &limits, &request->head);
    if (http_parser_feed(&request->parser, &request->head, text, length) != HTTP_PARSE_DONE)
        fail_msg("not parsed (%s): %s", request->head.error, text);
}

/* Memory whose end is followed by a page that cannot be touched. */
static inline char *guard_create(void)
{
    char *memory = mmap(NULL, GUARD_SIZE + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(memory != MAP_FAILED);
    assert_int_equal(mprotect(memory + GUARD_SIZE, 4096, PROT_NONE), 0);
    return memory;
}

static inline void guard_destroy(char *memory)
{
    assert_int_equal(munmap(memory, GUARD_SIZE + 4096), 0);
}

/* Copies bytes to where the next one would fault. */
static inline char *guard_place(char *memory, const char *bytes, size_t length)
{
    char *at = memory + GUARD_SIZE - length;
    memcpy(at, bytes, length);
    return at;
}

#endif
