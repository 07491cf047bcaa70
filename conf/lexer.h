/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Purpose: the words of nginx's configuration language; bytes in, tokens out. The language, as
 *   src/core/ngx_conf_file.c of nginx reads it:
 *   - space, tab, CR, LF, `;` and `{` separate words; `}` ends a block only where a word could begin
 *   - `#` opens a comment, to the end of the line, only where a word could begin
 *   - a word that begins with ' or " reaches to the same quote; then space, `;`, `{` or `)` must follow
 *   - a backslash takes the next byte's meaning away; conf_unescape then turns \" \' \\ \t \r \n into the
 *     byte meant and leaves any other pair as it is
 *   - `{` behind `$` belongs to the word: ${name}
 *   One difference: a comment may have any length (nginx refuses those above 4 KiB). A NUL byte is refused,
 *   as words are C strings here.
 * Lifetime: the caller owns the struct; the text must outlive it. Nothing is allocated.
 * Threads: one at a time.
 * Errors: CONF_TOKEN_BAD and a sentence in lexer->error, without the place; lexer->line tells the place.
 */
#ifndef CONF_LEXER_H
#define CONF_LEXER_H

#include <stdbool.h>
#include <stddef.h>

enum conf_token {
    CONF_TOKEN_WORD,  /* lexer->word, lexer->word_length: still escaped, quotes removed */
    CONF_TOKEN_END,   /* ; */
    CONF_TOKEN_OPEN,  /* { */
    CONF_TOKEN_CLOSE, /* } */
    CONF_TOKEN_EOF,
    CONF_TOKEN_BAD,
};

/* The longest word with the byte that ends it, in bytes as written: nginx's buffer. A longer word has most
 * likely lost its quote. */
enum { CONF_WORD_MAX = 4096 };

struct conf_lexer {
    const char *at, *end; /* unread text */
    unsigned line;        /* of `at`, from 1 */
    unsigned words;       /* begun since the last ; { }; not 0 at CONF_TOKEN_EOF: a directive is unfinished */
    const char *word;     /* points into the text */
    size_t word_length;
    bool after_quote;    /* the last word was quoted: not every byte may follow */
    char quote;          /* at CONF_TOKEN_EOF: the quote that has no other, or NUL; … */
    unsigned quote_line; /* … where it stands */
    char error[96];
};

void conf_lexer_init(struct conf_lexer *lexer, const char *text, size_t length);

enum conf_token conf_lexer_next(struct conf_lexer *lexer);

/* Resolves the escapes of a word into `out` (at least `length` + 1 bytes) and ends it with a NUL. Returns its
 * length. */
size_t conf_unescape(char *out, const char *word, size_t length);

#endif
