/* SPDX-License-Identifier: BSD-2-Clause */
/* The tests of the parser, run over the form that it has where there is no SSE2. */
#define HTTP_PROTOCOL_PORTABLE  1
#define http_parser_init        portable_parser_init
#define http_parser_feed        portable_parser_feed
#define http_parser_move        portable_parser_move
#define http_parser_overlong    portable_parser_overlong
#define http_judge_field        portable_judge_field
#define http_judge_request_line portable_judge_request_line

#include "http/protocol/lines.c"
#include "http/protocol/parser.c"
#include "tests/unit/http/protocol/test_parser.c"

#ifdef HTTP_SCAN_SSE2
#error "this is not the portable form"
#endif
