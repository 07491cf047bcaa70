/* SPDX-License-Identifier: BSD-2-Clause */
/* A line of a configuration, and a mark below the word that is wrong. */
#include "conf/shown.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LINE_MOST = 200, /* bytes of the line that are shown */
    WORD_MOST = 128  /* and of what a message quotes */
};

/* Where a message says that something is: false: it does not say. */
static bool find_place(const char *message, char path[PATH_MAX], unsigned long *line)
{
    const char *colon = strrchr(message, ':'), *start = NULL;
    char *end;

    for (const char *at = message; colon && (at = strstr(at, " in /")) && at < colon; at++)
        start = at + strlen(" in ");
    if (!start || colon - start >= PATH_MAX)
        return false;
    *line = strtoul(colon + 1, &end, 10);
    if (*line == 0 || *end != '\0')
        return false;
    memcpy(path, start, (size_t)(colon - start));
    path[colon - start] = '\0';
    return true;
}

/* A file alone: a pipe has been read, and whoever opens it again waits for somebody to write. */
static FILE *open_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat about;
    FILE *file = NULL;

    if (fd >= 0 && !fstat(fd, &about) && S_ISREG(about.st_mode))
        file = fdopen(fd, "r");
    if (fd >= 0 && !file)
        close(fd);
    return file;
}

/* The line of that number, without its end; what cannot be printed becomes a blank. */
static bool read_line(const char *path, unsigned long number, char line[LINE_MOST])
{
    FILE *file = open_file(path);
    unsigned long at = 1;
    size_t length = 0;
    int byte;

    if (!file)
        return false;
    while ((byte = getc(file)) != EOF && at <= number) {
        if (byte == '\n')
            at++;
        else if (at == number && length < LINE_MOST - 1)
            line[length++] = (char)((byte >= 0 && byte < ' ') || byte == 0x7f ? ' ' : byte);
    }
    (void)fclose(file);
    line[length] = '\0';
    return length > 0;
}

static bool is_of_word(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_' || (unsigned char)byte >= 0x80;
}

/* Where the line has it: not within another word, as the "on" of "location" is. */
static const char *find_whole(const char *line, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = line; (at = strstr(at, word)); at++) {
        bool begins = at == line || !is_of_word(at[-1]) || !is_of_word(*word);
        bool ends = !is_of_word(at[length]) || !is_of_word(word[length - 1]);

        if (begins && ends)
            return at;
    }
    return NULL;
}

/* What the message quotes first and the line has, if need be as part of a word; or else the line's first
 * word. */
static const char *find_word(const char *message, const char *line, size_t *length)
{
    const char *found = line + strspn(line, " "), *whole;
    bool part = false;
    char word[WORD_MOST];

    *length = strcspn(found, " ;");
    for (const char *open = strchr(message, '"'), *close; open; open = strchr(close + 1, '"')) {
        close = strchr(open + 1, '"');
        if (!close)
            break;
        if (close == open + 1 || close - open > WORD_MOST)
            continue;
        snprintf(word, sizeof word, "%.*s", (int)(close - open - 1), open + 1);
        whole = find_whole(line, word);
        if (whole || (!part && strstr(line, word))) {
            *length = strlen(word);
            found = whole ? whole : strstr(line, word);
            part = true;
        }
        if (whole)
            break;
    }
    return found;
}

/* Columns that bytes of UTF-8 take: bytes that go on with a character take none. */
static int columns(const char *bytes, size_t length)
{
    int count = 0;

    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)bytes[i] & 0xc0) != 0x80;
    return count;
}

void conf_show(const char *message, bool colour, FILE *out)
{
    char path[PATH_MAX], line[LINE_MOST] = "";
    const char *word;
    unsigned long number;
    size_t length;

    if (!find_place(message, path, &number) || !read_line(path, number, line))
        return;
    word = find_word(message, line, &length);
    fprintf(out, "%5lu | %s\n      | %*s%s^", number, line, columns(line, (size_t)(word - line)), "",
            colour ? "\033[31m" : "");
    for (int i = columns(word, length); i > 1; i--)
        (void)putc('~', out);
    fprintf(out, "%s\n", colour ? "\033[0m" : "");
}
