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

static void test_long_forms(void **state)
{
    struct options options;

    (void)state;
    assert_int_equal(
        parse(&options, "--test --quiet --prefix dir --config=a.conf --error-log= --directives e;"), 0);
    assert_true(options.test && options.quiet && !options.dump && !options.show_version);
    assert_string_equal(options.prefix, "dir");
    assert_string_equal(options.file, "a.conf");
    assert_string_equal(options.directives, "e;");
    assert_int_equal(parse(&options, "--config=a=b --signal=quit"), 0);
    assert_string_equal(options.file, "a=b");
    assert_int_equal(options.signal, OPTIONS_SIGNAL_QUIT);
    assert_int_equal(parse(&options, "--help"), 0);
    assert_true(options.show_help);
    assert_int_equal(parse(&options, "--version"), 0);
    assert_true(options.show_version && !options.show_help && !options.show_build);
    assert_int_equal(parse(&options, "--build"), 0);
    assert_true(options.show_build);
    assert_int_equal(parse(&options, "--dump"), 0);
    assert_true(options.test && options.dump);
}

static void test_folder(void **state)
{
    struct options options;

    (void)state;
    assert_int_equal(parse(&options, "site"), 0);
    assert_string_equal(options.folder, "site");
    assert_null(options.address);
    assert_int_equal(parse(&options, "serve"), 0);
    assert_string_equal(options.folder, ".");
    assert_int_equal(parse(&options, "serve site -l 8000 -t"), 0);
    assert_string_equal(options.folder, "site");
    assert_string_equal(options.address, "8000");
    assert_true(options.test);
    assert_int_equal(parse(&options, "serve serve --listen=[::1]:80"), 0);
    assert_string_equal(options.folder, "serve");
    assert_string_equal(options.address, "[::1]:80");
    assert_int_equal(parse(&options, "-t"), 0);
    assert_null(options.folder);
}

static void test_signals(void **state)
{
    static const struct {
        const char *line;
        enum options_signal signal;
    } rows[] = {
        {"-s stop", OPTIONS_SIGNAL_STOP},       {"-squit", OPTIONS_SIGNAL_QUIT},
        {"-s reopen", OPTIONS_SIGNAL_REOPEN},   {"-p x -s reload", OPTIONS_SIGNAL_RELOAD},
        {"-s upgrade", OPTIONS_SIGNAL_UPGRADE}, {"-t", OPTIONS_SIGNAL_NONE},
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
        {"x y", "invalid option: \"y\""},
        {"serve a b", "invalid option: \"b\""},
        {"x -c y", "a folder to serve and a configuration file (-c) exclude each other"},
        {"-l 80", "option \"-l\" is for a folder to serve: a configuration file says where it listens"},
        {"_", "invalid option: \"\""},
        {"-x", "invalid option: \"x\""},
        {"-tx", "invalid option: \"x\""},
        {"--", "invalid option: \"--\""},
        {"--hel", "invalid option: \"--hel\""},
        {"--helping", "invalid option: \"--helping\""},
        {"--help=yes", "option \"--help\" takes no value"},
        {"--config", "option \"-c\" requires file name"},
        {"--signal=kill", "invalid option: \"-s kill\""},
        {"-l", "option \"-l\" requires address"},
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
                      "       tidepool [serve] FOLDER [-l address]\n"
                      "\n"
                      "Options:\n"
                      "  -?,-h,--help    : this help\n"
                      "  -v,--version    : show version and exit\n"
                      "  -V,--build      : show version and what is built in, then exit\n"
                      "  -t,--test       : test configuration and exit\n"
                      "  -T,--dump       : test configuration, dump it and exit\n"
                      "  -q,--quiet      : suppress non-error messages during configuration testing\n"
                      "  -s,--signal     : send signal to a master process: stop, quit, reopen, reload,\n"
                      "                    upgrade\n"
                      "  -p,--prefix     : set prefix path (default: /p/)\n"
                      "  -e,--error-log  : set error log file (default: stderr)\n"
                      "  -c,--config     : set configuration file (default: built in)\n"
                      "  -g,--directives : set global directives out of configuration file\n"
                      "  -l,--listen     : address to serve FOLDER at (default: 127.0.0.1:8080)\n"
                      "\n"
                      "Commands: none\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letters), cmocka_unit_test(test_values),  cmocka_unit_test(test_long_forms),
        cmocka_unit_test(test_folder),  cmocka_unit_test(test_signals), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
