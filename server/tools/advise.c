/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the advice in a snapshot and prints it. */
#include "server/tools/advise.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/tools/fetch.h"

static const char usage[] =
    "Usage: tidepool advise [-j] [-c unix:PATH | http://HOST[:PORT]/PATH]\n"
    "\n"
    "  -c server : its control socket, or a location with pool_view\n"
    "              (default: " ADVICE_DEFAULT_SERVER ")\n"
    "  -j        : the figures as JSON instead of the sentence and the line for the configuration\n";

/* The object "advice" of a snapshot: advice_put() nests nothing and escapes nothing. */
static bool find_object(const char *snapshot, const char **begin, size_t *length)
{
    static const char name[] = "\"advice\":";
    const char *at = strstr(snapshot, name), *end;

    at = at ? at + sizeof name - 1 : NULL;
    end = at && *at == '{' ? strchr(at, '}') : NULL;
    if (!end)
        return false;
    *begin = at;
    *length = (size_t)(end + 1 - at);
    return true;
}

/* The text behind `name`, a key with its colon and the text's first quote. */
static bool find_text(const char *object, size_t object_length, const char *name, const char **begin,
                      size_t *length)
{
    const char *at = memmem(object, object_length, name, strlen(name)), *end;

    if (!at)
        return false;
    at += strlen(name);
    end = memchr(at, '"', (size_t)(object + object_length - at));
    if (!end)
        return false;
    *begin = at;
    *length = (size_t)(end - at);
    return true;
}

/* A text of the object, on a line of its own, if it has one that is not empty. */
static bool print_text(const char *object, size_t object_length, const char *name)
{
    const char *begin;
    size_t length;

    if (!find_text(object, object_length, name, &begin, &length))
        return false;
    if (length)
        printf("%.*s\n", (int)length, begin);
    return true;
}

/* The sentence, or the answer's error. */
static int print_advice(const char *snapshot, bool json)
{
    static const char error[] = "{\"error\":\"";
    const char *begin;
    size_t length;

    if (!strncmp(snapshot, error, sizeof error - 1) &&
        find_text(snapshot, strlen(snapshot), error, &begin, &length)) {
        fprintf(stderr, "tidepool: the server answers \"%.*s\"\n", (int)length, begin);
        return 1;
    }
    if (!find_object(snapshot, &begin, &length) || (!json && !print_text(begin, length, "\"sentence\":\""))) {
        fprintf(stderr, "tidepool: there is no advice in the answer\n");
        return 1;
    }
    if (json) {
        printf("%.*s\n", (int)length, begin);
    } else {
        (void)print_text(begin, length, "\"more\":\"");
        (void)print_text(begin, length, "\"line\":\"");
    }
    return fflush(stdout) || ferror(stdout) ? 1 : 0;
}

int advice_command(int argc, char *const *argv)
{
    const char *from = ADVICE_DEFAULT_SERVER;
    struct fetched fetched;
    char error[FETCH_ERROR];
    bool json = false;
    int option, status;

    while ((option = getopt(argc, argv, "c:jh")) != -1) {
        if (option == 'c')
            from = optarg;
        else if (option == 'j')
            json = true;
        else {
            fputs(usage, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
    }
    if (optind != argc) {
        fputs(usage, stderr);
        return 2;
    }
    if (!fetch(from, "data limit=0", "/data?limit=0", NULL, &fetched, error)) {
        fprintf(stderr, "tidepool: %s\n", error);
        return 1;
    }
    status = print_advice(fetched.text, json);
    fetch_free(&fetched);
    return status;
}
