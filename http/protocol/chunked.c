/* SPDX-License-Identifier: BSD-2-Clause */
/* A state machine, a byte at a time; only data is taken as a span. */
#include "http/protocol/chunked.h"

/* What may come next, by the grammar of RFC 9112 7.1. A blank is SP or HTAB. */
enum state {
    SIZE_FIRST,     /* the first digit of a size */
    SIZE,           /* another digit, or what follows a size */
    EXTENSION_NEXT, /* blanks behind a size or an extension: only ; may follow */
    EXTENSION,      /* behind ;: blanks, then a name */
    NAME,           /* in the name */
    NAME_END,       /* blanks behind the name: = or ; */
    VALUE,          /* behind =: blanks, then a token or a quoted string */
    VALUE_TOKEN,    /* in the token */
    VALUE_QUOTED,   /* in the quoted string */
    VALUE_ESCAPED,  /* behind \ in it */
    VALUE_END,      /* behind the closing quote */
    SIZE_LF,        /* the LF that ends the line of the size */
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER, /* a field name, or the CR of the last line */
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    LAST_LF,
    FINISHED,
    BROKEN,
    OVERFULL,
};

void http_chunked_init(struct http_chunked *chunked)
{
    *chunked = (struct http_chunked){.state = SIZE_FIRST};
}

/* Behind a size or an extension. The grammar allows no blank before CRLF, but one before ; (BWS, RFC 9112
 * 7.1.1). */
static enum state extension_end(char byte)
{
    if (byte == '\r')
        return SIZE_LF;
    if (byte == ';')
        return EXTENSION;
    return http_is_blank(byte) ? EXTENSION_NEXT : BROKEN;
}

static enum state size_step(struct http_chunked *chunked, char byte)
{
    int digit = http_hex(byte);

    if (digit < 0)
        return chunked->state == SIZE ? extension_end(byte) : BROKEN;
    if (chunked->digits == HTTP_CHUNKED_DIGITS || chunked->left > INT64_MAX >> 4)
        return BROKEN;
    chunked->digits++;
    chunked->left = chunked->left << 4 | digit;
    return SIZE;
}

/* quoted-string (RFC 9110 5.6.4). */
static enum state quoted_step(enum state state, char byte)
{
    if (!http_char_is(byte, HTTP_CHAR_VALUE))
        return BROKEN;
    if (state == VALUE_ESCAPED)
        return VALUE_QUOTED;
    if (byte == '\\')
        return VALUE_ESCAPED;
    return byte == '"' ? VALUE_END : VALUE_QUOTED;
}

/* chunk-ext = *( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] ), RFC 9112 7.1.1. */
static enum state extension_step(enum state state, char byte)
{
    bool token = http_char_is(byte, HTTP_CHAR_TOKEN);

    switch (state) {
    case EXTENSION_NEXT:
        return http_is_blank(byte) || byte == ';' ? extension_end(byte) : BROKEN;
    case EXTENSION:
        if (http_is_blank(byte))
            return EXTENSION;
        return token ? NAME : BROKEN;
    case NAME:
        if (token)
            return NAME;
        if (http_is_blank(byte))
            return NAME_END;
        return byte == '=' ? VALUE : extension_end(byte);
    case NAME_END:
        if (http_is_blank(byte))
            return NAME_END;
        if (byte == ';')
            return EXTENSION;
        return byte == '=' ? VALUE : BROKEN;
    case VALUE:
        if (http_is_blank(byte))
            return VALUE;
        if (byte == '"')
            return VALUE_QUOTED;
        return token ? VALUE_TOKEN : BROKEN;
    case VALUE_TOKEN:
        return token ? VALUE_TOKEN : extension_end(byte);
    case VALUE_END:
        return extension_end(byte);
    default:
        return quoted_step(state, byte);
    }
}

/* Whether a field would change the end of the body or the way of the request too late (RFC 9110 6.5.1). */
static bool is_forbidden(const struct http_chunked *chunked)
{
    if (chunked->name_length > HTTP_CHUNKED_FORBIDDEN_MAX)
        return false;
    switch (http_field_lookup(chunked->name, chunked->name_length)) {
    case HTTP_FIELD_CONTENT_LENGTH:
    case HTTP_FIELD_TRANSFER_ENCODING:
    case HTTP_FIELD_HOST:
        return true;
    default:
        return false;
    }
}

/* trailer-section = *( field-line CRLF ), RFC 9112 7.1.2. */
static enum state trailer_step(struct http_chunked *chunked, char byte)
{
    switch (chunked->state) {
    case TRAILER:
        if (byte == '\r')
            return LAST_LF;
        chunked->name_length = 0;
        /* fall through */
    case TRAILER_NAME:
        if (byte == ':' && chunked->name_length > 0)
            return is_forbidden(chunked) ? BROKEN : TRAILER_VALUE;
        if (!http_char_is(byte, HTTP_CHAR_TOKEN))
            return BROKEN;
        if (chunked->name_length < HTTP_CHUNKED_FORBIDDEN_MAX)
            chunked->name[chunked->name_length] = byte;
        if (chunked->name_length <= HTTP_CHUNKED_FORBIDDEN_MAX)
            chunked->name_length++;
        return TRAILER_NAME;
    case TRAILER_VALUE:
        if (byte == '\r')
            return TRAILER_LF;
        return http_char_is(byte, HTTP_CHAR_VALUE) ? TRAILER_VALUE : BROKEN;
    case TRAILER_LF:
        return byte == '\n' ? TRAILER : BROKEN;
    default:
        return byte == '\n' ? FINISHED : BROKEN;
    }
}

/* The end of a line of a size: the next is data, or, behind the last chunk, the trailers. */
static enum state size_end(struct http_chunked *chunked)
{
    chunked->digits = 0;
    return chunked->left > 0 ? DATA : TRAILER;
}

/* One byte of framing. */
static enum state step(struct http_chunked *chunked, char byte)
{
    enum state state = chunked->state;

    switch (state) {
    case SIZE_FIRST:
    case SIZE:
        return size_step(chunked, byte);
    case SIZE_LF:
        return byte == '\n' ? size_end(chunked) : BROKEN;
    case DATA_CR:
        return byte == '\r' ? DATA_LF : BROKEN;
    case DATA_LF:
        return byte == '\n' ? SIZE_FIRST : BROKEN;
    case TRAILER:
    case TRAILER_NAME:
    case TRAILER_VALUE:
    case TRAILER_LF:
    case LAST_LF:
        return ++chunked->trailer_bytes > HTTP_CHUNKED_TRAILERS ? OVERFULL : trailer_step(chunked, byte);
    default:
        return ++chunked->extension_bytes > HTTP_CHUNKED_EXTENSIONS ? OVERFULL : extension_step(state, byte);
    }
}

enum http_chunked_result http_chunked_next(struct http_chunked *chunked, const char *in, size_t length,
                                           size_t *consumed, struct http_text *data)
{
    size_t at = 0, span;

    while (at < length && chunked->state != DATA && chunked->state < FINISHED)
        chunked->state = (uint8_t)step(chunked, in[at++]);
    *consumed = at;
    switch (chunked->state) {
    case FINISHED:
        return HTTP_CHUNKED_DONE;
    case BROKEN:
        return HTTP_CHUNKED_BAD;
    case OVERFULL:
        return HTTP_CHUNKED_TOO_LARGE;
    default:
        break;
    }
    if (at == length)
        return HTTP_CHUNKED_MORE;
    /* RFC 9112 7.1: the data of a chunk, as much as has arrived. */
    span = length - at;
    if ((uint64_t)chunked->left < span)
        span = (size_t)chunked->left;
    *data = (struct http_text){in + at, span};
    *consumed = at + span;
    chunked->left -= (int64_t)span;
    if (chunked->left == 0)
        chunked->state = DATA_CR;
    return HTTP_CHUNKED_DATA;
}
