/* SPDX-License-Identifier: BSD-2-Clause */
/* Words, quotes, escapes and comments, exactly as nginx reads them. */
#include "conf/lexer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void conf_lexer_init(struct conf_lexer *lexer, const char *text, size_t length)
{
    memset(lexer, 0, sizeof *lexer);
    lexer->at = text;
    lexer->end = text + length;
    lexer->line = 1;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

__attribute__((format(printf, 2, 3))) static enum conf_token bad(struct conf_lexer *lexer, const char *format,
                                                                 ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(lexer->error, sizeof lexer->error, format, arguments);
    va_end(arguments);
    return CONF_TOKEN_BAD;
}

static void skip_blank(struct conf_lexer *lexer)
{
    while (lexer->at < lexer->end) {
        if (*lexer->at == '#') {
            const char *feed = memchr(lexer->at, '\n', (size_t)(lexer->end - lexer->at));

            lexer->at = feed ? feed : lexer->end;
        } else if (is_blank(*lexer->at)) {
            lexer->line += *lexer->at == '\n';
            lexer->at++;
        } else {
            return;
        }
    }
}

/* As nginx, names the line where the word began: its end is lost. */
static enum conf_token too_long(struct conf_lexer *lexer, const char *word, char quote, unsigned first_line)
{
    lexer->line = first_line;
    if (quote != '\0')
        return bad(lexer, "too long parameter, probably missing terminating \"%c\" character", quote);
    return bad(lexer, "too long parameter \"%.10s...\" started", word);
}

/* From the first byte of a word to the byte behind it (behind the closing quote). */
static enum conf_token scan_word(struct conf_lexer *lexer)
{
    const char first = *lexer->at;
    const char quote = first == '"' || first == '\'' ? first : '\0';
    const unsigned first_line = lexer->line;
    const char *word = lexer->at + (quote != '\0');
    bool escaped = false, variable = false;

    lexer->words++;
    for (const char *at = word; at < lexer->end; at++) {
        bool stop = quote != '\0' ? *at == quote : is_blank(*at) || *at == ';' || (*at == '{' && !variable);

        if (at - word >= CONF_WORD_MAX)
            return too_long(lexer, word, quote, first_line);
        if (stop && !escaped) {
            lexer->word = word;
            lexer->word_length = (size_t)(at - word);
            lexer->at = at + (quote != '\0');
            lexer->after_quote = quote != '\0';
            return CONF_TOKEN_WORD;
        }
        if (*at == '\0')
            return bad(lexer, "unexpected NUL byte");
        lexer->line += *at == '\n';
        if (escaped) {
            escaped = false;
        } else {
            escaped = *at == '\\';
            variable = *at == '$' || (variable && *at == '{');
        }
    }
    lexer->at = lexer->end;
    lexer->quote = quote;
    lexer->quote_line = first_line;
    return CONF_TOKEN_EOF;
}

enum conf_token conf_lexer_next(struct conf_lexer *lexer)
{
    bool begun = lexer->words > 0;
    char byte;

    if (lexer->after_quote && lexer->at < lexer->end) {
        byte = *lexer->at;
        if (!is_blank(byte) && byte != ';' && byte != '{' && byte != ')')
            return bad(lexer, "unexpected \"%c\"", byte);
    }
    lexer->after_quote = false;
    skip_blank(lexer);
    if (lexer->at == lexer->end)
        return CONF_TOKEN_EOF;
    byte = *lexer->at;
    if (byte != ';' && byte != '{' && byte != '}')
        return scan_word(lexer);
    if (begun == (byte == '}'))
        return bad(lexer, "unexpected \"%c\"", byte);
    lexer->at++;
    lexer->words = 0;
    return byte == ';' ? CONF_TOKEN_END : byte == '{' ? CONF_TOKEN_OPEN : CONF_TOKEN_CLOSE;
}

static char escape_meaning(char byte)
{
    switch (byte) {
    case '"':
    case '\'':
    case '\\':
        return byte;
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'n':
        return '\n';
    default:
        return '\0';
    }
}

size_t conf_unescape(char *out, const char *word, size_t length)
{
    char *to = out;

    for (size_t i = 0; i < length; i++) {
        char meant = word[i] == '\\' && i + 1 < length ? escape_meaning(word[i + 1]) : '\0';
        if (meant != '\0')
            i++;
        *to++ = meant != '\0' ? meant : word[i];
    }
    *to = '\0';
    return (size_t)(to - out);
}
