/* SPDX-License-Identifier: BSD-2-Clause */
/* The condition of an `if`: read, and tested. */
#include <string.h>
#include <sys/stat.h>

#include "http/limits.h"
#include "http/modules/rewrite/rewrite.h"

/* ---- reading ---- */

/* The words between the parentheses, which may stand alone or belong to the first and the last word. */
struct words {
    const char *text[3];
    unsigned count;
};

static int if_refuse(struct conf *conf, const struct conf_node *node, const char *text)
{
    return conf_fail(conf, node, "invalid condition \"%s\"", text);
}

/* The parentheses are no words of their own: `(` may be glued to the first, `)` to the last. */
static int if_split(struct conf *conf, const struct conf_node *node, struct words *words)
{
    const unsigned last = node->arg_count - 1;

    if (*node->args[0] != '(')
        return if_refuse(conf, node, node->args[0]);
    for (unsigned i = 0; i <= last; i++) {
        const char *text = node->args[i] + (i == 0);
        size_t length = strlen(text);

        if (i == last) {
            if (length == 0 || text[length - 1] != ')')
                return if_refuse(conf, node, text);
            length--;
        }
        if (length == 0 && (i == 0 || i == last))
            continue;
        if (words->count == 3)
            return if_refuse(conf, node, text);
        text = pool_strndup(conf->pool, text, length, "if");
        if (!text)
            return conf_fail_memory(conf);
        words->text[words->count++] = text;
    }
    return words->count ? 0 : if_refuse(conf, node, node->args[last]);
}

static int if_read_variable(struct conf *conf, const struct conf_node *node, const char *text,
                            struct http_template *to)
{
    int result = http_template_compile(conf, node, text, to);

    if (!result && (to->part_count != 1 || to->parts[0].literal.length))
        return conf_fail(conf, node, "invalid variable name \"%s\"", text);
    return result;
}

static int if_read_regex(struct conf *conf, const struct conf_node *node, const char *text, bool caseless,
                         struct http_condition_test *test)
{
    test->test = HTTP_TEST_MATCHES;
    test->regex = http_regex_compile(conf, node, text, caseless);
    return test->regex ? http_groups_make(conf, node, test->regex, &test->groups) : -1;
}

static int if_read_comparison(struct conf *conf, const struct conf_node *node, const struct words *words,
                              struct http_condition_test *test)
{
    const char *sign = words->count > 1 ? words->text[1] : "";
    int result = if_read_variable(conf, node, words->text[0], &test->subject);

    if (result || words->count == 1)
        return result;
    if (words->count != 3)
        return if_refuse(conf, node, sign);
    test->negated = *sign == '!';
    sign += test->negated;
    if (!strcmp(sign, "=")) {
        test->test = HTTP_TEST_EQUAL;
        return http_template_compile(conf, node, words->text[2], &test->other);
    }
    if (!strcmp(sign, "~") || !strcmp(sign, "~*"))
        return if_read_regex(conf, node, words->text[2], sign[1] == '*', test);
    return conf_fail(conf, node, "unexpected \"%s\" in condition", words->text[1]);
}

static int if_read_file(struct conf *conf, const struct conf_node *node, const struct words *words,
                        struct http_condition_test *test)
{
    static const struct {
        const char *text;
        enum http_test test;
    } tests[] = {{"-f", HTTP_TEST_FILE},
                 {"-d", HTTP_TEST_FOLDER},
                 {"-e", HTTP_TEST_EXISTS},
                 {"-x", HTTP_TEST_EXECUTES}};
    const char *text = words->text[0];

    test->negated = *text == '!';
    text += test->negated;
    for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++) {
        if (strcmp(text, tests[i].text) || words->count != 2)
            continue;
        test->test = tests[i].test;
        return http_template_compile(conf, node, words->text[1], &test->subject);
    }
    return if_refuse(conf, node, words->text[0]);
}

int http_if_read(struct conf *conf, const struct conf_node *node, struct http_condition_test *test)
{
    struct words words = {.count = 0};
    int result = if_split(conf, node, &words);

    if (result || !words.count)
        return result;
    return *words.text[0] == '$' ? if_read_comparison(conf, node, &words, test)
                                 : if_read_file(conf, node, &words, test);
}

/* ---- testing ---- */

static bool if_test_file(enum http_test test, const char *name)
{
    struct stat about;

    if (stat(name, &about))
        return false;
    switch (test) {
    case HTTP_TEST_FILE:
        return S_ISREG(about.st_mode);
    case HTTP_TEST_FOLDER:
        return S_ISDIR(about.st_mode);
    case HTTP_TEST_EXECUTES:
        return (about.st_mode & S_IXUSR) != 0; /* as nginx: the owner's */
    default:
        return true;
    }
}

static enum http_outcome if_test_regex(struct http_request *request, const struct http_condition_test *test,
                                       struct http_text subject, bool *holds)
{
    switch (http_regex_match(test->regex, subject, request->captures, &request->capture_count)) {
    case HTTP_REGEX_MATCH:
        *holds = true;
        return http_groups_keep(request, test->regex, test->groups, subject) ? HTTP_OUTCOME_NEXT
                                                                             : http_no_memory(request);
    case HTTP_REGEX_NO_MATCH:
        return HTTP_OUTCOME_NEXT;
    case HTTP_REGEX_FAILED:
        break;
    }
    return http_gave_up(request);
}

enum http_outcome http_if_test(struct http_request *request, const struct http_condition_test *test,
                               bool *holds)
{
    enum http_outcome outcome = HTTP_OUTCOME_NEXT;
    struct http_text subject, other;

    *holds = false;
    if (!http_template_write(&test->subject, request, &subject))
        return http_no_memory(request);
    switch (test->test) {
    case HTTP_TEST_TRUE:
        *holds = subject.length > 1 || (subject.length == 1 && *subject.bytes != '0');
        break;
    case HTTP_TEST_EQUAL:
        if (!http_template_write(&test->other, request, &other))
            return http_no_memory(request);
        *holds = subject.length == other.length && !memcmp(subject.bytes, other.bytes, other.length);
        break;
    case HTTP_TEST_MATCHES:
        outcome = if_test_regex(request, test, subject, holds);
        break;
    case HTTP_TEST_FILE:
    case HTTP_TEST_FOLDER:
    case HTTP_TEST_EXISTS:
    case HTTP_TEST_EXECUTES:
        *holds = if_test_file(test->test, subject.bytes);
        break;
    }
    *holds = *holds != test->negated;
    return outcome;
}
