/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line, with the words of nginx 1.22 (`nginx -h`, wrong options). */
#include "tests/unit/conf/fixture.h"

#include <errno.h>

#include "conf/options.h"

/* Parses a command line whose words are parted by one blank; `_` stands for an empty word. The words live
 * until the next call. */
static int parse(struct options *options, const char *line)
{
    static char words[256];
    static char empty[] = "";
    static char *argv[20];
    int argc = 0;

    snprintf(words, sizeof words, "tidepool %s", line);
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = strcmp(word, "_") == 0 ? empty : word;
    argv[argc] = NULL;
    return options_parse(options, argc, argv);
}

static void test_letters(void **state)
{
    struct options options;

    (void)state;
    assert_int_equal(parse(&options, ""), 0);
    assert_false(options.show_version || options.test || options.dump || options.quiet);
    assert_null(options.file);

    assert_int_equal(parse(&options, "-v"), 0);
    assert_true(options.show_version && !options.show_help && !options.show_build);
    assert_int_equal(parse(&options, "-V"), 0);
    assert_true(options.show_version && !options.show_help && options.show_build);
    assert_int_equal(parse(&options, "-h"), 0);
    assert_true(options.show_version && options.show_help && !options.show_build);
    assert_int_equal(parse(&options, "-?"), 0);
    assert_true(options.show_help);
    assert_int_equal(parse(&options, "-t"), 0);
    assert_true(options.test && !options.dump && !options.quiet);
    assert_int_equal(parse(&options, "-T"), 0);
    assert_true(options.test && options.dump);
    assert_int_equal(parse(&options, "-tqv"), 0);
    assert_true(options.test && options.quiet && options.show_version && !options.dump);
    assert_int_equal(parse(&options, "-"), 0);
}

static void test_values(void **state)
{
    struct options options;

    (void)state;
    assert_int_equal(parse(&options, "-p dir -c a.conf -e stderr -g daemon_off;"), 0);
    assert_string_equal(options.prefix, "dir");
    assert_string_equal(options.file, "a.conf");
    assert_string_equal(options.error_log, "stderr");
    assert_string_equal(options.directives, "daemon_off;");
    assert_int_equal(parse(&options, "-qtpdir -ca -ge;"), 0);
    assert_true(options.quiet && options.test);
    assert_string_equal(options.prefix, "dir");
    assert_string_equal(options.file, "a");
    assert_string_equal(options.directives, "e;");
    assert_int_equal(parse(&options, "-tc a -c -b"), 0);
    assert_string_equal(options.file, "-b");
    assert_int_equal(parse(&options, "-c _ -v"), 0);
    assert_string_equal(options.file, "");
    assert_true(options.show_version);
}

static void test_signals(void **state)
{
    static const struct {
        const char *line;
        enum options_signal signal;
    } rows[] = {
        {"-s stop", OPTIONS_SIGNAL_STOP},     {"-squit", OPTIONS_SIGNAL_QUIT},
        {"-s reopen", OPTIONS_SIGNAL_REOPEN}, {"-p x -s reload", OPTIONS_SIGNAL_RELOAD},
        {"-t", OPTIONS_SIGNAL_NONE},
    };
    struct options options;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse(&options, rows[i].line), 0);
        assert_int_equal(options.signal, rows[i].signal);
    }
    assert_null(options.signal_name);
    assert_int_equal(parse(&options, "-s stop"), 0);
    assert_string_equal(options.signal_name, "stop");
}

static void test_errors(void **state)
{
    static const char *const rows[][2] = {
        {"x", "invalid option: \"x\""},
        {"-t x", "invalid option: \"x\""},
        {"_", "invalid option: \"\""},
        {"-x", "invalid option: \"x\""},
        {"-tx", "invalid option: \"x\""},
        {"--help", "invalid option: \"-\""},
        {"-p", "option \"-p\" requires directory name"},
        {"-c", "option \"-c\" requires file name"},
        {"-te", "option \"-e\" requires file name"},
        {"-g", "option \"-g\" requires parameter"},
        {"-s", "option \"-s\" requires parameter"},
        {"-s kill", "invalid option: \"-s kill\""},
        {"-sStop", "invalid option: \"-s Stop\""},
    };
    struct options options;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse(&options, rows[i][0]), -EINVAL);
        assert_string_equal(options.error, rows[i][1]);
    }
}

static void check_shown(const char *line, const char *expected)
{
    static const struct options_names names = {.program = "tidepool",
                                               .version = "tidepool/1.2.3",
                                               .build = "built by hand\n",
                                               .commands = "Commands: none\n",
                                               .prefix = "/p/",
                                               .error_log = "stderr",
                                               .file = "built in"};
    struct options options;
    char shown[2048] = "";
    FILE *out = fmemopen(shown, sizeof shown, "w");

    assert_non_null(out);
    assert_int_equal(parse(&options, line), 0);
    options_show(&options, &names, out);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(shown, expected);
}

static void test_show(void **state)
{
    (void)state;
    check_shown("-v", "tidepool version: tidepool/1.2.3\n");
    check_shown("-V", "tidepool version: tidepool/1.2.3\nbuilt by hand\n");
    check_shown("-h", "tidepool version: tidepool/1.2.3\n"
                      "Usage: tidepool [-?hvVtTq] [-s signal] [-p prefix]\n"
                      "                [-e filename] [-c filename] [-g directives]\n"
                      "\n"
                      "Options:\n"
                      "  -?,-h         : this help\n"
                      "  -v            : show version and exit\n"
                      "  -V            : show version and configure options then exit\n"
                      "  -t            : test configuration and exit\n"
                      "  -T            : test configuration, dump it and exit\n"
                      "  -q            : suppress non-error messages during configuration testing\n"
                      "  -s signal     : send signal to a master process: stop, quit, reopen, reload\n"
                      "  -p prefix     : set prefix path (default: /p/)\n"
                      "  -e filename   : set error log file (default: stderr)\n"
                      "  -c filename   : set configuration file (default: built in)\n"
                      "  -g directives : set global directives out of configuration file\n"
                      "\n"
                      "Commands: none\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letters), cmocka_unit_test(test_values), cmocka_unit_test(test_signals),
        cmocka_unit_test(test_errors),  cmocka_unit_test(test_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
