/* SPDX-License-Identifier: BSD-2-Clause */
/* Expectations: ngx_conf_read_token() in nginx's src/core/ngx_conf_file.c. */
#include "tests/unit/conf/fixture.h"

#include "conf/lexer.h"

/* The tokens of a text as one line: words in brackets with their escapes resolved, and the line each token
 * ends on if it is not the first; at last "EOF", or the error. */
static void render(const char *text, size_t length, char *out, size_t size)
{
    struct conf_lexer lexer;
    enum conf_token token;
    size_t used = 0, unescaped;
    char word[CONF_WORD_MAX + 1];

    conf_lexer_init(&lexer, text, length);
    do {
        token = conf_lexer_next(&lexer);
        switch (token) {
        case CONF_TOKEN_WORD:
            assert_true(lexer.word_length < sizeof word);
            unescaped = conf_unescape(word, lexer.word, lexer.word_length);
            assert_int_equal(unescaped, strlen(word));
            used += (size_t)snprintf(out + used, size - used, "[%s]", word);
            break;
        case CONF_TOKEN_EOF:
            used += (size_t)snprintf(out + used, size - used, lexer.words > 0 ? "UNFINISHED" : "EOF");
            break;
        case CONF_TOKEN_BAD:
            used += (size_t)snprintf(out + used, size - used, "BAD %s", lexer.error);
            break;
        default:
            used += (size_t)snprintf(out + used, size - used, "%c",
                                     token == CONF_TOKEN_END    ? ';'
                                     : token == CONF_TOKEN_OPEN ? '{'
                                                                : '}');
            break;
        }
        assert_true(used < size);
    } while (token != CONF_TOKEN_EOF && token != CONF_TOKEN_BAD);
    snprintf(out + used, size - used, ":%u", lexer.line);
}

static void check(const char *text, const char *expected)
{
    char found[CONF_WORD_MAX * 3];
    /* In a block of its own size, so that a sanitizer sees a read past the end. */
    size_t length = strlen(text);
    char *copy = malloc(length > 0 ? length : 1);

    assert_non_null(copy);
    memcpy(copy, text, length);
    render(copy, length, found, sizeof found);
    free(copy);
    if (strcmp(found, expected) != 0)
        print_error("text: %s\n", text);
    assert_string_equal(found, expected);
}

static void test_words(void **state)
{
    (void)state;
    check("", "EOF:1");
    check(" \t\r\n\n", "EOF:3");
    check("daemon off;", "[daemon][off];EOF:1");
    check("a b;c{d;}", "[a][b];[c]{[d];}EOF:1");
    check("a\n\tb\r\n;\n", "[a][b];EOF:4");
    check("a } b;", "[a]BAD unexpected \"}\":1");
    check("a} b;", "[a}][b];EOF:1");
    check("a b}", "[a]UNFINISHED:1");
    check("}", "}EOF:1");
    check("a;}\n}", "[a];}}EOF:2");
    check("a=b(c)d", "UNFINISHED:1");
    check("if (a) {", "[if][(a)]{EOF:1");
}

static void test_comments(void **state)
{
    (void)state;
    check("# a b; {\nc;", "[c];EOF:2");
    check("#", "EOF:1");
    check("a#b #c\n;", "[a#b];EOF:2");
    check("a;#b\n#c", "[a];EOF:2");
    check("a \"#\" '#';", "[a][#][#];EOF:1");
    check("a # b", "[a]UNFINISHED:1");
}

static void test_quotes(void **state)
{
    (void)state;
    check("a \"b c;{}#\" 'd \"e\"';", "[a][b c;{}#][d \"e\"];EOF:1");
    check("a \"\" '';", "[a][][];EOF:1");
    check("a b\"c d\"e;", "[a][b\"c][d\"e];EOF:1");
    check("\"a\"{", "[a]{EOF:1");
    check("a \"b\nc\"\n;", "[a][b\nc];EOF:3");
    check("if (\"a\") {", "[if][(\"a\")]{EOF:1");
    check("if ( \"a\") {", "[if][(][a][)]{EOF:1");
    check("a \"b\"c;", "[a][b]BAD unexpected \"c\":1");
    check("a \"b\"\"c\";", "[a][b]BAD unexpected \"\"\":1");
    check("a \"b\"}", "[a][b]BAD unexpected \"}\":1");
    check("a\n'b'#c", "[a][b]BAD unexpected \"#\":2");
    check("a \"b", "[a]UNFINISHED:1");
    check("a \"b\n\n", "[a]UNFINISHED:3");
    check("a \"b\"", "[a][b]UNFINISHED:1");
    check("a '", "[a]UNFINISHED:1");
}

static void test_escapes(void **state)
{
    (void)state;
    check("a \\\"b \\'c \\\\d;", "[a][\"b]['c][\\d];EOF:1");
    check("a x\\ty x\\ry x\\ny;", "[a][x\ty][x\ry][x\ny];EOF:1");
    check("a \\.\\w \\$ \\;;", "[a][\\.\\w][\\$][\\;];EOF:1");
    check("a b\\ c;", "[a][b\\ c];EOF:1");
    check("a \"b\\\"c\" 'd\\'e';", "[a][b\"c][d'e];EOF:1");
    check("\\#a b\\{c;", "[\\#a][b\\{c];EOF:1");
    check("a\\\nb;", "[a\\\nb];EOF:2");
    check("a \\\\\\\\n;", "[a][\\\\n];EOF:1");
    check("a \\", "[a]UNFINISHED:1");
    check("a \"\\", "[a]UNFINISHED:1");
}

static void test_variables(void **state)
{
    (void)state;
    check("a ${b}c $d;", "[a][${b}c][$d];EOF:1");
    check("a x${b}{", "[a][x${b}]{EOF:1");
    check("${a};", "[${a}];EOF:1");
    check("a $b{", "[a][$b]{EOF:1");
    check("a ${{b;", "[a][${{b];EOF:1");
    check("a $\\{b;", "[a][$\\{b];EOF:1");
    check("a b{c;", "[a][b]{[c];EOF:1");
}

static void test_unexpected(void **state)
{
    char found[256];

    (void)state;
    check(";", "BAD unexpected \";\":1");
    check("a;\n;", "[a];BAD unexpected \";\":2");
    check("{", "BAD unexpected \"{\":1");
    check("a { {", "[a]{BAD unexpected \"{\":1");
    check("\xEF\xBB\xBF"
          "a;",
          "[\xEF\xBB\xBF"
          "a];EOF:1");

    render("a\nb\0c;", 6, found, sizeof found);
    assert_string_equal(found, "[a]BAD unexpected NUL byte:2");
    render("a #\0\n;", 6, found, sizeof found);
    assert_string_equal(found, "[a];EOF:2");
}

/* A text of `word` long words between `before` and `after`. */
static void check_long(const char *before, size_t length, const char *after, const char *expected)
{
    char found[CONF_WORD_MAX * 3];
    char *text = malloc(strlen(before) + length + strlen(after) + 1);

    assert_non_null(text);
    strcpy(text, before);
    memset(text + strlen(before), 'x', length);
    strcpy(text + strlen(before) + length, after);
    render(text, strlen(text), found, sizeof found);
    free(text);
    assert_non_null(strstr(found, expected));
}

static void test_too_long(void **state)
{
    static const char quoted[] = "BAD too long parameter, probably missing terminating \"'\" character:2";

    (void)state;
    check_long("a\n", CONF_WORD_MAX - 1, "\n;\n", ";EOF:4");
    check_long("a\n", CONF_WORD_MAX, "\n;\n", "BAD too long parameter \"xxxxxxxxxx...\" started:2");
    check_long("a\n'", CONF_WORD_MAX - 1, "';\n", ";EOF:3");
    check_long("a\n'\n", CONF_WORD_MAX, "\n\n';\n", quoted);
    check_long("a\n", 2 * CONF_WORD_MAX, "", "BAD too long parameter \"xxxxxxxxxx...\" started:2");
    check_long("a\n", CONF_WORD_MAX, "", "UNFINISHED:2");
    check_long("a\n#", 2 * CONF_WORD_MAX, "\n;", "[a];EOF:3");
}

/* Any bytes end in EOF or an error, with every word inside the text. */
static void test_random(void **state)
{
    static const char alphabet[] = "ab \t\r\n;;{{}}\"'\\$#()\xC3";
    unsigned seed = 20240607;

    (void)state;
    print_message("seed %u\n", seed);
    for (int round = 0; round < 20000; round++) {
        char text[40], found[2048];
        size_t length = (size_t)rand_r(&seed) % sizeof text;
        for (size_t i = 0; i < length; i++)
            text[i] = alphabet[(size_t)rand_r(&seed) % (sizeof alphabet - 1)];
        render(text, length, found, sizeof found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),    cmocka_unit_test(test_comments),  cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_escapes),  cmocka_unit_test(test_variables), cmocka_unit_test(test_unexpected),
        cmocka_unit_test(test_too_long), cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
